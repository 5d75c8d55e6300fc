//! Distributions over voxels, as curves.

use std::collections::BTreeMap;

use lpp_stats::{Density, VoxelSet};
use rayon::prelude::*;

use crate::baselines::group_of;
use crate::{AnalysisError, Brain, ModelScores, Table};

/// The density of the inter-subject correlation; without rows if it is not known.
pub(crate) fn isc_table(brain: &Brain) -> Result<Table, AnalysisError> {
    let curve = brain.isc().and_then(curve_of);
    let (x, density) = curve.map_or((Vec::new(), Vec::new()), |curve| (curve.x, curve.density));
    Table::new("isc_density")
        .number("isc", x)?
        .number("density", density)
}

/// Score of each voxel averaged over the seeds of a group; NaN where a seed has none.
pub(crate) fn group_maps(baselines: &[&ModelScores]) -> BTreeMap<String, Vec<f64>> {
    let mut members: BTreeMap<String, Vec<&ModelScores>> = BTreeMap::new();
    for &model in baselines {
        members
            .entry(group_of(model.name()).to_owned())
            .or_default()
            .push(model);
    }
    members
        .into_iter()
        .map(|(group, seeds)| {
            let n = seeds.len() as f64;
            let mean = (0..seeds[0].best.len())
                .map(|voxel| seeds.iter().map(|seed| seed.best[voxel]).sum::<f64>() / n);
            (group, mean.collect())
        })
        .collect()
}

/// The density of the scores of each group of baselines and of each trained model, over all and reliable voxels.
pub(crate) fn score_table(
    brain: &Brain,
    groups: &BTreeMap<String, Vec<f64>>,
    trained: &[&ModelScores],
) -> Result<Table, AnalysisError> {
    let sources = groups
        .iter()
        .map(|(group, scores)| (group.as_str(), "baseline", scores.as_slice()))
        .chain(
            trained
                .iter()
                .map(|model| (model.name(), "model", model.best.as_slice())),
        );
    let all = brain.all();
    let mut selections: Vec<(&str, &VoxelSet)> = vec![("all", &all)];
    selections.extend(brain.reliable().map(|reliable| ("reliable", &reliable.voxels)));
    let wanted: Vec<_> = sources
        .flat_map(|(source, kind, scores)| {
            selections
                .iter()
                .map(move |(voxels, set)| (source, kind, scores, *voxels, *set))
        })
        .collect();
    let curves: Vec<Option<Density>> = wanted
        .par_iter()
        .map(|(.., scores, _, set)| Ok(curve_of(&set.select(scores)?)))
        .collect::<Result<_, AnalysisError>>()?;
    let rows: Vec<_> = wanted
        .iter()
        .zip(&curves)
        .filter_map(|(wanted, curve)| Some((wanted, curve.as_ref()?)))
        .flat_map(|(wanted, curve)| {
            let points = curve.x.iter().zip(&curve.density);
            points.map(move |(x, density)| (wanted, *x, *density))
        })
        .collect();
    Table::new("score_densities")
        .text("source", rows.iter().map(|row| row.0.0))?
        .text("kind", rows.iter().map(|row| row.0.1))?
        .text("voxels", rows.iter().map(|row| row.0.3))?
        .number("score", rows.iter().map(|row| row.1))?
        .number("density", rows.iter().map(|row| row.2))
}

/// The curve of the values that are known; `None` if they have no spread.
fn curve_of(values: &[f64]) -> Option<Density> {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    Density::estimate(&known).ok()
}
