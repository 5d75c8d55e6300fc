//! What a layer explains beyond low-level controls.

use lpp_stats::{Interval, RunTest};
use lpp_tables::CorrectedJoint;

use super::{JointScores, Measure, Sample, Voxels};
use crate::AnalysisError;

/// Six rows per model or baseline with a joint fit, one a score: the layer and the controls together, the controls alone, and
/// what is unique to the layer, as correlation and as R². Means and sides, over all and reliable voxels, with their errors over
/// runs.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedJoint>, AnalysisError> {
    let mut rows = Vec::new();
    for model in sample.models.iter().chain(&sample.baselines) {
        let Some(joint) = &model.joint else { continue };
        for (row, score) in joint.info.rows.iter().enumerate() {
            let of = |measure| -> Result<[Cells; 2], AnalysisError> {
                let cells = |voxels| Cells::of(sample, joint, row, measure, voxels);
                Ok([cells(Voxels::All)?, cells(Voxels::Reliable)?])
            };
            let [mean_all, mean_reliable] = of(Measure::Mean)?;
            let [halves_all, halves_reliable] = of(Measure::Halves)?;
            let [by_x_all, by_x_reliable] = of(Measure::ByX)?;
            let [pairs_all, pairs_reliable] = of(Measure::Pairs)?;
            rows.push(CorrectedJoint {
                model: model.name.clone(),
                layer: joint.info.layer,
                controls: joint.info.controls.join(" "),
                score: score.clone(),
                mean_all: mean_all.value,
                mean_all_runs_p: mean_all.p,
                mean_all_runs_ci_low: mean_all.interval.low,
                mean_all_runs_ci_high: mean_all.interval.high,
                mean_reliable: mean_reliable.value,
                mean_reliable_runs_p: mean_reliable.p,
                mean_reliable_runs_ci_low: mean_reliable.interval.low,
                mean_reliable_runs_ci_high: mean_reliable.interval.high,
                l_minus_r_all: halves_all.value,
                l_minus_r_all_runs_p: halves_all.p,
                l_minus_r_reliable: halves_reliable.value,
                l_minus_r_reliable_runs_p: halves_reliable.p,
                l_minus_r_all_by_x: by_x_all.value,
                l_minus_r_all_by_x_runs_p: by_x_all.p,
                l_minus_r_reliable_by_x: by_x_reliable.value,
                l_minus_r_reliable_by_x_runs_p: by_x_reliable.p,
                l_minus_r_all_pairs: pairs_all.value,
                l_minus_r_all_pairs_runs_p: pairs_all.p,
                l_minus_r_reliable_pairs: pairs_reliable.value,
                l_minus_r_reliable_pairs_runs_p: pairs_reliable.p,
            });
        }
    }
    Ok(rows)
}

/// A measure of a row with its error over runs.
struct Cells {
    value: f64,
    p: f64,
    interval: Interval,
}

impl Cells {
    fn of(
        sample: &Sample,
        joint: &JointScores,
        row: usize,
        measure: Measure,
        voxels: Voxels,
    ) -> Result<Self, AnalysisError> {
        let value = measure.of(sample, &joint.rows.row(row).to_vec(), voxels)?;
        let of_run = |(run, rows): (usize, ndarray::ArrayView2<'_, f64>)| {
            measure.of_run(sample, &rows.row(row).to_vec(), run, voxels)
        };
        let by_run = joint
            .runs
            .iter()
            .flat_map(|runs| runs.outer_iter())
            .enumerate()
            .map(of_run);
        let by_run: Vec<f64> = by_run.collect::<Result<_, _>>()?;
        let test = RunTest::of(&by_run).ok();
        let nothing = Interval {
            low: f64::NAN,
            high: f64::NAN,
        };
        Ok(Self {
            value,
            p: test.map_or(f64::NAN, |test| test.p),
            interval: test.map_or(nothing, |test| test.interval),
        })
    }
}
