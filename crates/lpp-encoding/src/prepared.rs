//! A layer, factored in the arithmetic of the fit.

use lpp_ridge::{AlphaSearch, NullOrders, PreparedFeatures, RidgeCv, RidgeCvFit, RidgeError, SideSwaps};
use lpp_stats::nan_mean;
use lpp_steps::Arithmetic;
use ndarray::{Array2, ArrayView1, Axis};

/// The penalty search that a step requests of the ridge regression.
pub(crate) fn search_of(search: lpp_steps::AlphaSearch) -> AlphaSearch {
    match search {
        lpp_steps::AlphaSearch::Exhaustive => AlphaSearch::Exhaustive,
        lpp_steps::AlphaSearch::Screened => AlphaSearch::screened(),
    }
}

/// A layer, factored in the arithmetic of the fit.
pub(crate) enum Prepared {
    Single(PreparedFeatures<f32>),
    Double(PreparedFeatures<f64>),
}

impl Prepared {
    pub(crate) fn new(
        model: &RidgeCv,
        x: &[Array2<f64>],
        arithmetic: Arithmetic,
    ) -> Result<Self, RidgeError> {
        Ok(match arithmetic {
            Arithmetic::Single => {
                let x: Vec<Array2<f32>> = x.iter().map(|run| run.mapv(to_f32)).collect();
                Self::Single(model.prepare(&x)?)
            }
            Arithmetic::Double => Self::Double(model.prepare(x)?),
        })
    }

    pub(crate) fn n_features(&self) -> usize {
        match self {
            Self::Single(prepared) => prepared.n_features(),
            Self::Double(prepared) => prepared.n_features(),
        }
    }

    pub(crate) fn score(&self, y: &[Array2<f32>]) -> Result<RidgeCvFit, RidgeError> {
        match self {
            Self::Single(prepared) => prepared.score(y),
            Self::Double(prepared) => prepared.score(&in_double(y)),
        }
    }

    /// The size of the validation score under each null: the mean over voxels `columns`, or over all voxels with `refit`,
    /// added up over folds or averaged over them.
    pub(crate) fn null_validation(
        &self,
        fit: &RidgeCvFit,
        y: &[Array2<f32>],
        columns: &[usize],
        nulls: &NullOrders,
        refit: bool,
    ) -> Result<Vec<f64>, RidgeError> {
        if refit {
            let of_null = |null| {
                let fit = self.score(&nulls.apply(null, y))?;
                let scores = fit
                    .validation_scores
                    .ok_or(RidgeError::NoValidationScores { index: 0 })?;
                let of_folds = scores
                    .rows()
                    .into_iter()
                    .map(|fold| nan_mean(fold.iter().copied()));
                Ok(of_folds.sum())
            };
            return (0..nulls.n_nulls()).map(of_null).collect();
        }
        let scores = match self {
            Self::Single(prepared) => prepared.null_validation_scores(fit, y, columns, nulls)?,
            Self::Double(prepared) => prepared.null_validation_scores(fit, &in_double(y), columns, nulls)?,
        };
        let mean = |null: ArrayView1<'_, f32>| nan_mean(null.iter().map(|&r| f64::from(r)));
        Ok(scores.axis_iter(Axis(1)).map(mean).collect())
    }

    /// Scores of both sides of pairs whose runs are exchanged, averaged over the tests of `folds`: each (`n_pairs`,
    /// `n_patterns`).
    pub(crate) fn swap_scores(
        &self,
        fit: &RidgeCvFit,
        y: &[Array2<f32>],
        swaps: &SideSwaps,
        folds: &[usize],
    ) -> Result<[Array2<f32>; 2], RidgeError> {
        match self {
            Self::Single(prepared) => prepared.swap_scores(fit, y, swaps, folds),
            Self::Double(prepared) => prepared.swap_scores(fit, &in_double(y), swaps, folds),
        }
    }

    /// Scores of reordered targets, (`n_voxels`, `n_nulls`); with `refit`, the penalties are chosen again for each.
    pub(crate) fn null_scores(
        &self,
        fit: &RidgeCvFit,
        y: &[Array2<f32>],
        nulls: &NullOrders,
        refit: bool,
    ) -> Result<Array2<f32>, RidgeError> {
        if refit {
            let mut scores = Array2::zeros((fit.scores.len(), nulls.n_nulls()));
            for (null, mut column) in scores.axis_iter_mut(Axis(1)).enumerate() {
                let refit = self.score(&nulls.apply(null, y))?;
                column.assign(&refit.scores.mapv(to_f32));
            }
            return Ok(scores);
        }
        match self {
            Self::Single(prepared) => prepared.null_scores(fit, y, nulls),
            Self::Double(prepared) => prepared.null_scores(fit, &in_double(y), nulls),
        }
    }
}

fn in_double(y: &[Array2<f32>]) -> Vec<Array2<f64>> {
    y.iter().map(|run| run.mapv(f64::from)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "scores and single-precision features are stored as f32"
)]
pub(crate) fn to_f32(value: f64) -> f32 {
    value as f32
}
