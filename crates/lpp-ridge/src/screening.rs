//! A race of penalties: all are scored on a few random targets, and only those that may still win on more and more of them.

use std::ops::Deref;

use ndarray::{Array2, Array3, ArrayRef2, s};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::score::Validated;
use crate::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use crate::workers::over_blocks;
use crate::{Element, PreparedFeatures, RidgeError};

/// Settings of the race, see [`crate::AlphaSearch::Screened`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screening {
    pub(crate) n_targets: usize,
    pub(crate) sigmas: f64,
    pub(crate) seed: u64,
}

/// Validation of a screened search.
///
/// The targets come in random order, in rounds that each double their number. After a round, a penalty is dropped whose
/// distance to the best exceeds the bound; a fold with one penalty left is decided. What survives to the end has been
/// scored on all targets, as in an exhaustive search. A fold without any usable target so far keeps all its penalties.
pub(crate) fn screen<A, Y>(
    prepared: &PreparedFeatures<A>,
    y: &[Y],
    n_targets: usize,
    settings: Screening,
) -> Result<Validated, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let mut order: Vec<usize> = (0..n_targets).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(settings.seed));
    let mut race = Race::new(prepared.n_runs(), prepared.model.alphas().len());
    let mut n_seen = 0;
    while n_seen < n_targets && race.is_open() {
        let mut end = (2 * n_seen).max(settings.n_targets);
        // A last round that is smaller than the one before would decide little by itself.
        if n_targets < end + end / 2 {
            end = n_targets;
        }
        order[n_seen..end].sort_unstable();
        let candidates = race.open_candidates();
        let rounds = over_blocks(prepared, &order[n_seen..end], |block, columns| {
            block.load(y, columns);
            let curves = validate(prepared, block, columns.len(), &candidates);
            Ok(Round::new(&curves, &candidates))
        })?;
        for round in &rounds {
            race.add(round, &candidates);
        }
        n_seen = end;
        race.finish_round(n_seen, n_targets, settings.sigmas);
    }
    Ok(race.result())
}

/// What a block adds to the race.
struct Round {
    totals: Totals,
    squares: Array3<f64>,
}

impl Round {
    fn new(curves: &BlockCurves, candidates: &Candidates) -> Self {
        let (n_folds, n_alphas, n_targets) = curves.scores.dim();
        let mut totals = Totals::new(n_folds, n_alphas);
        totals.add(curves);
        let mut squares = Array3::zeros((n_folds, n_alphas, n_alphas));
        for (fold, alphas) in candidates.0.iter().enumerate() {
            for (place, &a) in alphas.iter().enumerate() {
                for &b in &alphas[place + 1..] {
                    let rows = [a, b].map(|alpha| curves.scores.slice(s![fold, alpha, ..]));
                    let distances = (0..n_targets)
                        .filter(|&t| curves.n_runs[[fold, t]] > 0)
                        .map(|t| rows[0][t] - rows[1][t]);
                    let sum: f64 = distances.map(|d| d * d).sum();
                    squares[[fold, a, b]] = sum;
                    squares[[fold, b, a]] = sum;
                }
            }
        }
        Self { totals, squares }
    }
}

/// The state of the race.
struct Race {
    survivors: Candidates,
    /// Which folds are undecided.
    open: Vec<bool>,
    totals: Totals,
    /// Sums of squared distances between two penalties that are both in the race, (`n_folds`, `n_alphas`, `n_alphas`).
    squares: Array3<f64>,
    /// Mean scores when a penalty was last scored.
    curves: Array2<f64>,
    /// Whether they cover all targets.
    full: Array2<bool>,
}

impl Race {
    fn new(n_folds: usize, n_alphas: usize) -> Self {
        Self {
            survivors: Candidates::all(n_folds, n_alphas),
            open: vec![true; n_folds],
            totals: Totals::new(n_folds, n_alphas),
            squares: Array3::zeros((n_folds, n_alphas, n_alphas)),
            curves: Array2::from_elem((n_folds, n_alphas), f64::NAN),
            full: Array2::from_elem((n_folds, n_alphas), false),
        }
    }

    fn is_open(&self) -> bool {
        self.open.contains(&true)
    }

    /// The penalties of the folds that are undecided.
    fn open_candidates(&self) -> Candidates {
        let alphas = self.survivors.0.iter().zip(&self.open);
        Candidates(
            alphas
                .map(|(alphas, &open)| if open { alphas.clone() } else { Vec::new() })
                .collect(),
        )
    }

    fn add(&mut self, round: &Round, candidates: &Candidates) {
        for fold in (0..candidates.0.len()).filter(|&fold| !candidates.0[fold].is_empty()) {
            self.totals.merge_fold(&round.totals, fold);
        }
        self.squares += &round.squares;
    }

    /// Notes the means of the penalties just scored and drops those that cannot win any more.
    fn finish_round(&mut self, n_seen: usize, n_targets: usize, sigmas: f64) {
        let left_over = 1.0 - n_seen as f64 / n_targets as f64;
        for (fold, scored) in self.open_candidates().0.into_iter().enumerate() {
            for &alpha in &scored {
                self.curves[[fold, alpha]] = self.totals.mean(fold, alpha);
                self.full[[fold, alpha]] = n_seen == n_targets;
            }
            // Once all targets are in, means decide, and the first on ties.
            if !self.open[fold] || n_seen == n_targets {
                continue;
            }
            if let Some(best) = first_best(&scored, |alpha| self.curves[[fold, alpha]]) {
                let may_win =
                    |&alpha: &usize| alpha == best || self.may_win(fold, best, alpha, sigmas, left_over);
                self.survivors.0[fold] = scored.into_iter().filter(may_win).collect();
                self.open[fold] = self.survivors.0[fold].len() > 1;
            }
        }
    }

    /// Whether a penalty's mean distance to the best is within so many standard errors of a sample without replacement.
    fn may_win(&self, fold: usize, best: usize, alpha: usize, sigmas: f64, left_over: f64) -> bool {
        let n = self.totals.n_usable(fold) as f64;
        let mean = self.curves[[fold, best]] - self.curves[[fold, alpha]];
        let variance = (self.squares[[fold, best, alpha]] - n * mean * mean) / (n - 1.0);
        // With a single usable target the bound is NaN, and the penalty stays.
        let bound = sigmas * (variance.max(0.0) / n * left_over).sqrt();
        bound.is_nan() || variance.is_nan() || mean <= bound
    }

    fn result(self) -> Validated {
        let n_unusable = (0..self.survivors.0.len())
            .map(|fold| self.totals.n_unusable(fold))
            .collect();
        Validated {
            curves: self.curves,
            full: self.full,
            candidates: self.survivors,
            n_unusable,
        }
    }
}
