//! Brain score against model size.

use std::collections::BTreeSet;

use lpp_stats::MeanScore;

use crate::lines::size_lines;
use crate::regression::{
    Outcome, SimpleRegression, full_regressions, log_parameters, size_regressions, with_regressions,
};
use crate::voxel_maps::VoxelMap;
use crate::voxelwise::voxel_slopes;
use crate::{AnalysisError, Table};
use crate::{Brain, ModelInfoTable, ModelScores};
use crate::{performance, voxel_maps, voxelwise};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 10] = [
    "scaling",
    "scaling_regression",
    "scaling_lines",
    "scaling_by_family",
    "scaling_ols",
    "scaling_ols_fit",
    "performance_regression",
    "voxel_slopes",
    "voxel_threshold",
    "voxel_maps",
];

/// One row per trained model, regressions of the score on size and performance, and the growth of each voxel.
pub(crate) fn tables(
    brain: &Brain,
    models: &[&ModelScores],
    info: &ModelInfoTable,
    seed: u64,
) -> Result<(Vec<Table>, Vec<VoxelMap>), AnalysisError> {
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
        .number("best_layer_relative_depth", best(|(_, depth)| depth))?
        .text(
            "voxels_of_best_layer",
            models
                .iter()
                .map(|model| model.voxels_of_best_layer().to_string()),
        )?
        .number("perplexity", info.column(models, |row| row.perplexity))?
        .number("hellaswag", info.column(models, |row| row.hellaswag))?;
    let [ols, ols_fit] = full_regressions("scaling_ols", models, &outcomes)?;
    let slopes = voxel_slopes(brain.n_voxels(), models);
    let maps = voxelwise::maps(&slopes);
    let [voxels, threshold] = voxelwise::tables(brain, &slopes)?;
    let tables = vec![
        table,
        size_regressions("scaling_regression", models, &outcomes)?,
        size_lines("scaling_lines", models, &outcomes, seed)?,
        family_table(models, &outcomes)?,
        ols,
        ols_fit,
        performance::table("performance_regression", models, info, &outcomes)?,
        voxels,
        threshold,
        voxel_maps::list("voxel_maps", &maps)?,
    ];
    Ok((tables, maps))
}

/// The regression on size within each family; with fewer than three models its slope is an empty cell.
fn family_table(models: &[&ModelScores], outcomes: &[Outcome<'_>]) -> Result<Table, AnalysisError> {
    let families: BTreeSet<String> = models.iter().map(|model| model.family()).collect();
    let size = log_parameters(models);
    let (mut keys, mut fits) = (Vec::new(), Vec::new());
    for family in &families {
        let own: Vec<usize> = (0..models.len())
            .filter(|&i| models[i].family() == *family)
            .collect();
        let pick = |values: &[f64]| own.iter().map(|&i| values[i]).collect::<Vec<_>>();
        for (outcome, values) in outcomes {
            keys.push((family.as_str(), *outcome));
            fits.push(SimpleRegression::of(&pick(&size), &pick(values)));
        }
    }
    let table = Table::new("scaling_by_family")
        .text("family", keys.iter().map(|key| key.0))?
        .text("outcome", keys.iter().map(|key| key.1))?;
    with_regressions(table, "n_models", "slope_per_ln_parameter", &fits)
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
