//! The laterality index as a function of the threshold.

use crate::StatsError;
use crate::checks::not_negative;

/// (left − right)/(left + right): 1 if everything is left, −1 if everything is right.
///
/// Both amounts must not be negative (counts, sums of positive scores); otherwise the index can be outside −1..=1. NaN
/// if their sum is zero.
///
/// # Example
/// ```
/// assert_eq!(lpp_stats::laterality_index(3.0, 1.0), 0.5);
/// ```
///
/// # References
/// M. L. Seghier (2008), <https://doi.org/10.1016/j.mri.2007.10.010>, also on its pitfalls.
#[must_use]
pub fn laterality_index(left: f64, right: f64) -> f64 {
    let sum = left + right;
    if sum == 0.0 {
        f64::NAN
    } else {
        (left - right) / sum
    }
}

/// Laterality above one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LateralityPoint {
    /// The threshold; voxels at or above it are counted.
    pub threshold: f64,
    /// Left voxels at or above the threshold.
    pub n_left: usize,
    /// Right voxels at or above the threshold.
    pub n_right: usize,
    /// Index of the numbers of voxels, each relative to the size of its side; NaN without voxels.
    pub count_index: f64,
    /// Index of the sums of values; NaN without voxels.
    pub sum_index: f64,
}

/// The laterality of positive values above each of several thresholds.
///
/// A single threshold is an arbitrary choice; the curve shows how the result depends on it. Values that are NaN or not
/// positive are never counted. The index of counts uses the share of each side (of its values that are not NaN), so a
/// larger side has no advantage. The index of sums compares plain sums, as in [`aveli`](crate::aveli). At high
/// thresholds few voxels remain and the curve becomes noisy; see `n_left` and `n_right`.
///
/// # Shapes
/// One point per threshold, in the order given.
///
/// # Errors
/// [`StatsError::Negative`] for a threshold below zero or NaN.
///
/// # Example
/// ```
/// let curve = lpp_stats::laterality_curve(&[0.1, 0.3, 0.5], &[0.1, 0.2, 0.25], &[0.05, 0.22])?;
/// assert_eq!((curve[0].count_index, curve[1].n_left, curve[1].n_right), (0.0, 2, 1));
/// assert!(curve[1].sum_index > curve[0].sum_index);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// M. Wilke and K. Lidzba (2007), <https://doi.org/10.1016/j.jneumeth.2007.01.026>.
pub fn laterality_curve(
    left: &[f64],
    right: &[f64],
    thresholds: &[f64],
) -> Result<Vec<LateralityPoint>, StatsError> {
    for &threshold in thresholds {
        not_negative("a laterality threshold", threshold)?;
    }
    let (left, right) = (Side::of(left), Side::of(right));
    Ok(thresholds
        .iter()
        .map(|&threshold| {
            let ((n_left, sum_left), (n_right, sum_right)) = (left.above(threshold), right.above(threshold));
            LateralityPoint {
                threshold,
                n_left,
                n_right,
                count_index: laterality_index(left.share(n_left), right.share(n_right)),
                sum_index: laterality_index(sum_left, sum_right),
            }
        })
        .collect())
}

/// The positive values of a side, sorted, with the sum of the values from each one upwards.
pub(crate) struct Side {
    ascending: Vec<f64>,
    /// One longer than the values; the last is 0.
    sums_from: Vec<f64>,
    n_known: usize,
}

impl Side {
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut ascending: Vec<f64> = values.iter().copied().filter(|&value| value > 0.0).collect();
        ascending.sort_unstable_by(f64::total_cmp);
        let mut sums_from = vec![0.0; ascending.len() + 1];
        for i in (0..ascending.len()).rev() {
            sums_from[i] = sums_from[i + 1] + ascending[i];
        }
        Self {
            ascending,
            sums_from,
            n_known: values.iter().filter(|value| !value.is_nan()).count(),
        }
    }

    /// The positive values, ascending.
    pub(crate) fn positive(&self) -> &[f64] {
        &self.ascending
    }

    /// Number and sum of the positive values at or above a threshold.
    pub(crate) fn above(&self, threshold: f64) -> (usize, f64) {
        let first = self.ascending.partition_point(|&value| value < threshold);
        (self.ascending.len() - first, self.sums_from[first])
    }

    fn share(&self, n: usize) -> f64 {
        if self.n_known == 0 {
            0.0
        } else {
            n as f64 / self.n_known as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_side_is_no_advantage() {
        let few = [0.1, 0.2, 0.3, -0.4];
        let many: Vec<f64> = few.iter().copied().cycle().take(40).collect();
        for point in laterality_curve(&many, &few, &[0.0, 0.15, 0.3]).unwrap() {
            assert_eq!(point.count_index, 0.0);
            assert!(point.sum_index > 0.8);
        }
    }

    #[test]
    fn swapping_the_sides_turns_the_sign() {
        let (left, right) = ([0.4, 0.2, -0.1, f64::NAN], [0.3, 0.1, 0.25]);
        let forth = laterality_curve(&left, &right, &[0.05, 0.22]).unwrap();
        let back = laterality_curve(&right, &left, &[0.05, 0.22]).unwrap();
        for (a, b) in forth.iter().zip(&back) {
            assert_eq!((a.count_index, a.sum_index), (-b.count_index, -b.sum_index));
        }
    }

    #[test]
    fn beyond_the_largest_value_nothing_is_left() {
        let point = laterality_curve(&[0.1], &[0.2], &[0.3]).unwrap()[0];
        assert_eq!((point.n_left, point.n_right), (0, 0));
        assert!(point.count_index.is_nan() && point.sum_index.is_nan());
        assert!(
            laterality_curve(&[], &[], &[0.0]).unwrap()[0]
                .count_index
                .is_nan()
        );
        assert!(laterality_curve(&[0.1], &[0.2], &[-0.1]).is_err());
        assert!(laterality_curve(&[0.1], &[0.2], &[f64::NAN]).is_err());
    }

    #[test]
    fn a_score_of_zero_is_not_positive() {
        let point = laterality_curve(&[0.0, 0.2], &[0.0, 0.0, -0.1, 0.1], &[0.0]).unwrap()[0];
        assert_eq!((point.n_left, point.n_right), (1, 1));
        // Half of the left values and a quarter of the right ones.
        assert_eq!(point.count_index, 0.25 / 0.75);
    }
}
