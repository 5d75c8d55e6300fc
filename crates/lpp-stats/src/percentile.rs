//! Percentiles by linear interpolation, in the exact arithmetic of NumPy.

use crate::StatsError;

/// The `q`-th percentile of `values`, interpolated linearly between order statistics.
///
/// With the sorted sample s, v = (n − 1)·(q/100), i = ⌊v⌋, g = v − i and
/// d = s\[i+1\] − s\[i\], the result is s\[i\] + d·g if g < 0.5 and
/// s\[i+1\] − d·(1 − g) otherwise. This is the form NumPy evaluates, so results agree to
/// the last bit; thresholds such as "above the 75th percentile" then select the same voxels.
///
/// The order of `values` does not matter. If one of them is NaN, so is the result.
///
/// # Errors
/// [`StatsError::TooFew`] if `values` is empty, [`StatsError::PercentileOutOfRange`] if `q`
/// is not within 0..=100.
///
/// # Example
/// ```
/// let quartile = lpp_stats::percentile(&[4.0, 1.0, 3.0, 2.0], 75.0)?;
/// assert_eq!(quartile, 3.25);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// `numpy.percentile(values, q, method="linear")`, NumPy 1.26.
pub fn percentile(values: &[f64], q: f64) -> Result<f64, StatsError> {
    percentiles(values, &[q]).map(|result| result[0])
}

/// Several percentiles of one sample, which is sorted only once.
///
/// The result has one value per entry of `q`; see [`percentile`] for the definition.
///
/// # Errors
/// As [`percentile`].
///
/// # Example
/// ```
/// let quartiles = lpp_stats::percentiles(&[4.0, 1.0, 3.0, 2.0], &[25.0, 50.0, 75.0])?;
/// assert_eq!(quartiles, [1.75, 2.5, 3.25]);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn percentiles(values: &[f64], q: &[f64]) -> Result<Vec<f64>, StatsError> {
    if values.is_empty() {
        return Err(StatsError::TooFew {
            statistic: "percentile",
            needed: 1,
            found: 0,
        });
    }
    if let Some(&found) = q.iter().find(|q| !(0.0..=100.0).contains(*q)) {
        return Err(StatsError::PercentileOutOfRange { found });
    }
    if values.iter().any(|value| value.is_nan()) {
        return Ok(vec![f64::NAN; q.len()]);
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(q.iter().map(|&q| of_sorted(&sorted, q)).collect())
}

/// The percentile of a sorted, non-empty sample without NaN.
fn of_sorted(sorted: &[f64], q: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = last as f64 * (q / 100.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 <= position <= last, and the floor is wanted"
    )]
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let fraction = position - below as f64;
    let step = sorted[above] - sorted[below];
    if fraction < 0.5 {
        sorted[below] + step * fraction
    } else {
        sorted[above] - step * (1.0 - fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_the_extremes() {
        let values = [3.0, -1.0, 7.5];
        assert_eq!(
            percentiles(&values, &[0.0, 50.0, 100.0]),
            Ok(vec![-1.0, 3.0, 7.5])
        );
    }

    #[test]
    fn a_single_value_is_every_percentile() {
        assert_eq!(percentile(&[2.0], 33.3), Ok(2.0));
    }

    #[test]
    fn the_nearer_end_is_the_one_that_steps_start_from() {
        // numpy.percentile([0.3, 1.1], q) to the bit; from the other end it would be 0.5400000000000001 and 0.8599999999999999.
        assert_eq!(
            percentiles(&[0.3, 1.1], &[30.0, 70.0]),
            Ok(vec![0.54, 0.860_000_000_000_000_1])
        );
    }

    #[test]
    fn nan_spreads() {
        assert!(percentile(&[1.0, f64::NAN], 50.0).unwrap().is_nan());
    }

    #[test]
    fn bad_arguments_are_errors() {
        assert!(matches!(percentile(&[], 50.0), Err(StatsError::TooFew { .. })));
        for q in [-0.1, 100.1, f64::NAN] {
            assert!(matches!(
                percentile(&[1.0], q),
                Err(StatsError::PercentileOutOfRange { .. })
            ));
        }
    }
}
