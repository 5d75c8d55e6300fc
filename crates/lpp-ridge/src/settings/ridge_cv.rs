//! Checked settings: the model.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::alpha_grid::AlphaGrid;
use super::choices::AlphaSearch;
use super::params::RidgeCvParams;
use crate::RidgeError;

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
    grid: AlphaGrid,
    pub(crate) settings: RidgeCvParams,
    /// The threads that the settings ask for.
    pool: Option<Arc<ThreadPool>>,
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

    /// Runs `work` on the configured threads.
    pub(crate) fn in_pool<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Checks whether the fit is to stop.
    ///
    /// # Errors
    /// [`RidgeError::Stopped`] if it is.
    pub(crate) fn check_stop(&self) -> Result<(), RidgeError> {
        self.settings.stop.check()
    }
}

impl RidgeCvParams {
    /// Checks the settings. This is the only way to create a [`RidgeCv`].
    ///
    /// # Errors
    /// As [`AlphaGrid::new`]; [`RidgeError::BadScreening`] for a subset of fewer than two targets or a width that is
    /// not positive; [`RidgeError::Threads`] if the threads cannot be started.
    pub fn check(self) -> Result<RidgeCv, RidgeError> {
        if let AlphaSearch::Screened {
            n_targets, sigmas, ..
        } = self.search
            && !(n_targets >= 2 && sigmas > 0.0)
        {
            return Err(RidgeError::BadScreening { n_targets, sigmas });
        }
        let grid = AlphaGrid::new(self.alphas.clone())?;
        Ok(RidgeCv {
            grid,
            pool: self.threads.map(private_pool).transpose()?,
            settings: self,
        })
    }
}

fn private_pool(threads: NonZeroUsize) -> Result<Arc<ThreadPool>, RidgeError> {
    ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .thread_name(|i| format!("lpp-ridge {i}"))
        .build()
        .map(Arc::new)
        .map_err(|source| RidgeError::Threads {
            threads: threads.get(),
            source,
        })
}
