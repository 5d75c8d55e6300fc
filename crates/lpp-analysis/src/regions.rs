//! Regions of interest and their mirror images.

use lpp_stats::{Interval, MeanScore, VoxelSet, bootstrap_mean, t_test_pooled};
use lpp_tables::{
    Rois, RoisIsc, RoisLines, RoisOverRandomLines, RoisOverRandomRegression, RoisRegression, RoisVoxelSlopes,
    Row,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::inputs::{Average, Inputs};
use crate::lines::size_line;
use crate::model_scores::TRAINED;
use crate::need::Need;
use crate::part::{Made, Part};
use crate::regression::{Outcome, log_parameters, parameters, size_fit};
use crate::seeds::{group_maps, random_embedding};
use crate::voxelwise::voxel_slopes;
use crate::{AnalysisError, Brain, ModelScores, Region};

/// Resamples of the mean correlation of a region, as many as the paper's notebook takes.
const RESAMPLES: usize = 10_000;

/// One row per region, hemisphere and model; per region its reliability and the growth of L − R with size.
pub(crate) struct RegionsPart;

impl Part for RegionsPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Regions]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Rois::NAME,
            RoisIsc::NAME,
            RoisRegression::NAME,
            RoisLines::NAME,
            RoisOverRandomRegression::NAME,
            RoisOverRandomLines::NAME,
            RoisVoxelSlopes::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let (average, regions, seed) = (inputs.average()?, inputs.regions()?, inputs.seed());
        let trained = average.trained();
        let rows = score_rows(regions, average)?;
        let (fits, lines) = growth(&trained, &outcomes(regions, &rows, |row| row.score), seed)?;
        let over_random = outcomes(regions, &rows, |row| row.score_over_random_embedding);
        let (random_fits, random_lines) = growth(&trained, &over_random, seed)?;
        let random_fits = random_fits.into_iter().map(|row| RoisOverRandomRegression {
            outcome: row.outcome,
            fit: row.fit,
        });
        let random_lines = random_lines.into_iter().map(|row| RoisOverRandomLines {
            outcome: row.outcome,
            at: row.at,
        });
        Ok(Made::default()
            .with(&rows)
            .with(&isc_rows(&average.brain, regions, seed)?)
            .with(&fits)
            .with(&lines)
            .with(&random_fits.collect::<Vec<_>>())
            .with(&random_lines.collect::<Vec<_>>())
            .with(&slope_rows(&average.brain, regions, &trained)))
    }
}

/// Scores, plain and over the widest random embedding (NaN if there is none).
fn score_rows(regions: &[Region], average: &Average) -> Result<Vec<Rois>, AnalysisError> {
    let groups = group_maps(&average.baselines());
    let embedding = random_embedding(&groups);
    let over = |model: &ModelScores, voxels: &VoxelSet| match embedding {
        Some((_, embedding)) => {
            let pairs = model.best.iter().zip(embedding);
            let over: Vec<f64> = pairs.map(|(score, embedding)| score - embedding).collect();
            MeanScore::over(&over, voxels).map(|score| score.mean)
        }
        None => Ok(f64::NAN),
    };
    let mut rows = Vec::new();
    for region in regions {
        for (side, voxels) in region.sides() {
            for model in &average.models {
                let score = MeanScore::over(&model.best, voxels)?;
                rows.push(Rois {
                    roi: region.name.clone(),
                    hemisphere: side.to_owned(),
                    model: model.name().to_owned(),
                    kind: model.kind().to_owned(),
                    family: model.family(),
                    n_parameters: model.info.n_parameters,
                    n_voxels: score.n_voxels,
                    score: score.mean,
                    score_over_random_embedding: over(model, voxels)?,
                });
            }
        }
    }
    Ok(rows)
}

/// Mean inter-subject correlation of each region and side, with the 95 % percentile bootstrap over its voxels.
///
/// The interval is the paper's. Voxels are no independent sample, so it is too narrow.
fn isc_rows(brain: &Brain, regions: &[Region], seed: u64) -> Result<Vec<RoisIsc>, AnalysisError> {
    let mut rows = Vec::new();
    for (region, isc) in regions.iter().filter_map(|region| Some((region, brain.isc()?))) {
        for (side, voxels) in region.sides() {
            let mut known = voxels.select(isc)?;
            known.retain(|value| !value.is_nan());
            let interval = bootstrap_mean(&known, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(seed))
                .and_then(|bootstrap| bootstrap.percentile_interval(0.95))
                .unwrap_or(Interval::UNDEFINED);
            let mean = MeanScore::of(&known);
            rows.push(RoisIsc {
                roi: region.name.clone(),
                hemisphere: side.to_owned(),
                n_voxels: mean.n_voxels,
                isc: mean.mean,
                isc_ci_low: interval.low,
                isc_ci_high: interval.high,
                seed: Some(seed),
            });
        }
    }
    Ok(rows)
}

/// Left, right and L − R of each region over the trained models, three outcomes per region.
fn outcomes(regions: &[Region], rows: &[Rois], of: fn(&Rois) -> f64) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for Region { name, .. } in regions {
        let side = |side: &str| -> Vec<f64> {
            let own = rows
                .iter()
                .filter(|row| row.roi == *name && row.hemisphere == side);
            own.filter(|row| row.kind == TRAINED).map(of).collect()
        };
        let (left, right) = (side("left"), side("right"));
        let difference = left
            .iter()
            .zip(&right)
            .map(|(left, right)| left - right)
            .collect();
        outcomes.push((format!("{name} left"), left));
        outcomes.push((format!("{name} right"), right));
        outcomes.push((format!("{name} left minus right"), difference));
    }
    outcomes
}

fn growth(
    trained: &[&ModelScores],
    outcomes: &[Outcome],
    seed: u64,
) -> Result<(Vec<RoisRegression>, Vec<RoisLines>), AnalysisError> {
    let (ln_size, size) = (log_parameters(trained), parameters(trained));
    let (mut fits, mut lines) = (Vec::new(), Vec::new());
    for (outcome, values) in outcomes {
        fits.push(RoisRegression {
            outcome: outcome.clone(),
            fit: size_fit(&ln_size, values),
        });
        let line = size_line(&size, values, seed)?;
        lines.extend(line.into_iter().map(|at| RoisLines {
            outcome: outcome.clone(),
            at,
        }));
    }
    Ok((fits, lines))
}

/// The slope of each voxel on ln(parameters), averaged per region and side, and their t-test.
fn slope_rows(brain: &Brain, regions: &[Region], trained: &[&ModelScores]) -> Vec<RoisVoxelSlopes> {
    let of_voxels = voxel_slopes(brain.n_voxels(), trained);
    let slopes = |voxels: &VoxelSet| -> Vec<f64> {
        let slopes = voxels
            .indices()
            .iter()
            .map(|&voxel| of_voxels[voxel].slope(|test| test.slope));
        slopes.filter(|slope| slope.is_finite()).collect()
    };
    let row = |region: &Region| {
        let (left, right) = (slopes(&region.left), slopes(&region.right));
        let test = t_test_pooled(&left, &right).ok();
        RoisVoxelSlopes {
            roi: region.name.clone(),
            n_voxels_left: left.len(),
            n_voxels_right: right.len(),
            slope_left_per_ln_parameter: MeanScore::of(&left).mean,
            slope_right_per_ln_parameter: MeanScore::of(&right).mean,
            t: test.map_or(f64::NAN, |test| test.t),
            p: test.map_or(f64::NAN, |test| test.p),
            stars: test.map_or(String::new(), |test| test.stars().to_owned()),
        }
    };
    regions.iter().map(row).collect()
}
