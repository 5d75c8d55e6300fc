//! The first two moments of a sample.

/// Mean and sum of squared deviations; NaN of no values.
///
/// Equal values have no deviations. The rounding of their mean would leave some, and a ratio of such errors could be any number.
#[expect(clippy::float_cmp, reason = "equal to the bit is what is asked for")]
pub(crate) fn mean_and_squares(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let first = values.clone().next().unwrap_or(f64::NAN);
    if values.clone().all(|value| value == first) {
        return (first, 0.0);
    }
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, values.map(|value| (value - mean).powi(2)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_deviations() {
        for n in [1, 3, 6, 10, 1000] {
            assert_eq!(mean_and_squares(vec![0.1; n].into_iter()), (0.1, 0.0));
        }
        assert_eq!(mean_and_squares([1.0, 2.0, 6.0].into_iter()), (3.0, 14.0));
        assert!(mean_and_squares([f64::NAN; 2].into_iter()).0.is_nan());
        assert!(mean_and_squares([].into_iter()).0.is_nan());
    }
}
