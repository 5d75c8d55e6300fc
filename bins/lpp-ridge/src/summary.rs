//! What `--json` prints. NaN becomes null.

use std::path::Path;

use lpp_files::npy;
use lpp_ridge::{BandedRidgeFit, Metric, RidgeCvFit};
use ndarray::Array2;
use serde::Serialize;

use crate::args::{Precision, name_of};

/// What a call came to.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Summary {
    Plain(PlainSummary),
    Banded(BandedSummary),
    UpToDate(KnownScores),
}

impl Summary {
    pub(crate) fn of_fit(fit: &RidgeCvFit, metric: Metric, precision: Precision, wall_s: f64) -> Self {
        Self::Plain(PlainSummary::new(fit, metric, precision, wall_s))
    }

    pub(crate) fn of_banded_fit(
        fit: &BandedRidgeFit,
        metric: Metric,
        precision: Precision,
        wall_s: f64,
    ) -> Self {
        Self::Banded(BandedSummary::new(fit, metric, precision, wall_s))
    }

    /// Of scores that were there.
    pub(crate) fn up_to_date(scores: &Path) -> anyhow::Result<Self> {
        let scores = npy::load_f64_columns(scores)?;
        let known = || scores.iter().filter(|score| !score.is_nan());
        let n_known = known().count();
        Ok(Self::UpToDate(KnownScores {
            n_targets: scores.len(),
            n_nan: scores.len() - n_known,
            mean_score: known().sum::<f64>() / n_known as f64,
            up_to_date: true,
        }))
    }

    pub(crate) fn is_up_to_date(&self) -> bool {
        matches!(self, Self::UpToDate(_))
    }

    pub(crate) fn n_targets(&self) -> usize {
        match self {
            Self::Plain(summary) => summary.n_targets,
            Self::Banded(summary) => summary.n_targets,
            Self::UpToDate(summary) => summary.n_targets,
        }
    }

    pub(crate) fn mean_score(&self) -> f64 {
        match self {
            Self::Plain(summary) => summary.mean_score,
            Self::Banded(summary) => summary.mean_score,
            Self::UpToDate(summary) => summary.mean_score,
        }
    }
}

/// Of scores that nothing had to be done for.
#[derive(Debug, Serialize)]
pub(crate) struct KnownScores {
    n_targets: usize,
    n_nan: usize,
    mean_score: f64,
    up_to_date: bool,
}

/// Of a ridge regression with one penalty.
#[derive(Debug, Serialize)]
pub(crate) struct PlainSummary {
    precision: String,
    metric: &'static str,
    alphas: Vec<f64>,
    /// Position of the penalty of each fold; null with a penalty per target.
    alpha_index: Option<Vec<usize>>,
    /// How many targets took each penalty in each fold.
    alpha_counts: Vec<Vec<usize>>,
    validation_curves: Vec<Vec<f64>>,
    /// Whether a point of the curves covers all targets.
    fully_scored: Vec<Vec<bool>>,
    fold_means: Vec<f64>,
    /// Number of folds: runs, or groups of runs.
    n_runs: usize,
    n_targets: usize,
    n_nan: usize,
    constant_targets: Vec<usize>,
    non_finite_targets: Vec<usize>,
    mean_score: f64,
    wall_s: f64,
    up_to_date: bool,
}

impl PlainSummary {
    fn new(fit: &RidgeCvFit, metric: Metric, precision: Precision, wall_s: f64) -> Self {
        Self {
            precision: name_of(precision),
            metric: name_of_metric(metric),
            alphas: fit.alphas.clone(),
            alpha_index: fit.alpha_index().map(<[usize]>::to_vec),
            alpha_counts: rows(&fit.alpha_counts()),
            validation_curves: rows(&fit.validation_curves),
            fully_scored: rows(&fit.fully_scored),
            fold_means: fit.fold_means().to_vec(),
            n_runs: fit.fold_scores.nrows(),
            n_targets: fit.scores.len(),
            n_nan: fit.n_nan(),
            constant_targets: fit.constant_targets.clone(),
            non_finite_targets: fit.non_finite_targets.clone(),
            mean_score: fit.mean_score(),
            wall_s,
            up_to_date: false,
        }
    }
}

/// Of a banded ridge regression.
#[derive(Debug, Serialize)]
pub(crate) struct BandedSummary {
    precision: String,
    metric: &'static str,
    alphas: Vec<f64>,
    /// Candidates for the weights of the bands; the first is equal weights.
    weights: Vec<Vec<f64>>,
    /// Mean validation score of each candidate in each fold.
    candidate_scores: Vec<Vec<f64>>,
    /// Mean chosen weight of each band.
    mean_weights: Vec<f64>,
    n_runs: usize,
    n_targets: usize,
    constant_targets: Vec<usize>,
    non_finite_targets: Vec<usize>,
    mean_score: f64,
    wall_s: f64,
    up_to_date: bool,
}

impl BandedSummary {
    fn new(fit: &BandedRidgeFit, metric: Metric, precision: Precision, wall_s: f64) -> Self {
        Self {
            precision: name_of(precision),
            metric: name_of_metric(metric),
            alphas: fit.alphas.clone(),
            weights: rows(&fit.weights),
            candidate_scores: rows(&fit.candidate_scores),
            mean_weights: fit.mean_weights().to_vec(),
            n_runs: fit.fold_scores.nrows(),
            n_targets: fit.scores.len(),
            constant_targets: fit.constant_targets.clone(),
            non_finite_targets: fit.non_finite_targets.clone(),
            mean_score: fit.mean_score(),
            wall_s,
            up_to_date: false,
        }
    }
}

fn name_of_metric(metric: Metric) -> &'static str {
    if metric == Metric::R2 { "r2" } else { "pearson" }
}

fn rows<T: Clone>(matrix: &Array2<T>) -> Vec<Vec<T>> {
    matrix.outer_iter().map(|row| row.to_vec()).collect()
}
