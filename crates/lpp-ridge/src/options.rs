//! Settings beyond those of the reference study.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::stop::Stop;
use crate::{Metric, RidgeCv, RidgeCvParams, RidgeError};

/// Options that the reference study does not have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) metric: Metric,
    pub(crate) groups: Option<Vec<usize>>,
    pub(crate) validation_scores: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    /// Flag to stop a fit from outside.
    pub(crate) stop: Stop,
    /// The pool for `threads`, created when the settings are checked.
    pool: Option<Arc<ThreadPool>>,
}

impl RidgeCvParams {
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
        self.options.metric = metric;
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
        self.options.groups = Some(groups.into());
        self
    }

    /// Keeps the validation score of each target with its chosen penalty, at the cost of one more validation with that
    /// penalty: see [`crate::RidgeCvFit::validation_scores`] and [`crate::nested_choice`].
    pub fn validation_scores(mut self, keep: bool) -> Self {
        self.options.validation_scores = keep;
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
        self.options.threads = threads;
        self
    }

    /// Stops a fit with [`RidgeError::Stopped`] soon after `stop` is set by another thread: between two blocks of
    /// targets, or between two blocks of a factorisation ([`Engine::Pure`](crate::Engine::Pure); other engines finish
    /// the current one).
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.options.stop = Stop::when(stop);
        self
    }

    /// [`RidgeError::Stopped`] if the fit is to stop.
    pub(crate) fn check_stop(&self) -> Result<(), RidgeError> {
        self.options.stop.check()
    }

    /// Checks the options and applies those that affect other settings.
    pub(crate) fn check_options(mut self) -> Result<Self, RidgeError> {
        self.options.pool = match self.options.threads {
            Some(threads) => Some(Arc::new(private_pool(threads)?)),
            None => None,
        };
        Ok(self)
    }
}

impl RidgeCv {
    /// Runs `work` on the configured threads.
    pub(crate) fn in_pool<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.settings.options.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

fn private_pool(threads: NonZeroUsize) -> Result<ThreadPool, RidgeError> {
    ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .thread_name(|i| format!("lpp-ridge {i}"))
        .build()
        .map_err(|source| RidgeError::Threads {
            threads: threads.get(),
            source,
        })
}
