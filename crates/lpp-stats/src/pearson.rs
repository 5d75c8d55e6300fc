//! Pearson correlation of two samples, and of the matching columns of two matrices.

use ndarray::{Array1, ArrayRef1, ArrayRef2, Zip};

use crate::checks::tail_of;
use crate::{Interval, StatsError, normal_quantile, student_t_two_sided_p};

/// A correlation with its two-sided p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Pearson's r, within −1..=1; NaN if a sample is constant.
    pub r: f64,
    /// Probability of an |r| at least this large if the samples are independent and normal.
    pub p: f64,
    /// Number of pairs.
    pub n: usize,
}

impl Correlation {
    /// The confidence interval of r at this level, by Fisher's transformation.
    ///
    /// It is exact for large samples of a bivariate normal distribution. With three pairs or fewer it is −1 to 1. For r
    /// = ±1 it is a single point; for NaN both ends are NaN.
    ///
    /// # Errors
    /// [`StatsError::ProbabilityOutOfRange`] unless 0 < level < 1.
    ///
    /// # Example
    /// ```
    /// let fit = lpp_stats::Correlation { r: 0.95, p: 3.2e-14, n: 28 };
    /// let interval = fit.confidence_interval(0.95)?;
    /// assert!((interval.low - 0.893_655).abs() < 1e-6 && (interval.high - 0.976_856).abs() < 1e-6);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// R. A. Fisher (1921), Metron 1, 3–32; `scipy.stats.pearsonr(x, y).confidence_interval()`, SciPy 1.13.
    pub fn confidence_interval(&self, level: f64) -> Result<Interval, StatsError> {
        let z = -normal_quantile(tail_of(level)?)?;
        if self.r.is_nan() {
            return Ok(Interval::UNDEFINED);
        }
        if self.n <= 3 {
            return Ok(Interval { low: -1.0, high: 1.0 });
        }
        let (centre, reach) = (self.r.atanh(), z / ((self.n - 3) as f64).sqrt());
        Ok(Interval {
            low: (centre - reach).tanh(),
            high: (centre + reach).tanh(),
        })
    }
}

/// Correlates two samples and tests the correlation against zero.
///
/// The p-value follows the exact distribution of r (Student's t with n − 2 degrees of
/// freedom). Its relative precision does not depend on its size. Two pairs always give |r| = 1 and p = 1. If a sample
/// is constant or has a NaN, r and p are NaN.
///
/// # Errors
/// [`StatsError::LengthMismatch`], or [`StatsError::TooFew`] with fewer than two pairs.
///
/// # Example
/// ```
/// let fit = lpp_stats::pearson(&[1.0, 2.0, 3.0, 4.0], &[1.1, 1.9, 3.2, 3.8])?;
/// assert!(fit.r > 0.98 && fit.p < 0.02);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// K. Pearson (1895), <https://doi.org/10.1098/rspl.1895.0041>; `scipy.stats.pearsonr`, SciPy 1.13.
pub fn pearson(x: &[f64], y: &[f64]) -> Result<Correlation, StatsError> {
    let n = x.len();
    if n != y.len() {
        return Err(StatsError::LengthMismatch {
            left_name: "x",
            left: n,
            right_name: "y",
            right: y.len(),
        });
    }
    if n < 2 {
        return Err(StatsError::TooFew {
            statistic: "a correlation",
            needed: 2,
            found: n,
        });
    }
    let r = correlate(x.iter().copied(), y.iter().copied());
    Ok(Correlation {
        r,
        p: correlation_p(r, n),
        n,
    })
}

/// Correlates two samples given a third: the correlation of what a line through the third leaves of each.
///
/// The p-value is that of r with n − 3 degrees of freedom. NaN if either depends on the third alone.
///
/// # Errors
/// [`StatsError::LengthMismatch`], or [`StatsError::TooFew`] with fewer than four triples.
///
/// # Example
/// ```
/// // Both follow the third sample; what is left of them goes apart.
/// let (x, y, z) = ([1.1, 1.9, 3.1, 3.9, 5.0], [0.9, 2.1, 2.9, 4.1, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0]);
/// assert!(lpp_stats::pearson(&x, &y)?.r > 0.98);
/// assert!(lpp_stats::partial_correlation(&x, &y, &z)?.r < -0.99);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// R. A. Fisher (1924), Metron 3, 329–332.
pub fn partial_correlation(x: &[f64], y: &[f64], given: &[f64]) -> Result<Correlation, StatsError> {
    let n = x.len();
    if n < 4 {
        return Err(StatsError::TooFew {
            statistic: "a partial correlation",
            needed: 4,
            found: n,
        });
    }
    let [xy, xz, yz] = [pearson(x, y)?.r, pearson(x, given)?.r, pearson(y, given)?.r];
    let [x_rest, y_rest] = [xz, yz].map(|r| 1.0 - r * r);
    // Correlations of samples that depend on the third alone are off from ±1 by a few roundings.
    let residue = 4.0 * f64::EPSILON * n as f64;
    let r = if x_rest > residue && y_rest > residue {
        ((xy - xz * yz) / (x_rest * y_rest).sqrt()).clamp(-1.0, 1.0)
    } else {
        f64::NAN
    };
    // One degree of freedom less than without the third sample.
    Ok(Correlation {
        r,
        p: correlation_p(r, n - 1),
        n,
    })
}

/// Correlates each column of `observed` with the same column of `predicted`.
///
/// # Shapes
/// Both inputs are (`n_scans`, `n_voxels`), one row per scan; the result is
/// (`n_voxels`). A constant column has no correlation and yields NaN, and so does a
/// column with a NaN.
///
/// # Errors
/// [`StatsError::ShapeMismatch`] if the shapes differ, [`StatsError::TooFew`] with fewer
/// than two scans.
///
/// # Example
/// ```
/// use ndarray::array;
/// let observed = array![[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]];
/// let predicted = array![[2.0, 1.0], [4.0, 2.0], [6.0, 3.0]];
/// let r = lpp_stats::columnwise_pearson(&observed, &predicted)?;
/// assert!((r[0] - 1.0).abs() < 1e-15 && r[1].is_nan());
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn columnwise_pearson(
    observed: &ArrayRef2<f64>,
    predicted: &ArrayRef2<f64>,
) -> Result<Array1<f64>, StatsError> {
    if observed.dim() != predicted.dim() {
        return Err(StatsError::ShapeMismatch {
            observed: observed.dim().into(),
            predicted: predicted.dim().into(),
        });
    }
    if observed.nrows() < 2 {
        return Err(StatsError::TooFew {
            statistic: "a correlation",
            needed: 2,
            found: observed.nrows(),
        });
    }
    Ok(Zip::from(observed.columns())
        .and(predicted.columns())
        .par_map_collect(|x, y| correlate(iterate(&x), iterate(&y))))
}

/// The two-sided p-value of a correlation `r` over `n` pairs.
fn correlation_p(r: f64, n: usize) -> f64 {
    if r.is_nan() {
        return f64::NAN;
    }
    if n == 2 {
        return 1.0;
    }
    let df = (n - 2) as f64;
    // 1 − r² as a product keeps the digits of 1 − |r|.
    let unexplained = (1.0 - r) * (1.0 + r);
    student_t_two_sided_p(r * (df / unexplained).sqrt(), df)
}

fn iterate(column: &ArrayRef1<f64>) -> impl Iterator<Item = f64> + Clone + '_ {
    column.iter().copied()
}

/// Pearson's r by three passes: means, norms of the centred samples, product of the unit vectors.
fn correlate(x: impl Sample, y: impl Sample) -> f64 {
    let (Some(x_scale), Some(y_scale)) = (Centre::of(x.clone()), Centre::of(y.clone())) else {
        return f64::NAN;
    };
    let product: f64 = x.zip(y).map(|(x, y)| x_scale.unit(x) * y_scale.unit(y)).sum();
    if product.is_nan() {
        f64::NAN
    } else {
        product.clamp(-1.0, 1.0)
    }
}

/// A sample that can be iterated several times, as [`correlate`] needs.
trait Sample: Iterator<Item = f64> + Clone {}
impl<I: Iterator<Item = f64> + Clone> Sample for I {}

/// Mean and norm of a sample.
struct Centre {
    mean: f64,
    norm: f64,
}

impl Centre {
    /// `None` if the sample is constant up to the rounding of its mean, or not finite.
    fn of(sample: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let (mut n, mut sum) = (0.0, 0.0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in sample.clone() {
            n += 1.0;
            sum += value;
            low = low.min(value);
            high = high.max(value);
        }
        let mean = sum / n;
        let norm = sample
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            .sqrt();
        // The mean of a constant c is off by up to a few ulp of c; such a residue must not pass for a signal.
        let residue = 4.0 * f64::EPSILON * high.max(-low) * n.sqrt();
        // Over many values the error of the mean outgrows that bound, so that equal values are asked for as well.
        (norm.is_finite() && norm > residue && low < high).then_some(Self { mean, norm })
    }

    fn unit(&self, value: f64) -> f64 {
        (value - self.mean) / self.norm
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;
    use crate::ols;

    fn wave(n: usize, frequency: f64) -> Vec<f64> {
        (0..n)
            .map(|i| (frequency * i as f64).sin() + 0.1 * i as f64)
            .collect()
    }

    #[test]
    fn shift_and_positive_scale_change_nothing() {
        let (x, y) = (wave(30, 1.1), wave(30, 2.3));
        let moved: Vec<f64> = y.iter().map(|v| 7.0 + 0.25 * v).collect();
        let (a, b) = (pearson(&x, &y).unwrap(), pearson(&x, &moved).unwrap());
        // Rounding of the shift, relative to a norm near 5.
        assert!((a.r - b.r).abs() < 1e-14);
    }

    #[test]
    fn two_pairs_prove_nothing() {
        let fit = pearson(&[0.0, 1.0], &[3.0, 2.0]).unwrap();
        assert!((fit.r + 1.0).abs() < 1e-15 && fit.p == 1.0);
    }

    #[test]
    fn perfect_correlation_has_p_zero() {
        let fit = pearson(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0]).unwrap();
        assert!(fit.r > 1.0 - 1e-15 && fit.p < 1e-14);
    }

    #[test]
    fn intervals_end_where_correlations_do() {
        let of = |r: f64, n: usize| Correlation { r, p: 0.5, n }.confidence_interval(0.95).unwrap();
        assert_eq!(of(1.0, 9), Interval { low: 1.0, high: 1.0 });
        assert_eq!(of(0.9, 3), Interval { low: -1.0, high: 1.0 });
        assert_eq!(of(1.0, 3), Interval { low: -1.0, high: 1.0 });
        assert!(of(0.9, 4).low > -1.0);
        assert!(of(f64::NAN, 9).low.is_nan());
        assert_eq!(of(0.3, 9).low, -of(-0.3, 9).high);
        assert!(
            Correlation { r: 0.1, p: 0.5, n: 9 }
                .confidence_interval(1.0)
                .is_err()
        );
    }

    #[test]
    fn constants_and_nan_have_no_correlation() {
        // 0.1 summed thirty times is not 3, so a naive residue would not be zero.
        for flat in [
            vec![0.1; 30],
            vec![0.3; 30],
            vec![0.0; 30],
            vec![f64::NAN; 30],
            vec![f64::INFINITY; 30],
        ] {
            assert!(pearson(&flat, &wave(30, 1.0)).unwrap().r.is_nan());
        }
        // The error of the mean grows with the number of values.
        for n in [49, 300, 1600] {
            assert!(pearson(&vec![0.3; n], &wave(n, 1.0)).unwrap().r.is_nan());
        }
    }

    #[test]
    fn columns_agree_with_pairs_in_any_memory_order() {
        let a = Array2::from_shape_fn((12, 5), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
        let b = Array2::from_shape_fn((12, 5), |(i, j)| ((i * 5 + j * j) % 13) as f64);
        let r = columnwise_pearson(&a, &b).unwrap();
        let reversed = columnwise_pearson(&a.slice(s![.., ..;-1]), &b.slice(s![.., ..;-1])).unwrap();
        for j in 0..5 {
            let pair = pearson(&a.column(j).to_vec(), &b.column(j).to_vec()).unwrap();
            assert_eq!(r[j], pair.r);
            assert_eq!(reversed[4 - j], r[j]);
        }
    }

    #[test]
    fn bad_shapes_are_errors() {
        let a = Array2::<f64>::zeros((3, 2));
        assert!(matches!(
            columnwise_pearson(&a, &Array2::zeros((3, 3))),
            Err(StatsError::ShapeMismatch { .. })
        ));
        assert!(matches!(
            columnwise_pearson(&a.slice(s![..1, ..]), &a.slice(s![..1, ..])),
            Err(StatsError::TooFew { .. })
        ));
        assert!(pearson(&[1.0], &[1.0]).is_err());
        assert!(pearson(&[1.0, 2.0], &[1.0]).is_err());
    }

    #[test]
    fn a_partial_correlation_is_that_of_residuals_and_tests_like_a_coefficient() {
        let (x, y, z) = (wave(12, 1.1), wave(12, 2.3), wave(12, 0.4));
        let found = partial_correlation(&x, &y, &z).unwrap();
        let rest = |of: &[f64]| -> Vec<f64> {
            let line = ols(of, &[&z]).unwrap();
            let at = |z: f64| line.intercept().estimate + line.slope().estimate * z;
            of.iter().zip(&z).map(|(value, &z)| value - at(z)).collect()
        };
        // Sums of twelve numbers near 1 by another route.
        assert!((found.r - pearson(&rest(&x), &rest(&y)).unwrap().r).abs() < 1e-13);
        // With both in a regression, x has the t of this correlation.
        let table = ols(&y, &[&x, &z]).unwrap();
        assert!((found.p / table.slope().p - 1.0).abs() < 1e-10);
        assert_eq!(found.n, 12);
    }

    #[test]
    fn what_depends_on_the_third_sample_alone_has_no_partial_correlation() {
        let (y, z) = ([0.0, 3.0, 1.0, 2.0, 5.0], [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert!(partial_correlation(&z, &y, &z).unwrap().r.is_nan());
        assert!(partial_correlation(&y, &z, &z).unwrap().p.is_nan());
        // So do lines through the third sample, whose correlation with it rounds.
        for n in 5..60 {
            let z = wave(n, 0.7);
            for (scale, shift) in [(0.1, 0.0), (0.3, 5.0), (-7.7, 1e3)] {
                let x: Vec<f64> = z.iter().map(|z| scale * z + shift).collect();
                let line: Vec<f64> = z.iter().map(|z| 1.3 * z - 0.7).collect();
                for other in [line, wave(n, 1.9)] {
                    assert!(partial_correlation(&x, &other, &z).unwrap().r.is_nan());
                    assert!(partial_correlation(&other, &x, &z).unwrap().r.is_nan());
                }
            }
        }
        assert!(partial_correlation(&y[..3], &z[..3], &z[..3]).is_err());
        assert!(partial_correlation(&y, &z, &z[..4]).is_err());
        assert!(partial_correlation(&y[..4], &z[..4], &[1.0, 0.0, 0.0, 1.0]).is_ok());
    }

    #[test]
    fn two_scans_are_enough_for_columns() {
        let (a, b) = (
            ndarray::array![[0.0, 1.0], [1.0, 0.0]],
            ndarray::array![[3.0, 5.0], [4.0, 7.0]],
        );
        let r = columnwise_pearson(&a, &b).unwrap();
        assert!((r[0] - 1.0).abs() < 1e-15 && (r[1] + 1.0).abs() < 1e-15);
    }

    #[test]
    fn values_that_differ_by_a_rounding_have_no_correlation_in_any_unit() {
        let (x, y) = (wave(30, 1.1), wave(30, 2.3));
        let r = pearson(&x, &y).unwrap().r;
        for unit in [1e-12, 1.0, 1e12] {
            let of = |values: &[f64]| {
                pearson(&values.iter().map(|v| unit * v).collect::<Vec<_>>(), &y)
                    .unwrap()
                    .r
            };
            // A rounding of each value.
            assert!((of(&x) - r).abs() < 1e-14);
            let low = 0.3 * unit;
            let high = f64::from_bits(low.to_bits() + 1);
            let rounded: Vec<f64> = (0..30).map(|i| if i % 3 == 0 { low } else { high }).collect();
            assert!(pearson(&rounded, &y).unwrap().r.is_nan());
        }
    }
}
