//! Correlations between halves of subjects that nobody simulated.

use std::path::Path;

use lpp_files::npy;
use lpp_study::{VOXELWISE_ISC, beside_isc};
use ndarray::{Array1, Array2, Array3, Axis};

use crate::SimError;
use crate::random::{normal, stream};

/// Trials, as in the original study.
const TRIALS: usize = 10;
/// Standard deviation over trials of the correlation in a run, relative to that over runs: trials divide the same subjects.
const SCATTER_OF_TRIALS: f64 = 0.3;

/// Writes the correlation of halves of each voxel in every trial and run, and its mean over runs as the inter-subject
/// correlation.
pub(crate) fn write_isc(
    path: &Path,
    seed: u64,
    responses: &Array1<f64>,
    n_scans: &[usize],
) -> Result<(), SimError> {
    let voxelwise = half_correlations(seed, responses, n_scans);
    let mean = voxelwise.mean_axis(Axis(1));
    let [beside, _] = VOXELWISE_ISC;
    npy::save(&beside_isc(path, beside), &voxelwise)?;
    Ok(npy::save(path, &mean.unwrap_or_default())?)
}

/// Correlations of halves of voxels with the given responses, (`n_trials`, `n_runs`, `n_voxels`).
///
/// If the average has the correlation c with the signal, its reliability is ρ = c², and by Spearman and Brown two halves
/// correlate by ρ/(2 − ρ). Runs scatter about it as correlations of so many scans do.
#[must_use]
pub fn half_correlations(seed: u64, responses: &Array1<f64>, n_scans: &[usize]) -> Array3<f32> {
    let mut rng = stream(seed, "correlations of halves");
    let mut draw = |shape| Array2::from_shape_simple_fn(shape, || f64::from(normal(&mut rng)));
    let of_runs = draw((n_scans.len(), responses.len()));
    let of_trials = draw((TRIALS * n_scans.len(), responses.len()));
    Array3::from_shape_fn((TRIALS, n_scans.len(), responses.len()), |(trial, run, voxel)| {
        let half = half_correlation(responses[voxel]);
        let std_err = (1.0 - half * half) / (n_scans[run] as f64).sqrt();
        let scatter =
            of_runs[[run, voxel]] + SCATTER_OF_TRIALS * of_trials[[trial * n_scans.len() + run, voxel]];
        (half + std_err * scatter).clamp(-1.0, 1.0) as f32
    })
}

/// Correlation of two halves whose average has the correlation `response` with the signal.
fn half_correlation(response: f64) -> f64 {
    let reliability = response * response;
    reliability / (2.0 - reliability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_read_back() {
        // A response of 0.4 has the reliability 0.16, and halves that correlate by 0.087.
        assert!((half_correlation(0.4) - 0.087).abs() < 1e-3);
        let responses = Array1::from_elem(4000, 0.7);
        let drawn = half_correlations(1, &responses, &[200; 9]);
        let half = f64::from(drawn.mean().unwrap());
        // 36,000 correlations with a standard error of 0.067 each.
        assert!(((2.0 * half / (1.0 + half)).sqrt() - 0.7).abs() < 0.003, "{half}");
    }
}
