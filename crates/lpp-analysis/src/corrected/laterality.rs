//! Measures of laterality of every model that need no choice of a threshold, or show what hangs on it.

use lpp_stats::{HomotopicPairs, LateralityPoint, laterality_curve};
use lpp_tables::{CorrectedLaterality, CorrectedLateralityCurves};

use super::why_empty::{CEILINGS, HALVES, PAIRS, why_empty};
use super::{Measure, Sample, SampleModel, Voxels};
use crate::AnalysisError;

/// Scores from which voxels count in the curves.
const THRESHOLDS: [f64; 7] = [0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2];

/// One row per model and selection; one per model, selection and threshold.
pub(crate) fn rows(
    sample: &Sample,
) -> Result<(Vec<CorrectedLaterality>, Vec<CorrectedLateralityCurves>), AnalysisError> {
    let (mut rows, mut curves) = (Vec::new(), Vec::new());
    for model in sample.models.iter().chain(&sample.baselines) {
        for &voxels in sample.selections() {
            rows.push(measures(sample, model, voxels)?);
            curves.extend(curve(sample, model, voxels)?);
        }
    }
    Ok((rows, curves))
}

fn measures(
    sample: &Sample,
    model: &SampleModel,
    voxels: Voxels,
) -> Result<CorrectedLaterality, AnalysisError> {
    let of = |measure: Measure| measure.of(sample, &model.best, voxels);
    let ceiling = sample.ceiling.as_ref();
    let mirror = pairs_of(sample, voxels).mirror_difference(&model.best)?;
    let row = CorrectedLaterality {
        model: model.name.clone(),
        voxels: voxels.name().to_owned(),
        l_minus_r_halves: of(Measure::Halves)?,
        l_minus_r_by_x: of(Measure::ByX)?,
        mirror_difference: of(Measure::Pairs)?,
        n_pairs: mirror.difference.n_voxels,
        share_of_pairs_left: mirror.share_left,
        aveli: of(Measure::AveLi)?,
        ceiling_kind: ceiling.map_or(String::new(), |ceiling| ceiling.kind.to_string()),
        l_minus_r_matched: of(Measure::MatchedCeiling)?,
        matched_n_pairs: ceiling.map(|ceiling| ceiling.n_matched(voxels)),
        matched_ceiling_difference: ceiling
            .map_or(Ok(f64::NAN), |ceiling| ceiling.matched_ceiling_difference(voxels))?,
        note: String::new(),
    };
    let note = why_empty(&row, |column| match column {
        "l_minus_r_halves" => HALVES,
        "l_minus_r_by_x" => "x: a side without voxels that have a score",
        "l_minus_r_matched" | "matched_n_pairs" | "matched_ceiling_difference" => CEILINGS,
        "aveli" => "aveli: no pairs, or no score above 0",
        _ => PAIRS,
    });
    Ok(CorrectedLaterality { note, ..row })
}

fn curve(
    sample: &Sample,
    model: &SampleModel,
    voxels: Voxels,
) -> Result<Vec<CorrectedLateralityCurves>, AnalysisError> {
    let pairs = pairs_of(sample, voxels);
    let side = |side: &[usize]| side.iter().map(|&voxel| model.best[voxel]).collect::<Vec<_>>();
    let points = laterality_curve(&side(pairs.left()), &side(pairs.right()), &THRESHOLDS)?;
    let row = |point: LateralityPoint| {
        let row = CorrectedLateralityCurves {
            model: model.name.clone(),
            voxels: voxels.name().to_owned(),
            threshold: point.threshold,
            n_left: point.n_left,
            n_right: point.n_right,
            count_index: point.count_index,
            sum_index: point.sum_index,
            note: String::new(),
        };
        let note = why_empty(
            &row,
            |_| "no voxel of a pair is above the threshold, or their sum is 0",
        );
        CorrectedLateralityCurves { note, ..row }
    };
    Ok(points.into_iter().map(row).collect())
}

fn pairs_of(sample: &Sample, voxels: Voxels) -> &HomotopicPairs {
    match (voxels, &sample.ceiling) {
        (Voxels::Reliable, Some(ceiling)) => &ceiling.reliable_pairs,
        _ => &sample.pairs,
    }
}
