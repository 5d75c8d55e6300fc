//! What training does: trained models beside their untrained twins, and a model on its way.

use lpp_stats::{LateralScore, MeanScore};

use crate::regression::{SimpleRegression, log_parameters, with_regressions};
use crate::{AnalysisError, Brain, ModelScores, Table};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 3] = ["training", "training_regression", "checkpoints"];

/// What is compared, in the order of the columns.
const MEASURES: [&str; 4] = [
    "score_all",
    "score_reliable",
    "l_minus_r_all",
    "l_minus_r_reliable",
];

/// One row per trained model with a twin and per twin; their growth with size by family; one row per checkpoint.
pub(crate) fn tables(brain: &Brain, models: &[&ModelScores]) -> Result<Vec<Table>, AnalysisError> {
    let pairs = with_twins(models);
    Ok(vec![
        model_table(brain, &pairs)?,
        regression_table(brain, &pairs)?,
        checkpoint_table(brain, models)?,
    ])
}

/// Trained models that have an untrained twin, and the twins with their seeds.
fn with_twins<'a>(models: &[&'a ModelScores]) -> Vec<(&'a ModelScores, Option<u64>)> {
    let twins: Vec<(&str, u64, &ModelScores)> = models
        .iter()
        .filter_map(|&model| model.twin().map(|(name, seed)| (name, seed, model)))
        .collect();
    let mut rows = Vec::new();
    for &model in models.iter().filter(|model| model.is_trained()) {
        let mut own: Vec<_> = twins.iter().filter(|twin| twin.0 == model.name()).collect();
        own.sort_by_key(|twin| twin.1);
        if !own.is_empty() {
            rows.push((model, None));
            rows.extend(own.into_iter().map(|&(_, seed, twin)| (twin, Some(seed))));
        }
    }
    rows
}

/// The measures of a model; NaN where reliable voxels are not known.
pub(crate) fn measures(brain: &Brain, model: &ModelScores) -> Result<[f64; 4], AnalysisError> {
    let all = LateralScore::over(&model.best, brain.hemispheres())?.difference();
    let (score, difference) = match brain.reliable() {
        Some(reliable) => {
            let sides = brain.hemispheres().within(&reliable.voxels);
            let score = MeanScore::over(&model.best, &reliable.voxels)?.mean;
            (score, LateralScore::over(&model.best, &sides)?.difference())
        }
        None => (f64::NAN, f64::NAN),
    };
    Ok([MeanScore::of(&model.best).mean, score, all, difference])
}

fn training_of(seed: Option<u64>) -> &'static str {
    if seed.is_none() { "trained" } else { "untrained" }
}

fn model_table(brain: &Brain, pairs: &[(&ModelScores, Option<u64>)]) -> Result<Table, AnalysisError> {
    let values = pairs
        .iter()
        .map(|(model, _)| measures(brain, model))
        .collect::<Result<Vec<_>, _>>()?;
    let base = |model: &ModelScores| model.twin().map_or(model.name(), |(name, _)| name).to_owned();
    let table = Table::new("training")
        .text("model", pairs.iter().map(|(model, _)| base(model)))?
        .text("training", pairs.iter().map(|(_, seed)| training_of(*seed)))?
        .count("seed", pairs.iter().map(|(_, seed)| count(*seed)))?
        .text("family", pairs.iter().map(|(model, _)| model.family()))?
        .count(
            "n_parameters",
            pairs.iter().map(|(model, _)| count(model.info.n_parameters)),
        )?;
    with_measures(table, &values)
}

fn regression_table(brain: &Brain, pairs: &[(&ModelScores, Option<u64>)]) -> Result<Table, AnalysisError> {
    let mut groups: Vec<(String, Option<u64>)> = Vec::new();
    for (model, seed) in pairs {
        // A twin belongs to the family of its model, whose rows come first.
        let group = (model.family(), *seed);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups.sort();
    let mut rows = Vec::new();
    for (family, seed) in &groups {
        let members: Vec<&ModelScores> = pairs
            .iter()
            .filter(|(model, of)| of == seed && model.family() == *family)
            .map(|(model, _)| *model)
            .collect();
        let size = log_parameters(&members);
        let values = members
            .iter()
            .map(|model| measures(brain, model))
            .collect::<Result<Vec<_>, _>>()?;
        for (i, outcome) in MEASURES.iter().enumerate() {
            let y: Vec<f64> = values.iter().map(|row| row[i]).collect();
            rows.push((family, *seed, *outcome, SimpleRegression::of(&size, &y)));
        }
    }
    let table = Table::new("training_regression")
        .text("family", rows.iter().map(|row| row.0.as_str()))?
        .text("training", rows.iter().map(|row| training_of(row.1)))?
        .count("seed", rows.iter().map(|row| count(row.1)))?
        .text("outcome", rows.iter().map(|row| row.2))?;
    let fits: Vec<_> = rows.into_iter().map(|row| row.3).collect();
    with_regressions(table, "n_models", "slope_per_ln_parameter", &fits)
}

fn checkpoint_table(brain: &Brain, models: &[&ModelScores]) -> Result<Table, AnalysisError> {
    let mut rows: Vec<(&str, u64, &ModelScores)> = models
        .iter()
        .filter_map(|&model| model.checkpoint().map(|(name, step)| (name, step, model)))
        .collect();
    rows.sort_by_key(|row| (row.0, row.1));
    let values = rows
        .iter()
        .map(|row| measures(brain, row.2))
        .collect::<Result<Vec<_>, _>>()?;
    let table = Table::new("checkpoints")
        .text("model", rows.iter().map(|row| row.0))?
        .count("step", rows.iter().map(|row| count(Some(row.1))))?
        .count(
            "n_parameters",
            rows.iter().map(|row| count(row.2.info.n_parameters)),
        )?;
    with_measures(table, &values)
}

fn with_measures(table: Table, values: &[[f64; 4]]) -> Result<Table, AnalysisError> {
    MEASURES.iter().enumerate().try_fold(table, |table, (i, name)| {
        table.number(name, values.iter().map(|row| row[i]))
    })
}

fn count(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}
