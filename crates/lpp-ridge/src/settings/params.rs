//! Settings of a fit before they are checked.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::alpha_grid::AlphaGrid;
use super::choices::{AlphaScope, AlphaSearch, Formulation, InnerValidation, NanTargets};
use super::engine::Engine;
use super::folds::Folds;
use super::metric::Metric;
use super::stop::Stop;

/// Unchecked settings, by default those of the reference study; [`check`](Self::check) returns a model.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are checked"]
pub struct RidgeCvParams {
    pub(crate) alphas: Vec<f64>,
    pub(crate) inner: InnerValidation,
    pub(crate) scope: AlphaScope,
    pub(crate) nan_targets: NanTargets,
    pub(crate) formulation: Formulation,
    pub(crate) search: AlphaSearch,
    pub(crate) engine: Engine,
    pub(crate) folds: Folds,
    pub(crate) inner_folds: Option<Folds>,
    pub(crate) metric: Metric,
    pub(crate) groups: Option<Vec<usize>>,
    pub(crate) validation_scores: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    /// Flag to stop a fit from outside.
    pub(crate) stop: Stop,
}

impl Default for RidgeCvParams {
    fn default() -> Self {
        Self {
            alphas: AlphaGrid::default().values().to_vec(),
            inner: InnerValidation::default(),
            scope: AlphaScope::default(),
            nan_targets: NanTargets::default(),
            formulation: Formulation::default(),
            search: AlphaSearch::default(),
            engine: Engine::default(),
            folds: Folds::default(),
            inner_folds: None,
            metric: Metric::default(),
            groups: None,
            validation_scores: false,
            threads: None,
            stop: Stop::default(),
        }
    }
}

impl RidgeCvParams {
    /// Sets the penalties; on ties the first is chosen.
    pub fn alphas(mut self, alphas: impl Into<Vec<f64>>) -> Self {
        self.alphas = alphas.into();
        self
    }

    /// Sets the penalties from a checked grid.
    pub fn alpha_grid(self, grid: &AlphaGrid) -> Self {
        self.alphas(grid.values())
    }

    /// Sets which training runs are used for validation.
    pub fn inner(mut self, inner: InnerValidation) -> Self {
        self.inner = inner;
        self
    }

    /// Sets whether targets share a penalty.
    pub fn alpha_scope(mut self, scope: AlphaScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the treatment of targets without a validation score.
    pub fn nan_targets(mut self, rule: NanTargets) -> Self {
        self.nan_targets = rule;
        self
    }

    /// Sets which linear system is solved; scores do not depend on it beyond rounding.
    pub fn formulation(mut self, formulation: Formulation) -> Self {
        self.formulation = formulation;
        self
    }

    /// Sets how penalties are searched.
    pub fn alpha_search(mut self, search: AlphaSearch) -> Self {
        self.search = search;
        self
    }

    /// Sets the engine for the linear algebra; scores do not depend on it beyond rounding.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Sets the training and test scans of the folds; by default each run is left out in turn.
    ///
    /// The penalty of a fold is chosen on its training scans, with the other folds restricted to them. With
    /// leave-one-run-out folds, each training run is left out in turn, or only the first ([`inner`](Self::inner)).
    ///
    /// ```
    /// use lpp_ridge::{Folds, RidgeCv};
    /// use ndarray::Array2;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// // One run of 90 scans, 2 features and 2 targets.
    /// let x = Array2::from_shape_fn((90, 2), |(i, j)| ((i * (j + 2)) as f64).sin());
    /// let folds = Folds::Chunks { per_run: 3, gap: 4 };
    /// let fit = RidgeCv::params().alphas([1.0]).folds(folds).check()?.fit(&[&x], &[&x])?;
    /// assert_eq!(fit.fold_scores.dim(), (3, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn folds(mut self, folds: Folds) -> Self {
        self.folds = folds;
        self
    }

    /// Sets separate folds for choosing penalties, restricted to the training scans of a fold.
    ///
    /// With two runs, for example, each is predicted from the other, and the penalty is chosen over chunks of the
    /// other.
    pub fn inner_folds(mut self, folds: Folds) -> Self {
        self.inner_folds = Some(folds);
        self
    }

    /// Sets the score of predictions, in validation and on the test runs.
    ///
    /// ```
    /// use lpp_ridge::{Metric, RidgeCv};
    /// use ndarray::Array2;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..4).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let y: Vec<Array2<f64>> = x.iter().map(|x| x.dot(&ndarray::array![[1.0], [0.5]])).collect();
    /// let fit = RidgeCv::params().alphas([1e-3, 1e3]).metric(Metric::R2).check()?.fit(&x, &y)?;
    /// assert!(fit.scores[0] > 0.99 && fit.scores[0] < 1.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Leaves out groups of runs instead of single runs. `groups` has a label for each run; runs with the same label
    /// are tested (and validated) together.
    ///
    /// Folds are in ascending order of the labels, which need not be consecutive. A group is scored over all its scans
    /// at once, as in `sklearn.model_selection.LeaveOneGroupOut`. In the documentation of folds, inner validation and
    /// errors about folds, "run" then means group. Features and targets are still passed, and usually standardised, run
    /// by run. Any partition of the runs into folds can be given in this way.
    ///
    /// ```
    /// use lpp_ridge::RidgeCv;
    /// use ndarray::Array2;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..6).map(|r| Array2::from_shape_fn((20, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let sessions = [1, 1, 2, 2, 3, 3];
    /// let fit = RidgeCv::params().groups(sessions).check()?.fit(&x, &x)?;
    /// assert_eq!(fit.fold_scores.dim(), (3, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn groups(mut self, groups: impl Into<Vec<usize>>) -> Self {
        self.groups = Some(groups.into());
        self
    }

    /// Keeps the validation score of each target with its chosen penalty, at the cost of one more validation with that
    /// penalty: see [`crate::RidgeCvFit::validation_scores`] and [`crate::nested_choice`].
    pub fn validation_scores(mut self, keep: bool) -> Self {
        self.validation_scores = keep;
        self
    }

    /// Sets the number of threads for preparing, fitting and scoring; the model keeps a pool of that size. `None`, the
    /// default, uses the caller's pool, which is rayon's global one unless `ThreadPool::install` is used.
    ///
    /// If BLAS runs on one thread, results are identical to the bit for any number of threads.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<ndarray::Array2<f64>> =
    ///     (0..4).map(|r| ndarray::Array2::from_shape_fn((9, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let fit = |n| lpp_ridge::RidgeCv::params().threads(NonZeroUsize::new(n)).check()?.fit(&x, &x);
    /// assert_eq!(fit(1)?.scores, fit(2)?.scores);
    /// # Ok(())
    /// # }
    /// ```
    pub fn threads(mut self, threads: Option<NonZeroUsize>) -> Self {
        self.threads = threads;
        self
    }

    /// Stops a fit with [`crate::RidgeError::Stopped`] soon after `stop` is set by another thread: between two blocks of
    /// targets, or between two blocks of a factorisation ([`Engine::Pure`]; other engines finish the current one).
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Stop::when(stop);
        self
    }
}
