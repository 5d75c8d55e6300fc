//! Noise ceilings of the two sides: √(2r/(1 + r)) per voxel, with the uncertainty that the trials show.

use lpp_stats::{
    Bootstrap, Hemispheres, HomotopicPairs, equivalence_over_splits, equivalence_test, mean_ceiling,
    noise_ceiling,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Ceiling, SEED, Sample};
use crate::{AnalysisError, Table};

/// Resamples of the trials.
const N_RESAMPLES: usize = 999;
/// Ceilings that differ by less than this are called equal: a twentieth of a typical ceiling of reliable voxels (0.8).
const MARGIN: f64 = 0.04;

struct Row {
    rule: &'static str,
    voxels: &'static str,
    left: (f64, f64),
    right: (f64, f64),
    difference: f64,
    p_trials_independent: f64,
    p: f64,
}

/// One row per rule of sides and selection of voxels; none without a split-half correlation or with a single trial.
pub(crate) fn table(sample: &Sample) -> Result<Table, AnalysisError> {
    let mut rows = Vec::new();
    if let Some(ceiling) = sample
        .ceiling
        .as_ref()
        .filter(|ceiling| ceiling.trials.nrows() > 1)
    {
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
    }
    let column = |cell: fn(&Row) -> f64| rows.iter().map(cell).collect::<Vec<_>>();
    Table::new("corrected_ceilings")
        .text("hemisphere_rule", rows.iter().map(|row| row.rule))?
        .text("voxels", rows.iter().map(|row| row.voxels))?
        .number("ceiling_left", column(|row| row.left.0))?
        .number("ceiling_left_std_err", column(|row| row.left.1))?
        .number("ceiling_right", column(|row| row.right.0))?
        .number("ceiling_right_std_err", column(|row| row.right.1))?
        .number("l_minus_r", column(|row| row.difference))?
        .number("equivalence_margin", column(|_| MARGIN))?
        .number("equivalence_p", column(|row| row.p))?
        .number(
            "equivalence_p_as_if_independent",
            column(|row| row.p_trials_independent),
        )
}

fn row(
    rule: &'static str,
    voxels: &'static str,
    ceiling: &Ceiling,
    sides: &Hemispheres,
) -> Result<Row, AnalysisError> {
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
    Ok(Row {
        rule,
        voxels,
        left: with_error(&left),
        right: with_error(&right),
        difference: left.estimate - right.estimate,
        p_trials_independent: p(equivalence_test(&per_trial, MARGIN)),
        p: p(equivalence_over_splits(&per_trial, MARGIN)),
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
