//! The matrices that turn right-hand sides into predictions: computed once per X, used for any number of target sets.

use std::sync::OnceLock;

use ndarray::Array2;
use rayon::prelude::*;

use super::factor::penalised_readout;
use super::gram::Gram;
use super::leave_out::LeaveOut;
use crate::design::layout::Layout;
use crate::design::plan::{Fold, InnerSet, Plan, Split};
use crate::engine::factorisations::Factorisations;
use crate::{Number, RidgeCv, RidgeError};

/// Operators of one inner set, by penalty: (all rows that it validates, system order).
pub(crate) type InnerOperators<A> = Vec<Array2<A>>;

/// The data from which operators are computed.
#[derive(Clone, Copy)]
pub(crate) struct Source<'s, A> {
    pub(crate) model: &'s RidgeCv,
    pub(crate) with: &'s dyn Factorisations,
    pub(crate) gram: &'s Gram,
    pub(crate) x: &'s Array2<A>,
    pub(crate) layout: &'s Layout,
}

/// Builds the operators of all inner sets, and those of the tests of all penalties if `with_tests`.
pub(crate) fn all_operators<A: Number>(
    plan: &Plan,
    alphas: &[f64],
    source: Source<'_, A>,
    with_tests: bool,
) -> Result<(Vec<InnerOperators<A>>, TestOperators<A>), RidgeError> {
    let split = |train: &[usize], scored: &[usize]| Split {
        train: train.to_vec(),
        score: scored.iter().flat_map(|&s| plan.scored[s].clone()).collect(),
    };
    let of_set = |set: &InnerSet| {
        let scored: Vec<usize> = set.validations.iter().map(|v| v.scored).collect();
        split(&set.train, &scored)
    };
    let tested = |&(_, fold): &(usize, &Fold)| with_tests && fold.test.is_some();
    let tests: Vec<(usize, &Fold)> = plan.folds.iter().enumerate().filter(tested).collect();
    let of_tests = tests
        .iter()
        .map(|(_, fold)| split(&fold.train, fold.test.as_slice()));
    let splits: Vec<Split> = plan.sets.iter().map(of_set).chain(of_tests).collect();
    let mut inner = operators(&splits, alphas, source)?;
    let kept = TestOperators::new(plan.folds.len(), alphas.len());
    for ((fold, _), by_alpha) in tests.iter().zip(inner.split_off(plan.sets.len())) {
        for (alpha, operator) in by_alpha.into_iter().enumerate() {
            kept.put(*fold, alpha, operator);
        }
    }
    Ok((inner, kept))
}

/// Builds the operators of some folds' tests for one penalty.
pub(crate) fn test_operators<A: Number>(
    splits: &[Split],
    alpha: f64,
    source: Source<'_, A>,
) -> Result<Vec<Array2<A>>, RidgeError> {
    let by_split = operators(splits, &[alpha], source)?;
    Ok(by_split.into_iter().flatten().collect())
}

/// For each split, its operators by penalty.
fn operators<A: Number>(
    splits: &[Split],
    alphas: &[f64],
    source: Source<'_, A>,
) -> Result<Vec<Vec<Array2<A>>>, RidgeError> {
    let Gram::Kernel(kernel) = source.gram else {
        return splits
            .par_iter()
            .map(|split| by_systems(split, alphas, source))
            .collect();
    };
    // One inverse for each penalty serves all splits; a penalty too small for that goes the other way.
    let by_alpha: Vec<Vec<Array2<A>>> = alphas
        .par_iter()
        .map(|&alpha| match LeaveOut::new(source.with, kernel, alpha)? {
            Some(all) => splits
                .par_iter()
                .map(|split| {
                    source.model.check_stop()?;
                    let operator = all.operator(&split.score, &split.train, source.layout)?;
                    Ok(operator.mapv(A::from_double))
                })
                .collect(),
            None => splits
                .par_iter()
                .map(|split| by_systems(split, &[alpha], source).map(|mut one| one.remove(0)))
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

/// The operators of one split, with one factorisation per penalty.
fn by_systems<A: Number>(
    split: &Split,
    alphas: &[f64],
    source: Source<'_, A>,
) -> Result<Vec<Array2<A>>, RidgeError> {
    let system = source.gram.system(&split.train, source.layout);
    let readout = source
        .gram
        .readout(&split.score, &split.train, source.x, source.layout);
    alphas
        .par_iter()
        .map(|&alpha| {
            source.model.check_stop()?;
            Ok(penalised_readout(source.with, &system, alpha, &readout)?.mapv(A::from_double))
        })
        .collect()
}

/// Operators of the tests, computed when a penalty is first chosen and kept for the next target set.
#[derive(Debug)]
pub(crate) struct TestOperators<A> {
    cells: Vec<Vec<OnceLock<Array2<A>>>>,
}

impl<A: Number> TestOperators<A> {
    pub(crate) fn new(n_folds: usize, n_alphas: usize) -> Self {
        let row = || (0..n_alphas).map(|_| OnceLock::new()).collect();
        Self {
            cells: (0..n_folds).map(|_| row()).collect(),
        }
    }

    /// Number of operators kept.
    #[cfg(test)]
    pub(crate) fn n_kept(&self) -> usize {
        self.cells.iter().flatten().filter(|c| c.get().is_some()).count()
    }

    /// The operator of the test of fold `test` for penalty number `alpha`, if it exists: (test rows, system order).
    pub(crate) fn get(&self, test: usize, alpha: usize) -> Option<&Array2<A>> {
        self.cells[test][alpha].get()
    }

    /// Stores an operator. If another thread was faster, its operator is kept; the two are identical to the bit.
    pub(crate) fn put(&self, test: usize, alpha: usize, operator: Array2<A>) -> &Array2<A> {
        self.cells[test][alpha].get_or_init(|| operator)
    }
}
