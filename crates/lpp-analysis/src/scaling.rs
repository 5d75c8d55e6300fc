//! Brain score against model size.

use lpp_stats::MeanScore;

use crate::regression::{full_regressions, size_regressions};
use crate::{AnalysisError, Table};
use crate::{Brain, ModelScores};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 4] = ["scaling", "scaling_regression", "scaling_ols", "scaling_ols_fit"];

/// One row per trained model, regressions of the score on size.
pub(crate) fn tables(brain: &Brain, models: &[&ModelScores]) -> Result<Vec<Table>, AnalysisError> {
    let all: Vec<MeanScore> = models.iter().map(|model| MeanScore::of(&model.best)).collect();
    let score_all: Vec<f64> = all.iter().map(|score| score.mean).collect();
    let score_reliable = reliable_means(brain, models)?;
    let outcomes = [
        ("score_all", score_all.clone()),
        ("score_reliable", score_reliable.clone()),
    ];
    let best = |cell: fn((usize, f64)) -> f64| {
        models
            .iter()
            .map(|model| model.best_layer().map_or(f64::NAN, cell))
            .collect::<Vec<_>>()
    };
    let table = identity("scaling", models)?
        .count(
            "n_layers",
            models.iter().map(|model| i64::try_from(model.layers.len()).ok()),
        )?
        .count(
            "n_hidden",
            models.iter().map(|model| {
                model
                    .info
                    .n_hidden
                    .last()
                    .and_then(|&width| i64::try_from(width).ok())
            }),
        )?
        .number("score_all", score_all)?
        .number("score_reliable", score_reliable)?
        .count(
            "n_nan_voxels",
            all.iter().map(|score| i64::try_from(score.n_nan).ok()),
        )?
        .count(
            "best_layer",
            models.iter().map(|model| {
                model
                    .best_layer()
                    .and_then(|(layer, _)| i64::try_from(layer).ok())
            }),
        )?
        .number("best_layer_relative_depth", best(|(_, depth)| depth))?;
    let [ols, ols_fit] = full_regressions("scaling_ols", models, &outcomes)?;
    Ok(vec![
        table,
        size_regressions("scaling_regression", models, &outcomes)?,
        ols,
        ols_fit,
    ])
}

/// The columns that say which model a row is about.
pub(crate) fn identity(name: &str, models: &[&ModelScores]) -> Result<Table, AnalysisError> {
    Table::new(name)
        .text("model", models.iter().map(|model| model.name()))?
        .text("kind", models.iter().map(|model| model.kind()))?
        .text("family", models.iter().map(|model| model.family()))?
        .count(
            "n_parameters",
            models
                .iter()
                .map(|model| model.info.n_parameters.and_then(|n| i64::try_from(n).ok())),
        )
}

/// Mean score over reliable voxels of each model; NaN without an inter-subject correlation.
pub(crate) fn reliable_means(brain: &Brain, models: &[&ModelScores]) -> Result<Vec<f64>, AnalysisError> {
    models
        .iter()
        .map(|model| match brain.reliable() {
            Some(reliable) => Ok(MeanScore::over(&model.best, &reliable.voxels)?.mean),
            None => Ok(f64::NAN),
        })
        .collect()
}
