//! The matrices that turn right-hand sides into predictions: made once per X, used for any number of target sets.

use std::sync::OnceLock;

use ndarray::{Array2, ArrayRef2};
use rayon::prelude::*;

use crate::factor::penalised_readout;
use crate::gram::Gram;
use crate::leave_out::LeaveOut;
use crate::plan::{InnerSet, others};
use crate::runs::RunLayout;
use crate::{Element, RidgeError};

/// Operators of one inner set, by penalty: (scans of all its validation runs, system order).
pub(crate) type InnerOperators<A> = Vec<Array2<A>>;

/// Builds the operators of all inner sets, one penalty per task.
pub(crate) fn inner_operators<A: Element>(
    sets: &[InnerSet],
    alphas: &[f64],
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Vec<InnerOperators<A>>, RidgeError> {
    let by_alpha = alphas
        .par_iter()
        .map(|&alpha| {
            let source = OperatorSource::new(gram, x, layout, alpha);
            sets.iter()
                .map(|set| {
                    source.operator(
                        &set.validations.iter().map(|v| v.run).collect::<Vec<_>>(),
                        &set.train,
                    )
                })
                .collect::<Result<Vec<_>, _>>()
        })
        .collect::<Result<Vec<_>, RidgeError>>()?;
    let mut by_set: Vec<InnerOperators<A>> = sets.iter().map(|_| Vec::with_capacity(alphas.len())).collect();
    for operators in by_alpha {
        for (set, operator) in by_set.iter_mut().zip(operators) {
            set.push(operator);
        }
    }
    Ok(by_set)
}

/// Makes operators for one penalty: from one inverse for all training sets where there is one, otherwise from a
/// factorisation for each.
struct OperatorSource<'a, A> {
    gram: &'a Gram,
    x: &'a ArrayRef2<A>,
    layout: &'a RunLayout,
    alpha: f64,
    leave_out: Option<LeaveOut>,
}

impl<'a, A: Element> OperatorSource<'a, A> {
    fn new(gram: &'a Gram, x: &'a ArrayRef2<A>, layout: &'a RunLayout, alpha: f64) -> Self {
        let leave_out = match gram {
            Gram::PerRun(_) => None,
            Gram::Kernel(kernel) => LeaveOut::new(kernel, alpha),
        };
        Self {
            gram,
            x,
            layout,
            alpha,
            leave_out,
        }
    }

    /// Predicts the scans of `predict` from a fit on `train`.
    fn operator(&self, predict: &[usize], train: &[usize]) -> Result<Array2<A>, RidgeError> {
        let operator = match &self.leave_out {
            Some(all) => all.operator(predict, train, self.layout)?,
            None => penalised_readout(
                &self.gram.system(train, self.layout),
                self.alpha,
                &self.gram.readout(predict, train, self.x, self.layout),
            )?,
        };
        Ok(operator.mapv(A::from_double))
    }
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

    /// The operator of test run `test` under penalty number `alpha`, if it was made: (scans of the run, system order).
    pub(crate) fn get(&self, test: usize, alpha: usize) -> Option<&Array2<A>> {
        self.cells[test][alpha].get()
    }

    /// Keeps an operator. If another thread was faster, its operator is the same to the bit.
    pub(crate) fn put(&self, test: usize, alpha: usize, operator: Array2<A>) -> &Array2<A> {
        self.cells[test][alpha].get_or_init(|| operator)
    }
}

/// Builds the operators of some test runs for one penalty.
pub(crate) fn test_operators<A: Element>(
    tests: &[usize],
    alpha: f64,
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Vec<Array2<A>>, RidgeError> {
    let source = OperatorSource::new(gram, x, layout, alpha);
    tests
        .par_iter()
        .map(|&test| source.operator(&[test], &others(layout.n_runs(), &[test])))
        .collect()
}
