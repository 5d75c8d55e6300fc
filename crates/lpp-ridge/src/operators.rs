//! The matrices that turn right-hand sides into predictions: made once per X, used for any number of target sets.

use std::sync::OnceLock;

use ndarray::{Array2, Array3, ArrayRef2, Axis, Zip};
use rayon::prelude::*;

use crate::factor::penalised_readout;
use crate::gram::Gram;
use crate::plan::{InnerSet, others};
use crate::runs::RunLayout;
use crate::{Element, RidgeError};

/// Operators of one inner set for every penalty: (`n_alphas`, scans of all its validation runs, system order).
pub(crate) type InnerOperators<A> = Array3<A>;

/// Builds the operators of one inner set, one penalty per task.
pub(crate) fn inner_operators<A: Element>(
    set: &InnerSet,
    alphas: &[f64],
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<InnerOperators<A>, RidgeError> {
    let predict: Vec<usize> = set.validations.iter().map(|v| v.run).collect();
    let system = gram.system(&set.train, layout);
    let readout = gram.readout(&predict, &set.train, x, layout);
    let mut operators = Array3::zeros((alphas.len(), readout.nrows(), readout.ncols()));
    operators
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .zip(alphas)
        .try_for_each(|(mut out, &alpha)| {
            let operator = penalised_readout(&system, alpha, &readout)?;
            Zip::from(&mut out)
                .and(&operator)
                .for_each(|o, &v| *o = A::from_double(v));
            Ok(())
        })?;
    Ok(operators)
}

/// Operators of the test runs, made when a penalty is first chosen and kept for the next target set.
#[derive(Debug)]
pub(crate) struct TestOperators<A> {
    cells: Vec<Vec<OnceLock<Array2<A>>>>,
}

impl<A: Element> TestOperators<A> {
    pub(crate) fn new(n_runs: usize, n_alphas: usize) -> Self {
        let row = || (0..n_alphas).map(|_| OnceLock::new()).collect();
        Self {
            cells: (0..n_runs).map(|_| row()).collect(),
        }
    }

    /// How many operators are kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.cells.iter().flatten().filter(|c| c.get().is_some()).count()
    }

    /// The operator of test run `test` under penalty number `alpha`: (scans of the run, system order).
    pub(crate) fn get(
        &self,
        test: usize,
        alpha: usize,
        build: impl FnOnce() -> Result<Array2<A>, RidgeError>,
    ) -> Result<&Array2<A>, RidgeError> {
        let cell = &self.cells[test][alpha];
        if let Some(operator) = cell.get() {
            return Ok(operator);
        }
        let operator = build()?;
        // If another thread was faster, its operator is the same to the bit.
        Ok(cell.get_or_init(|| operator))
    }
}

/// Builds the operator of one test run for one penalty.
pub(crate) fn test_operator<A: Element>(
    test: usize,
    alpha: f64,
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Array2<A>, RidgeError> {
    let train = others(layout.n_runs(), &[test]);
    let system = gram.system(&train, layout);
    let readout = gram.readout(&[test], &train, x, layout);
    Ok(penalised_readout(&system, alpha, &readout)?.mapv(A::from_double))
}
