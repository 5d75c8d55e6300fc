//! Studies with the brains of lpp-simulate, fitted without language models: a model of width d is the first d hidden dimensions.

use std::path::Path;

use lpp_analysis::corrected::{Ceiling, Geometry, Measure, Sample, SampleModel, SlopeTests, Voxels};
use lpp_files::{TimedWord, WordTable};
use lpp_fmri::{Hrf, Mask, RegressorOperator, standardise_plainly};
use lpp_ridge::RidgeCv;
use lpp_sim::{
    BoldSimulator, PlantedBrain, StoryRun, WordLatents, coarse_mask, explained_share, half_correlations,
    tell_story,
};
use lpp_stats::{Hemispheres, HomotopicPairs, ReliableVoxels, mean_over_trials, ols};
use lpp_study::{Asymmetry, Plant};
use ndarray::{Array1, Array2, Array3, Axis, Dim, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Widths of the models; four families take turns.
const WIDTHS: [usize; 8] = [4, 8, 12, 16, 24, 32, 48, 64];
/// Standard deviation of what each model adds to its standardised features.
const MODEL_NOISE: f32 = 0.5;
const N_RUNS: usize = 6;
/// Words of a run, unless said.
pub(crate) const WORDS_PER_RUN: usize = 300;
const TR_S: f64 = 2.0;

/// What is planted.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) plant: Plant,
}

/// All kinds, the one without any difference between the sides first.
pub(crate) fn kinds() -> [Kind; 4] {
    let none = Plant {
        asymmetry: Asymmetry::None,
        ..Plant::default()
    };
    let kind = |name, plant| Kind { name, plant };
    [
        kind("nothing", none),
        kind(
            "midline signal",
            Plant {
                midline: Some(0.85),
                ..none
            },
        ),
        kind(
            "ceilings left",
            Plant {
                asymmetry: Asymmetry::Ceiling,
                ceiling_left: Some(0.3),
                ..none
            },
        ),
        kind(
            "growth, equal ceilings",
            Plant {
                asymmetry: Asymmetry::Growth,
                ..none
            },
        ),
    ]
}

/// The estimators, the paper's first.
pub(crate) const ESTIMATORS: [(&str, Measure); 6] = [
    ("halves", Measure::Halves),
    ("score/ISC, halves (paper)", Measure::OverIsc),
    ("by x", Measure::ByX),
    ("pairs", Measure::Pairs),
    ("matched", Measure::MatchedCeiling),
    ("over ceiling", Measure::OverCeiling),
];

/// What a study found.
pub(crate) struct Found {
    /// The slope of L − R that fits without noise would have.
    pub(crate) planted: f64,
    /// The slope of each of [`ESTIMATORS`].
    pub(crate) slopes: [f64; 6],
    /// The same if ceilings were measured without error.
    pub(crate) at_true_ceilings: [f64; 6],
    /// Mean ceiling.
    pub(crate) ceiling: f64,
}

/// The place of an estimator.
pub(crate) fn place(name: &str) -> usize {
    let place = ESTIMATORS.iter().position(|(known, _)| *known == name);
    place.unwrap_or_else(|| unreachable!("{name} is an estimator"))
}

/// Makes and analyses one study with runs of so many words.
pub(crate) fn study(plant: &Plant, seed: u64, words_per_run: usize) -> Result<Found, Error> {
    let mask = coarse_mask()?;
    let brain = PlantedBrain::of(&mask, plant);
    let story = tell_story(seed, N_RUNS, words_per_run);
    let words = words(&story)?;
    let n_scans: Vec<usize> = story.iter().map(n_scans).collect();
    let mut latents = WordLatents::new(seed);
    let features = features(&story, &n_scans, &mut latents)?;
    let bold = BoldSimulator::new(seed, &words, &n_scans, TR_S, &brain, &mut latents)?;
    let scans = (0..N_RUNS).map(|run| Ok(standardise_plainly(&bold.run(run)?)));
    let scans: Vec<Array2<f32>> = scans.collect::<Result<_, Error>>()?;
    let models = WIDTHS.iter().enumerate();
    let models = models.map(|(place, &width)| model(place, width, &features, &scans, seed));
    let models = models.collect::<Result<Vec<_>, Error>>()?;
    let measured = half_correlations(seed, &brain.responses, &n_scans).mapv(f64::from);
    let exact = exact_halves(&brain, measured.raw_dim());
    let at_true_ceilings = slopes(&sample(models.clone(), &mask, &exact)?)?;
    let sample = sample(models, &mask, &measured)?;
    let planted = WIDTHS.map(|width| planted(&brain, &sample, width));
    Ok(Found {
        planted: ols(&planted, &[&sample.sizes()])?.slope().estimate,
        slopes: slopes(&sample)?,
        at_true_ceilings,
        ceiling: brain.responses.mean().unwrap_or(f64::NAN),
    })
}

/// The slope of each of [`ESTIMATORS`].
fn slopes(sample: &Sample) -> Result<[f64; 6], Error> {
    let mut slopes = [0.0; 6];
    for (found, (_, measure)) in slopes.iter_mut().zip(ESTIMATORS) {
        let of_model = |model: &SampleModel| measure.of(sample, &model.best, Voxels::All);
        let values: Vec<f64> = sample.models.iter().map(of_model).collect::<Result<_, _>>()?;
        *found = SlopeTests::of(&sample.sizes(), &values, &sample.families(), &[]).slope;
    }
    Ok(slopes)
}

/// Correlations of halves without error, the same in all halvings and runs.
fn exact_halves(brain: &PlantedBrain, shape: Dim<[usize; 3]>) -> Array3<f64> {
    let of_voxel = |ceiling: f64| ceiling * ceiling / (2.0 - ceiling * ceiling);
    Array3::from_shape_fn(shape, |(_, _, voxel)| of_voxel(brain.responses[voxel]))
}

fn words(story: &[StoryRun]) -> Result<WordTable, Error> {
    let rows = story.iter().enumerate().flat_map(|(run, told)| {
        let words = told.words.iter().enumerate();
        words.map(move |(word_index, word)| TimedWord {
            run,
            word_index,
            word: word.word.clone(),
            onset_s: word.onset_s,
            offset_s: word.offset_s,
        })
    });
    Ok(WordTable::new(rows.collect(), Path::new("the story"))?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some hundred scans"
)]
fn n_scans(run: &StoryRun) -> usize {
    let end = run.words.last().map_or(0.0, |word| word.offset_s);
    ((end + 10.0) / TR_S).ceil() as usize
}

/// The hidden dimensions of each run, convolved and standardised.
fn features(
    story: &[StoryRun],
    n_scans: &[usize],
    latents: &mut WordLatents,
) -> Result<Vec<Array2<f32>>, Error> {
    let of_run = |(told, &n): (&StoryRun, &usize)| {
        let times = |of: fn(&lpp_sim::SpokenWord) -> f64| told.words.iter().map(of).collect::<Vec<_>>();
        let (onsets, offsets) = (times(|word| word.onset_s), times(|word| word.offset_s));
        let operator = RegressorOperator::new(&onsets, &offsets, n, TR_S, &Hrf::Glover)?;
        let hidden = latents.of_sequence(told.words.iter().map(|word| word.word.as_str()));
        #[expect(clippy::cast_possible_truncation, reason = "features are single precision")]
        let features = operator.apply(&hidden)?.mapv(|value| value as f32);
        Ok(standardise_plainly(&features))
    };
    story.iter().zip(n_scans).map(of_run).collect()
}

/// A model that knows the first dimensions, with its scores.
fn model(
    place: usize,
    width: usize,
    features: &[Array2<f32>],
    scans: &[Array2<f32>],
    seed: u64,
) -> Result<SampleModel, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1 + place as u64);
    let mut noisy = |run: &Array2<f32>| {
        let known = run.slice(s![.., ..width]);
        let noise = Array2::from_shape_simple_fn(known.dim(), || rng.sample::<f32, _>(StandardNormal));
        standardise_plainly(&(&known + &(MODEL_NOISE * noise)))
    };
    let x: Vec<Array2<f32>> = features.iter().map(&mut noisy).collect();
    let alphas = (0..7).map(|power| 10_f64.powi(power)).collect::<Vec<_>>();
    let fit = RidgeCv::params().alphas(alphas).check()?.fit(&x, scans)?;
    Ok(SampleModel {
        name: format!("width {width}"),
        family: format!("family {}", place % 4),
        ln_parameters: 2.0 * (width as f64).ln(),
        ln_width: (width as f64).ln(),
        best: fit.scores.to_vec(),
        nested: None,
        best_runs: Some(fit.fold_scores),
        nested_runs: None,
        joint: None,
        nulls: None,
        swaps: None,
        run_scores: Vec::new(),
    })
}

fn sample(models: Vec<SampleModel>, mask: &Mask, r_half: &Array3<f64>) -> Result<Sample, Error> {
    let places_mm = mask.world_coordinates();
    let x_mm: Vec<f64> = places_mm.iter().map(|place| place[0]).collect();
    let images = mask.mirror_images()?;
    let pairs = images.iter().enumerate().filter(|(voxel, _)| x_mm[*voxel] < -1.0);
    let (left, right) = pairs
        .filter_map(|(voxel, image)| Some((voxel, (*image)?)))
        .unzip();
    let (by_x, pairs) = (Hemispheres::by_world_x(&x_mm), HomotopicPairs::new(left, right)?);
    let isc = r_half.mean_axis(Axis(1)).unwrap_or_default();
    let reliable = ReliableVoxels::above_percentile(&mean_over_trials(&isc)?.to_vec(), 75.0)?;
    let geometry = Geometry {
        pairs: &pairs,
        by_x: &by_x,
    };
    let ceiling = Ceiling::voxelwise(&isc, reliable.voxels, r_half, None, geometry)?;
    Ok(Sample {
        models,
        baselines: Vec::new(),
        halves: Hemispheres::array_halves(places_mm.len()),
        ceiling: Some(ceiling),
        by_x,
        pairs,
        parcel_places_mm: places_mm.clone(),
        places_mm,
        regions: Vec::new(),
        subjects: Vec::new(),
    })
}

/// L − R of a model by a fit without noise.
fn planted(brain: &PlantedBrain, sample: &Sample, width: usize) -> f64 {
    let known: Array1<f64> = brain
        .reserve
        .mapv(|reserve| explained_share(width, reserve).sqrt());
    let scores = (known * &brain.responses).to_vec();
    let measure = Measure::Pairs.of(sample, &scores, Voxels::All);
    measure.unwrap_or(f64::NAN)
}
