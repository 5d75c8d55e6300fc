//! Random effects: from one effect per subject to the population.

use rand::Rng;

use crate::checks::at_least;
use crate::{
    Interval, SignFlipTest, StatsError, TTest, sign_flip_test, student_t_critical, t_test_one_sample,
};

/// Tests whether an effect estimated in each subject differs from zero in the population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomEffects {
    /// Mean over subjects.
    pub mean: f64,
    /// Its standard error.
    pub std_err: f64,
    /// The 95 % confidence interval of the mean, by Student's t.
    pub interval: Interval,
    /// The one-sample t-test against zero.
    pub t_test: TTest,
    /// The sign-flip test, which assumes only symmetry.
    pub sign_flip: SignFlipTest,
    /// Number of subjects.
    pub n_subjects: usize,
}

impl RandomEffects {
    /// Summarises one effect per subject, for example a slope of L − R on model size.
    ///
    /// Subjects are the random factor, so the result generalises to further subjects. The precision of each effect is
    /// not used. With five subjects the sign-flip p cannot be below 2/32.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two subjects or without flips, [`StatsError::NotFinite`].
    ///
    /// # Example
    /// ```
    /// use lpp_stats::RandomEffects;
    /// use rand::SeedableRng;
    /// let slopes = [0.0031, 0.0042, 0.0018, 0.0037, 0.0029];
    /// let group = RandomEffects::of(&slopes, 1000, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
    /// assert!(group.t_test.p < 0.01 && group.interval.low > 0.0);
    /// assert_eq!(group.sign_flip.p, 2.0 / 32.0);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// A. P. Holmes and K. J. Friston (1998), "Generalisability, random effects and population inference".
    pub fn of(effects: &[f64], n_flips: usize, rng: &mut impl Rng) -> Result<Self, StatsError> {
        at_least("subjects of a random-effects test", 2, effects.len())?;
        let sign_flip = sign_flip_test(effects, n_flips, rng)?;
        let t_test = t_test_one_sample(effects, 0.0)?;
        let n = effects.len() as f64;
        let squares: f64 = effects
            .iter()
            .map(|effect| (effect - sign_flip.mean).powi(2))
            .sum();
        let std_err = (squares / (n - 1.0) / n).sqrt();
        let reach = student_t_critical(0.05, t_test.df)? * std_err;
        Ok(Self {
            mean: sign_flip.mean,
            std_err,
            interval: Interval {
                low: sign_flip.mean - reach,
                high: sign_flip.mean + reach,
            },
            t_test,
            sign_flip,
            n_subjects: effects.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_interval_holds_zero_exactly_when_p_is_large() {
        for shift in [0.0, 0.5, 0.9, 1.0, 1.1, 3.0] {
            let effects = [-1.0, 0.5, 0.3, -0.2, 0.4].map(|effect| effect + shift);
            let group = RandomEffects::of(&effects, 32, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
            assert_eq!(group.interval.contains(0.0), group.t_test.p >= 0.05, "{group:?}");
            // Two routes to the same ratio.
            assert!((group.mean / group.std_err - group.t_test.t).abs() < 1e-12);
        }
    }

    #[test]
    fn one_subject_is_no_population() {
        assert!(RandomEffects::of(&[1.0], 10, &mut ChaCha8Rng::seed_from_u64(1)).is_err());
    }
}
