//! What `--json` prints. NaN becomes null.

use lpp_ridge::{BandedRidgeFit, Metric, RidgeCvFit};
use ndarray::Array2;
use serde::Serialize;

use crate::args::Precision;

/// Of a ridge regression with one penalty.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    precision: &'static str,
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
}

impl Summary {
    pub(crate) fn new(fit: &RidgeCvFit, metric: Metric, precision: Precision, wall_s: f64) -> Self {
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
        }
    }
}

/// Of a banded ridge regression.
#[derive(Debug, Serialize)]
pub(crate) struct BandedSummary {
    precision: &'static str,
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
}

impl BandedSummary {
    pub(crate) fn new(fit: &BandedRidgeFit, metric: Metric, precision: Precision, wall_s: f64) -> Self {
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
        }
    }
}

fn name_of(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    }
}

fn name_of_metric(metric: Metric) -> &'static str {
    if metric == Metric::R2 { "r2" } else { "pearson" }
}

fn rows<T: Clone>(matrix: &Array2<T>) -> Vec<Vec<T>> {
    matrix.outer_iter().map(|row| row.to_vec()).collect()
}
