//! From a target set to scores: validation pass, choice of penalties, test pass.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2, Axis, s};

use crate::block::Block;
use crate::fit::{AlphaChoice, RidgeCvFit};
use crate::pearson::Defect;
use crate::plan::others;
use crate::screening::screen;
use crate::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use crate::workers::over_blocks;
use crate::{AlphaScope, Element, NanTargets, PreparedFeatures, RidgeError};

/// Scores all targets under the settings of `prepared`.
pub(crate) fn score<A, Y>(
    prepared: &PreparedFeatures<A>,
    y: &[Y],
    n_targets: usize,
) -> Result<RidgeCvFit, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let columns: Vec<usize> = (0..n_targets).collect();
    match prepared.model.settings.scope {
        AlphaScope::Global => score_with_shared_alpha(prepared, y, &columns),
        AlphaScope::PerTarget => score_with_own_alphas(prepared, y, &columns),
    }
}

fn score_with_shared_alpha<A, Y>(
    prepared: &PreparedFeatures<A>,
    y: &[Y],
    columns: &[usize],
) -> Result<RidgeCvFit, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let validated = if let Some(screening) = prepared.model.settings.screening(columns.len()) {
        screen(prepared, y, columns.len(), screening)?
    } else {
        let candidates = Candidates::all(prepared.n_runs(), prepared.model.alphas().len());
        Validated::exhaustive(prepared, &validation_totals(prepared, y, columns, &candidates)?)
    };
    let choice = (0..prepared.n_runs())
        .map(|fold| validated.choose(fold, prepared.model.settings.nan_targets))
        .collect::<Result<Vec<_>, _>>()?;
    prepared.make_test_operators(&choice.iter().copied().enumerate().collect::<Vec<_>>())?;
    let parts = over_blocks(prepared, columns, |block, columns| {
        block.load(y, columns);
        let mut scores = Array2::zeros((prepared.n_runs(), columns.len()));
        for (test, &alpha) in choice.iter().enumerate() {
            let train = others(prepared.n_runs(), &[test]);
            block.train_on(&train);
            let row = test_scores(prepared, block, test, alpha, &train)?;
            scores.row_mut(test).iter_mut().zip(row).for_each(|(s, r)| *s = r);
        }
        Ok(BlockScores::new(block, columns, scores, None))
    })?;
    Ok(assemble(prepared, parts, validated, Some(choice)))
}

fn score_with_own_alphas<A, Y>(
    prepared: &PreparedFeatures<A>,
    y: &[Y],
    columns: &[usize],
) -> Result<RidgeCvFit, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let (n_folds, n_alphas) = (prepared.n_runs(), prepared.model.alphas().len());
    let candidates = Candidates::all(n_folds, n_alphas);
    let every: Vec<_> = (0..n_folds)
        .flat_map(|fold| (0..n_alphas).map(move |alpha| (fold, alpha)))
        .collect();
    prepared.make_test_operators(&every)?;
    let parts = over_blocks(prepared, columns, |block, columns| {
        block.load(y, columns);
        let curves = validate(prepared, block, columns.len(), &candidates);
        let choice = own_choices(&curves, &candidates);
        let mut totals = Totals::new(n_folds, n_alphas);
        totals.add(&curves);
        let scores = test_with_own_alphas(prepared, block, &choice)?;
        Ok((BlockScores::new(block, columns, scores, Some(choice)), totals))
    })?;
    let mut totals = Totals::new(n_folds, n_alphas);
    let mut scores = Vec::new();
    for (part, part_totals) in parts {
        totals.merge(&part_totals);
        scores.push(part);
    }
    Ok(assemble(
        prepared,
        scores,
        Validated::exhaustive(prepared, &totals),
        None,
    ))
}

/// Validation scores of the candidates, summed over `columns`.
pub(crate) fn validation_totals<A, Y>(
    prepared: &PreparedFeatures<A>,
    y: &[Y],
    columns: &[usize],
    candidates: &Candidates,
) -> Result<Totals, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let empty = Totals::new(prepared.n_runs(), prepared.model.alphas().len());
    let parts = over_blocks(prepared, columns, |block, columns| {
        block.load(y, columns);
        let mut totals = empty.clone();
        totals.add(&validate(prepared, block, columns.len(), candidates));
        Ok(totals)
    })?;
    Ok(parts.iter().fold(empty, |mut all, part| {
        all.merge(part);
        all
    }))
}

/// Mean validation scores, and what they rest on.
pub(crate) struct Validated {
    /// Mean scores, (`n_folds`, `n_alphas`).
    pub(crate) curves: Array2<f64>,
    /// Which means cover all targets.
    pub(crate) full: Array2<bool>,
    /// Penalties that may be chosen.
    pub(crate) candidates: Candidates,
    /// Number of targets without validation score per fold.
    pub(crate) n_unusable: Vec<u64>,
}

impl Validated {
    fn exhaustive<A: Element>(prepared: &PreparedFeatures<A>, totals: &Totals) -> Self {
        let shape = (prepared.n_runs(), prepared.model.alphas().len());
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
            .ok_or(RidgeError::NoUsableTarget { test_run: fold })
    }

    /// The curves as the rule for NaN targets shows them.
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

/// Scores each target of the block on each test run with the penalty chosen for it.
pub(crate) fn test_with_own_alphas<A: Element>(
    prepared: &PreparedFeatures<A>,
    block: &mut Block<'_, A>,
    choice: &Array2<Option<usize>>,
) -> Result<Array2<f64>, RidgeError> {
    let mut scores = Array2::from_elem(choice.raw_dim(), f64::NAN);
    for (test, choice) in choice.outer_iter().enumerate() {
        let train = others(prepared.n_runs(), &[test]);
        block.train_on(&train);
        for alpha in 0..prepared.model.alphas().len() {
            if !choice.iter().any(|&c| c == Some(alpha)) {
                continue;
            }
            let row = test_scores(prepared, block, test, alpha, &train)?;
            for ((score, &chosen), r) in scores.row_mut(test).iter_mut().zip(&choice).zip(row) {
                if chosen == Some(alpha) {
                    *score = r;
                }
            }
        }
    }
    Ok(scores)
}

/// Scores of the whole block on one test run under one penalty.
fn test_scores<A: Element>(
    prepared: &PreparedFeatures<A>,
    block: &mut Block<'_, A>,
    test: usize,
    alpha: usize,
    train: &[usize],
) -> Result<Vec<f64>, RidgeError> {
    block.predict(prepared.test_operator(test, alpha)?, train);
    let mut out = vec![0.0; block.width()];
    block.score(0, test, &mut out);
    Ok(out)
}

/// Test scores of a block, and what was wrong with its targets.
struct BlockScores {
    scores: Array2<f64>,
    choice: Option<Array2<Option<usize>>>,
    defects: Vec<(usize, Defect)>,
}

impl BlockScores {
    fn new<A: Element>(
        block: &Block<'_, A>,
        columns: &[usize],
        scores: Array2<f64>,
        choice: Option<Array2<Option<usize>>>,
    ) -> Self {
        let defects = columns
            .iter()
            .enumerate()
            .filter_map(|(j, &c)| Some((c, block.defect(j)?)))
            .collect();
        Self {
            scores,
            choice,
            defects,
        }
    }
}

fn assemble<A: Element>(
    prepared: &PreparedFeatures<A>,
    parts: Vec<BlockScores>,
    validated: Validated,
    shared: Option<Vec<usize>>,
) -> RidgeCvFit {
    let n_targets = parts.iter().map(|p| p.scores.ncols()).sum();
    let shape = (prepared.n_runs(), n_targets);
    let mut fold_scores = Array2::zeros(shape);
    let mut own = Array2::from_elem(if shared.is_some() { (0, 0) } else { shape }, None);
    let mut defects = Vec::new();
    let mut left = 0;
    for part in parts {
        let columns = left..left + part.scores.ncols();
        left = columns.end;
        fold_scores
            .slice_mut(s![.., columns.clone()])
            .assign(&part.scores);
        if let Some(choice) = part.choice {
            own.slice_mut(s![.., columns]).assign(&choice);
        }
        defects.extend(part.defects);
    }
    let with = |kind| {
        defects
            .iter()
            .filter(|(_, d)| *d == kind)
            .map(|(c, _)| *c)
            .collect()
    };
    let (validation_curves, fully_scored) = validated.shown_curves(prepared.model.settings.nan_targets);
    RidgeCvFit {
        scores: fold_scores.sum_axis(Axis(0)) / prepared.n_runs() as f64,
        fold_scores,
        alphas: prepared.model.alphas().to_vec(),
        alpha_choice: shared.map_or(AlphaChoice::PerTarget(own), AlphaChoice::Global),
        validation_curves,
        fully_scored,
        validation_scores: None,
        constant_targets: with(Defect::Constant),
        non_finite_targets: with(Defect::NonFinite),
    }
}
