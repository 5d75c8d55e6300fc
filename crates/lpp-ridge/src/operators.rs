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

/// Builds the operators of all inner sets.
pub(crate) fn inner_operators<A: Element>(
    sets: &[InnerSet],
    alphas: &[f64],
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Vec<InnerOperators<A>>, RidgeError> {
    let splits: Vec<Split> = sets
        .iter()
        .map(|set| Split {
            predict: set.validations.iter().map(|v| v.run).collect(),
            train: set.train.clone(),
        })
        .collect();
    operators(&splits, alphas, gram, x, layout)
}

/// Builds the operators of some test runs for one penalty.
pub(crate) fn test_operators<A: Element>(
    tests: &[usize],
    alpha: f64,
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Vec<Array2<A>>, RidgeError> {
    let splits: Vec<Split> = tests
        .iter()
        .map(|&test| Split {
            predict: vec![test],
            train: others(layout.n_runs(), &[test]),
        })
        .collect();
    let by_split = operators(&splits, &[alpha], gram, x, layout)?;
    Ok(by_split.into_iter().flatten().collect())
}

/// Runs to predict from a fit on others.
struct Split {
    predict: Vec<usize>,
    train: Vec<usize>,
}

/// For each split, its operators by penalty.
fn operators<A: Element>(
    splits: &[Split],
    alphas: &[f64],
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Vec<Vec<Array2<A>>>, RidgeError> {
    let Gram::Kernel(kernel) = gram else {
        return splits
            .par_iter()
            .map(|split| by_systems(split, alphas, gram, x, layout))
            .collect();
    };
    // One inverse for each penalty serves all splits; a penalty too small for that goes the other way.
    let by_alpha: Vec<Vec<Array2<A>>> = alphas
        .par_iter()
        .map(|&alpha| match LeaveOut::new(kernel, alpha) {
            Some(all) => splits
                .par_iter()
                .map(|split| {
                    Ok(all
                        .operator(&split.predict, &split.train, layout)?
                        .mapv(A::from_double))
                })
                .collect(),
            None => splits
                .par_iter()
                .map(|split| by_systems(split, &[alpha], gram, x, layout).map(|mut one| one.remove(0)))
                .collect(),
        })
        .collect::<Result<_, RidgeError>>()?;
    let mut by_split: Vec<Vec<Array2<A>>> = splits.iter().map(|_| Vec::with_capacity(alphas.len())).collect();
    for operators in by_alpha {
        for (split, operator) in by_split.iter_mut().zip(operators) {
            split.push(operator);
        }
    }
    Ok(by_split)
}

/// The operators of one split, from a factorisation of its own for each penalty.
fn by_systems<A: Element>(
    split: &Split,
    alphas: &[f64],
    gram: &Gram,
    x: &ArrayRef2<A>,
    layout: &RunLayout,
) -> Result<Vec<Array2<A>>, RidgeError> {
    let system = gram.system(&split.train, layout);
    let readout = gram.readout(&split.predict, &split.train, x, layout);
    alphas
        .par_iter()
        .map(|&alpha| Ok(penalised_readout(&system, alpha, &readout)?.mapv(A::from_double)))
        .collect()
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
