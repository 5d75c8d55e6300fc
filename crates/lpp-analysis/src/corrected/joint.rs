//! What a layer explains beyond low-level controls.

use lpp_stats::{Interval, RunTest};
use lpp_study::JointRecord;
use lpp_tables::{CorrectedJoint, MeansOverRuns, Row};
use ndarray::{ArrayView1, ArrayView2, Axis};

use super::why_empty::{RELIABLE, why_empty};
use super::{Measure, Sample, Voxels};
use crate::AnalysisError;

/// Names of the rows of the layer alone, behind those of the joint fit.
pub(super) const ALONE: [&str; 2] = ["layer_r", "layer_r2"];

/// Eight rows per model or baseline with a joint fit, one a score: the layer and the controls together, the controls alone, what
/// is unique to the layer, and the layer alone, as correlation and as R². Means and sides, over all and reliable voxels, with
/// their errors over runs.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedJoint>, AnalysisError> {
    let mut rows = Vec::new();
    for model in sample.models.iter().chain(&sample.baselines) {
        let Some(joint) = &model.joint else { continue };
        let runs = joint.runs.as_ref();
        for (row, score) in joint.record.fit.rows.iter().enumerate() {
            let of_row = OneScore {
                values: joint.rows.row(row).to_vec(),
                runs: runs.map(|runs| runs.index_axis(Axis(1), row)),
            };
            rows.push(of_row.cells(sample, &model.name, &joint.record, score)?);
        }
        let Some(alone) = &joint.layer_runs else { continue };
        for (row, score) in ALONE.iter().enumerate() {
            let of_row = OneScore::of_runs(alone.index_axis(Axis(1), row));
            rows.push(of_row.cells(sample, &model.name, &joint.record, score)?);
        }
    }
    Ok(rows)
}

/// One kind of score of each voxel, and in each test run (`n_runs`, `n_voxels`).
pub(super) struct OneScore<'s> {
    values: Vec<f64>,
    runs: Option<ArrayView2<'s, f64>>,
}

impl<'s> OneScore<'s> {
    /// What is known in each test run.
    pub(super) fn of_runs(runs: ArrayView2<'s, f64>) -> Self {
        Self {
            values: runs
                .mean_axis(Axis(0))
                .map(|mean| mean.to_vec())
                .unwrap_or_default(),
            runs: Some(runs),
        }
    }

    /// Its means over all and over reliable voxels.
    pub(super) fn means(&self, sample: &Sample) -> Result<MeansOverRuns, AnalysisError> {
        let of = |voxels| Cells::of(sample, self, Measure::Mean, voxels);
        let (all, reliable) = (of(Voxels::All)?, of(Voxels::Reliable)?);
        Ok(MeansOverRuns {
            mean_all: all.value,
            mean_all_runs_p: all.p,
            mean_all_runs_ci_low: all.interval.low,
            mean_all_runs_ci_high: all.interval.high,
            mean_reliable: reliable.value,
            mean_reliable_runs_p: reliable.p,
            mean_reliable_runs_ci_low: reliable.interval.low,
            mean_reliable_runs_ci_high: reliable.interval.high,
        })
    }

    fn cells(
        &self,
        sample: &Sample,
        model: &str,
        record: &JointRecord,
        score: &str,
    ) -> Result<CorrectedJoint, AnalysisError> {
        let of = |measure| -> Result<[Cells; 2], AnalysisError> {
            let cells = |voxels| Cells::of(sample, self, measure, voxels);
            Ok([cells(Voxels::All)?, cells(Voxels::Reliable)?])
        };
        let [halves_all, halves_reliable] = of(Measure::Halves)?;
        let [by_x_all, by_x_reliable] = of(Measure::ByX)?;
        let [pairs_all, pairs_reliable] = of(Measure::Pairs)?;
        let unique = record.unique_p.and_then(|p| match score {
            "unique_r" => Some(p.unique_r),
            "unique_r2" => Some(p.unique_r2),
            _ => None,
        });
        let side_p = |side: Option<f64>| side.unwrap_or(f64::NAN);
        let row = CorrectedJoint {
            model: model.to_owned(),
            layer: record.fit.layer,
            controls: record.fit.controls.join(" "),
            score: score.to_owned(),
            means: self.means(sample)?,
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
            unique_p: unique.map_or(f64::NAN, |p| p.mean),
            unique_left_p: unique.map_or(f64::NAN, |p| side_p(p.left)),
            unique_right_p: unique.map_or(f64::NAN, |p| side_p(p.right)),
            unique_nulls: record.unique_nulls.clone(),
            note: String::new(),
        };
        let unique_nulls = match (record.unique_p, score.starts_with("unique")) {
            (Some(_), false) => "unique_p: only the unique scores have nulls",
            (Some(_), true) => "unique_p: no voxels of this side",
            (None, _) => "unique_p: see unique_nulls",
        };
        let note = self.why_empty(&row, unique_nulls);
        Ok(CorrectedJoint { note, ..row })
    }

    /// Why numbers of a row about this score are empty.
    pub(super) fn why_empty<R: Row>(&self, row: &R, nulls: &'static str) -> String {
        why_empty(row, |column| match column {
            "unique_p" | "unique_left_p" | "unique_right_p" | "part_p" | "part_left_p" | "part_right_p" => {
                nulls
            }
            _ if column.contains("_runs_") && self.runs.is_none() => {
                "runs: the scores of single runs (MODEL_LANG_joint_runs.npy) are missing"
            }
            _ if column.contains("reliable") => RELIABLE,
            _ => "sides: the mask has no such voxels or pairs, or halves that are not its sides",
        })
    }
}

/// A measure of a row with its error over runs.
pub(super) struct Cells {
    pub(super) value: f64,
    pub(super) p: f64,
    pub(super) interval: Interval,
}

impl Cells {
    pub(super) fn of(
        sample: &Sample,
        score: &OneScore<'_>,
        measure: Measure,
        voxels: Voxels,
    ) -> Result<Self, AnalysisError> {
        let value = measure.of(sample, &score.values, voxels)?;
        let of_run = |(run, values): (usize, ArrayView1<'_, f64>)| {
            measure.of_run(sample, &values.to_vec(), run, voxels)
        };
        let runs = score.runs.iter().flat_map(|runs| runs.outer_iter());
        let by_run = runs.enumerate().map(of_run);
        let by_run: Vec<f64> = by_run.collect::<Result<_, _>>()?;
        let test = RunTest::of(&by_run).ok();
        Ok(Self {
            value,
            p: test.map_or(f64::NAN, |test| test.p),
            interval: test.map_or(Interval::UNDEFINED, |test| test.interval),
        })
    }
}
