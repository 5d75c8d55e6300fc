//! The bootstrap: resamples of a statistic, and intervals from them.

use rand::Rng;

use crate::checks::{at_least, check_finite, tail_of};
use crate::{Groups, Interval, StatsError, normal_quantile, normal_upper_p, percentiles};

/// A statistic with its bootstrap distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// The statistic of the sample itself.
    pub estimate: f64,
    /// The statistic of each resample in the order drawn, without NaN.
    pub draws: Vec<f64>,
    /// Resamples whose statistic was NaN.
    pub n_nan: usize,
    /// The statistic with each unit left out in turn; NaN are ignored where it is used.
    pub jackknife: Vec<f64>,
}

impl Bootstrap {
    /// Resamples `n_units` units with replacement.
    ///
    /// `statistic` receives the indices of the units drawn, in any order and with repetitions. It is called with 0, 1,
    /// 2, … for the estimate, with one index missing for each value of the jackknife, and with a draw `n_resamples`
    /// times. It may return NaN for a draw on which it is not defined. The same generator state gives the same draws.
    ///
    /// The units must be what was sampled from a population: subjects, trials or models. Voxels are not independent, so
    /// do not use them as units.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two units or no resamples.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::Bootstrap;
    /// use rand::SeedableRng;
    /// let sample = [2.1, 1.4, 3.3, 2.8, 1.9, 2.2];
    /// let mean = |units: &[usize]| units.iter().map(|&i| sample[i]).sum::<f64>() / units.len() as f64;
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let bootstrap = Bootstrap::of_units(sample.len(), 2000, &mut rng, mean)?;
    /// let interval = bootstrap.bca_interval(0.95)?;
    /// assert!(interval.contains(bootstrap.estimate) && interval.low > 1.4 && interval.high < 3.3);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// B. Efron (1979), <https://doi.org/10.1214/aos/1176344552>.
    pub fn of_units(
        n_units: usize,
        n_resamples: usize,
        rng: &mut impl Rng,
        statistic: impl Fn(&[usize]) -> f64,
    ) -> Result<Self, StatsError> {
        at_least("units of a bootstrap", 2, n_units)?;
        at_least("resamples of a bootstrap", 1, n_resamples)?;
        let all: Vec<usize> = (0..n_units).collect();
        let jackknife = (0..n_units)
            .map(|left_out| {
                let rest: Vec<usize> = all.iter().copied().filter(|&unit| unit != left_out).collect();
                statistic(&rest)
            })
            .collect();
        let draws = (0..n_resamples)
            .map(|_| statistic(&bootstrap_indices(n_units, rng)))
            .collect();
        Ok(Self::from_draws(statistic(&all), draws, jackknife))
    }

    /// Resamples whole groups with replacement, which keeps the dependence within a group.
    ///
    /// As [`Bootstrap::of_units`], but `statistic` receives the indices of all observations of the groups drawn, and
    /// the jackknife leaves out one group at a time. With few groups (fewer than about twenty) the intervals are too
    /// narrow.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two groups or no resamples.
    ///
    /// # References
    /// C. A. Field and A. H. Welsh (2007), <https://doi.org/10.1111/j.1467-9868.2007.00593.x>;
    /// A. C. Cameron, J. B. Gelbach and D. L. Miller (2008), <https://doi.org/10.1162/rest.90.3.414>, on few groups.
    pub fn of_groups(
        groups: &Groups,
        n_resamples: usize,
        rng: &mut impl Rng,
        statistic: impl Fn(&[usize]) -> f64,
    ) -> Result<Self, StatsError> {
        Self::of_units(groups.len(), n_resamples, rng, |drawn| {
            statistic(&groups.observations_of(drawn))
        })
    }

    /// Wraps existing draws.
    ///
    /// NaN among `draws` are removed and counted. `jackknife` may be empty if you do not use
    /// [`Bootstrap::bca_interval`].
    #[must_use]
    pub fn from_draws(estimate: f64, draws: Vec<f64>, jackknife: Vec<f64>) -> Self {
        let n_drawn = draws.len();
        let draws: Vec<f64> = draws.into_iter().filter(|draw| !draw.is_nan()).collect();
        Self {
            estimate,
            n_nan: n_drawn - draws.len(),
            draws,
            jackknife,
        }
    }

    /// The standard deviation of the draws (n − 1); NaN with fewer than two.
    #[must_use]
    pub fn std_err(&self) -> f64 {
        let n = self.draws.len() as f64;
        let mean = self.draws.iter().sum::<f64>() / n;
        let squares: f64 = self.draws.iter().map(|draw| (draw - mean).powi(2)).sum();
        (squares / (n - 1.0)).sqrt()
    }

    /// The interval between the (1 − level)/2 and (1 + level)/2 quantiles of the draws.
    ///
    /// Both ends are NaN if no draw has a value.
    ///
    /// # Errors
    /// [`StatsError::ProbabilityOutOfRange`] unless 0 < level < 1.
    ///
    /// # References
    /// B. Efron and R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapter 13;
    /// `scipy.stats.bootstrap(method="percentile")`, SciPy 1.13.
    pub fn percentile_interval(&self, level: f64) -> Result<Interval, StatsError> {
        let tail = tail_of(level)?;
        self.between(tail, 1.0 - tail)
    }

    /// The bias-corrected and accelerated interval.
    ///
    /// Its ends are quantiles of the draws. Their probabilities are shifted by the bias (the share of draws below the
    /// estimate, where draws equal to it count half) and by the acceleration (the skewness of the jackknife values). If
    /// all jackknife values are equal, the acceleration is zero. Both ends are NaN if all draws are on one side of the
    /// estimate (the bias is infinite), if there are no draws, or if there are no jackknife values.
    ///
    /// # Errors
    /// [`StatsError::ProbabilityOutOfRange`] unless 0 < level < 1.
    ///
    /// # References
    /// B. Efron (1987), <https://doi.org/10.1080/01621459.1987.10478410>;
    /// `scipy.stats.bootstrap(method="BCa")`, SciPy 1.13.
    pub fn bca_interval(&self, level: f64) -> Result<Interval, StatsError> {
        let tail = tail_of(level)?;
        let below = self.share_below_estimate();
        let acceleration = self.acceleration();
        if !(below > 0.0 && below < 1.0) || acceleration.is_nan() {
            return Ok(Interval::UNDEFINED);
        }
        let bias = normal_quantile(below)?;
        let moved = |z: f64| {
            let shifted = bias + z;
            // The probability below bias + shifted/(1 − a·shifted).
            normal_upper_p(-(bias + shifted / (1.0 - acceleration * shifted)))
        };
        let z = normal_quantile(tail)?;
        self.between(moved(z), moved(-z))
    }

    /// The share of draws below the estimate, equal ones counting half.
    fn share_below_estimate(&self) -> f64 {
        let below = self.draws.iter().filter(|&&draw| draw < self.estimate).count();
        let up_to = self.draws.iter().filter(|&&draw| draw <= self.estimate).count();
        (below + up_to) as f64 / (2 * self.draws.len()) as f64
    }

    /// A sixth of the skewness of the jackknife; NaN without jackknife values.
    fn acceleration(&self) -> f64 {
        let known = || self.jackknife.iter().filter(|value| !value.is_nan());
        let mean = known().sum::<f64>() / known().count() as f64;
        let (squares, cubes) = known().fold((0.0, 0.0), |(squares, cubes), value| {
            let influence = mean - value;
            (squares + influence.powi(2), cubes + influence.powi(3))
        });
        if squares == 0.0 && !mean.is_nan() {
            0.0
        } else {
            cubes / (6.0 * f64::powf(squares, 1.5))
        }
    }

    /// The draws' quantiles at two probabilities.
    fn between(&self, low: f64, high: f64) -> Result<Interval, StatsError> {
        if self.draws.is_empty() {
            return Ok(Interval::UNDEFINED);
        }
        let ends = percentiles(&self.draws, &[100.0 * low, 100.0 * high])?;
        Ok(Interval {
            low: ends[0],
            high: ends[1],
        })
    }
}

/// Draws `n` positions out of 0..n with replacement.
///
/// Empty if `n` is 0.
///
/// # Example
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
/// assert!(lpp_stats::bootstrap_indices(5, &mut rng).iter().all(|&i| i < 5));
/// ```
pub fn bootstrap_indices(n: usize, rng: &mut impl Rng) -> Vec<usize> {
    (0..n).map(|_| rng.random_range(0..n)).collect()
}

/// Bootstraps the mean of `values`, one per unit (for example a slope per subject).
///
/// # Errors
/// [`StatsError::NotFinite`]; [`StatsError::TooFew`] with fewer than two values or without resamples.
///
/// # Example
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
/// let bootstrap = lpp_stats::bootstrap_mean(&[0.1, 0.3, 0.2, 0.25, 0.15], 1000, &mut rng)?;
/// assert!(bootstrap.percentile_interval(0.95)?.low > 0.0);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn bootstrap_mean(
    values: &[f64],
    n_resamples: usize,
    rng: &mut impl Rng,
) -> Result<Bootstrap, StatsError> {
    check_finite("a value", values)?;
    Bootstrap::of_units(values.len(), n_resamples, rng, |units| {
        units.iter().map(|&unit| values[unit]).sum::<f64>() / units.len() as f64
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const SAMPLE: [f64; 7] = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.5];

    fn of_mean(seed: u64, n_resamples: usize) -> Bootstrap {
        bootstrap_mean(&SAMPLE, n_resamples, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
    }

    #[test]
    fn the_seed_decides_the_draws() {
        assert_eq!(of_mean(1, 50), of_mean(1, 50));
        assert_ne!(of_mean(1, 50).draws, of_mean(2, 50).draws);
    }

    #[test]
    fn the_standard_error_of_a_mean_is_known() {
        // The bootstrap variance of a mean is Σ(x − x̄)²/n². 20000 draws have it to 0.5 % (one standard error); five.
        let mean = SAMPLE.iter().sum::<f64>() / 7.0;
        let exact = SAMPLE.iter().map(|x| (x - mean).powi(2)).sum::<f64>().sqrt() / 7.0;
        assert!((of_mean(3, 20_000).std_err() / exact - 1.0).abs() < 0.025);
    }

    #[test]
    fn without_bias_and_skewness_both_intervals_agree() {
        let draws: Vec<f64> = (-500..=500).map(f64::from).collect();
        let symmetric = Bootstrap::from_draws(0.0, draws, vec![-1.0, 0.0, 1.0]);
        let (plain, corrected) = (symmetric.percentile_interval(0.9), symmetric.bca_interval(0.9));
        let (plain, corrected) = (plain.unwrap(), corrected.unwrap());
        // A probability that went through the normal quantile and back, times 1000.
        assert!((plain.low - corrected.low).abs() < 1e-11 && (plain.high - corrected.high).abs() < 1e-11);
    }

    #[test]
    fn a_constant_sample_has_an_interval_of_one_point() {
        let flat = bootstrap_mean(&[2.0; 4], 20, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let point = Interval { low: 2.0, high: 2.0 };
        assert_eq!(flat.bca_interval(0.95), Ok(point));
        assert_eq!(flat.percentile_interval(0.95), Ok(point));
    }

    #[test]
    fn draws_without_a_value_are_counted() {
        let some = Bootstrap::from_draws(1.5, vec![1.0, f64::NAN, 2.0], vec![]);
        assert_eq!((some.draws.len(), some.n_nan), (2, 1));
        assert!(some.bca_interval(0.9).unwrap().low.is_nan(), "no jackknife");
        let none = Bootstrap::from_draws(f64::NAN, vec![f64::NAN], vec![1.0, 2.0]);
        assert!(none.percentile_interval(0.9).unwrap().low.is_nan());
        assert!(none.bca_interval(0.9).unwrap().high.is_nan());
    }

    #[test]
    fn an_estimate_beyond_all_draws_has_no_bca_interval() {
        let beyond = Bootstrap::from_draws(9.0, vec![1.0, 2.0, 3.0], vec![1.0, 2.0]);
        assert!(beyond.bca_interval(0.95).unwrap().low.is_nan());
    }

    #[test]
    fn bad_arguments_are_errors() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        assert!(bootstrap_mean(&[1.0], 10, &mut rng).is_err());
        assert!(bootstrap_mean(&[1.0, 2.0], 0, &mut rng).is_err());
        assert!(bootstrap_mean(&[1.0, f64::NAN], 10, &mut rng).is_err());
        assert!(of_mean(1, 10).percentile_interval(1.0).is_err());
        assert!(of_mean(1, 10).bca_interval(0.0).is_err());
    }
}
