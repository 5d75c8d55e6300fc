//! What choosing the layer of each voxel by its test score brings.

use lpp_tables::CorrectedOptimism;

use super::why_empty::{HALVES, RELIABLE, why_empty};
use super::{Measure, Sample, SampleModel, Voxels};
use crate::AnalysisError;

/// One row per model with nested scores: best-of-test, nested, and their difference, the optimism.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedOptimism>, AnalysisError> {
    let everything = sample.models.iter().chain(&sample.baselines);
    let models = everything.filter_map(|model| model.nested.as_deref().map(|nested| (model, nested)));
    models.map(|(model, nested)| row(sample, model, nested)).collect()
}

fn row(sample: &Sample, model: &SampleModel, nested: &[f64]) -> Result<CorrectedOptimism, AnalysisError> {
    // Best-of-test and nested.
    let both = |measure: Measure, voxels: Voxels| -> Result<(f64, f64), AnalysisError> {
        let of = |scores: &[f64]| measure.of(sample, scores, voxels);
        Ok((of(&model.best)?, of(nested)?))
    };
    let (all, reliable) = (Voxels::All, Voxels::Reliable);
    let (score, score_reliable) = (both(Measure::Mean, all)?, both(Measure::Mean, reliable)?);
    let (sides, sides_reliable) = (both(Measure::Halves, all)?, both(Measure::Halves, reliable)?);
    let row = CorrectedOptimism {
        model: model.name.clone(),
        score_all_best_of_test: score.0,
        score_all_nested: score.1,
        score_all_optimism: score.0 - score.1,
        score_reliable_best_of_test: score_reliable.0,
        score_reliable_nested: score_reliable.1,
        score_reliable_optimism: score_reliable.0 - score_reliable.1,
        l_minus_r_all_best_of_test: sides.0,
        l_minus_r_all_nested: sides.1,
        l_minus_r_all_optimism: sides.0 - sides.1,
        l_minus_r_reliable_best_of_test: sides_reliable.0,
        l_minus_r_reliable_nested: sides_reliable.1,
        l_minus_r_reliable_optimism: sides_reliable.0 - sides_reliable.1,
        note: String::new(),
    };
    let note = why_empty(&row, |column| {
        if column.contains("reliable") && score_reliable.0.is_nan() {
            RELIABLE
        } else if column.starts_with("l_minus_r") {
            HALVES
        } else {
            "score: no voxel has one"
        }
    });
    Ok(CorrectedOptimism { note, ..row })
}
