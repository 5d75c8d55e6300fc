//! Scores of layers that were chosen on inner data, and the bias of choosing by test scores.

use std::path::Path;

use lpp_files::npy;
use lpp_ridge::NestedChooser;
use lpp_stats::nan_mean;
use lpp_study::{NestedInfo, Scores, save_with_sidecar};
use ndarray::Array1;

use crate::EncodingError;
use crate::prepared::to_f32;

/// Writes the nested scores of all layers that `chooser` saw to `path`, with their sidecar, and those of each fold to
/// `runs`. `best` has the largest mean test score over layers of each voxel in the array of scores.
///
/// # Errors
/// [`EncodingError::File`] if the disk refuses, [`EncodingError::Settings`] if there was no layer.
pub(crate) fn save(
    chooser: NestedChooser,
    scores: &Scores,
    best: &Array1<f64>,
    path: &Path,
    runs: &Path,
) -> Result<(), EncodingError> {
    let (layer_per_fold, layer) = (chooser.fold_layers(), chooser.layer().unwrap_or(0));
    let shared_score_mean = chooser.shared_mean();
    let choice = chooser.finish().map_err(EncodingError::Settings)?;
    let best_layer_mean = scores
        .values
        .rows()
        .into_iter()
        .map(|row| nan_mean(row.iter().map(|&r| f64::from(r))))
        .fold(f64::NAN, f64::max);
    let info = NestedInfo {
        model: scores.info.model.clone(),
        subject: scores.info.subject.clone(),
        score_mean: nan_mean(choice.scores.iter().copied()),
        best_of_test_mean: nan_mean(best.iter().copied()),
        optimism: nan_mean(best - &choice.scores),
        layer_per_fold,
        shared_score_mean,
        best_layer_mean,
        shared_optimism: best_layer_mean - shared_score_mean,
        layer,
        n_nan_voxels: choice.scores.iter().filter(|r| r.is_nan()).count(),
    };
    npy::save(runs, &choice.fold_scores.mapv(to_f32))?;
    Ok(save_with_sidecar(path, &choice.scores.mapv(to_f32), &info)?)
}
