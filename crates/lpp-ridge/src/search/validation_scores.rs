//! The validation score of each target with its chosen penalty: one more pass, with only that penalty.

use ndarray::{Array2, ArrayView2};

use super::block::Block;
use super::validation::{Candidates, validate};
use super::workers::{over_blocks, scatter};
use crate::design::defects::{survey, without_defect};
use crate::results::fit::RidgeCvFit;
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

/// Validation scores of all targets at the choice of `fit`, (`n_folds`, `n_targets`); NaN if a target has none.
pub(crate) fn validation_scores<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    fit: &RidgeCvFit,
) -> Result<Array2<f64>, RidgeError> {
    let mut all = Array2::from_elem(fit.fold_scores.raw_dim(), f64::NAN);
    let defects = survey(y);
    let columns = without_defect(&defects);
    let parts = over_blocks(factored, &columns, |block, columns| {
        block.load(y, columns)?;
        block_scores(factored, block, columns, fit)
    })?;
    scatter(&parts, &columns, &mut all);
    Ok(all)
}

/// The same for the targets of a block. With one penalty per target, penalties are processed in turn.
fn block_scores<A: Number>(
    factored: &Factored<A>,
    block: &mut Block<'_, A>,
    columns: &[usize],
    fit: &RidgeCvFit,
) -> Result<Array2<f64>, RidgeError> {
    let n_folds = factored.n_folds();
    let chosen = Array2::from_shape_fn((n_folds, columns.len()), |(fold, j)| {
        fit.alpha_index_of(fold, columns[j])
    });
    let mut scores = Array2::from_elem(chosen.raw_dim(), f64::NAN);
    for rank in ranks(&chosen) {
        let curves = validate(factored, block, columns.len(), &rank)?;
        for ((fold, target), score) in scores.indexed_iter_mut() {
            if let Some(alpha) = chosen[[fold, target]]
                && rank.0[fold].contains(&alpha)
                && curves.n_runs[[fold, target]] > 0
            {
                *score = curves.scores[[fold, alpha, target]];
            }
        }
    }
    Ok(scores)
}

/// The penalties of each fold, at most one per fold at a time, so that a target without a score for one of them still
/// has its score for the others.
fn ranks(chosen: &Array2<Option<usize>>) -> Vec<Candidates> {
    let used: Vec<Vec<usize>> = chosen
        .outer_iter()
        .map(|fold| {
            let mut alphas: Vec<usize> = fold.iter().copied().flatten().collect();
            alphas.sort_unstable();
            alphas.dedup();
            alphas
        })
        .collect();
    let n_ranks = used.iter().map(Vec::len).max().unwrap_or(0);
    let rank = |k: usize| {
        Candidates(
            used.iter()
                .map(|a| a.get(k).copied().into_iter().collect())
                .collect(),
        )
    };
    (0..n_ranks).map(rank).collect()
}
