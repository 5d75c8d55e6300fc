//! Equivalence tests: evidence that a difference is small. A large p-value of a t-test is no such evidence.

use crate::checks::{at_least, check_finite, not_negative};
use crate::{StatsError, student_t_upper_p, t_test_one_sample};

/// The outcome of two one-sided tests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// Mean of the differences.
    pub mean: f64,
    /// The p-value of "the mean is beyond the margin on either side": the larger of the two one-sided ones.
    pub p: f64,
    /// p of a mean at or below −margin.
    pub p_low: f64,
    /// p of a mean at or above +margin.
    pub p_high: f64,
}

/// Tests whether the mean of `differences` is within ±`margin`.
///
/// Use it for statements such as "left and right noise ceilings are equal". `differences` are left minus right per
/// independent unit. `margin` is the largest difference that would not matter, fixed in advance. A small p means that
/// the mean is inside the margin. Constant differences have p 0 or 1, or NaN if they equal a margin.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two differences, [`StatsError::NotFinite`], [`StatsError::Negative`] for the margin.
///
/// # Example
/// ```
/// let test = lpp_stats::equivalence_test(&[0.01, -0.02, 0.005, 0.0, 0.012], 0.03)?;
/// assert!(test.p < 0.01);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// D. J. Schuirmann (1987), <https://doi.org/10.1007/BF01068419>;
/// `statsmodels.stats.weightstats.ttost_paired`, statsmodels 0.14.
pub fn equivalence_test(differences: &[f64], margin: f64) -> Result<Equivalence, StatsError> {
    at_least("an equivalence test", 2, differences.len())?;
    check_finite("a difference", differences)?;
    not_negative("the margin", margin)?;
    let low = t_test_one_sample(differences, -margin)?;
    let high = t_test_one_sample(differences, margin)?;
    let (p_low, p_high) = (
        student_t_upper_p(low.t, low.df),
        student_t_upper_p(-high.t, high.df),
    );
    Ok(Equivalence {
        mean: differences.iter().sum::<f64>() / differences.len() as f64,
        p: larger(p_low, p_high),
        p_low,
        p_high,
    })
}

/// p of "the true value is beyond ±`margin`", for an estimate with a standard error.
///
/// Two one-sided t-tests with `df` degrees of freedom; the result is the larger p. It is NaN if an argument is, or
/// without degrees of freedom.
///
/// Use it for the difference of two noise ceilings with its error over subjects ([`jackknife_std_err`]). Repeated random
/// halves of the same subjects are not independent values for [`equivalence_test`]: their spread shows the choice of
/// halves, not the subjects.
///
/// # Example
/// ```
/// assert!(lpp_stats::equivalence_p(0.004, 0.01, 19.0, 0.04) < 0.01);
/// assert!(lpp_stats::equivalence_p(0.035, 0.01, 19.0, 0.04) > 0.05);
/// ```
///
/// # References
/// D. J. Schuirmann (1987), <https://doi.org/10.1007/BF01068419>.
#[must_use]
pub fn equivalence_p(estimate: f64, std_err: f64, df: f64, margin: f64) -> f64 {
    let p = |t: f64| student_t_upper_p(t, df);
    larger(p((estimate + margin) / std_err), p((margin - estimate) / std_err))
}

/// The standard error of a statistic from its values without each of n units: √((n − 1)/n · Σ(value − mean)²).
///
/// NaN with fewer than two values.
///
/// # Example
/// ```
/// // For a mean it is the usual standard error: 1, 2, 3 have means 2.5, 2 and 1.5 without each.
/// let std_err = lpp_stats::jackknife_std_err(&[2.5, 2.0, 1.5]);
/// assert!((std_err - 1.0 / 3.0_f64.sqrt()).abs() < 1e-15);
/// ```
///
/// # References
/// B. Efron and C. Stein (1981), <https://doi.org/10.1214/aos/1176345462>.
#[must_use]
pub fn jackknife_std_err(without_each: &[f64]) -> f64 {
    if without_each.len() < 2 {
        return f64::NAN;
    }
    let n = without_each.len() as f64;
    let mean = without_each.iter().sum::<f64>() / n;
    let squares: f64 = without_each.iter().map(|value| (value - mean).powi(2)).sum();
    ((n - 1.0) / n * squares).sqrt()
}

/// The larger of two p-values; NaN if either is, which `f64::max` would hide.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_margin_is_easier_to_keep() {
        let differences = [0.3, -0.2, 0.1, 0.4, -0.1, 0.0];
        let p = |margin| equivalence_test(&differences, margin).unwrap().p;
        assert!(p(1.0) < p(0.5) && p(0.5) < p(0.2));
        // No margin, no equivalence.
        assert!(p(0.0) >= 0.5);
    }

    #[test]
    fn constant_differences_are_inside_or_outside() {
        assert_eq!(equivalence_test(&[0.1; 4], 0.2).unwrap().p, 0.0);
        assert_eq!(equivalence_test(&[0.1; 4], 0.05).unwrap().p, 1.0);
    }

    #[test]
    fn a_mean_is_tested_like_its_values() {
        let differences = [0.3, -0.2, 0.1, 0.4, -0.1, 0.0];
        let by_values = equivalence_test(&differences, 0.4).unwrap();
        let sum: f64 = differences.iter().sum();
        let without: Vec<f64> = differences.iter().map(|d| (sum - d) / 5.0).collect();
        let p = equivalence_p(by_values.mean, jackknife_std_err(&without), 5.0, 0.4);
        assert!((p - by_values.p).abs() < 1e-12);
        assert!(jackknife_std_err(&[1.0]).is_nan() && equivalence_p(f64::NAN, 1.0, 3.0, 1.0).is_nan());
    }

    #[test]
    fn bad_arguments_are_errors() {
        assert!(equivalence_test(&[0.1], 0.2).is_err());
        assert!(equivalence_test(&[0.1, f64::NAN], 0.2).is_err());
        assert!(matches!(
            equivalence_test(&[0.1, 0.2], -0.1),
            Err(StatsError::Negative { .. })
        ));
    }
}
