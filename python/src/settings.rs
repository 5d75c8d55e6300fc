//! Settings passed from Python.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lpp_ridge::{AlphaScope, AlphaSearch, Folds, InnerValidation, Metric, RidgeCv, RidgeCvParams};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A dictionary of settings; the Python side sets all of them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    alphas: Vec<f64>,
    metric: String,
    alpha_per_target: bool,
    inner: String,
    search: String,
    n_jobs: Option<usize>,
    /// Pairs of training and test rows; `None` leaves out each run in turn.
    folds: Option<Vec<(Vec<usize>, Vec<usize>)>>,
}

impl Settings {
    /// The settings of the crate, and the flag that stops a fit.
    pub(crate) fn params(&self) -> PyResult<(RidgeCvParams, Arc<AtomicBool>)> {
        let stop = Arc::new(AtomicBool::new(false));
        let params = RidgeCv::params()
            .alphas(self.alphas.clone())
            .metric(match self.metric.as_str() {
                "pearson" => Metric::Pearson,
                "r2" => Metric::R2,
                other => return Err(unknown("metric", other, "'pearson' or 'r2'")),
            })
            .alpha_scope(if self.alpha_per_target {
                AlphaScope::PerTarget
            } else {
                AlphaScope::Global
            })
            .inner(match self.inner.as_str() {
                "first" => InnerValidation::First,
                "all" => InnerValidation::All,
                other => return Err(unknown("inner", other, "'first' or 'all'")),
            })
            .alpha_search(match self.search.as_str() {
                "screened" => AlphaSearch::screened(),
                "exhaustive" => AlphaSearch::Exhaustive,
                other => return Err(unknown("search", other, "'screened' or 'exhaustive'")),
            })
            .folds(self.folds.clone().map_or(Folds::Runs, Folds::OfRows))
            .threads(self.n_jobs.and_then(NonZeroUsize::new))
            .stop_when(Arc::clone(&stop));
        Ok((params, stop))
    }
}

fn unknown(name: &str, found: &str, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{name} is {found:?}, expected {expected}"))
}
