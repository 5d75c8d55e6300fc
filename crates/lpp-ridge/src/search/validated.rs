//! What a search knows of each penalty in the end.

use ndarray::Array2;

use super::validation::{Candidates, Totals, first_best};
use crate::systems::factored::Factored;
use crate::{NanTargets, Number, RidgeError};

/// Mean validation scores, and the targets they cover.
pub(crate) struct Validated {
    /// Mean scores, (`n_folds`, `n_alphas`).
    pub(crate) curves: Array2<f64>,
    /// Whether the means cover all targets.
    pub(crate) full: Array2<bool>,
    /// Penalties that can be chosen.
    pub(crate) candidates: Candidates,
    /// Number of targets without validation score per fold.
    pub(crate) n_unusable: Vec<u64>,
}

impl Validated {
    pub(crate) fn exhaustive<A: Number>(factored: &Factored<A>, totals: &Totals) -> Self {
        let shape = (factored.n_folds(), factored.model.alphas().len());
        Self {
            curves: Array2::from_shape_fn(shape, |(fold, alpha)| totals.mean(fold, alpha)),
            full: Array2::from_elem(shape, true),
            candidates: Candidates::all(shape.0, shape.1),
            n_unusable: (0..shape.0).map(|fold| totals.n_unusable(fold)).collect(),
        }
    }

    pub(crate) fn choose(&self, fold: usize, rule: NanTargets) -> Result<usize, RidgeError> {
        if rule == NanTargets::TakeFirstAlpha && self.n_unusable[fold] > 0 {
            return Ok(0);
        }
        first_best(&self.candidates.0[fold], |alpha| self.curves[[fold, alpha]])
            .ok_or(RidgeError::NoValidation { fold })
    }

    /// The curves according to the rule for NaN targets.
    pub(crate) fn shown_curves(mut self, rule: NanTargets) -> (Array2<f64>, Array2<bool>) {
        if rule == NanTargets::TakeFirstAlpha {
            for (fold, mut curve) in self.curves.outer_iter_mut().enumerate() {
                if self.n_unusable[fold] > 0 {
                    curve.fill(f64::NAN);
                }
            }
        }
        (self.curves, self.full)
    }
}
