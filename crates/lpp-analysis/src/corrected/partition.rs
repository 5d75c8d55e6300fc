//! Explained variance divided among feature spaces.

use lpp_files::npy;
use lpp_study::{PartitionInfo, beside_scores, load_sidecar};
use lpp_tables::VariancePartition;
use ndarray::Axis;

use super::joint::{Cells, OneScore};
use super::load::check_count;
use super::{Measure, Sample, Voxels};
use crate::{AnalysisError, Brain, ModelScores};

/// A row per part and model or baseline with a partition.
pub(crate) fn rows(
    sample: &Sample,
    models: &[ModelScores],
    brain: &Brain,
) -> Result<Vec<VariancePartition>, AnalysisError> {
    let mut rows = Vec::new();
    for model in models {
        let path = beside_scores(&model.path, "partition_runs");
        if !path.exists() {
            continue;
        }
        let info: PartitionInfo = load_sidecar(&beside_scores(&model.path, "partition"))?;
        let runs = npy::load_f64_stack(&path)?;
        brain.check_voxels(&path, runs.len_of(Axis(2)))?;
        check_count(&path, "parts", runs.len_of(Axis(1)), info.parts.len())?;
        for (place, part) in info.parts.iter().enumerate() {
            let score = OneScore::of_runs(runs.index_axis(Axis(1), place));
            let of = |measure| Cells::of(sample, &score, measure, Voxels::All);
            let (by_x, pairs) = (of(Measure::ByX)?, of(Measure::Pairs)?);
            let p = info.part_p.get(place);
            let row = VariancePartition {
                model: model.name().to_owned(),
                layer: info.layer,
                spaces: info.spaces.join(" "),
                part: part.clone(),
                means: score.means(sample)?,
                l_minus_r_all_by_x: by_x.value,
                l_minus_r_all_by_x_runs_p: by_x.p,
                l_minus_r_all_by_x_runs_ci_low: by_x.interval.low,
                l_minus_r_all_by_x_runs_ci_high: by_x.interval.high,
                l_minus_r_all_pairs: pairs.value,
                l_minus_r_all_pairs_runs_p: pairs.p,
                l_minus_r_all_pairs_runs_ci_low: pairs.interval.low,
                l_minus_r_all_pairs_runs_ci_high: pairs.interval.high,
                part_p: p.map_or(f64::NAN, |p| p.mean),
                part_left_p: p.and_then(|p| p.left).unwrap_or(f64::NAN),
                part_right_p: p.and_then(|p| p.right).unwrap_or(f64::NAN),
                nulls: info.nulls.clone(),
                note: String::new(),
            };
            let note = score.why_empty(&row, "part_p: see nulls");
            rows.push(VariancePartition { note, ..row });
        }
    }
    Ok(rows)
}
