//! One target set on the device, and the blocks in which it is worked on.

use std::ops::Deref;

use ndarray::ArrayRef2;
use tch::{TchError, Tensor};

use super::arrays::{int, run_rows, select_runs, stack_runs};
use super::features::TorchFeatures;
use super::gram::sum_of;
use super::pearson::{Moments, correlate};
use crate::Element;

/// The targets of all runs.
pub(super) struct Targets<'p, A> {
    pub(super) prepared: &'p TorchFeatures<A>,
    /// (`n_scans`, `n_targets`).
    y: Tensor,
    n_columns: usize,
    /// Of each run.
    moments: Vec<Moments>,
}

impl<'p, A: Element + tch::kind::Element> Targets<'p, A> {
    pub(super) fn load<Y>(
        prepared: &'p TorchFeatures<A>,
        y_runs: &[Y],
        n_targets: usize,
    ) -> Result<Self, TchError>
    where
        Y: Deref<Target = ArrayRef2<A>>,
    {
        let y = stack_runs(y_runs, &prepared.layout, prepared.torch.device())?;
        let moments = (0..prepared.n_runs())
            .map(|run| Moments::new::<A>(&run_rows(&y, &prepared.layout, run)?))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            prepared,
            y,
            n_columns: n_targets,
            moments,
        })
    }

    /// The blocks, one after the other.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Result<Block<'p, A>, TchError>> {
        let width = self.prepared.block_width(self.n_columns);
        (0..self.n_columns)
            .step_by(width)
            .map(move |left| Block::new(self, left, width.min(self.n_columns - left)))
    }

    /// Which targets are finite in all runs, and which of these are constant in one: (`n_targets`) of truth values each.
    pub(super) fn defects(&self) -> Result<(Tensor, Tensor), TchError> {
        let finite = all_finite(&self.moments)?;
        let spreads: Vec<&Tensor> = self.moments.iter().map(|m| &m.spread).collect();
        let flat = Tensor::f_stack(&spreads, 0)?.f_isnan()?.f_any_dim(0, false)?;
        let constant = flat.f_logical_and(&finite)?;
        Ok((finite, constant))
    }
}

fn all_finite(moments: &[Moments]) -> Result<Tensor, TchError> {
    let means: Vec<&Tensor> = moments.iter().map(|m| &m.mean).collect();
    Tensor::f_stack(&means, 0)?.f_isfinite()?.f_all_dim(0, false)
}

/// Some targets, and the products that all penalties share.
pub(super) struct Block<'p, A> {
    pub(super) prepared: &'p TorchFeatures<A>,
    /// (`n_scans`, width).
    y: Tensor,
    pub(super) width: usize,
    moments: Vec<Moments>,
    /// Which targets are finite in all runs, (width).
    pub(super) finite: Tensor,
    /// `XᵀY` of each run, (`n_features`, width); primal only.
    cross: Vec<Tensor>,
}

impl<'p, A: Element + tch::kind::Element> Block<'p, A> {
    fn new(targets: &Targets<'p, A>, left: usize, width: usize) -> Result<Self, TchError> {
        let prepared = targets.prepared;
        let y = targets.y.f_narrow(1, int(left), int(width))?;
        let moments = targets
            .moments
            .iter()
            .map(|m| m.narrow(left, width))
            .collect::<Result<Vec<_>, _>>()?;
        let cross = |run| {
            let x = run_rows(&prepared.x, &prepared.layout, run)?;
            x.f_transpose(0, 1)?
                .f_matmul(&run_rows(&y, &prepared.layout, run)?)
        };
        let primal_runs = if prepared.gram.is_primal() {
            prepared.n_runs()
        } else {
            0
        };
        Ok(Self {
            prepared,
            finite: all_finite(&moments)?,
            cross: (0..primal_runs).map(cross).collect::<Result<_, _>>()?,
            y,
            width,
            moments,
        })
    }

    /// The right-hand side of the fits on `train`: (system order, width).
    pub(super) fn right_side(&self, train: &[usize]) -> Result<Tensor, TchError> {
        if self.prepared.gram.is_primal() {
            sum_of(&self.cross, train)
        } else {
            select_runs(&self.y, 0, &self.prepared.layout, train)
        }
    }

    /// Correlates predictions (.., scans of `run`, width) with the targets of that run: (.., width).
    pub(super) fn correlate(&self, predicted: &Tensor, run: usize) -> Result<Tensor, TchError> {
        let observed = run_rows(&self.y, &self.prepared.layout, run)?;
        correlate::<A>(predicted, &observed, &self.moments[run])
    }
}
