//! Distributions over voxels, as curves.

use std::collections::BTreeMap;

use lpp_stats::{Density, VoxelSet};
use lpp_tables::{IscDensity, ScoreDensities};
use rayon::prelude::*;

use crate::{AnalysisError, Brain, ModelScores};

/// The density of the inter-subject correlation; without rows if it has no spread.
pub(crate) fn of_isc(isc: &[f64]) -> Vec<IscDensity> {
    curve_of(isc).map_or_else(Vec::new, |curve| {
        let points = curve.x.into_iter().zip(curve.density);
        points.map(|(isc, density)| IscDensity { isc, density }).collect()
    })
}

/// The density of the scores of each group of baselines and of each trained model, over all and reliable voxels.
pub(crate) fn of_scores(
    brain: &Brain,
    groups: &BTreeMap<String, Vec<f64>>,
    trained: &[&ModelScores],
) -> Result<Vec<ScoreDensities>, AnalysisError> {
    let baselines = groups
        .iter()
        .map(|(group, scores)| (group.as_str(), "baseline", scores));
    let models = trained.iter().map(|model| (model.name(), "model", &model.best));
    let all = brain.all();
    let mut selections: Vec<(&str, &VoxelSet)> = vec![("all", &all)];
    selections.extend(brain.reliable().map(|reliable| ("reliable", &reliable.voxels)));
    let wanted: Vec<_> = baselines
        .chain(models)
        .flat_map(|source| selections.iter().map(move |selection| (source, *selection)))
        .collect();
    let curves = wanted.par_iter().map(|&((source, kind, scores), (voxels, set))| {
        let curve = curve_of(&set.select(scores)?);
        let points = curve
            .into_iter()
            .flat_map(|curve| curve.x.into_iter().zip(curve.density));
        let row = |(score, density)| ScoreDensities {
            source: source.to_owned(),
            kind: kind.to_owned(),
            voxels: voxels.to_owned(),
            score,
            density,
        };
        Ok(points.map(row).collect::<Vec<_>>())
    });
    Ok(curves.collect::<Result<Vec<_>, AnalysisError>>()?.concat())
}

/// The curve of the values that are known; `None` if they have no spread.
fn curve_of(values: &[f64]) -> Option<Density> {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    Density::estimate(&known).ok()
}
