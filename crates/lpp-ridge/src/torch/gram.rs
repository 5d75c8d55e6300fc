//! Inner products of the features on the device, in double precision.

use tch::{TchError, Tensor};

use super::arrays::{double, run_rows, select_runs};
use crate::runs::RunLayout;

/// The Gram matrix of each run (primal) or the kernel between all scans (dual), `f64`.
#[derive(Debug)]
pub(super) enum Gram {
    /// `XᵣᵀXᵣ` of each run, (`n_features`, `n_features`).
    PerRun(Vec<Tensor>),
    /// `XXᵀ` over all scans, (`n_scans`, `n_scans`).
    Kernel(Tensor),
}

impl Gram {
    pub(super) fn new(x: &Tensor, layout: &RunLayout, primal: bool) -> Result<Self, TchError> {
        let x = double(x)?;
        if !primal {
            return Ok(Self::Kernel(x.f_matmul(&x.f_transpose(0, 1)?)?));
        }
        let gram = |run| {
            let x = run_rows(&x, layout, run)?;
            x.f_transpose(0, 1)?.f_matmul(&x)
        };
        Ok(Self::PerRun(
            (0..layout.n_runs()).map(gram).collect::<Result<_, _>>()?,
        ))
    }

    pub(super) fn is_primal(&self) -> bool {
        matches!(self, Self::PerRun(_))
    }

    /// The symmetric matrix whose penalised inverse a fit on `train` needs.
    pub(super) fn system(&self, train: &[usize], layout: &RunLayout) -> Result<Tensor, TchError> {
        match self {
            Self::PerRun(grams) => sum_of(grams, train),
            Self::Kernel(kernel) => select_runs(&select_runs(kernel, 0, layout, train)?, 1, layout, train),
        }
    }

    /// What stands left of the inverse when the scans of `predict`, in that order, are predicted from `train`.
    pub(super) fn readout(
        &self,
        predict: &[usize],
        train: &[usize],
        x: &Tensor,
        layout: &RunLayout,
    ) -> Result<Tensor, TchError> {
        let left = match self {
            Self::PerRun(_) => x,
            Self::Kernel(kernel) => &select_runs(kernel, 1, layout, train)?,
        };
        let rows = predict
            .iter()
            .map(|&run| run_rows(left, layout, run))
            .collect::<Result<Vec<_>, _>>()?;
        double(&Tensor::f_cat(&rows, 0)?)
    }
}

/// The sum of the tensors of some runs.
pub(super) fn sum_of(per_run: &[Tensor], runs: &[usize]) -> Result<Tensor, TchError> {
    let mut sum = per_run[runs[0]].f_add_scalar(0.0)?; // a copy
    for &run in &runs[1..] {
        let _ = sum.f_add_(&per_run[run])?;
    }
    Ok(sum)
}
