//! Test scores under what the search found, one chosen candidate after the other.

use std::ops::Deref;

use ndarray::{Array2, Array3, ArrayRef2, Axis};

use super::search::Found;
use super::split::split_of_fold;
use super::{BandedRidgeFit, Data};
use crate::pearson::Defect;
use crate::score::test_with_own_alphas;
use crate::workers::over_blocks;
use crate::{AlphaScope, Element, Formulation, PreparedFeatures, RidgeCv, RidgeError};

/// Scores every target with the candidate and penalty found for it.
pub(super) fn test<A, Y>(data: &Data<'_, A, Y>, found: Found) -> Result<BandedRidgeFit, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let (n_folds, n_bands) = (data.n_folds(), data.model.bands.len());
    let mut fold_scores = Array2::from_elem((n_folds, data.n_targets), f64::NAN);
    let mut split =
        (data.model.split).then(|| Array3::from_elem((n_folds, n_bands, data.n_targets), f64::NAN));
    let ridge = as_searched(&data.model.ridge, found.primal);
    for candidate in 0..data.model.weights.nrows() {
        let alphas = chosen_alphas(&found, candidate);
        let users = columns_with_any(&alphas);
        if users.is_empty() {
            continue;
        }
        let prepared = data.weighted(ridge.clone(), candidate, Vec::new())?;
        fill_scores(&prepared, data, &alphas, &users, &mut fold_scores)?;
        if let Some(split) = &mut split {
            for (fold, mut out) in split.outer_iter_mut().enumerate() {
                split_of_fold(&prepared, data, &alphas.row(fold), fold, &mut out)?;
            }
        }
    }
    let with = |kind| {
        found
            .defects
            .iter()
            .filter(|(_, d)| *d == kind)
            .map(|(c, _)| *c)
            .collect()
    };
    Ok(BandedRidgeFit {
        scores: fold_scores.sum_axis(Axis(0)) / n_folds as f64,
        fold_scores,
        weights: data.model.weights.clone(),
        alphas: data.model.ridge.alphas().to_vec(),
        constant_targets: with(Defect::Constant),
        non_finite_targets: with(Defect::NonFinite),
        choice: found.choice,
        candidate_scores: found.candidate_scores,
        validation_scores: (data.model.ridge.settings.scope == AlphaScope::PerTarget).then_some(found.best),
        split,
    })
}

/// The model that solves the same systems without an inner set, by which it could not tell which are cheaper.
fn as_searched(ridge: &RidgeCv, primal: bool) -> RidgeCv {
    let mut ridge = ridge.clone();
    ridge.settings.formulation = if primal {
        Formulation::Primal
    } else {
        Formulation::Dual
    };
    ridge
}

/// The penalty of each fold and target that took a candidate, (`n_folds`, `n_targets`).
fn chosen_alphas(found: &Found, candidate: usize) -> Array2<Option<usize>> {
    found
        .choice
        .mapv(|choice| choice.filter(|c| c.weights == candidate).map(|c| c.alpha))
}

fn columns_with_any(alphas: &Array2<Option<usize>>) -> Vec<usize> {
    let any = |&j: &usize| alphas.column(j).iter().any(Option::is_some);
    (0..alphas.ncols()).filter(any).collect()
}

fn fill_scores<A, Y>(
    prepared: &PreparedFeatures<A>,
    data: &Data<'_, A, Y>,
    alphas: &Array2<Option<usize>>,
    users: &[usize],
    fold_scores: &mut Array2<f64>,
) -> Result<(), RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let mut operators: Vec<(usize, usize)> = alphas
        .indexed_iter()
        .filter_map(|((fold, _), alpha)| Some((fold, (*alpha)?)))
        .collect();
    operators.sort_unstable();
    operators.dedup();
    prepared.make_test_operators(&operators)?;
    let parts = over_blocks(prepared, users, |block, columns| {
        block.load(data.y, columns);
        let scores = test_with_own_alphas(prepared, block, &alphas.select(Axis(1), columns))?;
        Ok((columns.to_vec(), scores))
    })?;
    for (columns, scores) in parts {
        for ((fold, j), &score) in scores.indexed_iter() {
            if alphas[[fold, columns[j]]].is_some() {
                fold_scores[[fold, columns[j]]] = score;
            }
        }
    }
    Ok(())
}
