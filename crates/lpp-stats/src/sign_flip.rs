//! The sign-flip test: tests whether the mean of differences is zero, if each is as likely to have the other sign.

use ndarray::ArrayRef2;
use rand::Rng;

use crate::checks::{at_least, check_finite, same_length};
use crate::max_statistic::most_extreme;
use crate::{MaxStatistic, StatsError, Tail, permutation_p};

/// The outcome of a sign-flip test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlipTest {
    /// Mean of the differences.
    pub mean: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Number of sign patterns compared with the sample, without its own.
    pub n_flips: usize,
    /// Whether these are all patterns; then p is exact and no random numbers were drawn.
    pub exact: bool,
}

/// Tests whether the mean of `differences` is zero by flipping their signs.
///
/// The test is valid if, under the null hypothesis, the differences are independent and each is distributed
/// symmetrically about zero. Normality is not needed. If there are at most `n_flips` patterns (2ⁿ for n differences),
/// all are used and p is exact; otherwise `n_flips` random ones are used. With n = 5 the smallest possible p is 2/32.
/// Differences that are all zero have p = 1.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two differences or without flips, [`StatsError::NotFinite`].
///
/// # Example
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let test = lpp_stats::sign_flip_test(&[0.2, 0.5, 0.1, 0.4, 0.3], 1000, &mut rng)?;
/// assert!(test.exact);
/// assert_eq!(test.p, 2.0 / 32.0);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// R. A. Fisher (1935), The Design of Experiments, section 21;
/// A. M. Winkler et al. (2014), <https://doi.org/10.1016/j.neuroimage.2014.01.060>.
pub fn sign_flip_test(
    differences: &[f64],
    n_flips: usize,
    rng: &mut impl Rng,
) -> Result<SignFlipTest, StatsError> {
    check_finite("a difference", differences)?;
    let n = differences.len();
    let patterns = Patterns::of(n, n_flips)?;
    let mean = differences.iter().sum::<f64>() / n as f64;
    let null: Vec<f64> = (0..patterns.count)
        .map(|index| {
            let signs = patterns.signs(index, rng);
            signs.iter().zip(differences).map(|(s, d)| s * d).sum::<f64>() / n as f64
        })
        .collect();
    Ok(SignFlipTest {
        mean,
        p: permutation_p(mean, &null, Tail::TwoSided),
        n_flips: patterns.count,
        exact: patterns.exact,
    })
}

/// Tests left against right by swapping the hemispheres of each unit: the sign-flip test of `left` − `right`.
///
/// `left` and `right` have one value per unit. Units must be exchangeable and independent: subjects, or models of
/// different families. Do not use the voxels of a map: their smoothness would make p far too small.
///
/// # Errors
/// [`StatsError::LengthMismatch`], and as [`sign_flip_test`].
///
/// # Example
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let (left, right) = ([0.21, 0.25, 0.19, 0.30], [0.20, 0.22, 0.20, 0.24]);
/// let test = lpp_stats::hemisphere_swap_test(&left, &right, 100, &mut rng)?;
/// assert_eq!(test.p, 0.375);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn hemisphere_swap_test(
    left: &[f64],
    right: &[f64],
    n_flips: usize,
    rng: &mut impl Rng,
) -> Result<SignFlipTest, StatsError> {
    same_length(("left", left.len()), ("right", right.len()))?;
    let differences: Vec<f64> = left.iter().zip(right).map(|(left, right)| left - right).collect();
    sign_flip_test(&differences, n_flips, rng)
}

/// A map of one-sample t statistics with the null distribution of its maximum.
#[derive(Debug, Clone, PartialEq)]
pub struct SignFlipMap {
    /// t of each column, with n − 1 degrees of freedom; NaN if all its differences are zero.
    pub t: Vec<f64>,
    /// The largest |t| over columns for each sign pattern, for family-wise corrected p-values.
    pub max: MaxStatistic,
    /// Whether all sign patterns were used.
    pub exact: bool,
}

impl SignFlipMap {
    /// Tests every column of `differences` against zero, flipping the signs of whole rows.
    ///
    /// # Shapes
    /// `differences` is (`n_units`, `n_tests`), with one row per subject or other independent unit, for example left
    /// minus right of homotopic voxels, or slopes. All columns use the same sign pattern, which preserves the
    /// dependence between tests.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two units, without tests, without flips, or if every column is all zero;
    /// [`StatsError::NotFinite`] with the index in row-major order.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::SignFlipMap;
    /// use ndarray::Array2;
    /// use rand::SeedableRng;
    /// // Ten subjects, three voxel pairs; only the first has an effect.
    /// let noise = |i: usize, j: usize| ((i * 7 + j * 3) % 11) as f64 / 11.0 - 0.45;
    /// let differences = Array2::from_shape_fn((10, 3), |(i, j)| noise(i, j) + if j == 0 { 2.0 } else { 0.0 });
    /// let map = SignFlipMap::of(&differences, 500, &mut rand_chacha::ChaCha8Rng::seed_from_u64(2))?;
    /// let p = map.max.corrected_p(&map.t);
    /// assert!(p[0] < 0.01 && p[1] > 0.1 && p[2] > 0.1);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// T. E. Nichols and A. P. Holmes (2002), <https://doi.org/10.1002/hbm.1058>.
    pub fn of(differences: &ArrayRef2<f64>, n_flips: usize, rng: &mut impl Rng) -> Result<Self, StatsError> {
        let (n_units, n_tests) = differences.dim();
        at_least("tests of a map", 1, n_tests)?;
        let values: Vec<f64> = differences.iter().copied().collect();
        check_finite("a difference", &values)?;
        let patterns = Patterns::of(n_units, n_flips)?;
        let rows: Vec<&[f64]> = values.chunks_exact(n_tests).collect();
        let squares = column_sums(rows.iter().map(|row| row.iter().map(|d| d * d)), n_tests);
        let t_under = |signs: &[f64]| -> Vec<f64> {
            let signed = rows
                .iter()
                .zip(signs)
                .map(|(row, sign)| row.iter().map(move |d| d * sign));
            let sums = column_sums(signed, n_tests);
            sums.iter()
                .zip(&squares)
                .map(|(&sum, &square)| t_of(sum, square, n_units as f64))
                .collect()
        };
        let maxima = (0..patterns.count)
            .map(|index| {
                let signs = patterns.signs(index, rng);
                most_extreme(t_under(&signs).into_iter(), Tail::TwoSided)
            })
            .collect();
        Ok(Self {
            t: t_under(&vec![1.0; n_units]),
            max: MaxStatistic::of_maxima(maxima, Tail::TwoSided)?,
            exact: patterns.exact,
        })
    }
}

/// Sums over rows, column by column.
fn column_sums(rows: impl Iterator<Item = impl Iterator<Item = f64>>, n_columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_columns];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

/// One-sample t from the sum and the sum of squares; flips do not change the latter.
fn t_of(sum: f64, squares: f64, n: f64) -> f64 {
    let mean = sum / n;
    // Rounding can take the variance of equal differences below zero.
    let variance = ((squares - n * mean * mean) / (n - 1.0)).max(0.0);
    mean / (variance / n).sqrt()
}

/// The sign patterns to use.
struct Patterns {
    n_units: usize,
    count: usize,
    exact: bool,
}

impl Patterns {
    fn of(n_units: usize, n_flips: usize) -> Result<Self, StatsError> {
        at_least("units of a sign-flip test", 2, n_units)?;
        at_least("flips of a sign-flip test", 1, n_flips)?;
        let all = u32::try_from(n_units)
            .ok()
            .and_then(|n| 1_usize.checked_shl(n))
            .filter(|&all| all <= n_flips);
        Ok(Self {
            n_units,
            // The identity is the observed sample, which every p-value counts anyway.
            count: all.map_or(n_flips, |all| all - 1),
            exact: all.is_some(),
        })
    }

    /// The pattern with this index: its bits in the exact case, otherwise random.
    fn signs(&self, index: usize, rng: &mut impl Rng) -> Vec<f64> {
        (0..self.n_units)
            .map(|unit| {
                let flip = if self.exact {
                    (index + 1) >> unit & 1 == 1
                } else {
                    rng.random()
                };
                if flip { -1.0 } else { 1.0 }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::t_test_one_sample;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(11)
    }

    #[test]
    fn all_patterns_are_taken_when_they_are_few() {
        // Of the eight means of ±1 ±2 ±4, the observed 7/3 and its negative are the largest.
        let test = sign_flip_test(&[1.0, 2.0, 4.0], 8, &mut rng()).unwrap();
        assert_eq!((test.p, test.n_flips, test.exact), (0.25, 7, true));
        // |1 + 2 − 4| = 1 is the smallest size.
        assert_eq!(sign_flip_test(&[1.0, 2.0, -4.0], 8, &mut rng()).unwrap().p, 1.0);
    }

    #[test]
    fn random_flips_come_near_the_exact_p() {
        let differences: Vec<f64> = (0..10).map(|i| f64::from(i * i % 7) - 1.2).collect();
        let exact = sign_flip_test(&differences, 1024, &mut rng()).unwrap();
        let random = sign_flip_test(&differences, 1023, &mut rng()).unwrap();
        assert!(exact.exact && !random.exact);
        // A share of 1023 draws, within four binomial standard errors.
        let slack = 4.0 * (exact.p * (1.0 - exact.p) / 1023.0).sqrt();
        assert!((exact.p - random.p).abs() < slack, "{exact:?} {random:?}");
    }

    #[test]
    fn one_column_is_the_plain_test() {
        let differences = [0.3, -0.1, 0.5, 0.7, 0.2, -0.3];
        let column = Array2::from_shape_vec((6, 1), differences.to_vec()).unwrap();
        let map = SignFlipMap::of(&column, 64, &mut rng()).unwrap();
        let plain = sign_flip_test(&differences, 64, &mut rng()).unwrap();
        // t grows with the mean once the squares are fixed.
        assert_eq!(map.max.corrected_p(&map.t), [plain.p]);
    }

    #[test]
    fn zeros_show_nothing() {
        assert_eq!(sign_flip_test(&[0.0; 4], 100, &mut rng()).unwrap().p, 1.0);
        let map = SignFlipMap::of(&array![[0.0, 1.0], [0.0, 2.0], [0.0, -0.5]], 100, &mut rng()).unwrap();
        assert!(map.t[0].is_nan() && map.max.corrected_p(&map.t)[0].is_nan());
    }

    #[test]
    fn swapping_sides_changes_the_sign_only() {
        let (left, right) = ([0.4, 0.2, 0.9], [0.1, 0.3, 0.2]);
        let forth = hemisphere_swap_test(&left, &right, 8, &mut rng()).unwrap();
        let back = hemisphere_swap_test(&right, &left, 8, &mut rng()).unwrap();
        assert_eq!((forth.mean, forth.p), (-back.mean, back.p));
        assert!(hemisphere_swap_test(&left, &right[..2], 8, &mut rng()).is_err());
    }

    #[test]
    fn bad_arguments_are_errors() {
        assert!(sign_flip_test(&[1.0], 10, &mut rng()).is_err());
        assert!(sign_flip_test(&[1.0, 2.0], 0, &mut rng()).is_err());
        assert!(sign_flip_test(&[1.0, f64::NAN], 10, &mut rng()).is_err());
        assert!(SignFlipMap::of(&Array2::zeros((3, 0)), 10, &mut rng()).is_err());
        assert!(SignFlipMap::of(&Array2::zeros((3, 2)), 10, &mut rng()).is_err());
    }

    #[test]
    fn a_map_has_the_t_of_every_column() {
        let differences = array![
            [0.3, 5.0, -1.0],
            [-0.1, 5.5, 2.0],
            [0.5, 4.0, -0.5],
            [0.2, 6.0, 1.0]
        ];
        let map = SignFlipMap::of(&differences, 100, &mut rng()).unwrap();
        for (t, column) in map.t.iter().zip(differences.columns()) {
            let single = t_test_one_sample(&column.to_vec(), 0.0).unwrap();
            // The variance is a difference of sums, here within a hundredth of them.
            assert!((t / single.t - 1.0).abs() < 1e-12, "{t} {}", single.t);
        }
        assert!(map.exact && map.max.n_permutations() == 15);
    }
}
