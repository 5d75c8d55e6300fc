//! Features factored once, for any number of target sets.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2};
use rayon::prelude::*;

use crate::fit::RidgeCvFit;
use crate::gram::Gram;
use crate::operators::{InnerOperators, TestOperators, inner_operators, test_operators};
use crate::plan::{InnerSet, inner_sets, is_primal};
use crate::runs::{RunLayout, check_targets, stack_features};
use crate::validation_scores::validation_scores;
use crate::{Element, RidgeCv, RidgeError, score};

/// The features of all runs with everything about the fit that does not depend on the targets.
///
/// Made by [`RidgeCv::prepare`]. One value serves any number of target sets (subjects, shifted nulls, ...) and
/// never factors a validation system again; the systems of the test runs are factored when a penalty is first
/// chosen and kept. All methods take `&self`, so target sets may also be scored from several threads.
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
    pub(crate) layout: RunLayout,
    /// Features of all runs, (`n_scans`, `n_features`).
    pub(crate) x: Array2<A>,
    pub(crate) gram: Gram,
    pub(crate) sets: Vec<InnerSet>,
    pub(crate) inner: Vec<InnerOperators<A>>,
    pub(crate) test: TestOperators<A>,
}

impl<A: Element> PreparedFeatures<A> {
    pub(crate) fn new<X: Deref<Target = ArrayRef2<A>>>(
        model: RidgeCv,
        x_runs: &[X],
    ) -> Result<Self, RidgeError> {
        let (x, layout) = stack_features(x_runs, model.settings.options.groups.as_deref())?;
        let sets = inner_sets(layout.n_runs(), model.settings.inner);
        Self::from_stack(model, x, layout, sets)
    }

    /// Factors stacked features for the given inner sets; without any, only test runs can be scored.
    pub(crate) fn from_stack(
        model: RidgeCv,
        x: Array2<A>,
        layout: RunLayout,
        sets: Vec<InnerSet>,
    ) -> Result<Self, RidgeError> {
        let n_alphas = model.alphas().len();
        let primal = is_primal(model.settings.formulation, x.ncols(), &layout, &sets, n_alphas);
        let (gram, inner) = model.in_pool(|| {
            let gram = Gram::new(&x, &layout, primal);
            let inner = inner_operators(&sets, model.alphas(), &gram, &x, &layout)?;
            Ok::<_, RidgeError>((gram, inner))
        })?;
        let test = TestOperators::new(layout.n_runs(), n_alphas);
        Ok(Self {
            model,
            layout,
            x,
            gram,
            sets,
            inner,
            test,
        })
    }

    /// Scores one target set.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_targets`) per run, standardised like the features. The element type is that
    /// of the features.
    ///
    /// A run may be a view of a mapped file; targets are read block by block.
    ///
    /// A target that is constant or not finite in a run has no score there, hence a NaN mean score; it is left out of
    /// the choice of a shared penalty and listed in [`RidgeCvFit::constant_targets`] or
    /// [`RidgeCvFit::non_finite_targets`]. It does not touch the scores of the others.
    ///
    /// # Errors
    /// [`RidgeError`] if the shapes do not match the features, if there is no target, if no target can validate the
    /// penalty of a test run, or if a factorisation fails.
    pub fn score<Y>(&self, y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        Y: Deref<Target = ArrayRef2<A>> + Sync,
    {
        let n_targets = check_targets(y_runs, &self.layout)?;
        self.model.in_pool(|| {
            let mut fit = score::score(self, y_runs, n_targets)?;
            if self.model.settings.options.validation_scores {
                fit.validation_scores = Some(validation_scores(self, y_runs, &fit)?);
            }
            Ok(fit)
        })
    }

    /// The model whose settings these features follow.
    #[must_use]
    pub fn model(&self) -> &RidgeCv {
        &self.model
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.x.ncols()
    }

    /// Number of folds: one for each run, or each group of runs if there are [groups](crate::RidgeCvParams::groups).
    #[must_use]
    pub fn n_runs(&self) -> usize {
        self.layout.n_runs()
    }

    /// Whether the systems are features by features rather than scans by scans.
    #[must_use]
    pub fn is_primal(&self) -> bool {
        self.gram.is_primal()
    }

    /// Bytes held for the validation operators, the largest part: penalties × predicted scans × order of the system.
    #[must_use]
    pub fn operator_bytes(&self) -> usize {
        self.inner
            .iter()
            .flatten()
            .map(|o| o.len() * size_of::<A>())
            .sum()
    }

    /// The operator of one test run under one penalty.
    pub(crate) fn test_operator(&self, test: usize, alpha: usize) -> Result<&Array2<A>, RidgeError> {
        if let Some(operator) = self.test.get(test, alpha) {
            return Ok(operator);
        }
        let made = self.new_test_operators(&[test], alpha)?;
        Ok(made
            .into_iter()
            .map(|operator| self.test.put(test, alpha, operator))
            .next_back()
            .unwrap_or_else(|| unreachable!("one operator for one test run")))
    }

    /// Makes several test operators at once, as (test run, penalty) pairs; those of one penalty share what they can.
    pub(crate) fn make_test_operators(&self, wanted: &[(usize, usize)]) -> Result<(), RidgeError> {
        (0..self.model.alphas().len())
            .into_par_iter()
            .try_for_each(|alpha| {
                let missing = |&(test, a): &(usize, usize)| a == alpha && self.test.get(test, a).is_none();
                let tests: Vec<usize> = wanted
                    .iter()
                    .filter(|pair| missing(pair))
                    .map(|pair| pair.0)
                    .collect();
                if tests.is_empty() {
                    return Ok(());
                }
                for (&test, operator) in tests.iter().zip(self.new_test_operators(&tests, alpha)?) {
                    self.test.put(test, alpha, operator);
                }
                Ok(())
            })
    }

    fn new_test_operators(&self, tests: &[usize], alpha: usize) -> Result<Vec<Array2<A>>, RidgeError> {
        let penalty = self.model.alphas()[alpha];
        test_operators(tests, penalty, &self.gram, &self.x, &self.layout)
    }

    /// Most rows that any operator has.
    pub(crate) fn max_operator_rows(&self) -> usize {
        let inner = self.inner.iter().flatten().map(Array2::nrows).max().unwrap_or(0);
        (0..self.n_runs())
            .map(|r| self.layout.len(r))
            .max()
            .unwrap_or(0)
            .max(inner)
    }
}
