//! Validation scores summed up on the device, and the penalties that they choose.

use ndarray::{Array1, Array2, ArrayRef1};
use tch::{Device, Kind, TchError, Tensor};

use super::arrays::{int, to_matrix, to_vec};
use crate::{NanTargets, RidgeError};

/// Validation scores of a block of targets.
pub(super) struct BlockCurves {
    /// Sum over the validation runs, (`n_folds`, `n_alphas`, width); zero where a target is unusable.
    sums: Tensor,
    /// Number of validation runs behind each sum, (`n_folds`, width); zero if the target is unusable.
    n_runs: Tensor,
}

impl BlockCurves {
    pub(super) fn new(
        n_folds: usize,
        n_alphas: usize,
        width: usize,
        device: Device,
    ) -> Result<Self, TchError> {
        let on = (Kind::Double, device);
        Ok(Self {
            sums: Tensor::f_zeros([int(n_folds), int(n_alphas), int(width)], on)?,
            n_runs: Tensor::f_zeros([int(n_folds), int(width)], on)?,
        })
    }

    /// Adds the scores (`n_alphas`, width) of one validation run of a fold. A target counts only if every penalty has a
    /// score, so that penalties are compared on the same targets, and if it is finite in all runs.
    pub(super) fn add(&mut self, fold: usize, scores: &Tensor, finite: &Tensor) -> Result<(), TchError> {
        let missing = scores.f_isnan()?.f_any_dim(0, false)?;
        let unusable = missing.f_logical_or(&finite.f_logical_not()?)?;
        let counted = unusable.f_logical_not()?.f_to_kind(Kind::Double)?;
        let _ = self
            .sums
            .f_select(0, int(fold))?
            .f_add_(&scores.f_masked_fill(&unusable, 0.0)?)?;
        let _ = self.n_runs.f_select(0, int(fold))?.f_add_(&counted)?;
        Ok(())
    }

    /// Mean over the validation runs, (`n_folds`, `n_alphas`, width).
    fn means(&self) -> Result<Tensor, TchError> {
        self.sums.f_div(&self.n_runs.f_clamp_min(1.0)?.f_unsqueeze(1)?)
    }

    /// Which targets have a validation score, (`n_folds`, width).
    fn usable(&self) -> Result<Tensor, TchError> {
        self.n_runs.f_gt(0.0)
    }

    /// The best penalty of each target in each fold, the first one on ties: (`n_folds`, width); -1 if it has none.
    pub(super) fn own_choice(&self) -> Result<Tensor, TchError> {
        self.means()?
            .f_argmax(1, false)?
            .f_masked_fill(&self.usable()?.f_logical_not()?, -1)
    }
}

/// Validation scores summed over targets.
pub(super) struct Totals {
    /// (`n_folds`, `n_alphas`).
    sums: Array2<f64>,
    /// Number of targets with a validation score, (`n_folds`).
    n_usable: Array1<f64>,
    n_targets: usize,
}

impl Totals {
    pub(super) fn new(n_folds: usize, n_alphas: usize) -> Self {
        Self {
            sums: Array2::zeros((n_folds, n_alphas)),
            n_usable: Array1::zeros(n_folds),
            n_targets: 0,
        }
    }

    /// Adds a block of `width` targets.
    pub(super) fn add(&mut self, curves: &BlockCurves, width: usize) -> Result<(), TchError> {
        self.sums += &to_matrix(&curves.means()?.f_sum_dim_intlist(2, false, Kind::Double)?)?;
        self.n_usable += &Array1::from(to_vec::<f64>(&curves.usable()?.f_sum_dim_intlist(
            1,
            false,
            Kind::Double,
        )?)?);
        self.n_targets += width;
        Ok(())
    }

    /// Mean score of each penalty in each fold over the usable targets, (`n_folds`, `n_alphas`); NaN if a fold has none,
    /// and if the rule says so.
    pub(super) fn curves(&self, rule: NanTargets) -> Array2<f64> {
        let mut curves = self.sums.clone();
        for (fold, mut curve) in curves.outer_iter_mut().enumerate() {
            if self.takes_first(fold, rule) {
                curve.fill(f64::NAN);
            } else {
                curve /= self.n_usable[fold]; // 0 / 0 is NaN
            }
        }
        curves
    }

    /// The shared penalty of each fold, as its position in the grid.
    pub(super) fn choose(&self, rule: NanTargets) -> Result<Vec<usize>, RidgeError> {
        let curves = self.curves(rule);
        (0..self.n_usable.len())
            .map(|fold| match first_best(&curves.row(fold)) {
                Some(best) => Ok(best),
                None if self.takes_first(fold, rule) => Ok(0),
                None => Err(RidgeError::NoUsableTarget { test_run: fold }),
            })
            .collect()
    }

    fn takes_first(&self, fold: usize, rule: NanTargets) -> bool {
        match rule {
            NanTargets::Ignore => false,
            NanTargets::TakeFirstAlpha => self.n_usable[fold] < self.n_targets as f64,
        }
    }
}

/// Position of the largest value, the first one on ties; `None` if every one is NaN.
fn first_best(values: &ArrayRef1<f64>) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (i, &value) in values.iter().enumerate() {
        if !value.is_nan() && best.is_none_or(|b| value > values[b]) {
            best = Some(i);
        }
    }
    best
}
