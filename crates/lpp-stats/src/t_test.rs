//! Student's t-test of one sample and of two, and Welch's.

use crate::moments::mean_and_squares;
use crate::{StatsError, student_t_two_sided_p};

/// The outcome of a t-test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// The statistic; positive if the first sample has the larger mean.
    pub t: f64,
    /// Degrees of freedom; a fraction for Welch's test.
    pub df: f64,
    /// Two-sided p-value.
    pub p: f64,
}

impl TTest {
    /// The stars that figures print: `***` up to 0.001, `**` up to 0.01, `*` up to 0.05, else `ns`.
    #[must_use]
    pub fn stars(&self) -> &'static str {
        match self.p {
            p if p <= 0.001 => "***",
            p if p <= 0.01 => "**",
            p if p <= 0.05 => "*",
            _ => "ns",
        }
    }

    fn new(difference: f64, standard_error: f64, df: f64) -> Self {
        let t = difference / standard_error;
        Self {
            t,
            df,
            p: student_t_two_sided_p(t, df),
        }
    }
}

/// Tests whether two samples of equal variance have the same mean.
///
/// The variance is pooled, with n₁ + n₂ − 2 degrees of freedom. Two constant samples give an infinite t, or NaN if
/// their means are equal.
///
/// # Errors
/// [`StatsError::TooFew`] if a sample is empty or both together have fewer than three values.
///
/// # Example
/// ```
/// let test = lpp_stats::t_test_pooled(&[5.1, 4.9, 5.4, 5.0], &[4.1, 4.4, 4.0])?;
/// assert!(test.t > 0.0 && test.stars() == "**");
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// Student (1908), <https://doi.org/10.1093/biomet/6.1.1>; `scipy.stats.ttest_ind`, SciPy 1.13.
pub fn t_test_pooled(a: &[f64], b: &[f64]) -> Result<TTest, StatsError> {
    let (a, b) = (Moments::of(a)?, Moments::of(b)?);
    let df = a.n + b.n - 2.0;
    if df < 1.0 {
        return Err(StatsError::TooFew {
            statistic: "a t-test",
            needed: 3,
            found: 2,
        });
    }
    let variance = (a.sum_of_squares + b.sum_of_squares) / df;
    let standard_error = (variance * (1.0 / a.n + 1.0 / b.n)).sqrt();
    Ok(TTest::new(a.mean - b.mean, standard_error, df))
}

/// Tests whether two samples have the same mean, whatever their variances.
///
/// Degrees of freedom follow Welch and Satterthwaite. Constant samples behave as in
/// [`t_test_pooled`].
///
/// # Errors
/// [`StatsError::TooFew`] if a sample has fewer than two values.
///
/// # Example
/// ```
/// // scipy.stats.ttest_ind([1, 2, 3, 4], [2, 4, 6, 8], equal_var=False)
/// let test = lpp_stats::t_test_welch(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0])?;
/// assert!((test.t + 1.732_050_8).abs() < 1e-6 && (test.df - 4.411_765).abs() < 1e-6);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// B. L. Welch (1947), <https://doi.org/10.1093/biomet/34.1-2.28>;
/// `scipy.stats.ttest_ind(equal_var=False)`.
pub fn t_test_welch(a: &[f64], b: &[f64]) -> Result<TTest, StatsError> {
    let shortest = a.len().min(b.len());
    if shortest < 2 {
        return Err(StatsError::TooFew {
            statistic: "Welch's t-test",
            needed: 2,
            found: shortest,
        });
    }
    let (a, b) = (Moments::of(a)?, Moments::of(b)?);
    let (part_a, part_b) = (a.variance_of_mean(), b.variance_of_mean());
    let total = part_a + part_b;
    let df = total * total / (part_a * part_a / (a.n - 1.0) + part_b * part_b / (b.n - 1.0));
    // Two constant samples leave 0/0 degrees of freedom; any number serves, t decides.
    let df = if df.is_nan() { 1.0 } else { df };
    Ok(TTest::new(a.mean - b.mean, total.sqrt(), df))
}

/// Tests whether a sample has the mean `expected`.
///
/// n − 1 degrees of freedom. A constant sample gives an infinite t, or NaN if it equals `expected`; a NaN in the sample
/// gives NaN.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two values.
///
/// # Example
/// ```
/// let test = lpp_stats::t_test_one_sample(&[0.2, 0.5, 0.1, 0.4], 0.0)?;
/// assert!((test.t - 3.286_335_345_030_997).abs() < 1e-12 && test.df == 3.0);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// Student (1908), <https://doi.org/10.1093/biomet/6.1.1>; `scipy.stats.ttest_1samp`, SciPy 1.13.
pub fn t_test_one_sample(sample: &[f64], expected: f64) -> Result<TTest, StatsError> {
    if sample.len() < 2 {
        return Err(StatsError::TooFew {
            statistic: "a one-sample t-test",
            needed: 2,
            found: sample.len(),
        });
    }
    let moments = Moments::of(sample)?;
    let standard_error = moments.variance_of_mean().sqrt();
    Ok(TTest::new(
        moments.mean - expected,
        standard_error,
        moments.n - 1.0,
    ))
}

/// Size, mean and sum of squared deviations of a sample.
struct Moments {
    n: f64,
    mean: f64,
    sum_of_squares: f64,
}

impl Moments {
    fn of(sample: &[f64]) -> Result<Self, StatsError> {
        if sample.is_empty() {
            return Err(StatsError::TooFew {
                statistic: "a t-test",
                needed: 1,
                found: 0,
            });
        }
        let (mean, sum_of_squares) = mean_and_squares(sample.iter().copied());
        Ok(Self {
            n: sample.len() as f64,
            mean,
            sum_of_squares,
        })
    }

    fn variance_of_mean(&self) -> f64 {
        self.sum_of_squares / (self.n - 1.0) / self.n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sizes_make_both_tests_share_t() {
        let (a, b) = ([1.0, 2.0, 4.0, 3.0], [2.0, 8.0, 5.0, 6.0]);
        let (pooled, welch) = (t_test_pooled(&a, &b).unwrap(), t_test_welch(&a, &b).unwrap());
        // The same expression in another order.
        assert!((pooled.t - welch.t).abs() < 1e-14);
        assert!(welch.df < pooled.df);
    }

    #[test]
    fn swapping_the_samples_turns_the_sign() {
        let (a, b) = ([1.0, 2.0, 4.0], [2.0, 8.0, 5.0, 6.0]);
        let (forth, back) = (t_test_welch(&a, &b).unwrap(), t_test_welch(&b, &a).unwrap());
        assert_eq!(forth.t, -back.t);
        assert_eq!(forth.p, back.p);
    }

    #[test]
    fn constant_samples_do_not_panic() {
        assert!(t_test_pooled(&[1.0; 3], &[1.0; 4]).unwrap().p.is_nan());
        assert_eq!(t_test_pooled(&[2.0; 3], &[1.0; 4]).unwrap().p, 0.0);
        assert_eq!(t_test_welch(&[2.0; 3], &[1.0; 4]).unwrap().p, 0.0);
        // The means of 0.1 over 3 and over 1000 values round differently.
        for n in [3, 10, 1000] {
            assert!(t_test_pooled(&[0.1; 4], &vec![0.1; n]).unwrap().t.is_nan());
            assert!(t_test_welch(&[0.1; 4], &vec![0.1; n]).unwrap().t.is_nan());
            assert!(t_test_one_sample(&vec![0.1; n], 0.1).unwrap().t.is_nan());
        }
    }

    #[test]
    fn one_sample_against_its_mean_shows_nothing() {
        let test = t_test_one_sample(&[1.0, 2.0, 6.0], 3.0).unwrap();
        assert_eq!((test.t, test.p, test.df), (0.0, 1.0, 2.0));
        assert!(t_test_one_sample(&[3.0; 3], 3.0).unwrap().p.is_nan());
        assert_eq!(t_test_one_sample(&[3.0; 3], 2.0).unwrap().p, 0.0);
        assert!(t_test_one_sample(&[1.0, f64::NAN], 0.0).unwrap().p.is_nan());
    }

    #[test]
    fn too_few_values_are_errors() {
        assert!(t_test_one_sample(&[1.0], 0.0).is_err());
        assert!(t_test_pooled(&[], &[1.0, 2.0]).is_err());
        assert!(t_test_pooled(&[1.0], &[2.0]).is_err());
        assert!(t_test_welch(&[1.0], &[2.0, 3.0]).is_err());
    }

    #[test]
    fn stars_mark_the_usual_levels() {
        let of = |p| TTest { t: 0.0, df: 1.0, p }.stars();
        assert_eq!(
            [of(0.001), of(0.01), of(0.05), of(0.051), of(f64::NAN)],
            ["***", "**", "*", "ns", "ns"]
        );
    }

    #[test]
    fn the_fewest_values_that_can_be_tested() {
        // Means 1 and 3, variance 2 on one degree of freedom: t = −2/√(2 · 3/2).
        let pooled = t_test_pooled(&[1.0], &[2.0, 4.0]).unwrap();
        assert!((pooled.t + 2.0 / 3.0_f64.sqrt()).abs() < 1e-15 && pooled.df == 1.0);
        let welch = t_test_welch(&[1.0, 2.0], &[2.0, 4.0]).unwrap();
        // Variances of the means 1/4 and 1.
        assert!((welch.t + 1.5 / 1.25_f64.sqrt()).abs() < 1e-15);
        assert!((welch.df - 1.25 * 1.25 / (1.0 + 1.0 / 16.0)).abs() < 1e-15);
        assert_eq!(t_test_one_sample(&[1.0, 3.0], 1.0).unwrap().t, 1.0);
    }
}
