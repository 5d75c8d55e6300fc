//! Tail probabilities of Student's t and Fisher's F, accurate far in the tails, and their inverse.

use crate::StatsError;
use crate::ln_beta::ln_beta;

/// Largest number of terms of the continued fraction. It needs about the square root of the larger parameter; this
/// covers a billion observations.
const MAX_TERMS: u32 = 100_000;

/// The two-sided p-value of a Student t statistic with `df` degrees of freedom.
///
/// Evaluated as the regularised incomplete beta function I_{df/(df+t²)}(df/2, 1/2), which keeps
/// its relative precision for p as small as 1e-300, because no complement of a small probability is computed. NaN if
/// `t` is NaN or `df` is not positive; 0 for an infinite `t`.
///
/// # Example
/// ```
/// let p = lpp_stats::student_t_two_sided_p(7.275510762612445, 26.0);
/// assert!((p - 1e-7).abs() < 1e-20);
/// ```
#[must_use]
pub fn student_t_two_sided_p(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return 0.0;
    }
    let square = t * t;
    // Both parts of the unit interval are formed without subtraction, so that neither tail loses digits.
    regularized_beta(0.5 * df, 0.5, df / (df + square), square / (df + square))
}

/// The probability that a Student t statistic with `df` degrees of freedom exceeds `t`.
///
/// Half of [`student_t_two_sided_p`] for positive `t`, with the same precision; NaN as there.
///
/// # Example
/// ```
/// assert!((lpp_stats::student_t_upper_p(0.0, 4.0) - 0.5).abs() < 1e-16);
/// ```
#[must_use]
pub fn student_t_upper_p(t: f64, df: f64) -> f64 {
    let half = 0.5 * student_t_two_sided_p(t, df);
    if t < 0.0 { 1.0 - half } else { half }
}

/// The t value that |t| exceeds with probability `p`.
///
/// The inverse of [`student_t_two_sided_p`] in its first argument; the result is not negative.
///
/// # Errors
/// [`StatsError::ProbabilityOutOfRange`] unless 0 < p < 1, [`StatsError::NotPositive`]
/// unless `df` > 0.
///
/// # Example
/// ```
/// let threshold = lpp_stats::student_t_critical(1e-7, 26.0)?;
/// assert!((threshold - 7.275510762612445).abs() < 1e-14);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn student_t_critical(p: f64, df: f64) -> Result<f64, StatsError> {
    if !(p > 0.0 && p < 1.0) {
        return Err(StatsError::ProbabilityOutOfRange { found: p });
    }
    if df.is_nan() || df <= 0.0 {
        return Err(StatsError::NotPositive {
            what: "degrees of freedom",
            index: 0,
            found: df,
        });
    }
    let (mut low, mut high) = (0.0, 1.0);
    while student_t_two_sided_p(high, df) > p && high < f64::MAX / 4.0 {
        low = high;
        high *= 2.0;
    }
    // Bisection halves the bracket until its ends are neighbouring numbers: sure, and at most about 60 steps.
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return Ok(middle);
        }
        if student_t_two_sided_p(middle, df) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The probability that Fisher's F with (`df1`, `df2`) degrees of freedom exceeds `f`.
///
/// NaN if an argument is NaN or a number of degrees of freedom is not positive; 1 for `f` ≤ 0.
///
/// ```
/// // The 5 % point of F(1, 10) is 4.9646.
/// assert!((lpp_stats::fisher_f_upper_p(4.9646, 1.0, 10.0) - 0.05).abs() < 1e-5);
/// assert_eq!(lpp_stats::fisher_f_upper_p(0.0, 1.0, 10.0), 1.0);
/// ```
#[must_use]
pub fn fisher_f_upper_p(f: f64, df1: f64, df2: f64) -> f64 {
    if f.is_nan() || df1.is_nan() || df2.is_nan() || df1 <= 0.0 || df2 <= 0.0 {
        return f64::NAN;
    }
    if f <= 0.0 {
        return 1.0;
    }
    if f.is_infinite() {
        return 0.0;
    }
    let total = df2 + df1 * f;
    regularized_beta(0.5 * df2, 0.5 * df1, df2 / total, df1 * f / total)
}

/// The regularised incomplete beta function `I_x(a, b)`. `y` = 1 − x is an argument, to avoid computing it by
/// subtraction.
///
/// W. H. Press et al., Numerical Recipes, section 6.4; the continued fraction is DLMF 8.17.22.
fn regularized_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let log_front = a * ln_of_part(x, y) + b * ln_of_part(y, x) - ln_beta(a, b);
    // The fraction converges fast on the side of the mean that is chosen here.
    if x < (a + 1.0) / (a + b + 2.0) {
        (log_front.exp() / a) * beta_continued_fraction(a, b, x)
    } else {
        1.0 - (log_front.exp() / b) * beta_continued_fraction(b, a, y)
    }
}

/// ln x for x + y = 1; near x = 1 it is computed from y, which has more digits.
fn ln_of_part(x: f64, y: f64) -> f64 {
    if x > 0.5 { (-y).ln_1p() } else { x.ln() }
}

/// The continued fraction of the incomplete beta function by Lentz's method.
fn beta_continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut numerator = 1.0;
    let mut denominator = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = denominator;
    for term in 1..=MAX_TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        denominator = 1.0 / away_from_zero(1.0 + even * denominator);
        numerator = away_from_zero(1.0 + even / numerator);
        fraction *= denominator * numerator;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        denominator = 1.0 / away_from_zero(1.0 + odd * denominator);
        numerator = away_from_zero(1.0 + odd / numerator);
        let change = denominator * numerator;
        fraction *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_degrees_of_freedom_have_a_closed_form() {
        for t in [0.0_f64, 0.3, 1.0, 4.0, 50.0] {
            // P(|T| > t) = 1 − t/√(2 + t²), written without cancellation.
            let root = (2.0 + t * t).sqrt();
            let exact = 2.0 / (root * (root + t));
            // Both sides round a handful of times.
            assert!(
                (student_t_two_sided_p(t, 2.0) / exact - 1.0).abs() < 1e-13,
                "t = {t}"
            );
        }
    }

    #[test]
    fn one_t_squared_is_an_f() {
        let (t, df) = (3.7, 41.0);
        let difference = student_t_two_sided_p(t, df) - fisher_f_upper_p(t * t, 1.0, df);
        assert!(difference.abs() < 1e-17);
    }

    #[test]
    fn limits_are_exact() {
        assert_eq!(student_t_two_sided_p(0.0, 5.0), 1.0);
        assert_eq!(student_t_two_sided_p(f64::INFINITY, 5.0), 0.0);
        assert!(student_t_two_sided_p(1.0, 0.0).is_nan());
        assert_eq!(fisher_f_upper_p(-1.0, 2.0, 3.0), 1.0);
    }

    #[test]
    fn critical_values_invert_the_tail() {
        for p in [1e-100, 1e-14, 1e-7, 0.05, 0.5, 0.999] {
            for df in [1.0, 3.0, 26.0, 25_868.0] {
                let t = student_t_critical(p, df).unwrap();
                // An error of one part in 1e16 of t grows in p by at most about ln(1/p) + df times 1e-16.
                let back = student_t_two_sided_p(t, df);
                assert!((back / p - 1.0).abs() < 1e-9, "p = {p}, df = {df}: {back}");
            }
        }
    }

    #[test]
    fn bad_probabilities_are_errors() {
        for p in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(student_t_critical(p, 3.0).is_err());
        }
        assert!(student_t_critical(0.05, 0.0).is_err());
    }
}
