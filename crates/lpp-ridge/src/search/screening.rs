//! Screening of penalties (successive halving): all are scored on a few random targets, and those that may still win on
//! more and more targets.

use ndarray::{Array2, Array3, ArrayView2, s};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::validated::Validated;
use super::validation::{BlockCurves, Candidates, Totals, first_best, validate};
use super::workers::over_blocks;
use crate::systems::factored::Factored;
use crate::{AlphaSearch, Metric, NanTargets, Number, RidgeCvParams, RidgeError};

/// Settings of the screening, see [`crate::AlphaSearch::Screened`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screening {
    n_targets: usize,
    sigmas: f64,
    seed: u64,
}

impl Screening {
    /// The screening for `n_targets` targets, if it applies.
    pub(crate) fn of(settings: &RidgeCvParams, n_targets: usize) -> Option<Self> {
        match settings.search {
            AlphaSearch::Screened {
                n_targets: first,
                sigmas,
                seed,
            } if n_targets / 2 >= first && settings.nan_targets == NanTargets::Ignore => Some(Self {
                n_targets: first,
                sigmas,
                seed,
            }),
            _ => None,
        }
    }
}

/// Validation of a screened search.
///
/// Targets are used in random order, in rounds that each double their number. After a round, penalties whose distance
/// to the best exceeds the bound are dropped; a fold with one penalty left is decided. Penalties that remain at the end
/// have been scored on all targets, as in an exhaustive search. A fold without any usable target so far keeps all its
/// penalties.
/// Targets that could outweigh the others ([`outweighs`]) are not sampled: all of them are in the first round.
pub(crate) fn screen<A: Number>(
    factored: &Factored<A>,
    y: &[ArrayView2<'_, A>],
    columns: &[usize],
    settings: Screening,
) -> Result<Validated, RidgeError> {
    let (fixed, mut order) = match factored.model.settings.metric {
        Metric::Pearson => (Vec::new(), columns.to_vec()),
        Metric::R2 => split_off_heavy(columns, &second_moments(y, columns)),
    };
    let n_targets = order.len();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(settings.seed));
    let mut race = Race::new(factored.n_folds(), factored.model.alphas().len());
    let round = |race: &mut Race, columns: &[usize], fixed| {
        let candidates = race.open_candidates();
        let parts = over_blocks(factored, columns, |block, columns| {
            block.load(y, columns)?;
            let curves = validate(factored, block, columns.len(), &candidates)?;
            Ok(Round::new(&curves, &candidates))
        })?;
        parts.iter().for_each(|part| race.add(part, &candidates, fixed));
        Ok::<_, RidgeError>(())
    };
    round(&mut race, &fixed, true)?;
    let mut n_seen = 0;
    if n_targets == 0 {
        race.finish_round(0, 0, settings.sigmas);
    }
    while n_seen < n_targets && race.is_open() {
        let mut end = (2 * n_seen).max(settings.n_targets);
        // A last round that is smaller than the one before would decide little by itself.
        if n_targets < end + end / 2 {
            end = n_targets;
        }
        order[n_seen..end].sort_unstable();
        round(&mut race, &order[n_seen..end], false)?;
        n_seen = end;
        race.finish_round(n_seen, n_targets, settings.sigmas);
    }
    Ok(race.result())
}

/// The scales of a target in different runs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SecondMoments {
    /// Largest mean square in a run: the scale of predictions.
    largest: f64,
    /// Smallest variance in a run: the denominator of their errors.
    smallest: f64,
}

/// Largest ratio of the mean square of a target in one run to its variance in another run for which it is sampled.
const MOST_RATIO: f64 = 16.0;

/// Whether a target could outweigh many others in a mean of R².
///
/// Predictions are linear in the training targets, and R² divides by the variance on the validation run. So the
/// difference between the R² of two penalties is at most twice `‖M‖² r + 2 ‖M‖ √r`, for operators of norm ‖M‖ or less
/// and the ratio r of the mean square in training to the variance in validation. For all targets with r of 16 or less,
/// the differences are bounded, like those of correlations, and the mean over a random part of them has the error
/// assumed in the screening.
fn outweighs(moments: SecondMoments) -> bool {
    let (largest, bound) = (moments.largest, MOST_RATIO * moments.smallest);
    largest > bound || largest.is_nan() || bound.is_nan()
}

/// The columns that could outweigh the others, and the others; if most could, all are in the first list.
fn split_off_heavy(columns: &[usize], moments: &[SecondMoments]) -> (Vec<usize>, Vec<usize>) {
    let (heavy, light): (Vec<_>, Vec<_>) = columns.iter().zip(moments).partition(|(_, m)| outweighs(**m));
    if light.len() < heavy.len() {
        return (columns.to_vec(), Vec::new());
    }
    let columns = |pairs: Vec<(&usize, &SecondMoments)>| pairs.into_iter().map(|(&c, _)| c).collect();
    (columns(heavy), columns(light))
}

fn second_moments<A: Number>(y: &[ArrayView2<'_, A>], columns: &[usize]) -> Vec<SecondMoments> {
    let of_column = |&column: &usize| {
        let mut all = SecondMoments {
            largest: 0.0,
            smallest: f64::INFINITY,
        };
        for y in y {
            let (mut sum, mut square) = (0.0, 0.0);
            for value in y.column(column) {
                let value = value.to_double();
                sum += value;
                square += value * value;
            }
            let n = y.nrows() as f64;
            let (mean, size) = (sum / n, square / n);
            all.largest = all.largest.max(size);
            all.smallest = all.smallest.min(size - mean * mean);
        }
        all
    };
    columns.par_iter().with_min_len(64).map(of_column).collect()
}

/// The contribution of a block to the screening.
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

/// The allowed distance of a penalty from the best.
struct Bound {
    sigmas: f64,
    /// Share of the random part that has not been scored yet.
    left_over: f64,
    /// Number of targets represented by the random part.
    n_targets: usize,
}

/// The state of the screening.
struct Race {
    survivors: Candidates,
    /// Which folds are undecided.
    open: Vec<bool>,
    /// Totals of the random part.
    totals: Totals,
    /// Totals of the targets that are not sampled.
    fixed: Totals,
    /// Sums of squared distances over the random part between two remaining penalties, (`n_folds`, `n_alphas`,
    /// `n_alphas`).
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
            fixed: Totals::new(n_folds, n_alphas),
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

    fn add(&mut self, round: &Round, candidates: &Candidates, fixed: bool) {
        let totals = if fixed { &mut self.fixed } else { &mut self.totals };
        for fold in (0..candidates.0.len()).filter(|&fold| !candidates.0[fold].is_empty()) {
            totals.merge_fold(&round.totals, fold);
        }
        if !fixed {
            self.squares += &round.squares;
        }
    }

    /// Mean score of a penalty over all targets, with the random part of `n_targets` representing the rest.
    fn mean(&self, fold: usize, alpha: usize, n_seen: usize, n_targets: usize) -> f64 {
        let n_fixed = self.fixed.n_usable(fold);
        let (seen, fixed) = (self.totals.mean(fold, alpha), self.fixed.mean(fold, alpha));
        if n_fixed == 0 {
            return seen;
        }
        if n_seen == n_targets {
            let mut all = self.totals.clone();
            all.merge_fold(&self.fixed, fold);
            return all.mean(fold, alpha);
        }
        let weight = n_fixed as f64 / (n_fixed as f64 + n_targets as f64);
        weight * fixed + (1.0 - weight) * seen
    }

    /// Stores the means of the penalties just scored and drops those that can no longer win.
    fn finish_round(&mut self, n_seen: usize, n_targets: usize, sigmas: f64) {
        let left_over = 1.0 - n_seen as f64 / n_targets as f64;
        for (fold, scored) in self.open_candidates().0.into_iter().enumerate() {
            for &alpha in &scored {
                self.curves[[fold, alpha]] = self.mean(fold, alpha, n_seen, n_targets);
                self.full[[fold, alpha]] = n_seen == n_targets;
            }
            // Once all targets are in, means decide, and the first on ties.
            if !self.open[fold] || n_seen == n_targets {
                continue;
            }
            if let Some(best) = first_best(&scored, |alpha| self.curves[[fold, alpha]]) {
                let bound = Bound {
                    sigmas,
                    left_over,
                    n_targets,
                };
                let may_win = |&alpha: &usize| alpha == best || self.may_win(fold, best, alpha, &bound);
                self.survivors.0[fold] = scored.into_iter().filter(may_win).collect();
                self.open[fold] = self.survivors.0[fold].len() > 1;
            }
        }
    }

    /// Whether the mean distance of a penalty to the best is within the bound, in standard errors of a sample without
    /// replacement.
    fn may_win(&self, fold: usize, best: usize, alpha: usize, bound: &Bound) -> bool {
        let n = self.totals.n_usable(fold) as f64;
        let distance = self.totals.mean(fold, best) - self.totals.mean(fold, alpha);
        let variance = (self.squares[[fold, best, alpha]] - n * distance * distance) / (n - 1.0);
        // With a single usable target the bound is NaN, and the penalty stays.
        let error = (variance.max(0.0) / n * bound.left_over).sqrt();
        let n_fixed = self.fixed.n_usable(fold) as f64;
        let share = bound.n_targets as f64 / (bound.n_targets as f64 + n_fixed);
        let limit = bound.sigmas * share * error;
        let mean = self.curves[[fold, best]] - self.curves[[fold, alpha]];
        limit.is_nan() || variance.is_nan() || mean <= limit
    }

    fn result(self) -> Validated {
        let n_unusable = (0..self.survivors.0.len())
            .map(|fold| self.totals.n_unusable(fold) + self.fixed.n_unusable(fold))
            .collect();
        Validated {
            curves: self.curves,
            full: self.full,
            candidates: self.survivors,
            n_unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RidgeCv;
    use ndarray::array;

    /// Scores of two penalties in one fold: `distances` apart on each target, NaN for an unusable one.
    fn round(distances: &[f64]) -> Round {
        let n_runs = |&distance: &f64| u32::from(!distance.is_nan());
        let curves = BlockCurves {
            scores: Array3::from_shape_fn((1, 2, distances.len()), |(_, alpha, target)| {
                if alpha == 0 { distances[target] } else { 0.0 }
            }),
            n_runs: Array2::from_shape_vec((1, distances.len()), distances.iter().map(n_runs).collect())
                .unwrap(),
        };
        Round::new(&curves, &Candidates::all(1, 2))
    }

    /// A race after targets that are not sampled, and some that are.
    fn race(fixed: &[f64], seen: &[f64]) -> Race {
        let (mut race, all) = (Race::new(1, 2), Candidates::all(1, 2));
        race.add(&round(fixed), &all, true);
        race.add(&round(seen), &all, false);
        race
    }

    /// Whether the worse penalty is still in after four of eight sampled targets.
    fn stays(fixed: &[f64], seen: &[f64], sigmas: f64) -> bool {
        let mut race = race(fixed, seen);
        race.finish_round(4, 8, sigmas);
        assert_eq!(race.open, [race.survivors.0[0].len() == 2]);
        assert_eq!(race.full, array![[false, false]]);
        race.survivors.0[0].contains(&1)
    }

    #[test]
    fn a_penalty_is_dropped_at_the_given_number_of_standard_errors() {
        let seen = [1.0, 2.0, 3.0, 6.0];
        // Mean 3 and variance 14/3; half of the targets are left, so the standard error is √(14/3 / 4 / 2).
        let sigmas = 3.0 / (14.0_f64 / 24.0).sqrt();
        assert!(stays(&[], &seen, sigmas * (1.0 + 1e-12)));
        assert!(!stays(&[], &seen, sigmas * (1.0 - 1e-12)));
        // Two targets that are not sampled, with mean 1, count as two of ten: the mean is 2.6, and the error falls to 0.8.
        let sigmas = 2.6 / (0.8 * (14.0_f64 / 24.0).sqrt());
        assert!(stays(&[0.5, 1.5], &seen, sigmas * (1.0 + 1e-12)));
        assert!(!stays(&[0.5, 1.5], &seen, sigmas * (1.0 - 1e-12)));
        // An unusable target changes nothing.
        assert!(stays(&[0.5, f64::NAN, 1.5], &seen, sigmas * (1.0 + 1e-12)));
        assert!(!stays(&[0.5, f64::NAN, 1.5], &seen, sigmas * (1.0 - 1e-12)));
    }

    #[test]
    fn no_penalty_is_dropped_without_an_estimate_of_its_error() {
        let nan = f64::NAN;
        assert!(stays(&[], &[5.0, nan, nan, nan], 1e-3)); // one target has no variance
        assert!(stays(&[], &[nan; 4], 1e-3));
        // Equal distances have the variance 0, and no doubt is left.
        assert!(!stays(&[], &[5.0; 4], 1e3));
    }

    #[test]
    fn means_of_a_race_are_those_of_all_targets_in_the_end() {
        let mut race = race(&[0.5, 1.5, f64::NAN], &[1.0, 2.0, 3.0, 6.0, f64::NAN, f64::NAN]);
        race.finish_round(4, 8, 1e3);
        assert!((race.curves[[0, 0]] - 2.6).abs() < 1e-15);
        race.finish_round(8, 8, 1e3);
        assert!((race.curves[[0, 0]] - 14.0 / 6.0).abs() < 1e-15);
        assert!(race.is_open()); // both were scored on all targets, and the means decide
        let found = race.result();
        assert_eq!(found.full, array![[true, true]]);
        assert_eq!(found.candidates.0, [[0, 1]]);
        assert_eq!(found.n_unusable, [3]);
    }

    #[test]
    fn targets_that_could_outweigh_others_are_told_by_their_moments() {
        // Means 2 and 3, mean squares 5 and 11, variances 1 and 2. Then 1e3 and 0 with variances of 1.
        let first = array![[9.0, 1.0, 999.0], [9.0, 3.0, 1001.0]];
        let second = array![[9.0, 2.0, -1.0], [9.0, 2.0, 1.0], [9.0, 5.0, 0.0]];
        let found = second_moments(&[first.view(), second.view()], &[1, 2]);
        let ordinary = SecondMoments {
            largest: 11.0,
            smallest: 1.0,
        };
        assert_eq!(found[0], ordinary);
        assert!(!outweighs(ordinary) && outweighs(found[1]));
        assert!(
            (found[1].largest - 1_000_001.0).abs() < 1e-9 && (found[1].smallest - 2.0 / 3.0).abs() < 1e-12
        );
        for (largest, smallest, expected) in [
            (16.0, 1.0, false),
            (16.1, 1.0, true),
            (f64::NAN, 1.0, true),
            (1.0, f64::NAN, true),
        ] {
            assert_eq!(outweighs(SecondMoments { largest, smallest }), expected);
        }
        let heavy = SecondMoments {
            largest: 17.0,
            ..ordinary
        };
        assert_eq!(
            split_off_heavy(&[4, 7, 9], &[ordinary, heavy, ordinary]),
            (vec![7], vec![4, 9])
        );
        assert_eq!(split_off_heavy(&[4, 7], &[ordinary, heavy]), (vec![7], vec![4]));
        assert_eq!(
            split_off_heavy(&[4, 7, 9], &[heavy, heavy, ordinary]),
            (vec![4, 7, 9], vec![])
        );
    }

    #[test]
    fn few_targets_and_the_rule_for_nan_targets_need_no_race() {
        let screened = AlphaSearch::Screened {
            n_targets: 10,
            sigmas: 6.0,
            seed: 0,
        };
        let params = || RidgeCv::params().alpha_search(screened);
        assert!(Screening::of(&params(), 20).is_some());
        assert!(Screening::of(&params(), 19).is_none());
        assert!(Screening::of(&params().nan_targets(NanTargets::TakeFirstAlpha), 20).is_none());
        assert!(Screening::of(&params().alpha_search(AlphaSearch::Exhaustive), 20).is_none());
    }
}
