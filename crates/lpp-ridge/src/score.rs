//! From a target set to scores: validation pass, choice of penalties, test pass.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::block::Block;
use crate::defects::{Defect, no_usable_target, survey, with_defect, without_defect};
use crate::fit::{AlphaChoice, RidgeCvFit};
use crate::screening::screen;
use crate::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use crate::workers::over_blocks;
use crate::{AlphaScope, Element, NanTargets, PreparedFeatures, RidgeError};

/// Scores all targets with the settings of `prepared`.
///
/// Targets with a defect are found first and left out of everything shared, so the other targets have the same results
/// as without them, to the bit. With [`NanTargets::TakeFirstAlpha`] they are included, because that rule is about them.
pub(crate) fn score<A: Element>(
    prepared: &PreparedFeatures<A>,
    y: &[ArrayView2<'_, A>],
) -> Result<RidgeCvFit, RidgeError> {
    let defects = survey(y);
    let settings = &prepared.model.settings;
    let shared = settings.scope == AlphaScope::Global;
    let columns = if shared && settings.nan_targets == NanTargets::TakeFirstAlpha {
        (0..defects.len()).collect()
    } else {
        without_defect(&defects)
    };
    if columns.is_empty() {
        return Err(no_usable_target(&defects));
    }
    let mut fit = empty_fit(prepared, &defects);
    if shared {
        score_with_shared_alpha(prepared, y, &columns, &mut fit)?;
    } else {
        score_with_own_alphas(prepared, y, &columns, &mut fit)?;
    }
    fit.scores = fit.fold_scores.sum_axis(Axis(0)) / prepared.n_folds() as f64;
    // A fold of several runs may have a score although the target is constant in one of them.
    for &target in fit.constant_targets.iter().chain(&fit.non_finite_targets) {
        fit.scores[target] = f64::NAN;
    }
    Ok(fit)
}

/// A fit without scores.
fn empty_fit<A: Element>(prepared: &PreparedFeatures<A>, defects: &[Option<Defect>]) -> RidgeCvFit {
    let alphas = prepared.model.alphas().to_vec();
    let nothing = Array2::from_elem((prepared.n_folds(), defects.len()), f64::NAN);
    let curves = Array2::from_elem((prepared.n_folds(), alphas.len()), f64::NAN);
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

fn score_with_shared_alpha<A: Element>(
    prepared: &PreparedFeatures<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    fit: &mut RidgeCvFit,
) -> Result<(), RidgeError> {
    let settings = &prepared.model.settings;
    let validated = if let Some(screening) = settings.screening(columns.len()) {
        screen(prepared, y, columns, screening)?
    } else {
        let candidates = Candidates::all(prepared.n_folds(), prepared.model.alphas().len());
        Validated::exhaustive(prepared, &validation_totals(prepared, y, columns, &candidates)?)
    };
    let choice = (0..prepared.n_folds())
        .map(|fold| validated.choose(fold, settings.nan_targets))
        .collect::<Result<Vec<_>, _>>()?;
    prepared.make_test_operators(&choice.iter().copied().enumerate().collect::<Vec<_>>())?;
    test_with_shared_alpha(prepared, y, columns, &choice, &mut fit.fold_scores)?;
    // A target that is constant in some run still has its scores on the others.
    if settings.nan_targets == NanTargets::Ignore {
        let constant = fit.constant_targets.clone();
        test_with_shared_alpha(prepared, y, &constant, &choice, &mut fit.fold_scores)?;
    }
    (fit.validation_curves, fit.fully_scored) = validated.shown_curves(settings.nan_targets);
    fit.alpha_choice = AlphaChoice::Global(choice);
    Ok(())
}

/// Writes the test scores of `columns` to these columns of `fold_scores`.
fn test_with_shared_alpha<A: Element>(
    prepared: &PreparedFeatures<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    choice: &[usize],
    fold_scores: &mut Array2<f64>,
) -> Result<(), RidgeError> {
    let parts = over_blocks(prepared, columns, |block, columns| {
        block.load(y, columns)?;
        let mut scores = Array2::zeros((prepared.n_folds(), columns.len()));
        for (fold, &alpha) in choice.iter().enumerate() {
            let row = test_scores(prepared, block, fold, alpha)?;
            scores.row_mut(fold).iter_mut().zip(row).for_each(|(s, r)| *s = r);
        }
        Ok(scores)
    })?;
    scatter(&parts, columns, fold_scores);
    Ok(())
}

/// Writes the blocks of some columns to those columns of an array of all.
pub(crate) fn scatter<T: Clone>(parts: &[Array2<T>], columns: &[usize], all: &mut Array2<T>) {
    let of_parts = parts.iter().flat_map(|part| part.columns());
    for (part, &column) in of_parts.zip(columns) {
        all.column_mut(column).assign(&part);
    }
}

fn score_with_own_alphas<A: Element>(
    prepared: &PreparedFeatures<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    fit: &mut RidgeCvFit,
) -> Result<(), RidgeError> {
    let (n_folds, n_alphas) = (prepared.n_folds(), prepared.model.alphas().len());
    let candidates = Candidates::all(n_folds, n_alphas);
    let every: Vec<_> = (0..n_folds)
        .flat_map(|fold| (0..n_alphas).map(move |alpha| (fold, alpha)))
        .collect();
    prepared.make_test_operators(&every)?;
    let parts = over_blocks(prepared, columns, |block, columns| {
        block.load(y, columns)?;
        let curves = validate(prepared, block, columns.len(), &candidates)?;
        let choice = own_choices(&curves, &candidates);
        let mut totals = Totals::new(n_folds, n_alphas);
        totals.add(&curves);
        let scores = test_with_own_alphas(prepared, block, &choice)?;
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
    if prepared.model.settings.options.validation_scores {
        let mut best = Array2::from_elem(fit.fold_scores.raw_dim(), f64::NAN);
        scatter(&validated, columns, &mut best);
        fit.validation_scores = Some(best);
    }
    (fit.validation_curves, fit.fully_scored) =
        Validated::exhaustive(prepared, &totals).shown_curves(NanTargets::Ignore);
    Ok(())
}

/// Validation scores of the candidates, summed over `columns`.
pub(crate) fn validation_totals<A: Element>(
    prepared: &PreparedFeatures<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    candidates: &Candidates,
) -> Result<Totals, RidgeError> {
    let empty = Totals::new(prepared.n_folds(), prepared.model.alphas().len());
    let parts = over_blocks(prepared, columns, |block, columns| {
        block.load(y, columns)?;
        let mut totals = empty.clone();
        totals.add(&validate(prepared, block, columns.len(), candidates)?);
        Ok(totals)
    })?;
    Ok(parts.iter().fold(empty, |mut all, part| {
        all.merge(part);
        all
    }))
}

/// Mean validation scores, and the targets they cover.
pub(crate) struct Validated {
    /// Mean scores, (`n_folds`, `n_alphas`).
    pub(crate) curves: Array2<f64>,
    /// Whether the means cover all targets.
    pub(crate) full: Array2<bool>,
    /// Penalties that can be chosen.
    pub(crate) candidates: Candidates,
    /// Number of targets without validation score per fold.
    pub(crate) n_unusable: Vec<u64>,
}

impl Validated {
    fn exhaustive<A: Element>(prepared: &PreparedFeatures<A>, totals: &Totals) -> Self {
        let shape = (prepared.n_folds(), prepared.model.alphas().len());
        Self {
            curves: Array2::from_shape_fn(shape, |(fold, alpha)| totals.mean(fold, alpha)),
            full: Array2::from_elem(shape, true),
            candidates: Candidates::all(shape.0, shape.1),
            n_unusable: (0..shape.0).map(|fold| totals.n_unusable(fold)).collect(),
        }
    }

    fn choose(&self, fold: usize, rule: NanTargets) -> Result<usize, RidgeError> {
        if rule == NanTargets::TakeFirstAlpha && self.n_unusable[fold] > 0 {
            return Ok(0);
        }
        first_best(&self.candidates.0[fold], |alpha| self.curves[[fold, alpha]])
            .ok_or(RidgeError::NoValidation { fold })
    }

    /// The curves according to the rule for NaN targets.
    fn shown_curves(mut self, rule: NanTargets) -> (Array2<f64>, Array2<bool>) {
        if rule == NanTargets::TakeFirstAlpha {
            for (fold, mut curve) in self.curves.outer_iter_mut().enumerate() {
                if self.n_unusable[fold] > 0 {
                    curve.fill(f64::NAN);
                }
            }
        }
        (self.curves, self.full)
    }
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
pub(crate) fn test_with_own_alphas<A: Element>(
    prepared: &PreparedFeatures<A>,
    block: &mut Block<'_, A>,
    choice: &Array2<Option<usize>>,
) -> Result<Array2<f64>, RidgeError> {
    let mut scores = Array2::from_elem(choice.raw_dim(), f64::NAN);
    for (fold, choice) in choice.outer_iter().enumerate() {
        let Some(test) = prepared.plan.folds[fold].test else {
            continue;
        };
        let train = &prepared.plan.folds[fold].train;
        block.train_on(train)?;
        // The targets of a penalty are tested together, so that each is predicted once.
        for alpha in 0..prepared.model.alphas().len() {
            let columns: Vec<usize> = (0..choice.len()).filter(|&j| choice[j] == Some(alpha)).collect();
            if columns.is_empty() {
                continue;
            }
            block.predict_some(prepared.test_operator(fold, alpha)?, train, &columns)?;
            for (&column, score) in columns.iter().zip(block.score_some(test, &columns)?) {
                scores[[fold, column]] = score;
            }
        }
    }
    Ok(scores)
}

/// Scores of the whole block on the test of one fold for one penalty; NaN if it has no test rows.
fn test_scores<A: Element>(
    prepared: &PreparedFeatures<A>,
    block: &mut Block<'_, A>,
    fold: usize,
    alpha: usize,
) -> Result<Vec<f64>, RidgeError> {
    let mut out = vec![f64::NAN; block.width()];
    if let Some(test) = prepared.plan.folds[fold].test {
        let train = &prepared.plan.folds[fold].train;
        block.train_on(train)?;
        block.predict(prepared.test_operator(fold, alpha)?, train)?;
        block.score(0, test, &mut out)?;
    }
    Ok(out)
}
