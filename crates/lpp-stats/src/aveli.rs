//! The laterality index averaged over all thresholds (`AveLI`).

use crate::laterality_curve::{Side, laterality_index};

/// The average of the laterality indices above every positive value of either side.
///
/// Each positive value, left or right, is used once as a threshold. The index at a threshold is (L − R)/(L + R), where
/// L and R are the sums of the values at or above it. The average over thresholds needs no choice of a threshold and
/// gives high values more weight. The result is within −1..=1, positive for left. Values that are NaN or not positive
/// are ignored; without any positive value the result is NaN.
///
/// Sums are compared, not means, as in the reference. Pass sides of equal size (homotopic voxels); otherwise the larger
/// side is favoured.
///
/// # Example
/// ```
/// // Thresholds 1, 2 and 3: (3 − 3)/6, (3 − 2)/5 and (3 − 0)/3.
/// let index = lpp_stats::aveli(&[3.0, -5.0], &[1.0, 2.0]);
/// assert!((index - (0.0 + 0.2 + 1.0) / 3.0).abs() < 1e-15);
/// ```
///
/// # References
/// K. Matsuo, S.-H. A. Chen and W.-Y. I. Tseng (2012), <https://doi.org/10.1016/j.jneumeth.2011.12.020>.
#[must_use]
pub fn aveli(left: &[f64], right: &[f64]) -> f64 {
    let (left, right) = (Side::of(left), Side::of(right));
    let thresholds = left.positive().iter().chain(right.positive());
    let (n, sum) = thresholds.fold((0_usize, 0.0), |(n, sum), &threshold| {
        let index = laterality_index(left.above(threshold).1, right.above(threshold).1);
        (n + 1, sum + index)
    });
    sum / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_balance() {
        assert_eq!(aveli(&[0.1, 0.5], &[-0.3, f64::NAN]), 1.0);
        assert_eq!(aveli(&[], &[0.2]), -1.0);
        assert_eq!(aveli(&[0.3, 0.1], &[0.1, 0.3]), 0.0);
        assert!(aveli(&[0.0, -1.0], &[f64::NAN]).is_nan());
        // A score of 0 is no threshold.
        assert_eq!(aveli(&[0.0, 0.5], &[-1.0]), 1.0);
        assert_eq!(aveli(&[0.0, 0.5], &[0.25]), aveli(&[0.5], &[0.25]));
    }

    #[test]
    fn a_common_scale_changes_nothing() {
        let (left, right) = ([0.5, 0.25, 0.75], [0.5, 0.125]);
        // Powers of two scale without rounding.
        assert_eq!(
            aveli(&left, &right),
            aveli(&left.map(|v| 4.0 * v), &right.map(|v| 4.0 * v))
        );
        // The same numbers, added in another order.
        assert!((aveli(&left, &right) + aveli(&right, &left)).abs() < 1e-15);
    }
}
