//! Features and targets of four runs: what lpp-ridge reads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Study;
use crate::files::{Array, Content, Element};
use crate::random::Draw;

/// Runs of the study.
pub(crate) const N_RIDGE_RUNS: usize = 4;
/// Targets of each run.
const N_TARGETS: usize = 6;
/// Features of each run.
pub(crate) const N_RIDGE_FEATURES: usize = 12;

/// Targets that follow the features in noise, at any scale.
pub(crate) fn ridge(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let weights: Vec<Vec<f64>> = (0..N_TARGETS).map(|_| rng.normals(N_RIDGE_FEATURES)).collect();
    let element = rng.pick(&[Element::F32, Element::F64]);
    for run in 0..N_RIDGE_RUNS {
        let n_scans = 60 + rng.below(40);
        let x: Vec<Vec<f64>> = (0..n_scans).map(|_| rng.normals(N_RIDGE_FEATURES)).collect();
        let y: Vec<Vec<f64>> = x
            .iter()
            .map(|row| {
                let target = |w: &Vec<f64>| -> f64 { row.iter().zip(w).map(|(a, b)| a * b).sum::<f64>() };
                weights.iter().map(|w| target(w) + 9.0 * rng.normal()).collect()
            })
            .collect();
        study
            .files
            .put(format!("x{run}.npy"), Content::Array(Array::of_rows(&x, element)));
        study
            .files
            .put(format!("y{run}.npy"), Content::Array(Array::of_rows(&y, element)));
    }
    study
}
