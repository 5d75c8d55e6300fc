//! The score of each layer.

use crate::{AnalysisError, Table, performance};
use crate::{ModelInfoTable, ModelScores, SelectionScores};

/// Names of the tables made here and beside it.
pub(crate) const TABLES: [&str; 3] = ["layers", "best_layer_regression", "canary"];

/// One row per model and layer, from the embedding (layer 0) up; the depth of the best layer against size and performance.
pub(crate) fn tables(models: &[&ModelScores], info: &ModelInfoTable) -> Result<Vec<Table>, AnalysisError> {
    let trained: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_trained())
        .collect();
    let depths = trained
        .iter()
        .map(|model| model.best_layer().map_or(f64::NAN, |(_, depth)| depth))
        .collect();
    let outcomes = [("best_layer_relative_depth", depths)];
    Ok(vec![
        layer_table(models)?,
        performance::table("best_layer_regression", &trained, info, &outcomes)?,
    ])
}

fn layer_table(models: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let rows: Vec<(&ModelScores, usize)> = models
        .iter()
        .flat_map(|&model| (0..model.layers.len()).map(move |layer| (model, layer)))
        .collect();
    let all = |cell: fn(&SelectionScores) -> f64| {
        rows.iter()
            .map(|&(model, layer)| cell(&model.layers[layer]))
            .collect::<Vec<_>>()
    };
    let reliable = |cell: fn(&SelectionScores) -> f64| {
        rows.iter()
            .map(|&(model, layer)| {
                model
                    .reliable_layers
                    .as_ref()
                    .map_or(f64::NAN, |layers| cell(&layers[layer]))
            })
            .collect::<Vec<_>>()
    };
    Table::new("layers")
        .text("model", rows.iter().map(|(model, _)| model.name()))?
        .text("kind", rows.iter().map(|(model, _)| model.kind()))?
        .text("family", rows.iter().map(|(model, _)| model.family()))?
        .count(
            "n_parameters",
            rows.iter()
                .map(|(model, _)| model.info.n_parameters.and_then(|n| i64::try_from(n).ok())),
        )?
        .count("layer", rows.iter().map(|(_, layer)| i64::try_from(*layer).ok()))?
        .number(
            "relative_depth",
            rows.iter()
                .map(|(model, layer)| *layer as f64 / model.layers.len() as f64),
        )?
        .number("score_all", all(|layer| layer.whole.mean))?
        .number("l_minus_r_all", all(|layer| layer.sides.difference()))?
        .number("score_reliable", reliable(|layer| layer.whole.mean))?
        .number("l_minus_r_reliable", reliable(|layer| layer.sides.difference()))
}
