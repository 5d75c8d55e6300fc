//! Test scores for the choices of the search, one candidate after the other.

use ndarray::{Array, Array1, Array2, Array3, Axis, Dimension, RemoveAxis};

use super::data::Data;
use super::fit::BandedRidgeFit;
use super::search::{Found, search};
use super::split::split_of_fold;
use crate::design::defects::{Defect, with_defect};
use crate::search::refit;
use crate::search::score::test_with_own_alphas;
use crate::search::workers::over_blocks;
use crate::systems::factored::Factored;
use crate::{AlphaScope, Formulation, Number, RidgeCv, RidgeError, RidgeModel};

/// Searches, and scores every target with the candidate and penalty found for it.
///
/// A candidate is tested while its features are still factored, on the targets that have chosen it so far.
pub(super) fn test<A: Number>(data: &Data<'_, A>) -> Result<BandedRidgeFit, RidgeError> {
    let n_folds = data.n_folds();
    let mut fold_scores = Array2::from_elem((n_folds, data.n_targets()), f64::NAN);
    let found = search(data, |factored, alphas| {
        fill_scores(factored, data, alphas, &mut fold_scores)
    })?;
    let split = data.model.split.then(|| split(data, &found)).transpose()?;
    let n_bands = data.model.bands.len();
    let fold_scores = spread_out(&fold_scores, data, f64::NAN);
    let per_target = data.model.ridge.settings.scope == AlphaScope::PerTarget;
    Ok(BandedRidgeFit {
        scores: fold_scores.sum_axis(Axis(0)) / n_folds as f64,
        fold_scores,
        weights: rows(&found.weights, n_bands),
        alphas: data.model.ridge.alphas().to_vec(),
        constant_targets: with_defect(&data.defects, Defect::Constant),
        non_finite_targets: with_defect(&data.defects, Defect::NonFinite),
        choice: spread_out(&found.choice, data, None),
        candidate_scores: rows(&found.candidate_scores, n_folds),
        validation_scores: per_target.then(|| spread_out(&found.best, data, f64::NAN)),
        split: split.map(|split| spread_out(&split, data, f64::NAN)),
    })
}

/// R² on the test runs split among the bands, (`n_folds`, `n_bands`, `n_targets`).
fn split<A: Number>(data: &Data<'_, A>, found: &Found) -> Result<Array3<f64>, RidgeError> {
    let mut split = Array3::from_elem(
        (data.n_folds(), data.model.bands.len(), data.n_targets()),
        f64::NAN,
    );
    for_each_choice(data, found, |factored, _, alphas| {
        for (fold, mut out) in split.outer_iter_mut().enumerate() {
            split_of_fold(factored, data, &alphas.row(fold), fold, &mut out)?;
        }
        Ok(())
    })?;
    Ok(split)
}

/// Factors the features of each candidate that some target has chosen, and calls `work` with the candidate's weights and
/// the penalties chosen with it.
fn for_each_choice<A: Number>(
    data: &Data<'_, A>,
    found: &Found,
    mut work: impl FnMut(&Factored<A>, &Array1<f64>, &Array2<Option<usize>>) -> Result<(), RidgeError>,
) -> Result<(), RidgeError> {
    let ridge = as_searched(&data.model.ridge, found.primal);
    for (candidate, weights) in found.weights.iter().enumerate() {
        let alphas = found.alphas_of(candidate);
        if alphas.iter().any(Option::is_some) {
            let plan = data.plan.without_inner();
            work(
                &data.weighted(ridge.clone(), weights, plan, false)?,
                weights,
                &alphas,
            )?;
        }
    }
    Ok(())
}

/// Fits all data with the candidate and penalty found for each target.
pub(super) fn solve<A: Number>(data: &Data<'_, A>, found: &Found) -> Result<RidgeModel<A>, RidgeError> {
    let mut model = RidgeModel::empty(data.x.ncols(), data.defects.len(), data.model.bands.len());
    let last = found.best.ncols() - 1; // one score for all if the choice is shared
    model.set_best_scores(&data.columns, |target| found.best[[0, target.min(last)]]);
    for_each_choice(data, found, |factored, weights, alphas| {
        for (index, &alpha) in factored.model.alphas().iter().enumerate() {
            let chosen = alphas.row(0).into_iter().zip(&data.columns);
            let columns: Vec<usize> = chosen
                .filter(|(choice, _)| **choice == Some(index))
                .map(|(_, &column)| column)
                .collect();
            if !columns.is_empty() {
                refit::solve(&mut model, factored, index, data.y, &columns)?;
                let penalties = weights.mapv(|weight| alpha / weight);
                model.set_bands(&data.model.bands, weights, &penalties, &columns);
            }
        }
        Ok(())
    })?;
    Ok(model)
}

/// Rows of equal length as a matrix.
fn rows(rows: &[Array1<f64>], width: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), width), |(i, j)| rows[i][j])
}

/// Extends the last axis from the targets without a defect to all targets; the others get `missing`.
fn spread_out<A: Number, T: Copy, D: Dimension + RemoveAxis>(
    of_some: &Array<T, D>,
    data: &Data<'_, A>,
    missing: T,
) -> Array<T, D> {
    let axis = Axis(of_some.ndim() - 1);
    let mut shape = of_some.raw_dim();
    shape[axis.index()] = data.defects.len();
    let mut all = Array::from_elem(shape, missing);
    for (target, &column) in data.columns.iter().enumerate() {
        all.index_axis_mut(axis, column)
            .assign(&of_some.index_axis(axis, target));
    }
    all
}

/// The same model with a fixed choice of primal or dual system, because without an inner set it could not decide which
/// is cheaper.
fn as_searched(ridge: &RidgeCv, primal: bool) -> RidgeCv {
    let mut ridge = ridge.clone();
    ridge.settings.formulation = if primal {
        Formulation::Primal
    } else {
        Formulation::Dual
    };
    ridge
}

fn columns_with_any(alphas: &Array2<Option<usize>>) -> Vec<usize> {
    let any = |&j: &usize| alphas.column(j).iter().any(Option::is_some);
    (0..alphas.ncols()).filter(any).collect()
}

fn fill_scores<A: Number>(
    factored: &Factored<A>,
    data: &Data<'_, A>,
    alphas: &Array2<Option<usize>>,
    fold_scores: &mut Array2<f64>,
) -> Result<(), RidgeError> {
    let users = columns_with_any(alphas);
    let mut operators: Vec<(usize, usize)> = alphas
        .indexed_iter()
        .filter_map(|((fold, _), alpha)| Some((fold, (*alpha)?)))
        .collect();
    operators.sort_unstable();
    operators.dedup();
    factored.make_test_operators(&operators)?;
    let parts = over_blocks(factored, &users, |block, columns| {
        data.load(block, columns)?;
        let scores = test_with_own_alphas(factored, block, &alphas.select(Axis(1), columns))?;
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
