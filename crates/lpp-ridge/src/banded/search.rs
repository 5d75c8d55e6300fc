//! The search: validates every candidate with every penalty within the training runs.

use ndarray::{Array1, Array2, Zip, s};

use super::data::Data;
use super::fit::BandChoice;
use super::walk::Walk;
use crate::design::defects::no_usable_target;
use crate::results::known_scores::beats;
use crate::search::block::Block;
use crate::search::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use crate::search::workers::over_blocks;
use crate::systems::factored::Factored;
use crate::{AlphaScope, Number, RidgeError};

/// The best candidates so far, and the scores of all.
pub(super) struct Found {
    /// The candidates that were tried, each (`n_bands`).
    pub(super) weights: Vec<Array1<f64>>,
    /// (`n_folds`, `n_targets`)
    pub(super) choice: Array2<Option<BandChoice>>,
    /// Validation scores at the choice, (`n_folds`, `n_targets`), or the one score of a shared choice, (`n_folds`, 1).
    pub(super) best: Array2<f64>,
    /// Mean score of each candidate in each fold.
    pub(super) candidate_scores: Vec<Array1<f64>>,
    /// Which system was solved.
    pub(super) primal: bool,
}

/// Tries every candidate. After each, calls `chosen` with its factored features and the penalties of those folds and targets
/// for which it is the best so far.
pub(super) fn search<A: Number>(
    data: &Data<'_, A>,
    mut chosen: impl FnMut(&Factored<A>, &Array2<Option<usize>>) -> Result<(), RidgeError>,
) -> Result<Found, RidgeError> {
    let settings = &data.model.ridge.settings;
    let n_folds = data.n_folds();
    let shared = settings.scope == AlphaScope::Global;
    if data.n_targets() == 0 {
        return Err(no_usable_target(&data.defects));
    }
    let mut found = Found {
        weights: Vec::new(),
        choice: Array2::from_elem((n_folds, data.n_targets()), None),
        best: Array2::from_elem((n_folds, if shared { 1 } else { data.n_targets() }), f64::NAN),
        candidate_scores: Vec::new(),
        primal: false,
    };
    let mut walk = Walk::new(&data.model.weights, data.model.descent);
    while let Some(weights) = walk.next() {
        let factored = data.weighted(data.model.ridge.clone(), &weights, data.plan.clone(), !shared)?;
        found.primal = factored.is_primal();
        let candidate = found.weights.len();
        found.weights.push(weights);
        found.candidate_scores.push(Array1::from_elem(n_folds, f64::NAN));
        if shared {
            found.update_shared(candidate, &totals(&factored, data)?);
        } else {
            found.update_own(candidate, &own_best(&factored, data)?);
        }
        chosen(&factored, &found.alphas_of(candidate))?;
        walk.tell(found.candidate_scores[candidate].sum());
    }
    match (0..n_folds).find(|&fold| shared && found.choice[[fold, 0]].is_none()) {
        Some(fold) => Err(RidgeError::NoValidation { fold }),
        None => Ok(found),
    }
}

impl Found {
    /// The penalty of each fold and target that has chosen a candidate, (`n_folds`, `n_targets`).
    pub(super) fn alphas_of(&self, candidate: usize) -> Array2<Option<usize>> {
        self.choice
            .mapv(|choice| choice.filter(|c| c.weights == candidate).map(|c| c.alpha))
    }

    /// Chooses the candidate in every fold in which its best mean is larger than all before.
    fn update_shared(&mut self, weights: usize, totals: &Totals) {
        let alphas: Vec<usize> = (0..totals.n_alphas()).collect();
        for fold in 0..self.choice.nrows() {
            let Some(alpha) = first_best(&alphas, |a| totals.mean(fold, a)) else {
                continue;
            };
            let mean = totals.mean(fold, alpha);
            self.candidate_scores[weights][fold] = mean;
            if beats(mean, self.best[[fold, 0]]) {
                self.best[[fold, 0]] = mean;
                self.choice
                    .row_mut(fold)
                    .fill(Some(BandChoice { weights, alpha }));
            }
        }
    }

    /// Chooses the candidate for every fold and target in which its best score is larger than all before.
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
                    if beats(score, *best) {
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
            self.candidate_scores[weights][fold] = sum / f64::from(n);
        }
    }
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

fn own_best<A: Number>(factored: &Factored<A>, data: &Data<'_, A>) -> Result<Vec<OwnBest>, RidgeError> {
    let n_alphas = factored.model.alphas().len();
    over_all_blocks(factored, data, |block, columns| {
        Ok(OwnBest::new(&curves(factored, block, columns.len())?, n_alphas))
    })
}

fn totals<A: Number>(factored: &Factored<A>, data: &Data<'_, A>) -> Result<Totals, RidgeError> {
    let empty = Totals::new(data.n_folds(), factored.model.alphas().len());
    let parts = over_all_blocks(factored, data, |block, columns| {
        let mut totals = empty.clone();
        totals.add(&curves(factored, block, columns.len())?);
        Ok(totals)
    })?;
    Ok(parts.iter().fold(empty, |mut all, part| {
        all.merge(part);
        all
    }))
}

/// Validation scores of every penalty on a loaded block.
fn curves<A: Number>(
    factored: &Factored<A>,
    block: &mut Block<'_, A>,
    n_used: usize,
) -> Result<BlockCurves, RidgeError> {
    let every = Candidates::all(factored.n_folds(), factored.model.alphas().len());
    validate(factored, block, n_used, &every)
}

fn over_all_blocks<A: Number, R: Send>(
    factored: &Factored<A>,
    data: &Data<'_, A>,
    work: impl Fn(&mut Block<'_, A>, &[usize]) -> Result<R, RidgeError> + Sync,
) -> Result<Vec<R>, RidgeError> {
    let columns: Vec<usize> = (0..data.n_targets()).collect();
    over_blocks(factored, &columns, |block, columns| {
        data.load(block, columns)?;
        work(block, columns)
    })
}
