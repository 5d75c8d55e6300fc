//! The checked model and its one-call fit.

use crate::compiled::Compiled;
use crate::fit::RidgeCvFit;
use crate::runs::{Run, matrices};
use crate::{AlphaGrid, Element, PreparedFeatures, RidgeCvParams, RidgeError, RidgeModel};

/// A ridge regression for many targets, its penalty chosen by nested leave-one-run-out cross-validation.
///
/// For each test run, each penalty is fitted on the other runs less a validation run and scored there by Pearson
/// correlation (or another [`Metric`](crate::Metric)); the best one is fitted on all other runs and scored on the test
/// run. There is no intercept:
/// features and targets are taken as they are, usually standardised per run by [`crate::trim_and_standardise`].
///
/// Parallel loops run in the caller's rayon pool (`pool.install(|| model.fit(..))`), and the BLAS they call should run on
/// one thread. With more, results are right but the two levels compete.
///
/// # References
/// Bonnasse-Gahot and Pallier (2024), <https://arxiv.org/abs/2405.17992>, scripts `fit_*.py`.
#[derive(Debug, Clone)]
pub struct RidgeCv {
    pub(crate) grid: AlphaGrid,
    pub(crate) settings: RidgeCvParams,
}

impl RidgeCv {
    /// Settings to start from: those of the reference study.
    pub fn params() -> RidgeCvParams {
        RidgeCvParams::default()
    }

    /// The penalties in their order.
    #[must_use]
    pub fn alphas(&self) -> &[f64] {
        self.grid.values()
    }

    /// Checks and factors the features: all work that does not depend on the targets.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_features`) per run; three runs or more, unless the folds are others.
    ///
    /// # Errors
    /// [`RidgeError`] for folds that the runs do not allow, runs of fewer than two scans, differing or zero feature counts, features
    /// that are not finite (named by run, scan and column), or a system that cannot be factored.
    pub fn prepare<X: Run<Element: Element>>(
        &self,
        x_runs: &[X],
    ) -> Result<PreparedFeatures<X::Element>, RidgeError> {
        X::Element::prepare(self, &matrices(x_runs))
    }

    /// Fits and scores one target set; [`prepare`](Self::prepare) then [`PreparedFeatures::score`].
    ///
    /// # Errors
    /// As those two.
    pub fn fit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        self.prepare(x_runs)?.score(y_runs)
    }

    /// Fits one model to all runs, to predict with: its penalty is the one with the best mean score over the folds.
    ///
    /// # Shapes
    /// As [`fit`](Self::fit). Two runs are enough, or one with chunks as [folds](crate::RidgeCvParams::folds). To leave runs out,
    /// hand over the others.
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
