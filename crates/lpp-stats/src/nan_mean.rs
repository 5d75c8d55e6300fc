//! The mean of what is known.

/// Mean of the values that are not NaN; NaN if there is none.
///
/// ```
/// use lpp_stats::nan_mean;
///
/// assert_eq!(nan_mean([1.0, f64::NAN, 3.0]), 2.0);
/// assert!(nan_mean([f64::NAN]).is_nan());
/// ```
///
/// # References
/// `NumPy`, `numpy.nanmean`
#[must_use]
pub fn nan_mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let known = values.into_iter().filter(|value| !value.is_nan());
    let (sum, n) = known.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_counts() {
        assert_eq!(nan_mean([f64::NAN, 2.0, 5.0, f64::NAN]), 3.5);
        assert!(nan_mean([f64::NAN]).is_nan() && nan_mean([]).is_nan());
    }
}
