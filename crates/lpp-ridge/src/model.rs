//! The checked model and its one-call fit.

use crate::compiled::Compiled;
use crate::fit::RidgeCvFit;
use crate::runs::{Run, matrices};
use crate::{AlphaGrid, Element, PreparedFeatures, RidgeCvParams, RidgeError, RidgeModel};

/// A ridge regression for many targets, with the penalty chosen by nested leave-one-run-out cross-validation.
///
/// For each test run, each penalty is fitted on the other runs except a validation run, and scored on the validation
/// run by Pearson correlation (or another [`Metric`](crate::Metric)). The best penalty is fitted on all other runs and
/// scored on the test run. There is no intercept: features and targets are used as they are, usually standardised per
/// run with [`crate::trim_and_standardise`].
///
/// Parallel loops run in the caller's rayon pool (`pool.install(|| model.fit(..))`). Restrict the BLAS they call to one
/// thread. With more threads the results are right, but the two levels compete.
///
/// # References
/// Bonnasse-Gahot and Pallier (2024), <https://arxiv.org/abs/2405.17992>, scripts `fit_*.py`.
#[derive(Debug, Clone)]
pub struct RidgeCv {
    pub(crate) grid: AlphaGrid,
    pub(crate) settings: RidgeCvParams,
}

impl RidgeCv {
    /// The default settings: those of the reference study.
    pub fn params() -> RidgeCvParams {
        RidgeCvParams::default()
    }

    /// The penalties in their order.
    #[must_use]
    pub fn alphas(&self) -> &[f64] {
        self.grid.values()
    }

    /// Checks and factors the features; this is all work that does not depend on the targets.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_features`) per run; at least three runs, unless other folds are set.
    ///
    /// # Errors
    /// [`RidgeError`] for folds that do not match the runs, runs of fewer than two scans, different or zero numbers of
    /// features, features that are not finite (with run, scan and column), or a system that cannot be factored.
    pub fn prepare<X: Run<Element: Element>>(
        &self,
        x_runs: &[X],
    ) -> Result<PreparedFeatures<X::Element>, RidgeError> {
        X::Element::prepare(self, &matrices(x_runs))
    }

    /// Fits and scores one target set: [`prepare`](Self::prepare), then [`PreparedFeatures::score`].
    ///
    /// # Errors
    /// As these two functions.
    pub fn fit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        self.prepare(x_runs)?.score(y_runs)
    }

    /// Fits one model to all runs, for predictions. Its penalty is the one with the best mean score over the folds.
    ///
    /// # Shapes
    /// As [`fit`](Self::fit). Two runs are enough, or one run with chunks as [folds](crate::RidgeCvParams::folds). To
    /// leave runs out, pass only the others.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn refit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeModel<X::Element>, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::refit(self, &matrices(x_runs), &matrices(y_runs))
    }
}
