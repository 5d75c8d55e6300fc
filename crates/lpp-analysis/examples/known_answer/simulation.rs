//! Simulated studies at the level of scores, with known effects.

use lpp_analysis::corrected::{Ceiling, Geometry, Sample, SampleModel};
use lpp_stats::{Hemispheres, HomotopicPairs, VoxelSet, percentile};
use ndarray::{Array2, Array3, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Voxels from left to right (x slowest, as in masked arrays), from back to front, from bottom to top.
const SHAPE: [i32; 3] = [13, 6, 4];
const EDGE_MM: f64 = 8.0;
/// Gain of each layer: the middle one is best everywhere.
const LAYERS: [f64; 3] = [0.9, 1.0, 0.95];
/// Noise of a voxel's mean score in one layer, of the model alone.
const NOISE: f64 = 0.03;
/// Test runs.
const N_RUNS: usize = 9;
/// Noise of the brain in one run. All models are fitted to it, and see the more of it the better they predict.
const BRAIN_NOISE: f64 = 0.1;
/// Share of its variance that all voxels of a side have in common.
const SHARED_WITHIN_SIDE: f64 = 0.2;
/// Asymmetries deviate by this much per family and per model, relative to the ceiling.
const DEVIATION: f64 = 0.01;
/// Trials of the split-half correlation, and their noise.
const N_TRIALS: usize = 10;
const TRIAL_NOISE: f64 = 0.02;

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Growth of the accuracy of all voxels per unit of ln(parameters).
    pub(crate) growth: f64,
    /// Additional growth of left voxels: the asymmetry slope.
    pub(crate) asymmetry: f64,
    /// Additional growth of midline voxels in the back.
    pub(crate) midline: f64,
    /// How much higher ceilings are on the left.
    pub(crate) ceiling_difference: f64,
}

/// All scenarios, the one without any effect first.
pub(crate) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "nothing",
        growth: 0.0,
        asymmetry: 0.0,
        midline: 0.0,
        ceiling_difference: 0.0,
    },
    Scenario {
        name: "growth on both sides",
        growth: 0.03,
        asymmetry: 0.0,
        midline: 0.0,
        ceiling_difference: 0.0,
    },
    Scenario {
        name: "asymmetry slope",
        growth: 0.03,
        asymmetry: 0.01,
        midline: 0.0,
        ceiling_difference: 0.0,
    },
    Scenario {
        name: "midline signal",
        growth: 0.03,
        asymmetry: 0.0,
        midline: 0.2,
        ceiling_difference: 0.0,
    },
    Scenario {
        name: "higher ceilings on the left",
        growth: 0.03,
        asymmetry: 0.0,
        midline: 0.0,
        ceiling_difference: 0.2,
    },
];

/// A study with what is true of it.
pub(crate) struct Known {
    pub(crate) sample: Sample,
    /// Mean ceiling of left voxels.
    pub(crate) left_ceiling: f64,
    /// Mean of ceiling over split-half correlation of left voxels.
    pub(crate) left_over_isc: f64,
    /// Mean over models and voxels of the true score of the best layer.
    pub(crate) true_score: f64,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// The brain all studies share.
struct Space {
    places_mm: Vec<[f64; 3]>,
    pairs: HomotopicPairs,
    halves: Hemispheres,
    by_x: Hemispheres,
}

impl Space {
    fn new() -> Self {
        let [nx, ny, nz] = SHAPE;
        let mut places_mm = Vec::new();
        for i in 0..nx {
            for j in 0..ny {
                for k in 0..nz {
                    places_mm.push([i - nx / 2, j, k].map(|step| EDGE_MM * f64::from(step)));
                }
            }
        }
        let slab = places_mm.len() / 13;
        let mirrored = |voxel: usize| (12 - voxel / slab) * slab + voxel % slab;
        let left: Vec<usize> = (0..6 * slab).collect();
        let right = left.iter().map(|&voxel| mirrored(voxel)).collect();
        let x_mm: Vec<f64> = places_mm.iter().map(|place| place[0]).collect();
        Self {
            pairs: HomotopicPairs::new(left, right).expect("mirror images are other voxels"),
            halves: Hemispheres::array_halves(places_mm.len()),
            by_x: Hemispheres::by_world_x(&x_mm),
            places_mm,
        }
    }

    fn sample(&self, models: Vec<SampleModel>, ceiling: Option<Ceiling>) -> Sample {
        Sample {
            models,
            baselines: Vec::new(),
            halves: self.halves.clone(),
            by_x: self.by_x.clone(),
            pairs: self.pairs.clone(),
            places_mm: self.places_mm.clone(),
            parcel_places_mm: self.places_mm.clone(),
            ceiling,
            regions: Vec::new(),
            subjects: Vec::new(),
        }
    }
}

/// Simulates study number `repetition` of a scenario.
pub(crate) fn simulate(scenario: &Scenario, repetition: u32, seed: u64) -> Known {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from(repetition));
    let space = Space::new();
    let ceilings = ceilings(&space, scenario, &mut rng);
    let sizes = Sizes::draw(&mut rng);
    let truth: Vec<Vec<f64>> = sizes.true_scores(scenario, &space, &ceilings, 1.0, &mut rng);
    let brain = brain_noise(&space, &mut rng);
    let models = sizes.observe(&truth, &brain, &mut rng);
    let mut sample = space.sample(models, Some(split_halves(&space, &ceilings, &mut rng)));
    // Five subjects whose asymmetry slopes vary, on the same grid.
    for _ in 0..5 {
        let own = Scenario {
            asymmetry: scenario.asymmetry + 0.003 * normal(&mut rng),
            ..*scenario
        };
        let truth = sizes.true_scores(&own, &space, &ceilings, 0.0, &mut rng);
        sample.subjects.push(space.sample(
            sizes.observe(&truth, &brain_noise(&space, &mut rng), &mut rng),
            None,
        ));
    }
    let left = sample.by_x.left().select(&ceilings).expect("voxels of the space");
    Known {
        left_ceiling: left.iter().sum::<f64>() / left.len() as f64,
        left_over_isc: left.iter().map(|c| (2.0 - c * c) / c).sum::<f64>() / left.len() as f64,
        true_score: truth.iter().flatten().sum::<f64>() / (truth.len() * ceilings.len()) as f64,
        sample,
    }
}

/// A ceiling per voxel: alike in mirror images, but for what is planted and a little of their own.
fn ceilings(space: &Space, scenario: &Scenario, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut ceilings: Vec<f64> = space
        .places_mm
        .iter()
        .map(|_| rng.random_range(0.5..0.7))
        .collect();
    for (&left, &right) in space.pairs.left().iter().zip(space.pairs.right()) {
        ceilings[right] = ceilings[left];
        if scenario.ceiling_difference > 0.0 {
            // Distributions overlap, so that there are voxels to match.
            ceilings[left] += scenario.ceiling_difference * rng.random_range(0.0..1.0);
            ceilings[right] -= scenario.ceiling_difference * rng.random_range(0.0..1.0);
        }
    }
    ceilings
}

/// What the scans of a run add to the score of a perfect model, (`n_runs`, `n_voxels`).
fn brain_noise(space: &Space, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut noise = Array2::zeros((N_RUNS, space.places_mm.len()));
    for mut run in noise.rows_mut() {
        let sides = [0; 3].map(|_| normal(rng));
        for (value, place) in run.iter_mut().zip(&space.places_mm) {
            let side = sides[if place[0] < 0.0 {
                0
            } else if place[0] > 0.0 {
                1
            } else {
                2
            }];
            let own = (1.0 - SHARED_WITHIN_SIDE).sqrt() * normal(rng);
            *value = BRAIN_NOISE * (SHARED_WITHIN_SIDE.sqrt() * side + own);
        }
    }
    noise
}

/// Correlations of halves whose mean has the ceiling √(2r/(1 + r)).
fn split_halves(space: &Space, ceilings: &[f64], rng: &mut ChaCha8Rng) -> Ceiling {
    let r_half: Vec<f64> = ceilings.iter().map(|c| c * c / (2.0 - c * c)).collect();
    let noise = TRIAL_NOISE * (N_RUNS as f64).sqrt();
    let by_run = Array3::from_shape_fn((N_TRIALS, N_RUNS, ceilings.len()), |(_, _, voxel)| {
        r_half[voxel] + noise * normal(rng)
    });
    let trials = by_run.mean_axis(Axis(1)).expect("nine runs");
    let mean = trials.mean_axis(Axis(0)).expect("ten trials").to_vec();
    let threshold = percentile(&mean, 75.0).expect("finite correlations");
    let reliable = VoxelSet::matching(&mean, |value| value > threshold);
    let geometry = Geometry {
        pairs: &space.pairs,
        by_x: &space.by_x,
    };
    Ceiling::voxelwise(&trials, reliable, &by_run, None, geometry).expect("ten trials")
}

/// Sizes of 28 models in eight families: differences between families and half as large ones within, around 21.
struct Sizes {
    family: Vec<usize>,
    ln_parameters: Vec<f64>,
}

impl Sizes {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let family: Vec<usize> = (0..8).flat_map(|family| vec![family; 3 + family % 2]).collect();
        let centre: Vec<f64> = (0..8).map(|_| 21.0 + normal(rng)).collect();
        Self {
            ln_parameters: family.iter().map(|&f| centre[f] + 0.5 * normal(rng)).collect(),
            family,
        }
    }

    /// The score of every model and voxel in its best layer, without noise.
    fn true_scores(
        &self,
        scenario: &Scenario,
        space: &Space,
        ceilings: &[f64],
        family_share: f64,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Vec<f64>> {
        let shared: Vec<f64> = (0..8).map(|_| family_share * DEVIATION * normal(rng)).collect();
        let back = EDGE_MM * f64::from(SHAPE[1] / 2);
        self.ln_parameters
            .iter()
            .zip(&self.family)
            .map(|(size, &family)| {
                let size = size - 21.0;
                let own = shared[family] + DEVIATION * normal(rng);
                let accuracy = |place: &[f64; 3]| {
                    0.4 + scenario.growth * size
                        + if place[0] < 0.0 {
                            scenario.asymmetry * size + own
                        } else {
                            0.0
                        }
                        + if place[0].abs() < 1e-9 && place[1] < back {
                            scenario.midline * size
                        } else {
                            0.0
                        }
                };
                space
                    .places_mm
                    .iter()
                    .zip(ceilings)
                    .map(|(place, c)| c * accuracy(place))
                    .collect()
            })
            .collect()
    }

    /// Scores per layer and run with noise; the best layer by test score, and the one that an equally noisy validation
    /// chooses.
    fn observe(&self, truth: &[Vec<f64>], brain: &Array2<f64>, rng: &mut ChaCha8Rng) -> Vec<SampleModel> {
        let mut models = Vec::new();
        for (i, truth) in truth.iter().enumerate() {
            // A model sees the brain's noise as far as it predicts.
            let reach = truth.iter().sum::<f64>() / truth.len() as f64 / TYPICAL_SCORE;
            let mut draw = || {
                let shape = (LAYERS.len(), N_RUNS, truth.len());
                Array3::from_shape_fn(shape, |(layer, run, voxel)| {
                    let own = NOISE * (N_RUNS as f64).sqrt() * normal(rng);
                    LAYERS[layer] * (truth[voxel] + reach * brain[(run, voxel)]) + own
                })
            };
            let (test, validation) = (draw(), draw());
            let (best_runs, nested_runs) = (chosen(&test, &test), chosen(&test, &validation));
            let mean = |runs: &Array2<f64>| runs.mean_axis(Axis(0)).expect("nine runs").to_vec();
            models.push(SampleModel {
                name: format!("model {i}"),
                family: format!("family {}", self.family[i]),
                ln_parameters: self.ln_parameters[i],
                ln_width: f64::NAN,
                nested: Some(mean(&nested_runs)),
                joint: None,
                nulls: None,
                best: mean(&best_runs),
                best_runs: Some(best_runs),
                nested_runs: Some(nested_runs),
                run_scores: Vec::new(),
                swaps: None,
            });
        }
        models
    }
}

/// A score that a typical model has.
const TYPICAL_SCORE: f64 = 0.24;

/// Of each voxel the scores of the layer that is best on average by other scores.
fn chosen(scores: &Array3<f64>, by: &Array3<f64>) -> Array2<f64> {
    let means = by.mean_axis(Axis(1)).expect("nine runs");
    let layer = |voxel: usize| {
        let better = |a: &usize, b: &usize| means[(*a, voxel)].total_cmp(&means[(*b, voxel)]);
        (0..LAYERS.len()).max_by(better).unwrap_or(0)
    };
    let layers: Vec<usize> = (0..scores.len_of(Axis(2))).map(layer).collect();
    Array2::from_shape_fn((N_RUNS, layers.len()), |(run, voxel)| {
        scores[(layers[voxel], run, voxel)]
    })
}
