//! What choosing the layer of each voxel by its test score brings.

use super::{Measure, Sample, SampleModel};
use crate::{AnalysisError, Table};

/// One row per model with nested scores: best-of-test, nested, and their difference, the optimism.
pub(crate) fn table(sample: &Sample) -> Result<Table, AnalysisError> {
    let models: Vec<(&SampleModel, &[f64])> = sample
        .models
        .iter()
        .chain(&sample.baselines)
        .filter_map(|model| model.nested.as_deref().map(|nested| (model, nested)))
        .collect();
    let reliable = sample.ceiling.as_ref().map(|ceiling| &ceiling.reliable);
    let mut table = Table::new("corrected_optimism")
        .text("model", models.iter().map(|(model, _)| model.name.as_str()))?;
    for (voxels, measure, selection) in [
        ("score_all", Measure::Mean, None),
        ("score_reliable", Measure::Mean, reliable),
        ("l_minus_r_all", Measure::Halves, None),
        ("l_minus_r_reliable", Measure::Halves, reliable),
    ] {
        let (mut best, mut nested) = (Vec::new(), Vec::new());
        for (model, scores) in &models {
            let known = selection.is_some() || voxels.ends_with("all");
            let of = |scores: &[f64]| {
                if known {
                    measure.of(sample, scores, selection)
                } else {
                    Ok(f64::NAN)
                }
            };
            best.push(of(&model.best)?);
            nested.push(of(scores)?);
        }
        table = table
            .number(&format!("{voxels}_best_of_test"), best.iter().copied())?
            .number(&format!("{voxels}_nested"), nested.iter().copied())?
            .number(
                &format!("{voxels}_optimism"),
                best.iter().zip(&nested).map(|(best, nested)| best - nested),
            )?;
    }
    Ok(table)
}
