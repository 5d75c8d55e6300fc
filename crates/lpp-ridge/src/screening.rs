//! A cheap first look at all penalties, after which only those that may still win are scored on all targets.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2};
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use crate::score::{Validated, validation_totals};
use crate::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use crate::workers::over_blocks;
use crate::{Element, PreparedFeatures, RidgeError};

/// Validation of a screened search.
///
/// A fold with one survivor is decided and not scored again. So is none whose subset has no usable target: there
/// every penalty survives.
pub(crate) fn screen<A, Y>(
    prepared: &PreparedFeatures<A>,
    y: &[Y],
    n_targets: usize,
    n_sampled: usize,
    sigmas: f64,
    seed: u64,
) -> Result<Validated, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let (n_folds, n_alphas) = (prepared.n_runs(), prepared.model.alphas().len());
    let everything = Candidates::all(n_folds, n_alphas);
    let mut subset = sample(&mut ChaCha8Rng::seed_from_u64(seed), n_targets, n_sampled).into_vec();
    subset.sort_unstable();
    let blocks = over_blocks(prepared, &subset, |block, columns| {
        block.load(y, columns);
        Ok(validate(prepared, block, columns.len(), &everything))
    })?;
    let mut totals = Totals::new(n_folds, n_alphas);
    for curves in &blocks {
        totals.add(curves);
    }
    let left_over = 1.0 - n_sampled as f64 / n_targets as f64;
    let survivors = Candidates(
        (0..n_folds)
            .map(|fold| survivors(&blocks, &totals, fold, n_alphas, sigmas, left_over))
            .collect(),
    );
    let open = Candidates(
        survivors
            .0
            .iter()
            .map(|s| if s.len() > 1 { s.clone() } else { Vec::new() })
            .collect(),
    );
    let all: Vec<usize> = (0..n_targets).collect();
    let full_totals = validation_totals(prepared, y, &all, &open)?;
    let full = Array2::from_shape_fn((n_folds, n_alphas), |(fold, alpha)| open.0[fold].contains(&alpha));
    let curves = Array2::from_shape_fn((n_folds, n_alphas), |(fold, alpha)| {
        if full[[fold, alpha]] {
            full_totals.mean(fold, alpha)
        } else {
            totals.mean(fold, alpha)
        }
    });
    let n_unusable = (0..n_folds)
        .map(|fold| {
            if open.0[fold].is_empty() {
                &totals
            } else {
                &full_totals
            }
            .n_unusable(fold)
        })
        .collect();
    Ok(Validated {
        curves,
        full,
        candidates: survivors,
        n_unusable,
    })
}

/// Penalties of one fold whose mean distance to the best is within the bound.
fn survivors(
    blocks: &[BlockCurves],
    totals: &Totals,
    fold: usize,
    n_alphas: usize,
    sigmas: f64,
    left_over: f64,
) -> Vec<usize> {
    let every: Vec<usize> = (0..n_alphas).collect();
    let Some(best) = first_best(&every, |alpha| totals.mean(fold, alpha)) else {
        return every;
    };
    let may_win = |alpha: usize| {
        let distances: Vec<f64> = blocks
            .iter()
            .flat_map(|b| distances(b, fold, best, alpha))
            .collect();
        let n = distances.len() as f64;
        let mean = distances.iter().sum::<f64>() / n;
        let variance = distances.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
        // With a single usable target the bound is NaN, and the penalty stays.
        let bound = sigmas * (variance / n * left_over).sqrt();
        bound.is_nan() || mean <= bound
    };
    every
        .into_iter()
        .filter(|&alpha| alpha == best || may_win(alpha))
        .collect()
}

/// Score of the best penalty less that of another one, for each usable target of a block.
fn distances(curves: &BlockCurves, fold: usize, best: usize, other: usize) -> impl Iterator<Item = f64> {
    (0..curves.n_runs.ncols())
        .filter(move |&t| curves.n_runs[[fold, t]] > 0)
        .map(move |t| curves.scores[[fold, best, t]] - curves.scores[[fold, other, t]])
}
