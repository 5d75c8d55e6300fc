//! Exchanges of the two sides of whole runs, to test asymmetry where both sides are encoded.

use ndarray::Array2;
use rand::Rng;

use crate::checks::at_least;
use crate::{StatsError, Tail, permutation_p};

/// The runs whose sides are exchanged, in each of many patterns.
///
/// The last run is never exchanged, because the opposite pattern gives the difference with the other sign. If there are
/// at most [`MOST`](Self::MOST) patterns, all are there, counted in binary with the first run as the lowest bit;
/// otherwise that many, drawn at random after the first. The first pattern exchanges nothing.
///
/// ```
/// use lpp_stats::RunSwaps;
/// use rand::SeedableRng;
/// let swaps = RunSwaps::new(9, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
/// assert_eq!(swaps.patterns().dim(), (256, 9));
/// // The largest difference of all patterns.
/// let p = swaps.p(&(0..256).map(|pattern| -f64::from(pattern).sqrt() + 20.0).collect::<Vec<_>>());
/// assert_eq!(p, 1.0 / 256.0);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSwaps {
    patterns: Array2<bool>,
}

impl RunSwaps {
    /// Largest number of patterns.
    pub const MOST: usize = 1024;

    /// The patterns of `n_runs` runs.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two runs.
    pub fn new(n_runs: usize, rng: &mut impl Rng) -> Result<Self, StatsError> {
        at_least("runs whose sides are exchanged", 2, n_runs)?;
        let all = u32::try_from(n_runs - 1)
            .ok()
            .and_then(|n| 1_usize.checked_shl(n));
        let patterns = match all.filter(|&all| all <= Self::MOST) {
            Some(all) => Array2::from_shape_fn((all, n_runs), |(pattern, run)| pattern >> run & 1 == 1),
            None => Array2::from_shape_fn((Self::MOST, n_runs), |(pattern, run)| {
                pattern > 0 && run + 1 < n_runs && rng.random()
            }),
        };
        Ok(Self { patterns })
    }

    /// Whether the sides of each run are exchanged, (`n_patterns`, `n_runs`).
    #[must_use]
    pub fn patterns(&self) -> &Array2<bool> {
        &self.patterns
    }

    /// The smallest p that can be reached.
    #[must_use]
    pub fn smallest_p(&self) -> f64 {
        1.0 / self.patterns.nrows() as f64
    }

    /// Share of the patterns whose difference is at least as large in size as that of the first one, which counts too.
    /// `differences` has one value per pattern.
    ///
    /// The test is exact if the sides of a run are equally likely either way round.
    #[must_use]
    pub fn p(&self, differences: &[f64]) -> f64 {
        match differences {
            [observed, others @ ..] => permutation_p(*observed, others, Tail::TwoSided),
            [] => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn patterns_are_a_binary_counter_and_spare_the_last_run() {
        let swaps = RunSwaps::new(4, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!((swaps.patterns().nrows(), swaps.smallest_p()), (8, 0.125));
        assert_eq!(swaps.patterns().row(6).to_vec(), [false, true, true, false]);
        let many = RunSwaps::new(14, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!(many.patterns().nrows(), RunSwaps::MOST);
        assert!(
            many.patterns()
                .row(0)
                .iter()
                .chain(many.patterns().column(13))
                .all(|swap| !swap)
        );
        // Half of 1023 × 13 exchanges, within five standard errors.
        let n = many.patterns().iter().filter(|swap| **swap).count() as f64;
        assert!((n - 6649.5).abs() < 5.0 * (1023.0_f64 * 13.0 / 4.0).sqrt(), "{n}");
        assert!(RunSwaps::new(1, &mut ChaCha8Rng::seed_from_u64(1)).is_err());
    }

    #[test]
    fn as_many_patterns_as_allowed_are_all_there() {
        let swaps = RunSwaps::new(11, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!(swaps.patterns().dim(), (RunSwaps::MOST, 11));
        for (pattern, row) in swaps.patterns().rows().into_iter().enumerate() {
            let number = row
                .iter()
                .rev()
                .fold(0, |number, &swap| 2 * number + usize::from(swap));
            assert_eq!(number, pattern);
        }
        assert!(swaps.p(&[]).is_nan());
        // One of the three others is as large in size.
        assert_eq!(swaps.p(&[2.0, 1.0, -2.0, 0.5]), 0.5);
    }
}
