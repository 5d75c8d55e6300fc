//! Features factored once.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::combinations::Combinations;
use super::gram::Gram;
use super::operators::{InnerOperators, Source, TestOperators, all_operators, test_operators};
use crate::design::layout::Layout;
use crate::design::plan::{Plan, Split, is_primal};
use crate::design::runs::check_features;
use crate::design::splits::{Purpose, design};
use crate::engine::factorisations::Factorisations;
use crate::engine::factorisations_of;
use crate::{AlphaScope, Number, RidgeCv, RidgeError};

/// The features of all runs with everything about the fit that does not depend on the targets.
#[derive(Debug)]
pub struct Factored<A> {
    pub(crate) model: RidgeCv,
    pub(crate) with: Arc<dyn Factorisations>,
    pub(crate) layout: Layout,
    /// Features of all runs, (`n_scans`, `n_features`).
    pub(crate) x: Array2<A>,
    pub(crate) gram: Gram,
    pub(crate) plan: Plan,
    pub(crate) inner: Vec<InnerOperators<A>>,
    /// For each inner set, the penalties whose predictions are combinations of others.
    pub(crate) combinations: Vec<Option<Combinations<A>>>,
    pub(crate) test: TestOperators<A>,
}

impl<A: Number> Factored<A> {
    pub(crate) fn new(
        model: RidgeCv,
        x_runs: &[ArrayView2<'_, A>],
        purpose: Purpose,
    ) -> Result<Self, RidgeError> {
        let lengths = check_features(x_runs, model.settings.groups.as_deref())?;
        let (layout, plan) = design(&model.settings, &lengths, purpose)?;
        // With a penalty for each target, nearly every penalty is tested in every fold.
        let with_tests = model.settings.scope == AlphaScope::PerTarget;
        Self::from_stack(model, layout.stack(x_runs), layout, plan, with_tests)
    }

    /// Factors stacked features for a plan; without inner sets, it can only score tests. The tests of all penalties are
    /// factored too if `with_tests`.
    pub(crate) fn from_stack(
        model: RidgeCv,
        x: Array2<A>,
        layout: Layout,
        plan: Plan,
        with_tests: bool,
    ) -> Result<Self, RidgeError> {
        let n_alphas = model.alphas().len();
        let primal = is_primal(model.settings.formulation, x.ncols(), &layout, &plan, n_alphas);
        let with = factorisations_of(model.settings.engine, model.settings.stop.clone());
        let (gram, inner, test) = model.in_pool(|| {
            let gram = Gram::new(&*with, &x, &layout, primal)?;
            check_penalties::<A>(model.alphas(), gram.scale())?;
            let source = Source {
                model: &model,
                with: &*with,
                gram: &gram,
                x: &x,
                layout: &layout,
            };
            let (inner, test) = all_operators(&plan, model.alphas(), source, with_tests)?;
            Ok::<_, RidgeError>((gram, inner, test))
        })?;
        let on_host = !model.settings.engine.works_alone();
        let combine = |operators: &InnerOperators<A>| on_host.then(|| Combinations::new(operators)).flatten();
        let combinations = model.in_pool(|| inner.par_iter().map(combine).collect());
        Ok(Self {
            model,
            with,
            layout,
            x,
            gram,
            plan,
            inner,
            combinations,
            test,
        })
    }

    pub(crate) fn n_features(&self) -> usize {
        self.x.ncols()
    }

    pub(crate) fn n_folds(&self) -> usize {
        self.plan.folds.len()
    }

    /// Whether the primal systems (features by features) are solved rather than the dual ones (scans by scans).
    pub(crate) fn is_primal(&self) -> bool {
        self.gram.is_primal()
    }

    /// Memory of the validation operators, the largest part, in bytes: penalties × predicted scans × order of the
    /// system.
    pub(crate) fn operator_bytes(&self) -> usize {
        self.inner
            .iter()
            .flatten()
            .map(|o| o.len() * size_of::<A>())
            .sum()
    }

    /// The operator of the test of one fold for one penalty.
    pub(crate) fn test_operator(&self, fold: usize, alpha: usize) -> Result<&Array2<A>, RidgeError> {
        if let Some(operator) = self.test.get(fold, alpha) {
            return Ok(operator);
        }
        let made = self.new_test_operators(&[fold], alpha)?;
        Ok(made
            .into_iter()
            .map(|operator| self.test.put(fold, alpha, operator))
            .next_back()
            .unwrap_or_else(|| unreachable!("one operator for one fold")))
    }

    /// Computes several test operators at once, as (fold, penalty) pairs; those of one penalty share work. Folds
    /// without test rows are skipped.
    pub(crate) fn make_test_operators(&self, wanted: &[(usize, usize)]) -> Result<(), RidgeError> {
        (0..self.model.alphas().len())
            .into_par_iter()
            .try_for_each(|alpha| {
                let missing = |&(fold, a): &(usize, usize)| {
                    a == alpha && self.test.get(fold, a).is_none() && self.plan.folds[fold].test.is_some()
                };
                let folds: Vec<usize> = wanted
                    .iter()
                    .filter(|pair| missing(pair))
                    .map(|pair| pair.0)
                    .collect();
                if folds.is_empty() {
                    return Ok(());
                }
                for (&fold, operator) in folds.iter().zip(self.new_test_operators(&folds, alpha)?) {
                    self.test.put(fold, alpha, operator);
                }
                Ok(())
            })
    }

    fn new_test_operators(&self, folds: &[usize], alpha: usize) -> Result<Vec<Array2<A>>, RidgeError> {
        let split = |&fold: &usize| Split {
            train: self.plan.folds[fold].train.clone(),
            score: self.tested(fold).to_vec(),
        };
        let splits: Vec<Split> = folds.iter().map(split).collect();
        test_operators(&splits, self.model.alphas()[alpha], self.source())
    }

    /// The pieces that a fold tests.
    pub(crate) fn tested(&self, fold: usize) -> &[usize] {
        self.plan.folds[fold]
            .test
            .map_or(&[], |test| &self.plan.scored[test])
    }

    /// The data from which operators are computed.
    pub(crate) fn source(&self) -> Source<'_, A> {
        Source {
            model: &self.model,
            with: &*self.with,
            gram: &self.gram,
            x: &self.x,
            layout: &self.layout,
        }
    }

    /// Largest number of rows of an operator.
    pub(crate) fn max_operator_rows(&self) -> usize {
        let inner = self.inner.iter().flatten().map(Array2::nrows);
        let tests = (0..self.n_folds()).map(|fold| self.layout.total(self.tested(fold)));
        inner.chain(tests).max().unwrap_or(0)
    }

    /// Largest number of rows of predictions held at a time: those of all penalties of a set, if some are combined.
    pub(crate) fn max_predicted_rows(&self) -> usize {
        let combined = self.inner.iter().zip(&self.combinations);
        let rows = combined
            .filter(|(_, combinations)| combinations.is_some())
            .map(|(operators, _)| operators.iter().map(Array2::nrows).sum());
        rows.chain([self.max_operator_rows()]).max().unwrap_or(0)
    }
}

/// Refuses a penalty so large that predictions vanish. Features that are all 0 are allowed; they predict nothing with
/// any penalty.
fn check_penalties<A: Number>(alphas: &[f64], scale: f64) -> Result<(), RidgeError> {
    match alphas.iter().find(|&&alpha| scale / alpha < A::LEAST_RATIO) {
        Some(&alpha) if scale > 0.0 => Err(RidgeError::VanishingPredictions { alpha, scale }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Formulation;
    use crate::design::runs::matrices;

    #[test]
    fn in_single_precision_far_penalties_are_combined() {
        let runs = [40, 35, 42]
            .map(|n| Array2::from_shape_fn((n, 64), |(i, j)| ((n + i * 3 * (j + 2)) as f64).sin()));
        let single = runs.clone().map(|x| x.mapv(f32::from_double));
        let model = || {
            RidgeCv::params()
                .alphas([1e12, 1e13, 1e14])
                .formulation(Formulation::Primal)
                .check()
                .unwrap()
        };
        let few = Factored::new(model(), &matrices(&single), Purpose::Scores).unwrap();
        assert!(
            few.combinations
                .iter()
                .all(|c| c.as_ref().is_some_and(|c| c.combined.len() == 2))
        );
        assert_eq!(few.n_features(), 64);
        // Predictions of three penalties lie below each other.
        assert_eq!(few.max_predicted_rows(), 3 * few.max_operator_rows());
        let double = Factored::new(model(), &matrices(&runs), Purpose::Scores).unwrap();
        assert!(double.combinations.iter().all(Option::is_none));
        assert_eq!(double.max_predicted_rows(), double.max_operator_rows());
    }
}
