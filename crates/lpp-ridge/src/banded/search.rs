//! The search: every candidate with every penalty, validated within the training runs.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2, Zip, s};

use super::{BandChoice, Data};
use crate::block::Block;
use crate::pearson::Defect;
use crate::plan::inner_sets;
use crate::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use crate::workers::over_blocks;
use crate::{AlphaScope, Element, PreparedFeatures, RidgeError};

/// The best so far, and what was met on the way.
pub(super) struct Found {
    /// (`n_folds`, `n_targets`)
    pub(super) choice: Array2<Option<BandChoice>>,
    /// Validation scores at the choice, (`n_folds`, `n_targets`), or the one score of a shared choice, (`n_folds`, 1).
    pub(super) best: Array2<f64>,
    /// (`n_candidates`, `n_folds`)
    pub(super) candidate_scores: Array2<f64>,
    pub(super) defects: Vec<(usize, Defect)>,
    /// Which system was solved.
    pub(super) primal: bool,
}

pub(super) fn search<A, Y>(data: &Data<'_, A, Y>) -> Result<Found, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let settings = &data.model.ridge.settings;
    let (n_folds, n_candidates) = (data.n_folds(), data.model.weights.nrows());
    let shared = settings.scope == AlphaScope::Global;
    let mut found = Found {
        choice: Array2::from_elem((n_folds, data.n_targets), None),
        best: Array2::from_elem((n_folds, if shared { 1 } else { data.n_targets }), f64::NAN),
        candidate_scores: Array2::from_elem((n_candidates, n_folds), f64::NAN),
        defects: Vec::new(),
        primal: false,
    };
    for candidate in 0..n_candidates {
        let sets = inner_sets(n_folds, settings.inner);
        let prepared = data.weighted(data.model.ridge.clone(), candidate, sets)?;
        found.primal = prepared.is_primal();
        if candidate == 0 {
            found.defects = defects(&prepared, data)?;
        }
        if shared {
            found.update_shared(candidate, &totals(&prepared, data)?);
        } else {
            found.update_own(candidate, &own_best(&prepared, data)?);
        }
    }
    match (0..n_folds).find(|&fold| shared && found.choice[[fold, 0]].is_none()) {
        Some(test_run) => Err(RidgeError::NoUsableTarget { test_run }),
        None => Ok(found),
    }
}

impl Found {
    /// Takes the candidate for every fold in which its best mean beats all before.
    fn update_shared(&mut self, weights: usize, totals: &Totals) {
        let alphas: Vec<usize> = (0..totals.n_alphas()).collect();
        for fold in 0..self.choice.nrows() {
            let Some(alpha) = first_best(&alphas, |a| totals.mean(fold, a)) else {
                continue;
            };
            let mean = totals.mean(fold, alpha);
            self.candidate_scores[[weights, fold]] = mean;
            if is_better(mean, self.best[[fold, 0]]) {
                self.best[[fold, 0]] = mean;
                self.choice
                    .row_mut(fold)
                    .fill(Some(BandChoice { weights, alpha }));
            }
        }
    }

    /// Takes the candidate for every fold and target in which its best score beats all before.
    fn update_own(&mut self, weights: usize, parts: &[OwnBest]) {
        let (mut left, n_folds) = (0, self.choice.nrows());
        let mut sums = vec![(0.0, 0_u32); n_folds];
        for part in parts {
            let columns = s![.., left..left + part.scores.ncols()];
            left += part.scores.ncols();
            Zip::from(self.best.slice_mut(columns))
                .and(self.choice.slice_mut(columns))
                .and(&part.scores)
                .and(&part.alphas)
                .for_each(|best, choice, &score, &alpha| {
                    if is_better(score, *best) {
                        *best = score;
                        *choice = Some(BandChoice { weights, alpha });
                    }
                });
            for (sum, scores) in sums.iter_mut().zip(part.scores.outer_iter()) {
                for score in scores.iter().filter(|s| !s.is_nan()) {
                    *sum = (sum.0 + score, sum.1 + 1);
                }
            }
        }
        for (fold, (sum, n)) in sums.into_iter().enumerate() {
            self.candidate_scores[[weights, fold]] = sum / f64::from(n);
        }
    }
}

/// The first of equals stays; NaN never wins.
fn is_better(score: f64, best: f64) -> bool {
    score > best || (best.is_nan() && !score.is_nan())
}

/// Best penalty of each target of a block under one candidate.
struct OwnBest {
    /// Its validation score, (`n_folds`, width); NaN without one.
    scores: Array2<f64>,
    /// The penalty, (`n_folds`, width).
    alphas: Array2<usize>,
}

impl OwnBest {
    fn new(curves: &BlockCurves, n_alphas: usize) -> Self {
        let alphas: Vec<usize> = (0..n_alphas).collect();
        let mut best = Self {
            scores: Array2::from_elem(curves.n_runs.raw_dim(), f64::NAN),
            alphas: Array2::zeros(curves.n_runs.raw_dim()),
        };
        for (place, &n_runs) in curves.n_runs.indexed_iter() {
            let score = |alpha| curves.scores[[place.0, alpha, place.1]];
            if n_runs > 0
                && let Some(alpha) = first_best(&alphas, score)
            {
                best.scores[place] = score(alpha);
                best.alphas[place] = alpha;
            }
        }
        best
    }
}

fn own_best<A, Y>(prepared: &PreparedFeatures<A>, data: &Data<'_, A, Y>) -> Result<Vec<OwnBest>, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let n_alphas = prepared.model.alphas().len();
    over_all_blocks(prepared, data, |block, columns| {
        OwnBest::new(&curves(prepared, block, columns.len()), n_alphas)
    })
}

fn totals<A, Y>(prepared: &PreparedFeatures<A>, data: &Data<'_, A, Y>) -> Result<Totals, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let empty = Totals::new(data.n_folds(), prepared.model.alphas().len());
    let parts = over_all_blocks(prepared, data, |block, columns| {
        let mut totals = empty.clone();
        totals.add(&curves(prepared, block, columns.len()));
        totals
    })?;
    Ok(parts.iter().fold(empty, |mut all, part| {
        all.merge(part);
        all
    }))
}

fn defects<A, Y>(
    prepared: &PreparedFeatures<A>,
    data: &Data<'_, A, Y>,
) -> Result<Vec<(usize, Defect)>, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let parts = over_all_blocks(prepared, data, |block, columns| {
        let of_column = |(j, &column): (usize, &usize)| Some((column, block.defect(j)?));
        columns
            .iter()
            .enumerate()
            .filter_map(of_column)
            .collect::<Vec<_>>()
    })?;
    Ok(parts.into_iter().flatten().collect())
}

/// Validation scores of every penalty on a loaded block.
fn curves<A: Element>(
    prepared: &PreparedFeatures<A>,
    block: &mut Block<'_, A>,
    n_used: usize,
) -> BlockCurves {
    let every = Candidates::all(prepared.n_runs(), prepared.model.alphas().len());
    validate(prepared, block, n_used, &every)
}

fn over_all_blocks<A, Y, R>(
    prepared: &PreparedFeatures<A>,
    data: &Data<'_, A, Y>,
    work: impl Fn(&mut Block<'_, A>, &[usize]) -> R + Sync,
) -> Result<Vec<R>, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
    R: Send,
{
    let columns: Vec<usize> = (0..data.n_targets).collect();
    over_blocks(prepared, &columns, |block, columns| {
        block.load(data.y, columns);
        Ok(work(block, columns))
    })
}
