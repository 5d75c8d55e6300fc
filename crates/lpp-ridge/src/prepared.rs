//! Features factored once, for any number of target sets.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::combinations::Combinations;
use crate::defects::{Defect, survey, with_defect};
use crate::engine::Factorisations;
use crate::fit::RidgeCvFit;
use crate::folds::Purpose;
use crate::gram::Gram;
use crate::layout::Layout;
use crate::operators::{InnerOperators, Source, TestOperators, inner_operators, test_operators};
use crate::plan::{Plan, Split, is_primal};
use crate::runs::{Run, check_features, check_targets, matrices};
use crate::validation_scores::validation_scores;
use crate::{Element, RidgeCv, RidgeError, score};

/// The features of all runs, with everything of the fit that does not depend on the targets.
///
/// Created by [`RidgeCv::prepare`]. One value can be used for any number of target sets (subjects, shifted nulls, ...)
/// and never factors a validation system again. The systems of the test runs are factored when a penalty is first
/// chosen, and kept. All methods take `&self`, so target sets can also be scored from several threads.
///
/// ```
/// use lpp_ridge::RidgeCv;
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let wave = |n, p, f: f64| Array2::from_shape_fn((n, p), |(i, j)| (f * (i + 1) as f64 * (j + 1) as f64).sin());
/// let x: Vec<_> = (0..4).map(|r| wave(30 + r, 5, 0.7)).collect();
/// let prepared = RidgeCv::params().check()?.prepare(&x)?;
/// for subject in 1..4 {
///     let y: Vec<_> = x.iter().map(|x| &wave(x.nrows(), 3, 0.3 * subject as f64) + &x.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1))).collect();
///     let fit = prepared.score(&y)?;
///     assert_eq!(fit.scores.len(), 3);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PreparedFeatures<A> {
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

impl<A: Element> PreparedFeatures<A> {
    pub(crate) fn new(
        model: RidgeCv,
        x_runs: &[ArrayView2<'_, A>],
        purpose: Purpose,
    ) -> Result<Self, RidgeError> {
        let options = &model.settings.options;
        let lengths = check_features(x_runs, options.groups.as_deref())?;
        let (layout, plan) = model.settings.design(&lengths, purpose)?;
        Self::from_stack(model, layout.stack(x_runs), layout, plan)
    }

    /// Factors stacked features for a plan; without inner sets, it can only score tests.
    pub(crate) fn from_stack(
        model: RidgeCv,
        x: Array2<A>,
        layout: Layout,
        plan: Plan,
    ) -> Result<Self, RidgeError> {
        let n_alphas = model.alphas().len();
        let primal = is_primal(model.settings.formulation, x.ncols(), &layout, &plan, n_alphas);
        let with = model
            .settings
            .engine
            .factorisations(model.settings.options.stop.clone());
        let (gram, inner) = model.in_pool(|| {
            let gram = Gram::new(&*with, &x, &layout, primal)?;
            check_penalties::<A>(model.alphas(), gram.scale())?;
            let source = Source {
                settings: &model.settings,
                with: &*with,
                gram: &gram,
                x: &x,
                layout: &layout,
            };
            let inner = inner_operators(&plan, model.alphas(), source)?;
            Ok::<_, RidgeError>((gram, inner))
        })?;
        let test = TestOperators::new(plan.folds.len(), n_alphas);
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

    /// Features that are constant in some run, ascending. Standardised, they are 0 there and have no effect.
    #[must_use]
    pub fn constant_features(&self) -> Vec<usize> {
        let runs: Vec<Array2<A>> = (0..self.layout.n_runs())
            .map(|run| self.layout.take(run, &self.x))
            .collect();
        with_defect(&survey(&matrices(&runs)), Defect::Constant)
    }

    /// Scores one target set.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_targets`) per run, standardised like the features. The element type is that
    /// of the features.
    ///
    /// A run may be a view of a mapped file; targets are read block by block.
    ///
    /// A target that is constant or not finite in any run has a NaN mean score, is left out of the choice of a penalty,
    /// and is listed in [`RidgeCvFit::constant_targets`] or [`RidgeCvFit::non_finite_targets`]. The other targets have
    /// the same results as in a fit without it, to the bit.
    ///
    /// # Errors
    /// [`RidgeError`] if the shapes do not match the features, if there are no targets, if no target has a validation
    /// score for a test run, or if a factorisation fails.
    pub fn score<Y: Run<Element = A>>(&self, y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError> {
        A::score(self, &matrices(y_runs))
    }

    pub(crate) fn score_matrices(&self, y_runs: &[ArrayView2<'_, A>]) -> Result<RidgeCvFit, RidgeError> {
        check_targets(y_runs, &self.layout)?;
        self.model.in_pool(|| {
            let mut fit = score::score(self, y_runs)?;
            if self.model.settings.options.validation_scores && fit.validation_scores.is_none() {
                fit.validation_scores = Some(validation_scores(self, y_runs, &fit)?);
            }
            Ok(fit)
        })
    }

    /// The model with the settings of these features.
    #[must_use]
    pub fn model(&self) -> &RidgeCv {
        &self.model
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.x.ncols()
    }

    /// Number of folds: one per run unless other [folds](crate::RidgeCvParams::folds) are set.
    #[must_use]
    pub fn n_folds(&self) -> usize {
        self.plan.folds.len()
    }

    /// Whether the primal systems (features by features) are solved rather than the dual ones (scans by scans).
    #[must_use]
    pub fn is_primal(&self) -> bool {
        self.gram.is_primal()
    }

    /// Memory of the validation operators, the largest part, in bytes: penalties × predicted scans × order of the
    /// system.
    #[must_use]
    pub fn operator_bytes(&self) -> usize {
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
            settings: &self.model.settings,
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
fn check_penalties<A: Element>(alphas: &[f64], scale: f64) -> Result<(), RidgeError> {
    match alphas.iter().find(|&&alpha| scale / alpha < A::LEAST_RATIO) {
        Some(&alpha) if scale > 0.0 => Err(RidgeError::VanishingPredictions { alpha, scale }),
        _ => Ok(()),
    }
}
