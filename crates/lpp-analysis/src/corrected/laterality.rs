//! Measures of laterality of every model that need no choice of a threshold, or show what hangs on it.

use lpp_stats::{HomotopicPairs, LateralityPoint, VoxelSet, laterality_curve};

use super::{Measure, Sample, SampleModel};
use crate::{AnalysisError, Table};

/// Scores from which voxels count in the curves.
const THRESHOLDS: [f64; 7] = [0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2];

struct Row<'a> {
    model: &'a SampleModel,
    voxels: &'static str,
    selection: Option<&'a VoxelSet>,
}

/// One row per model and selection; one per model, selection and threshold.
pub(crate) fn tables(sample: &Sample) -> Result<[Table; 2], AnalysisError> {
    let mut rows = Vec::new();
    for model in sample.models.iter().chain(&sample.baselines) {
        rows.push(Row {
            model,
            voxels: "all",
            selection: None,
        });
        if let Some(ceiling) = &sample.ceiling {
            rows.push(Row {
                model,
                voxels: "reliable",
                selection: Some(&ceiling.reliable),
            });
        }
    }
    Ok([measures(sample, &rows)?, curves(sample, &rows)?])
}

fn measures(sample: &Sample, rows: &[Row<'_>]) -> Result<Table, AnalysisError> {
    let column = |measure: Measure| -> Result<Vec<f64>, AnalysisError> {
        rows.iter()
            .map(|row| measure.of(sample, &row.model.best, row.selection))
            .collect()
    };
    let mut shares = Vec::new();
    for row in rows {
        let mirror = pairs_of(sample, row.selection).mirror_difference(&row.model.best)?;
        shares.push((mirror.share_left, i64::try_from(mirror.difference.n_voxels).ok()));
    }
    Table::new("corrected_laterality")
        .text("model", rows.iter().map(|row| row.model.name.as_str()))?
        .text("voxels", rows.iter().map(|row| row.voxels))?
        .number("l_minus_r_halves", column(Measure::Halves)?)?
        .number("l_minus_r_by_x", column(Measure::ByX)?)?
        .number("mirror_difference", column(Measure::Pairs)?)?
        .count("n_pairs", shares.iter().map(|share| share.1))?
        .number("share_of_pairs_left", shares.iter().map(|share| share.0))?
        .number("aveli", column(Measure::AveLi)?)?
        .number("l_minus_r_matched_ceiling", column(Measure::MatchedCeiling)?)
}

fn curves(sample: &Sample, rows: &[Row<'_>]) -> Result<Table, AnalysisError> {
    let mut points: Vec<(&Row<'_>, LateralityPoint)> = Vec::new();
    for row in rows {
        let pairs = pairs_of(sample, row.selection);
        let side = |side: &[usize]| {
            side.iter()
                .map(|&voxel| row.model.best[voxel])
                .collect::<Vec<_>>()
        };
        for point in laterality_curve(&side(pairs.left()), &side(pairs.right()), &THRESHOLDS)? {
            points.push((row, point));
        }
    }
    let count = |n: usize| i64::try_from(n).ok();
    Table::new("corrected_laterality_curves")
        .text("model", points.iter().map(|(row, _)| row.model.name.as_str()))?
        .text("voxels", points.iter().map(|(row, _)| row.voxels))?
        .number("threshold", points.iter().map(|(_, point)| point.threshold))?
        .count("n_left", points.iter().map(|(_, point)| count(point.n_left)))?
        .count("n_right", points.iter().map(|(_, point)| count(point.n_right)))?
        .number("count_index", points.iter().map(|(_, point)| point.count_index))?
        .number("sum_index", points.iter().map(|(_, point)| point.sum_index))
}

fn pairs_of(sample: &Sample, selection: Option<&VoxelSet>) -> HomotopicPairs {
    selection.map_or_else(|| sample.pairs.clone(), |set| sample.pairs.within(set))
}
