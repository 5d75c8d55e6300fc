//! Left against right, and how their difference grows with model size.

use lpp_stats::{Hemispheres, LateralScore, VoxelSet, percentile};

use crate::lines::size_lines;
use crate::regression::{full_regressions, size_regressions};
use crate::scaling::identity;
use crate::{AnalysisError, Table};
use crate::{Brain, ModelScores};

/// A way to sum up one side of the brain, in the order of the paper's figures.
const MEASURES: [&str; 5] = [
    "all",
    "percentile_90",
    "reliable",
    "isc_normalized",
    "isc_normalized_reliable",
];

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 5] = [
    "lateralization",
    "lateralization_regression",
    "lateralization_lines",
    "lateralization_ols",
    "lateralization_ols_fit",
];

/// One row per model (untrained ones and baselines too), regressions of L − R on size over the trained ones.
pub(crate) fn tables(brain: &Brain, models: &[&ModelScores], seed: u64) -> Result<Vec<Table>, AnalysisError> {
    let trained: Vec<&ModelScores> = models
        .iter()
        .copied()
        .filter(|model| model.is_trained())
        .collect();
    let mut table = identity("lateralization", models)?;
    let mut outcomes = Vec::new();
    for measure in MEASURES {
        let sides = sides_of(measure, brain, models)?;
        table = table
            .number(&format!("left_{measure}"), sides.iter().map(|side| side.0))?
            .number(&format!("right_{measure}"), sides.iter().map(|side| side.1))?
            .number(
                &format!("l_minus_r_{measure}"),
                sides.iter().map(|side| side.0 - side.1),
            )?;
        let sides = sides_of(measure, brain, &trained)?;
        outcomes.push((
            format!("left_{measure}"),
            sides.iter().map(|side| side.0).collect(),
        ));
        outcomes.push((
            format!("right_{measure}"),
            sides.iter().map(|side| side.1).collect(),
        ));
        outcomes.push((
            format!("l_minus_r_{measure}"),
            sides.iter().map(|side| side.0 - side.1).collect(),
        ));
    }
    let outcomes: Vec<(&str, Vec<f64>)> = outcomes
        .iter()
        .map(|(name, values)| (name.as_str(), Vec::clone(values)))
        .collect();
    let differences: Vec<_> = outcomes
        .iter()
        .filter(|(name, _)| name.starts_with("l_minus_r"))
        .cloned()
        .collect();
    let [ols, ols_fit] = full_regressions("lateralization_ols", &trained, &differences)?;
    Ok(vec![
        table,
        size_regressions("lateralization_regression", &trained, &outcomes)?,
        size_lines("lateralization_lines", &trained, &outcomes, seed)?,
        ols,
        ols_fit,
    ])
}

/// Left and right value of each model under one measure; NaN where it is not defined.
pub(crate) fn sides_of(
    measure: &str,
    brain: &Brain,
    models: &[&ModelScores],
) -> Result<Vec<(f64, f64)>, AnalysisError> {
    let sides = match brain.reliable() {
        Some(reliable) if measure.ends_with("reliable") => brain.hemispheres().within(&reliable.voxels),
        None if measure.ends_with("reliable") => return Ok(vec![(f64::NAN, f64::NAN); models.len()]),
        _ => brain.hemispheres().clone(),
    };
    models
        .iter()
        .map(|model| match (measure, brain.isc()) {
            ("percentile_90", _) => {
                let of = |side: &VoxelSet| upper_decile(&model.best, side);
                Ok((of(sides.left())?, of(sides.right())?))
            }
            ("isc_normalized" | "isc_normalized_reliable", isc) => means(
                &normalized(&model.best, isc.unwrap_or_default()),
                &sides,
                isc.is_some(),
            ),
            _ => means(&model.best, &sides, true),
        })
        .collect()
}

/// Score over inter-subject correlation, voxel by voxel.
fn normalized(scores: &[f64], isc: &[f64]) -> Vec<f64> {
    scores.iter().zip(isc).map(|(score, isc)| score / isc).collect()
}

fn means(values: &[f64], sides: &Hemispheres, known: bool) -> Result<(f64, f64), AnalysisError> {
    if !known {
        return Ok((f64::NAN, f64::NAN));
    }
    let score = LateralScore::over(values, sides)?;
    Ok((score.left.mean, score.right.mean))
}

/// The 90th percentile of a side, NaN voxels left out; NaN if none is left.
pub(crate) fn upper_decile(scores: &[f64], side: &VoxelSet) -> Result<f64, AnalysisError> {
    let known: Vec<f64> = side
        .select(scores)?
        .into_iter()
        .filter(|score| !score.is_nan())
        .collect();
    if known.is_empty() {
        Ok(f64::NAN)
    } else {
        Ok(percentile(&known, 90.0)?)
    }
}
