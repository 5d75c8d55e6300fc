//! The standard normal distribution: tail probabilities accurate far out, and quantiles.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::StatsError;

/// The series is used up to here and the continued fraction beyond; both need some hundred terms here.
const SERIES_UP_TO: f64 = 1.0;

/// The probability that a standard normal variable exceeds `z`.
///
/// Its relative precision does not depend on its size (p = 1e-300 near z = 37). NaN for NaN; 0 and 1 at the infinities.
///
/// # Example
/// ```
/// let p = lpp_stats::normal_upper_p(1.959963984540054);
/// assert!((p - 0.025).abs() < 1e-16);
/// ```
///
/// # References
/// DLMF 7.6.2 (series) and 7.9.1 (continued fraction), <https://dlmf.nist.gov/7>.
#[must_use]
pub fn normal_upper_p(z: f64) -> f64 {
    0.5 * complementary_error_function(z * FRAC_1_SQRT_2)
}

/// The probability that the absolute value of a standard normal variable exceeds `z`.
///
/// NaN for NaN.
///
/// # Example
/// ```
/// assert!((lpp_stats::normal_two_sided_p(-1.959963984540054) - 0.05).abs() < 1e-15);
/// ```
#[must_use]
pub fn normal_two_sided_p(z: f64) -> f64 {
    2.0 * normal_upper_p(z.abs())
}

/// The value that a standard normal variable does not exceed with probability `p`.
///
/// # Errors
/// [`StatsError::ProbabilityOutOfRange`] unless 0 < p < 1.
///
/// # Example
/// ```
/// assert!((lpp_stats::normal_quantile(0.975)? - 1.959963984540054).abs() < 1e-15);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn normal_quantile(p: f64) -> Result<f64, StatsError> {
    if !(p > 0.0 && p < 1.0) {
        return Err(StatsError::ProbabilityOutOfRange { found: p });
    }
    Ok(if p > 0.5 {
        // 1 − p is exact here.
        upper_quantile(1.0 - p)
    } else {
        -upper_quantile(p)
    })
}

/// The z ≥ 0 that is exceeded with probability `p` ≤ 1/2.
fn upper_quantile(p: f64) -> f64 {
    // The smallest positive number is exceeded with p at 38.5.
    let (mut low, mut high) = (0.0, 40.0);
    // Bisection until the ends are neighbouring numbers: sure, and at most about 60 steps.
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if normal_upper_p(middle) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// erfc x = 1 − erf x, without the subtraction if it would lose digits.
fn complementary_error_function(x: f64) -> f64 {
    if x.is_nan() {
        f64::NAN
    } else if x < 0.0 {
        2.0 - complementary_error_function(-x)
    } else if x < SERIES_UP_TO {
        1.0 - error_function_series(x)
    } else {
        tail_fraction(x)
    }
}

/// erf x = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, a sum of positive terms.
fn error_function_series(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term > sum * f64::EPSILON {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// erfc x = e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + …))), evaluated from its end.
fn tail_fraction(x: f64) -> f64 {
    // Cut after n levels it is off by about e^(−2x√(2n)), below 1e-19 for this n.
    let levels = (250.0 / (x * x)).ceil() + 5.0;
    let (mut fraction, mut level) = (x, levels);
    while level >= 1.0 {
        fraction = x + 0.5 * level / fraction;
        level -= 1.0;
    }
    (-x * x).exp() / (PI.sqrt() * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formulas_agree_where_they_meet() {
        for x in [0.9, 1.0, 1.1, 1.5] {
            let (series, fraction) = (1.0 - error_function_series(x), tail_fraction(x));
            // The subtraction costs the series up to 1/erfc(1.5) = 30 units of rounding.
            assert!((series / fraction - 1.0).abs() < 2e-14, "x = {x}");
        }
    }

    #[test]
    fn limits_are_exact() {
        assert_eq!(normal_upper_p(0.0), 0.5);
        assert_eq!(normal_upper_p(f64::INFINITY), 0.0);
        assert_eq!(normal_upper_p(f64::NEG_INFINITY), 1.0);
        assert!(normal_two_sided_p(f64::NAN).is_nan());
    }

    #[test]
    fn quantiles_invert_the_tail() {
        for p in [1e-300, 1e-14, 0.025, 0.3, 0.5, 0.9, 0.999] {
            let back = normal_upper_p(-normal_quantile(p).unwrap());
            // One part in 1e16 of z grows in p by z², 1400 at the smallest p.
            assert!((back / p - 1.0).abs() < 1e-12, "p = {p}: {back}");
        }
        for p in [0.0, 1.0, f64::NAN] {
            assert!(normal_quantile(p).is_err());
        }
    }
}
