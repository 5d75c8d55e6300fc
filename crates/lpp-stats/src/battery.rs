//! The accuracy of a battery of sets of items.

use rand::Rng;
use rand_distr::{Binomial, Distribution};

use crate::checks::at_least;
use crate::{Bootstrap, Interval, StatsError};

/// How many items of a set came out right, tied and wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Worth 1.
    pub right: u64,
    /// Worth ½.
    pub tied: u64,
    /// Worth 0.
    pub wrong: u64,
}

impl Marks {
    /// Number of items.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.right + self.tied + self.wrong
    }

    /// Accuracy of the set; NaN without items.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.right as f64 + self.tied as f64 / 2.0) / self.n() as f64
    }

    /// As many items drawn from these with replacement.
    fn redrawn(&self, rng: &mut impl Rng) -> Self {
        let n = self.n();
        let right = draw(n, self.right as f64 / n as f64, rng);
        let tied = draw(n - right, self.tied as f64 / (self.tied + self.wrong) as f64, rng);
        Self {
            right,
            tied,
            wrong: n - right - tied,
        }
    }
}

/// A binomial number; 0 where the share has no meaning.
fn draw(n: u64, share: f64, rng: &mut impl Rng) -> u64 {
    Binomial::new(n, share).map_or(0, |binomial| binomial.sample(rng))
}

/// Mean over groups of the mean over their sets of the mean over their items: `BLiMP` over phenomena, or any battery over its sets
/// if there is one group.
///
/// # Example
/// ```
/// use lpp_stats::{Marks, battery_mean};
///
/// let (all, half) = (Marks { right: 9, ..Marks::default() }, Marks { right: 1, wrong: 1, tied: 2 });
/// assert_eq!(battery_mean(&[vec![all, half]]), 0.75);
/// ```
#[must_use]
pub fn battery_mean(groups: &[Vec<Marks>]) -> f64 {
    let group = |sets: &Vec<Marks>| sets.iter().map(Marks::mean).sum::<f64>() / sets.len() as f64;
    groups.iter().map(group).sum::<f64>() / groups.len() as f64
}

/// Percentile interval of [`battery_mean`] over resamples of groups, of sets within them and of items within these. A level with one
/// unit is not resampled.
///
/// # Errors
/// [`StatsError::TooFew`] without groups, sets or resamples; as [`Bootstrap::percentile_interval`].
pub fn battery_interval(
    groups: &[Vec<Marks>],
    n_resamples: usize,
    level: f64,
    rng: &mut impl Rng,
) -> Result<Interval, StatsError> {
    at_least("groups of a battery", 1, groups.len())?;
    for sets in groups {
        at_least("sets of a battery", 1, sets.len())?;
        for set in sets {
            at_least(
                "items of a set",
                1,
                usize::try_from(set.n()).unwrap_or(usize::MAX),
            )?;
        }
    }
    at_least("resamples of a bootstrap", 1, n_resamples)?;
    let draws = (0..n_resamples).map(|_| {
        let redrawn = picked(groups, rng).into_iter().map(|sets| {
            let sets = picked(sets, rng);
            sets.into_iter().map(|set| set.redrawn(rng)).collect::<Vec<_>>()
        });
        battery_mean(&redrawn.collect::<Vec<_>>())
    });
    let draws = draws.collect();
    Bootstrap::from_draws(battery_mean(groups), draws, Vec::new()).percentile_interval(level)
}

/// As many of `all` drawn with replacement.
fn picked<'a, T>(all: &'a [T], rng: &mut impl Rng) -> Vec<&'a T> {
    all.iter().map(|_| &all[rng.random_range(0..all.len())]).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn interval(groups: &[Vec<Marks>]) -> Interval {
        battery_interval(groups, 4000, 0.95, &mut ChaCha8Rng::seed_from_u64(7)).unwrap()
    }

    #[test]
    fn one_set_has_the_interval_of_a_share() {
        let set = Marks {
            right: 640,
            tied: 0,
            wrong: 360,
        };
        let found = interval(&[vec![set]]);
        // 0.64 ± 1.96 √(0.64 · 0.36 / 1000); the ends of 4000 draws scatter by a few thousandths.
        assert!(
            (found.low - 0.6102).abs() < 0.005 && (found.high - 0.6698).abs() < 0.005,
            "{found:?}"
        );
    }

    #[test]
    fn sets_that_differ_widen_it_and_ties_narrow_it() {
        let half = Marks {
            right: 50,
            tied: 0,
            wrong: 50,
        };
        let all = Marks {
            right: 100,
            ..Marks::default()
        };
        let none = Marks {
            wrong: 100,
            ..Marks::default()
        };
        let tied = Marks {
            tied: 100,
            ..Marks::default()
        };
        let alike = interval(&[vec![half; 4]]);
        let unlike = interval(&[vec![all, none, all, none]]);
        assert!(unlike.width() > 3.0 * alike.width());
        assert_eq!(interval(&[vec![tied; 4]]), Interval { low: 0.5, high: 0.5 });
        assert!(interval(&[vec![all, none], vec![all, none]]).width() > alike.width());
    }

    #[test]
    fn an_empty_set_is_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(battery_interval(&[vec![Marks::default()]], 10, 0.95, &mut rng).is_err());
        assert!(battery_interval(&[], 10, 0.95, &mut rng).is_err());
    }
}
