//! Noise ceilings of the two sides, with their errors.

use lpp_stats::{Hemispheres, HomotopicPairs, VoxelSet, jackknife_std_err, nan_mean, noise_ceiling};
use lpp_tables::CorrectedCeilings;
use ndarray::ArrayView1;

use super::why_empty::{CEILINGS, HALVES, SUBJECTS, why_empty};
use super::{Ceiling, Sample, Voxels};
use crate::AnalysisError;

/// One row per rule of sides and selection of voxels; none without split-half correlations.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedCeilings>, AnalysisError> {
    let mut rows = Vec::new();
    let Some(ceiling) = &sample.ceiling else {
        return Ok(rows);
    };
    for (rule, sides) in [("halves", &sample.halves), ("x", &sample.by_x)] {
        rows.push(row(rule, Voxels::All, ceiling, sides));
        rows.push(row(
            rule,
            Voxels::Reliable,
            ceiling,
            &sides.within(&ceiling.reliable),
        ));
    }
    rows.push(row(
        "pairs",
        Voxels::All,
        ceiling,
        &sides_of(&sample.pairs, &sample.by_x),
    ));
    let reliable = sides_of(&ceiling.reliable_pairs, &sample.by_x);
    rows.push(row("pairs", Voxels::Reliable, ceiling, &reliable));
    Ok(rows)
}

/// The sides of the voxels of pairs.
pub(super) fn sides_of(pairs: &HomotopicPairs, by_x: &Hemispheres) -> Hemispheres {
    by_x.within(&VoxelSet::at([pairs.left(), pairs.right()].concat()))
}

fn row(rule: &str, voxels: Voxels, ceiling: &Ceiling, sides: &Hemispheres) -> CorrectedCeilings {
    let known = known(ceiling, sides);
    let (left, right) = (
        mean(&ceiling.of_voxel, known.left()),
        mean(&ceiling.of_voxel, known.right()),
    );
    let spread = |side: &VoxelSet| {
        let halvings: Vec<f64> = ceiling
            .by_trial
            .rows()
            .into_iter()
            .map(|r| of_halves(r, side))
            .collect();
        deviation(&halvings)
    };
    let row = CorrectedCeilings {
        ceiling_kind: ceiling.kind.to_string(),
        hemisphere_rule: rule.to_owned(),
        voxels: voxels.name().to_owned(),
        ceiling_left: left,
        ceiling_left_spread_of_halves: spread(known.left()),
        ceiling_right: right,
        ceiling_right_spread_of_halves: spread(known.right()),
        l_minus_r: left - right,
        l_minus_r_std_err_subjects: difference_error(ceiling, &known),
        note: String::new(),
    };
    let note = why_empty(&row, |column| match column {
        _ if row.l_minus_r.is_nan() && rule == "halves" => HALVES,
        _ if row.l_minus_r.is_nan() => CEILINGS,
        "l_minus_r_std_err_subjects" => SUBJECTS,
        _ => "spread of halves: only one halving",
    });
    CorrectedCeilings { note, ..row }
}

/// The voxels of both sides that have a ceiling, from all halvings, runs and subjects.
pub(super) fn known(ceiling: &Ceiling, sides: &Hemispheres) -> Hemispheres {
    sides.within(&VoxelSet::matching(&ceiling.of_voxel, f64::is_finite))
}

pub(super) fn mean(values: &[f64], set: &VoxelSet) -> f64 {
    nan_mean(set.indices().iter().map(|&voxel| values[voxel]))
}

/// The error over subjects of the difference of ceilings: jackknife over subjects, NaN if they are not known.
pub(super) fn difference_error(ceiling: &Ceiling, known: &Hemispheres) -> f64 {
    let Some(without) = &ceiling.without_subject else {
        return f64::NAN;
    };
    let rows = without.rows().into_iter();
    let differences: Vec<f64> = rows
        .map(|r| of_halves(r, known.left()) - of_halves(r, known.right()))
        .collect();
    jackknife_std_err(&differences)
}

/// Mean ceiling of a fixed set of voxels; a correlation that is not positive has a ceiling of 0.
fn of_halves(r_half: ArrayView1<'_, f64>, set: &VoxelSet) -> f64 {
    nan_mean(set.indices().iter().map(|&voxel| {
        let r = r_half[voxel];
        if r <= 0.0 { 0.0 } else { noise_ceiling(r) }
    }))
}

/// Standard deviation; NaN of fewer than two values.
fn deviation(values: &[f64]) -> f64 {
    let mean = nan_mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let n = values.len() as f64;
    if n < 2.0 {
        f64::NAN
    } else {
        (squares / (n - 1.0)).sqrt()
    }
}
