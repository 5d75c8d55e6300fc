//! Noise ceilings of the two sides: √(2r/(1 + r)) per voxel, with the uncertainty that the trials show.

use lpp_stats::{
    Bootstrap, Hemispheres, HomotopicPairs, equivalence_over_splits, equivalence_test, mean_ceiling,
    noise_ceiling,
};
use lpp_tables::CorrectedCeilings;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::sample::{Ceiling, Sample};
use super::seed::SEED;
use crate::AnalysisError;

/// Resamples of the trials.
const N_RESAMPLES: usize = 999;
/// Ceilings that differ by less than this are called equal: a twentieth of a typical ceiling of reliable voxels (0.8).
const MARGIN: f64 = 0.04;

/// One row per rule of sides and selection of voxels; none without a split-half correlation or with a single trial.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedCeilings>, AnalysisError> {
    let mut rows = Vec::new();
    let Some(ceiling) = sample
        .ceiling
        .as_ref()
        .filter(|ceiling| ceiling.trials.nrows() > 1)
    else {
        return Ok(rows);
    };
    let pairs = sides_of_pairs(&sample.pairs);
    for (rule, sides) in [("halves", &sample.halves), ("x", &sample.by_x), ("pairs", &pairs)] {
        rows.push(row(rule, "all", ceiling, sides)?);
        let reliable = if rule == "pairs" {
            sides_of_pairs(&sample.pairs.within(&ceiling.reliable))
        } else {
            sides.within(&ceiling.reliable)
        };
        rows.push(row(rule, "reliable", ceiling, &reliable)?);
    }
    Ok(rows)
}

fn row(
    rule: &str,
    voxels: &str,
    ceiling: &Ceiling,
    sides: &Hemispheres,
) -> Result<CorrectedCeilings, AnalysisError> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let left = mean_ceiling(&ceiling.trials, sides.left(), N_RESAMPLES, &mut rng)?;
    let right = mean_ceiling(&ceiling.trials, sides.right(), N_RESAMPLES, &mut rng)?;
    let per_trial: Vec<f64> = ceiling
        .trials
        .rows()
        .into_iter()
        .map(|trial| {
            let of = |set: &lpp_stats::VoxelSet| {
                let values: Vec<f64> = set
                    .indices()
                    .iter()
                    .map(|&voxel| noise_ceiling(trial[voxel]))
                    .collect();
                lpp_stats::MeanScore::of(&values).mean
            };
            of(sides.left()) - of(sides.right())
        })
        .collect();
    // Sides without voxels have no ceiling, and no test.
    let p =
        |test: Result<lpp_stats::Equivalence, lpp_stats::StatsError>| test.map_or(f64::NAN, |test| test.p);
    // A side without voxels has neither.
    let with_error = |side: &Bootstrap| {
        let error = if side.estimate.is_nan() {
            f64::NAN
        } else {
            side.std_err()
        };
        (side.estimate, error)
    };
    let ((ceiling_left, left_error), (ceiling_right, right_error)) = (with_error(&left), with_error(&right));
    Ok(CorrectedCeilings {
        hemisphere_rule: rule.to_owned(),
        voxels: voxels.to_owned(),
        ceiling_left,
        ceiling_left_std_err: left_error,
        ceiling_right,
        ceiling_right_std_err: right_error,
        l_minus_r: left.estimate - right.estimate,
        equivalence_margin: MARGIN,
        equivalence_p: p(equivalence_over_splits(&per_trial, MARGIN)),
        equivalence_p_as_if_independent: p(equivalence_test(&per_trial, MARGIN)),
    })
}

fn sides_of_pairs(pairs: &HomotopicPairs) -> Hemispheres {
    // A pseudo-coordinate tells the sides: −1, 0 for voxels without a partner, 1.
    let n = pairs
        .left()
        .iter()
        .chain(pairs.right())
        .max()
        .map_or(0, |last| last + 1);
    let mut x = vec![0.0; n];
    for (&left, &right) in pairs.left().iter().zip(pairs.right()) {
        (x[left], x[right]) = (-1.0, 1.0);
    }
    Hemispheres::by_world_x(&x)
}
