//! What a layer explains beyond low-level controls.

use lpp_tables::CorrectedJoint;

use super::{Measure, Sample, Voxels};
use crate::AnalysisError;

/// Six rows per model or baseline with a joint fit, one a score: the layer and the controls together, the controls alone, and
/// what is unique to the layer, as correlation and as R². Means, and differences of the halves and by x, over all and reliable
/// voxels.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedJoint>, AnalysisError> {
    let mut rows = Vec::new();
    for model in sample.models.iter().chain(&sample.baselines) {
        let Some(joint) = &model.joint else { continue };
        for (score, values) in joint.info.rows.iter().zip(joint.rows.rows()) {
            let values = values.to_vec();
            let all = |measure: Measure| measure.of(sample, &values, Voxels::All);
            let over_reliable = |measure: Measure| measure.of(sample, &values, Voxels::Reliable);
            rows.push(CorrectedJoint {
                model: model.name.clone(),
                layer: joint.info.layer,
                controls: joint.info.controls.join(" "),
                score: score.clone(),
                mean_all: all(Measure::Mean)?,
                mean_reliable: over_reliable(Measure::Mean)?,
                l_minus_r_all: all(Measure::Halves)?,
                l_minus_r_reliable: over_reliable(Measure::Halves)?,
                l_minus_r_all_by_x: all(Measure::ByX)?,
                l_minus_r_reliable_by_x: over_reliable(Measure::ByX)?,
            });
        }
    }
    Ok(rows)
}
