//! What a layer explains beyond low-level controls.

use super::{Measure, Sample};
use crate::{AnalysisError, Table};

/// Six rows per model or baseline with a joint fit, one a score: the layer and the controls together, the controls alone, and
/// what is unique to the layer, as correlation and as R². Means, and differences of the halves and by x, over all and reliable
/// voxels.
pub(crate) fn table(sample: &Sample) -> Result<Table, AnalysisError> {
    let reliable = sample.ceiling.as_ref().map(|ceiling| &ceiling.reliable);
    let (mut models, mut layers, mut controls, mut scores) = (vec![], vec![], vec![], vec![]);
    let mut numbers: [Vec<f64>; 6] = Default::default();
    for model in sample.models.iter().chain(&sample.baselines) {
        let Some(joint) = &model.joint else { continue };
        for (name, values) in joint.info.rows.iter().zip(joint.rows.rows()) {
            let values = values.to_vec();
            models.push(model.name.as_str());
            layers.push(i64::try_from(joint.info.layer).ok());
            controls.push(joint.info.controls.join(" "));
            scores.push(name.as_str());
            for (column, measure) in [(0, Measure::Mean), (2, Measure::Halves), (4, Measure::ByX)] {
                numbers[column].push(measure.of(sample, &values, None)?);
                numbers[column + 1].push(match reliable {
                    Some(reliable) => measure.of(sample, &values, Some(reliable))?,
                    None => f64::NAN,
                });
            }
        }
    }
    let [
        mean_all,
        mean_reliable,
        halves_all,
        halves_reliable,
        x_all,
        x_reliable,
    ] = numbers;
    Table::new("corrected_joint")
        .text("model", models)?
        .count("layer", layers)?
        .text("controls", controls)?
        .text("score", scores)?
        .number("mean_all", mean_all)?
        .number("mean_reliable", mean_reliable)?
        .number("l_minus_r_all", halves_all)?
        .number("l_minus_r_reliable", halves_reliable)?
        .number("l_minus_r_all_by_x", x_all)?
        .number("l_minus_r_reliable_by_x", x_reliable)
}
