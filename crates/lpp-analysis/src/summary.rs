//! The headline numbers of a study.

use crate::table::Column;
use crate::{AnalysisError, Table};
use crate::{Brain, IscSummary, ModelScores, Region};

/// One row per number: what it is, its value.
pub(crate) fn table(
    brain: &Brain,
    models: &[ModelScores],
    regions: &[Region],
) -> Result<Table, AnalysisError> {
    let count = |n: usize| Some(n as f64);
    let trained = models.iter().filter(|model| model.is_trained()).count();
    let mut rows = vec![
        ("n_voxels", count(brain.n_voxels())),
        ("n_left", count(brain.hemispheres().left().len())),
        ("n_right", count(brain.hemispheres().right().len())),
        ("n_midline_left_out", count(brain.hemispheres().midline().len())),
        ("n_models", count(trained)),
        (
            "n_baselines",
            count(models.iter().filter(|model| model.is_baseline()).count()),
        ),
        (
            "n_checkpoints",
            count(models.iter().filter(|model| model.checkpoint().is_some()).count()),
        ),
        ("n_rois", count(regions.len())),
    ];
    if let (Some(isc), Some(reliable)) = (IscSummary::of(brain)?, brain.reliable()) {
        let sides = brain.hemispheres().within(&reliable.voxels);
        rows.extend([
            ("isc_percentile_75", Some(isc.isc_percentile_75)),
            ("isc_mean", Some(isc.isc_mean)),
            ("isc_min", Some(isc.isc_min)),
            ("isc_max", Some(isc.isc_max)),
            ("n_reliable", count(isc.n_reliable)),
            ("n_reliable_left", count(sides.left().len())),
            ("n_reliable_right", count(sides.right().len())),
        ]);
    }
    Table::new("summary")
        .text("quantity", rows.iter().map(|row| row.0))?
        .with("value", Column::Number(rows.iter().map(|row| row.1).collect()))
}
