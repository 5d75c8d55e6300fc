//! Tests of an effect that was measured in each run of a cross-validated fit.

use crate::checks::{at_least, check_finite};
use crate::moments::mean_and_squares;
use crate::{Interval, RobustCoefficient, StatsError, student_t_critical, student_t_two_sided_p};

/// An effect with its error over runs, or over runs and model families.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunTest {
    /// Mean of the effect over runs.
    pub estimate: f64,
    /// Its standard error.
    pub std_err: f64,
    /// Degrees of freedom of t.
    pub df: f64,
    /// Estimate over standard error.
    pub t: f64,
    /// Two-sided p-value from Student's t.
    pub p: f64,
    /// The 95 % confidence interval.
    pub interval: Interval,
    /// Number of runs.
    pub n_runs: usize,
}

impl RunTest {
    /// Tests whether the mean over runs of an effect differs from 0.
    ///
    /// All models are fitted to the same scans, so noise that happens to lie on one side enters the effect of every
    /// model. The spread over models does not show it, the spread over runs does. Each run is predicted from the
    /// others, so the effects of two runs share training data. Therefore the variance of the mean of R runs is
    /// s²·(1/R + 1/(R − 1)) instead of s²/R: the correction for repeated splits, with a tested share of 1/R.
    ///
    /// `per_run` has one effect per run, for example the slope of left minus right on model size. Equal effects in all
    /// runs have no spread: t is infinite, or NaN if they are 0.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two runs, [`StatsError::NotFinite`].
    ///
    /// # Example
    /// ```
    /// let slopes = [0.011, 0.008, 0.013, 0.009, 0.012, 0.010];
    /// let test = lpp_stats::RunTest::of(&slopes)?;
    /// assert!((test.estimate - 0.0105).abs() < 1e-12 && test.df == 5.0 && test.p < 0.01);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// C. Nadeau and Y. Bengio (2003), <https://doi.org/10.1023/A:1024068626366>.
    pub fn of(per_run: &[f64]) -> Result<Self, StatsError> {
        at_least("runs of a test over runs", 2, per_run.len())?;
        check_finite("an effect", per_run)?;
        let n = per_run.len() as f64;
        let (mean, squares) = mean_and_squares(per_run.iter().copied());
        let variance = squares / (n - 1.0) * (1.0 / n + 1.0 / (n - 1.0));
        Self::with(mean, variance, n - 1.0, per_run.len())
    }

    /// The same effect with the error over model families added: what it would be for further models and runs.
    ///
    /// The variances of both errors are added, and the smaller number of degrees of freedom counts.
    ///
    /// # Errors
    /// None for tests made by this crate.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{Groups, RunTest, cluster_robust_ols};
    /// let size = [1.0, 2.0, 3.0, 1.5, 2.5, 3.5];
    /// let score = [0.1, 0.22, 0.29, 0.17, 0.24, 0.36];
    /// let families = cluster_robust_ols(&score, &[&size], &Groups::by_label(&["a", "a", "a", "b", "b", "b"]))?[1];
    /// let runs = RunTest::of(&[0.09, 0.11, 0.1, 0.08])?;
    /// let both = runs.with_families(&families)?;
    /// assert!(both.std_err > runs.std_err && both.std_err > families.std_err && both.df <= 3.0);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn with_families(&self, families: &RobustCoefficient) -> Result<Self, StatsError> {
        let variance = self.std_err.powi(2) + families.std_err.powi(2);
        Self::with(self.estimate, variance, self.df.min(families.df), self.n_runs)
    }

    pub(crate) fn with(estimate: f64, variance: f64, df: f64, n_runs: usize) -> Result<Self, StatsError> {
        let std_err = variance.sqrt();
        let t = estimate / std_err;
        let known = df.is_finite() && df > 0.0 && std_err.is_finite();
        let reach = if known {
            student_t_critical(0.05, df)? * std_err
        } else {
            f64::NAN
        };
        Ok(Self {
            estimate,
            std_err,
            df,
            t,
            p: if known {
                student_t_two_sided_p(t, df)
            } else {
                f64::NAN
            },
            interval: Interval {
                low: estimate - reach,
                high: estimate + reach,
            },
            n_runs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_is_that_of_runs_that_share_their_training_data() {
        // scipy 1.13.0: mean and sd (ddof 1) of the values, se = sd·√(1/5 + 1/4), 2·t.sf(mean/se, 4).
        let test = RunTest::of(&[0.3, -0.1, 0.4, 0.2, 0.7]).unwrap();
        assert!((test.estimate - 0.3).abs() < 1e-15);
        assert!(
            (test.std_err - 0.195_576_072_156_079_47).abs() < 1e-15,
            "{test:?}"
        );
        assert!((test.p - 0.199_829_185_537_720_1).abs() < 1e-12, "{test:?}");
        assert_eq!(test.interval.contains(0.0), test.p >= 0.05);
    }

    #[test]
    fn effects_without_spread_are_certain_or_undefined() {
        assert_eq!(RunTest::of(&[0.1; 3]).unwrap().p, 0.0);
        assert!(RunTest::of(&[0.0; 3]).unwrap().p.is_nan());
        assert!(RunTest::of(&[1.0]).is_err() && RunTest::of(&[1.0, f64::NAN]).is_err());
    }

    #[test]
    fn an_error_or_degrees_of_freedom_that_are_not_known_leave_no_p() {
        for (variance, df) in [
            (1.0, f64::NAN),
            (1.0, f64::INFINITY),
            (1.0, 0.0),
            (f64::NAN, 3.0),
            (f64::INFINITY, 3.0),
        ] {
            let test = RunTest::with(0.5, variance, df, 4).unwrap();
            assert!(test.p.is_nan() && test.interval.low.is_nan() && test.interval.high.is_nan());
        }
    }
}
