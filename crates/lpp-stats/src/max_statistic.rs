//! P-values from empirical null distributions, for one test and for a family of tests.

use ndarray::ArrayRef2;

use crate::StatsError;
use crate::checks::at_least;

/// Null statistics below the observed one by less than this fraction count as ties, because the same permutation summed
/// in another order must not look smaller. About a thousand roundings.
const TIE: f64 = 1e-12;

/// Which values are extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tail {
    /// Large values.
    Upper,
    /// Values far from zero.
    TwoSided,
}

impl Tail {
    /// The statistic, transformed so that larger is more extreme.
    fn extremeness(self, statistic: f64) -> f64 {
        match self {
            Self::Upper => statistic,
            Self::TwoSided => statistic.abs(),
        }
    }
}

/// The share of `null`, the observed statistic included, that is as extreme as `observed`: (1 + b)/(1 + n).
///
/// The smallest p-value from n null statistics is 1/(1 + n), never zero. NaN in `null` are ignored; a NaN `observed`
/// has p NaN. Null statistics within one part in 10¹² of the observed one count as ties.
///
/// # Example
/// ```
/// use lpp_stats::{Tail, permutation_p};
/// let null = [0.1, -0.4, 0.3, -0.2];
/// assert_eq!(permutation_p(0.35, &null, Tail::Upper), 0.2);
/// assert_eq!(permutation_p(0.35, &null, Tail::TwoSided), 0.4);
/// ```
///
/// # References
/// B. Phipson and G. K. Smyth (2010), <https://doi.org/10.2202/1544-6115.1585>.
#[must_use]
pub fn permutation_p(observed: f64, null: &[f64], tail: Tail) -> f64 {
    if observed.is_nan() {
        return f64::NAN;
    }
    let level = tie_level(tail.extremeness(observed));
    let known = null.iter().filter(|value| !value.is_nan());
    let (n, reached) = known.fold((0_usize, 0_usize), |(n, reached), &value| {
        (n + 1, reached + usize::from(tail.extremeness(value) >= level))
    });
    (1 + reached) as f64 / (1 + n) as f64
}

/// The null distribution of the most extreme statistic in a family of tests.
///
/// Comparing each test with it controls the probability of even one false discovery in the family (the family-wise
/// error). It takes the dependence between tests into account, so on smooth maps it is less conservative than
/// Bonferroni.
///
/// # References
/// T. E. Nichols and A. P. Holmes (2002), <https://doi.org/10.1002/hbm.1058>;
/// P. H. Westfall and S. S. Young (1993), Resampling-Based Multiple Testing, chapter 2 (single-step).
#[derive(Debug, Clone, PartialEq)]
pub struct MaxStatistic {
    /// Ascending, without NaN.
    maxima: Vec<f64>,
    tail: Tail,
}

impl MaxStatistic {
    /// Computes the most extreme statistic of each permutation.
    ///
    /// # Shapes
    /// `null` is (`n_permutations`, `n_tests`), without the observed data. Statistics should have the same scale over
    /// tests (t or r, not slopes in different units). NaN are ignored; a permutation without any value is left out.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] if no permutation has a value.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{MaxStatistic, Tail};
    /// use ndarray::array;
    /// let null = array![[0.1, 0.5], [0.3, -0.9], [-0.2, 0.2]];
    /// let max = MaxStatistic::of_null(&null, Tail::TwoSided)?;
    /// assert_eq!(max.corrected_p(&[0.6, 2.0]), [0.5, 0.25]);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn of_null(null: &ArrayRef2<f64>, tail: Tail) -> Result<Self, StatsError> {
        let maxima = null
            .rows()
            .into_iter()
            .map(|row| most_extreme(row.iter().copied(), tail))
            .collect();
        Self::of_maxima(maxima, tail)
    }

    /// Wraps existing maxima (for [`Tail::TwoSided`], of absolute values), one per permutation.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] if none is a number.
    pub fn of_maxima(maxima: Vec<f64>, tail: Tail) -> Result<Self, StatsError> {
        let mut maxima: Vec<f64> = maxima.into_iter().filter(|value| !value.is_nan()).collect();
        at_least("permutations of a max-statistic", 1, maxima.len())?;
        maxima.sort_unstable_by(f64::total_cmp);
        Ok(Self { maxima, tail })
    }

    /// Number of permutations.
    #[must_use]
    pub fn n_permutations(&self) -> usize {
        self.maxima.len()
    }

    /// The family-wise corrected p-value of each observed statistic.
    ///
    /// As [`permutation_p`] against the maxima; NaN stay NaN.
    #[must_use]
    pub fn corrected_p(&self, observed: &[f64]) -> Vec<f64> {
        let n = self.maxima.len();
        observed
            .iter()
            .map(|&statistic| {
                if statistic.is_nan() {
                    return f64::NAN;
                }
                let level = tie_level(self.tail.extremeness(statistic));
                let below = self.maxima.partition_point(|&maximum| maximum < level);
                (1 + n - below) as f64 / (1 + n) as f64
            })
            .collect()
    }

    /// The value that a statistic (for [`Tail::TwoSided`], its absolute value) must exceed for a corrected p ≤ `alpha`.
    ///
    /// Infinite if there are too few permutations for such a p.
    ///
    /// # Errors
    /// [`StatsError::ProbabilityOutOfRange`] unless 0 < `alpha` < 1.
    pub fn threshold(&self, alpha: f64) -> Result<f64, StatsError> {
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(StatsError::ProbabilityOutOfRange { found: alpha });
        }
        let n = self.maxima.len();
        // p = (1 + b)/(1 + n) ≤ alpha allows this many; the slack undoes the rounding of products such as 0.29 · 100.
        let allowed = (alpha * (n + 1) as f64 + 1e-9).floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 <= allowed <= n"
        )]
        let allowed = allowed as usize;
        Ok(if allowed == 0 {
            f64::INFINITY
        } else {
            self.maxima[n - allowed]
        })
    }
}

/// The most extreme of several statistics, ignoring NaN; NaN if there is none.
pub(crate) fn most_extreme(statistics: impl Iterator<Item = f64>, tail: Tail) -> f64 {
    // f64::max passes over NaN.
    statistics.fold(f64::NAN, |most, statistic| most.max(tail.extremeness(statistic)))
}

/// The least null statistic that counts as reaching the observed one.
fn tie_level(extremeness: f64) -> f64 {
    if extremeness.is_infinite() {
        extremeness
    } else {
        extremeness - TIE * extremeness.abs()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn one_test_needs_no_correction() {
        let null = Array2::from_shape_fn((40, 1), |(i, _)| ((i * 17) % 41) as f64 - 20.0);
        let max = MaxStatistic::of_null(&null, Tail::TwoSided).unwrap();
        for observed in [0.0, -3.0, 12.5, 100.0] {
            let plain = permutation_p(observed, null.as_slice().unwrap(), Tail::TwoSided);
            assert_eq!(max.corrected_p(&[observed]), [plain]);
        }
    }

    #[test]
    fn what_exceeds_the_threshold_is_what_is_significant() {
        let null = Array2::from_shape_fn((99, 3), |(i, j)| (((i + 1) * (j + 5) * 31) % 97) as f64);
        let max = MaxStatistic::of_null(&null, Tail::Upper).unwrap();
        for alpha in [0.01, 0.05, 0.29, 0.5] {
            let threshold = max.threshold(alpha).unwrap();
            for statistic in [-1.0, 50.0, 90.0, 95.5, 96.0, 96.5] {
                let significant = max.corrected_p(&[statistic])[0] <= alpha;
                assert_eq!(significant, statistic > threshold, "{statistic} at {alpha}");
            }
        }
    }

    #[test]
    fn few_permutations_prove_nothing() {
        let max = MaxStatistic::of_maxima(vec![1.0; 18], Tail::Upper).unwrap();
        assert_eq!(max.threshold(0.05), Ok(f64::INFINITY));
        assert!(max.threshold(1.5).is_err());
    }

    #[test]
    fn ties_up_to_rounding_count() {
        let sum = 0.1 + 0.2;
        assert!(sum > 0.3);
        assert_eq!(permutation_p(sum, &[0.3], Tail::Upper), 1.0);
    }

    #[test]
    fn missing_statistics_are_passed_over() {
        let null = array![[f64::NAN, 1.0], [f64::NAN, f64::NAN], [3.0, -4.0]];
        let max = MaxStatistic::of_null(&null, Tail::TwoSided).unwrap();
        assert_eq!(max.n_permutations(), 2);
        assert!(max.corrected_p(&[f64::NAN])[0].is_nan());
        assert!(permutation_p(f64::NAN, &[1.0], Tail::Upper).is_nan());
        assert!(MaxStatistic::of_null(&Array2::zeros((0, 2)), Tail::Upper).is_err());
    }

    #[test]
    fn the_threshold_is_the_largest_maximum_that_is_not_significant() {
        let max = MaxStatistic::of_maxima((1..=99).map(f64::from).collect(), Tail::Upper).unwrap();
        // Above 95 there are four maxima, and (1 + 4)/(1 + 99) = 0.05.
        for (alpha, threshold) in [(0.01, 99.0), (0.05, 95.0), (0.29, 71.0), (0.995, 1.0)] {
            assert_eq!(max.threshold(alpha), Ok(threshold), "{alpha}");
        }
        assert_eq!(max.threshold(0.0099), Ok(f64::INFINITY));
        for alpha in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(max.threshold(alpha).is_err(), "{alpha}");
        }
    }

    #[test]
    fn ties_have_the_scale_of_the_statistic() {
        for unit in [1e-9, 1.0, 1e9] {
            let (observed, null) = (unit * (0.1 + 0.2), [unit * 0.3, unit * 0.299_999]);
            // Of the two, the first is the same number but for rounding.
            assert_eq!(permutation_p(observed, &null, Tail::Upper), 2.0 / 3.0);
            let max = MaxStatistic::of_maxima(null.to_vec(), Tail::TwoSided).unwrap();
            assert_eq!(max.corrected_p(&[-observed]), [2.0 / 3.0]);
        }
        assert_eq!(
            permutation_p(f64::INFINITY, &[1.0, f64::INFINITY], Tail::Upper),
            2.0 / 3.0
        );
    }
}
