//! From a target set to scores: validation pass, choice of penalties, test pass.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::block::Block;
use super::screening::{Screening, screen};
use super::second_moments::mean_r_squared;
use super::validated::Validated;
use super::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use super::validation_scores::validation_scores;
use super::workers::{over_blocks, scatter};
use crate::design::defects::{Defect, no_usable_target, survey, with_defect, without_defect};
use crate::design::runs::check_targets;
use crate::results::fit::{AlphaChoice, RidgeCvFit};
use crate::systems::factored::Factored;
use crate::{AlphaScope, NanTargets, Number, RidgeError};

/// Scores all targets with the settings of the features.
///
/// Targets with a defect are found first and left out of everything shared, so the other targets have the same results
/// as without them, to the bit. With [`NanTargets::TakeFirstAlpha`] they are included, because that rule is about them.
pub(crate) fn score<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
) -> Result<RidgeCvFit, RidgeError> {
    check_targets(y, &factored.layout)?;
    factored.model.in_pool(|| {
        let mut fit = score_all(factored, y)?;
        if factored.model.settings.validation_scores && fit.validation_scores.is_none() {
            fit.validation_scores = Some(validation_scores(factored, y, &fit)?);
        }
        Ok(fit)
    })
}

fn score_all<A: Number>(factored: &Factored<A>, y: &[ArrayView2<'_, A>]) -> Result<RidgeCvFit, RidgeError> {
    let defects = survey(y);
    let settings = &factored.model.settings;
    let shared = settings.scope == AlphaScope::Global;
    let columns = if shared && settings.nan_targets == NanTargets::TakeFirstAlpha {
        (0..defects.len()).collect()
    } else {
        without_defect(&defects)
    };
    if columns.is_empty() {
        return Err(no_usable_target(&defects));
    }
    let mut fit = empty_fit(factored, &defects);
    if shared {
        score_with_shared_alpha(factored, y, &columns, &mut fit)?;
    } else {
        score_with_own_alphas(factored, y, &columns, &mut fit)?;
    }
    fit.scores = fit.fold_scores.sum_axis(Axis(0)) / factored.n_folds() as f64;
    // A fold of several runs may have a score although the target is constant in one of them.
    for &target in fit.constant_targets.iter().chain(&fit.non_finite_targets) {
        fit.scores[target] = f64::NAN;
    }
    Ok(fit)
}

/// A fit without scores.
fn empty_fit<A: Number>(factored: &Factored<A>, defects: &[Option<Defect>]) -> RidgeCvFit {
    let alphas = factored.model.alphas().to_vec();
    let nothing = Array2::from_elem((factored.n_folds(), defects.len()), f64::NAN);
    let curves = Array2::from_elem((factored.n_folds(), alphas.len()), f64::NAN);
    RidgeCvFit {
        scores: Array1::from_elem(defects.len(), f64::NAN),
        fold_scores: nothing,
        alpha_choice: AlphaChoice::Global(Vec::new()),
        fully_scored: curves.mapv(|_| true),
        validation_curves: curves,
        validation_scores: None,
        constant_targets: with_defect(defects, Defect::Constant),
        non_finite_targets: with_defect(defects, Defect::NonFinite),
        alphas,
    }
}

fn score_with_shared_alpha<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    fit: &mut RidgeCvFit,
) -> Result<(), RidgeError> {
    let settings = &factored.model.settings;
    let validated = if let Some(means) = mean_r_squared(factored, y, columns)? {
        means
    } else if let Some(screening) = Screening::of(settings, columns.len()) {
        screen(factored, y, columns, screening)?
    } else {
        let candidates = Candidates::all(factored.n_folds(), factored.model.alphas().len());
        Validated::exhaustive(factored, &validation_totals(factored, y, columns, &candidates)?)
    };
    let choice = (0..factored.n_folds())
        .map(|fold| validated.choose(fold, settings.nan_targets))
        .collect::<Result<Vec<_>, _>>()?;
    factored.make_test_operators(&choice.iter().copied().enumerate().collect::<Vec<_>>())?;
    test_with_shared_alpha(factored, y, columns, &choice, &mut fit.fold_scores)?;
    // A target that is constant in some run still has its scores on the others.
    if settings.nan_targets == NanTargets::Ignore {
        let constant = fit.constant_targets.clone();
        test_with_shared_alpha(factored, y, &constant, &choice, &mut fit.fold_scores)?;
    }
    (fit.validation_curves, fit.fully_scored) = validated.shown_curves(settings.nan_targets);
    fit.alpha_choice = AlphaChoice::Global(choice);
    Ok(())
}

/// Writes the test scores of `columns` to these columns of `fold_scores`.
fn test_with_shared_alpha<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    choice: &[usize],
    fold_scores: &mut Array2<f64>,
) -> Result<(), RidgeError> {
    let parts = over_blocks(factored, columns, |block, columns| {
        block.load(y, columns)?;
        let mut scores = Array2::zeros((factored.n_folds(), columns.len()));
        for (fold, &alpha) in choice.iter().enumerate() {
            let row = test_scores(factored, block, fold, alpha)?;
            scores.row_mut(fold).iter_mut().zip(row).for_each(|(s, r)| *s = r);
        }
        Ok(scores)
    })?;
    scatter(&parts, columns, fold_scores);
    Ok(())
}

fn score_with_own_alphas<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    fit: &mut RidgeCvFit,
) -> Result<(), RidgeError> {
    let (n_folds, n_alphas) = (factored.n_folds(), factored.model.alphas().len());
    let candidates = Candidates::all(n_folds, n_alphas);
    let every: Vec<_> = (0..n_folds)
        .flat_map(|fold| (0..n_alphas).map(move |alpha| (fold, alpha)))
        .collect();
    factored.make_test_operators(&every)?;
    let parts = over_blocks(factored, columns, |block, columns| {
        block.load(y, columns)?;
        let curves = validate(factored, block, columns.len(), &candidates)?;
        let choice = own_choices(&curves, &candidates);
        let mut totals = Totals::new(n_folds, n_alphas);
        totals.add(&curves);
        let scores = test_with_own_alphas(factored, block, &choice)?;
        let validated = Array2::from_shape_fn(choice.dim(), |(fold, target)| {
            choice[[fold, target]].map_or(f64::NAN, |alpha| curves.scores[[fold, alpha, target]])
        });
        Ok((scores, choice, validated, totals))
    })?;
    let mut totals = Totals::new(n_folds, n_alphas);
    let (mut scores, mut choices, mut validated) = (Vec::new(), Vec::new(), Vec::new());
    for (part, choice, best, part_totals) in parts {
        totals.merge(&part_totals);
        scores.push(part);
        choices.push(choice);
        validated.push(best);
    }
    let mut own = Array2::from_elem(fit.fold_scores.raw_dim(), None);
    scatter(&scores, columns, &mut fit.fold_scores);
    scatter(&choices, columns, &mut own);
    fit.alpha_choice = AlphaChoice::PerTarget(own);
    if factored.model.settings.validation_scores {
        let mut best = Array2::from_elem(fit.fold_scores.raw_dim(), f64::NAN);
        scatter(&validated, columns, &mut best);
        fit.validation_scores = Some(best);
    }
    (fit.validation_curves, fit.fully_scored) =
        Validated::exhaustive(factored, &totals).shown_curves(NanTargets::Ignore);
    Ok(())
}

/// Validation scores of the candidates, summed over `columns`.
fn validation_totals<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    candidates: &Candidates,
) -> Result<Totals, RidgeError> {
    let empty = Totals::new(factored.n_folds(), factored.model.alphas().len());
    let parts = over_blocks(factored, columns, |block, columns| {
        block.load(y, columns)?;
        let mut totals = empty.clone();
        totals.add(&validate(factored, block, columns.len(), candidates)?);
        Ok(totals)
    })?;
    Ok(parts.iter().fold(empty, |mut all, part| {
        all.merge(part);
        all
    }))
}

/// Best penalty of each target in each fold.
fn own_choices(curves: &BlockCurves, candidates: &Candidates) -> Array2<Option<usize>> {
    Array2::from_shape_fn(curves.n_runs.dim(), |(fold, target)| {
        let score = |alpha| match curves.n_runs[[fold, target]] {
            0 => f64::NAN,
            _ => curves.scores[[fold, alpha, target]],
        };
        first_best(&candidates.0[fold], score)
    })
}

/// Scores each target of the block on each test run with its chosen penalty.
pub(crate) fn test_with_own_alphas<A: Number>(
    factored: &Factored<A>,
    block: &mut Block<'_, A>,
    choice: &Array2<Option<usize>>,
) -> Result<Array2<f64>, RidgeError> {
    let mut scores = Array2::from_elem(choice.raw_dim(), f64::NAN);
    for (fold, choice) in choice.outer_iter().enumerate() {
        let Some(test) = factored.plan.folds[fold].test else {
            continue;
        };
        let train = &factored.plan.folds[fold].train;
        block.train_on(train)?;
        // The targets of a penalty are tested together, so that each is predicted once.
        for alpha in 0..factored.model.alphas().len() {
            let columns: Vec<usize> = (0..choice.len()).filter(|&j| choice[j] == Some(alpha)).collect();
            if columns.is_empty() {
                continue;
            }
            block.predict_some(factored.test_operator(fold, alpha)?, train, &columns)?;
            for (&column, score) in columns.iter().zip(block.score_some(test, &columns)?) {
                scores[[fold, column]] = score;
            }
        }
    }
    Ok(scores)
}

/// Scores of the whole block on the test of one fold for one penalty; NaN if it has no test rows.
fn test_scores<A: Number>(
    factored: &Factored<A>,
    block: &mut Block<'_, A>,
    fold: usize,
    alpha: usize,
) -> Result<Vec<f64>, RidgeError> {
    let mut out = vec![f64::NAN; block.width()];
    if let Some(test) = factored.plan.folds[fold].test {
        let train = &factored.plan.folds[fold].train;
        block.train_on(train)?;
        block.predict(factored.test_operator(fold, alpha)?, train)?;
        block.score(0, test, &mut out)?;
    }
    Ok(out)
}
