//! Features factored once, for any number of target sets.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2};
use rayon::prelude::*;

use crate::fit::RidgeCvFit;
use crate::gram::Gram;
use crate::operators::{InnerOperators, TestOperators, inner_operators, test_operator};
use crate::plan::{InnerSet, inner_sets, is_primal};
use crate::runs::{RunLayout, check_targets, stack_features};
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
        let (x, layout) = stack_features(x_runs)?;
        let n_alphas = model.alphas().len();
        let sets = inner_sets(layout.n_runs(), model.settings.inner);
        let primal = is_primal(model.settings.formulation, x.ncols(), &layout, &sets, n_alphas);
        let gram = Gram::new(&x, &layout, primal);
        let inner = sets
            .iter()
            .map(|set| inner_operators(set, model.alphas(), &gram, &x, &layout))
            .collect::<Result<Vec<_>, _>>()?;
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
        score::score(self, y_runs, n_targets)
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

    /// Number of runs, which is the number of folds.
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
        self.inner.iter().map(|o| o.len() * size_of::<A>()).sum()
    }

    /// The operator of one test run under one penalty.
    pub(crate) fn test_operator(&self, test: usize, alpha: usize) -> Result<&Array2<A>, RidgeError> {
        let build = || {
            test_operator(
                test,
                self.model.alphas()[alpha],
                &self.gram,
                &self.x,
                &self.layout,
            )
        };
        self.test.get(test, alpha, build)
    }

    /// Makes several test operators at once, as (test run, penalty) pairs.
    pub(crate) fn make_test_operators(&self, wanted: &[(usize, usize)]) -> Result<(), RidgeError> {
        wanted
            .par_iter()
            .try_for_each(|&(test, alpha)| self.test_operator(test, alpha).map(drop))
    }

    /// Most rows that any operator has.
    pub(crate) fn max_operator_rows(&self) -> usize {
        let inner = self.inner.iter().map(|o| o.dim().1).max().unwrap_or(0);
        (0..self.n_runs())
            .map(|r| self.layout.len(r))
            .max()
            .unwrap_or(0)
            .max(inner)
    }
}
