//! What a fit keeps of one set of scans, layer by layer, and the files that it becomes.

use std::path::Path;

use lpp_files::npy;
use lpp_fmri::BrainMask;
use lpp_ridge::{EdgeWarning, GridEdge, NestedChooser, RidgeCvFit, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::TargetSet;
use lpp_study::{Scores, ScoresInfo, beside_scores};
use ndarray::{Array1, Array2, Array3, ArrayRef1, ArrayRef2, Axis, s};

use crate::EncodingError;
use crate::nested;
use crate::prepared::to_f32;

/// Scores of one set.
pub(crate) struct SetFit {
    pub(crate) scores: Scores,
    best: BestOfTest,
    nested: Option<NestedChooser>,
    /// (`n_folds`, `n_layers`, `n_voxels`), if kept.
    folds: Option<Array3<f32>>,
}

/// The layer with the largest mean test score of each voxel, and its score in each fold: one layer a voxel and fold is in
/// memory.
#[derive(Debug, Clone, Default)]
struct BestOfTest {
    means: Array1<f64>,
    /// (`n_folds`, `n_voxels`); NaN if no layer has a score.
    folds: Array2<f32>,
}

impl BestOfTest {
    fn add(&mut self, scores: &ArrayRef1<f64>, fold_scores: &ArrayRef2<f64>) {
        if self.folds.is_empty() {
            self.means = Array1::from_elem(scores.len(), f64::NAN);
            self.folds = Array2::from_elem(fold_scores.raw_dim(), f32::NAN);
        }
        for (voxel, (&mean, best)) in scores.iter().zip(&mut self.means).enumerate() {
            // As in the choice of nested layers, the first layer stays on ties, and NaN is never larger.
            if mean > *best || (best.is_nan() && !mean.is_nan()) {
                *best = mean;
                let of_folds = fold_scores.column(voxel).mapv(to_f32);
                self.folds.column_mut(voxel).assign(&of_folds);
            }
        }
    }
}

impl SetFit {
    /// Before the first layer.
    pub(crate) fn new(scores: Scores, nested: bool, keep_folds: bool) -> Self {
        let (n_layers, n_voxels) = scores.values.dim();
        let n_folds = scores.info.test_folds.len();
        Self {
            scores,
            best: BestOfTest::default(),
            nested: nested.then(NestedChooser::default),
            folds: keep_folds.then(|| Array3::from_elem((n_folds, n_layers, n_voxels), f32::NAN)),
        }
    }

    /// Adds the next layer: the fit of its scores, and the one by which layers are chosen, if that is another one.
    pub(crate) fn add(
        &mut self,
        layer: usize,
        fit: &RidgeCvFit,
        choosing: Option<&RidgeCvFit>,
        n_features: usize,
        wall_s: f64,
    ) -> Result<(), RidgeError> {
        if let Some(nested) = &mut self.nested {
            nested.add(choosing.unwrap_or(fit))?;
        }
        self.add_scores(layer, &fit.scores, &fit.fold_scores, n_features, wall_s);
        let info = &mut self.scores.info;
        if let Some(index) = fit.alpha_index() {
            info.alpha_index.push(index.to_vec());
        } else {
            let counts = fit.alpha_counts();
            info.alpha_counts
                .push(counts.rows().into_iter().map(|row| row.to_vec()).collect());
        }
        Ok(())
    }

    /// Adds the scores of the next layer, (`n_voxels`), and those of each fold, (`n_folds`, `n_voxels`).
    pub(crate) fn add_scores(
        &mut self,
        layer: usize,
        scores: &ArrayRef1<f64>,
        fold_scores: &ArrayRef2<f64>,
        n_features: usize,
        wall_s: f64,
    ) {
        self.best.add(scores, fold_scores);
        if let Some(folds) = &mut self.folds {
            folds
                .slice_mut(s![.., layer, ..])
                .assign(&fold_scores.mapv(to_f32));
        }
        self.scores.values.row_mut(layer).assign(&scores.mapv(to_f32));
        let info = &mut self.scores.info;
        let means = fold_scores
            .rows()
            .into_iter()
            .map(|fold| nan_mean(fold.iter().copied()));
        info.n_hidden.push(n_features);
        info.fold_means.push(means.collect());
        info.n_nan_voxels
            .push(scores.iter().filter(|r| r.is_nan()).count());
        info.wall_s.push(wall_s);
    }

    /// Writes all files of a set. The scores of each fold come first: a run killed in between does not count as an older
    /// version that did not write them.
    pub(crate) fn save(self, set: &TargetSet, mask: Option<BrainMask>) -> Result<Scores, EncodingError> {
        let (scores, beside) = (self.scores, |what: &str| beside_scores(&set.scores, what));
        npy::save(&beside("runs"), &self.best.folds)?;
        if let Some(folds) = &self.folds {
            npy::save_half(&beside("folds"), folds)?;
        }
        if let Some(nested) = self.nested {
            nested::save(
                nested,
                &scores,
                &self.best.means,
                &beside("nested"),
                &beside("nested_runs"),
            )?;
        }
        scores.save(&set.scores)?;
        if let Some(mask) = mask {
            save_map(&scores, &mask, &set.score_map)?;
        }
        Ok(scores)
    }

    /// Says what a user should know of the finished fit.
    pub(crate) fn warn(&self) {
        warn_of_nan(&self.scores.info);
        warn_of_edges(&self.scores.info);
    }
}

fn warn_of_nan(info: &ScoresInfo) {
    let most = info.n_nan_voxels.iter().max().copied().unwrap_or(0);
    if most > 0 {
        tracing::warn!(
            "{}, {}: {most} of {} voxels have no score in some layer (constant or NaN in a run); they stay NaN",
            info.model,
            info.subject,
            info.n_voxels
        );
    }
}

/// Says where a wider grid of penalties may score better.
fn warn_of_edges(info: &ScoresInfo) {
    let counts = info.alpha_counts.iter().flatten();
    let of_targets = counts.flat_map(|fold| fold.iter().copied().enumerate());
    let shared = info.alpha_index.iter().flatten().map(|&index| (index, 1));
    let choices: Vec<(usize, usize)> = of_targets.chain(shared).collect();
    let n_all: usize = choices.iter().map(|(_, n)| n).sum();
    let (what, least) = if info.alpha_counts.is_empty() {
        ("folds (of all layers)", 0.0)
    } else {
        (
            "choices (of all layers, folds and voxels)",
            EdgeWarning::LEAST_SHARE,
        )
    };
    for edge in [GridEdge::Smallest, GridEdge::Largest] {
        let mut there = choices
            .iter()
            .filter(|(index, n)| *n > 0 && GridEdge::of(&info.alphas, *index) == Some(edge))
            .peekable();
        let Some(&&(index, _)) = there.peek() else {
            continue;
        };
        let n_there: usize = there.map(|(_, n)| n).sum();
        if n_there as f64 >= least * n_all as f64 {
            tracing::warn!(
                "{}, {}: {n_there} of {n_all} {what} chose the {edge} penalty of the grid ({:e}); a wider grid may score better",
                info.model,
                info.subject,
                info.alphas[index]
            );
        }
    }
}

/// Writes the best score over layers of each voxel on the places of the mask.
fn save_map(scores: &Scores, mask: &BrainMask, path: &Path) -> Result<(), EncodingError> {
    let best = scores
        .values
        .fold_axis(Axis(0), f32::NAN, |best, &score| best.max(score));
    Ok(mask.save_map(path, &scores.info.model, &best)?)
}
