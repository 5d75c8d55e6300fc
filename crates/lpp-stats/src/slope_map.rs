//! A map of regressions on one variable, with the null distribution of its largest t.

use ndarray::ArrayRef2;
use rand::Rng;
use rand::seq::SliceRandom;

use crate::checks::{at_least, check_finite, same_length};
use crate::{MaxStatistic, StatsError, Tail};

/// The slope of every column on the same regressor.
#[derive(Debug, Clone, PartialEq)]
pub struct SlopeMap {
    /// Slope of each column, in its unit per unit of the regressor.
    pub slope: Vec<f64>,
    /// t of each slope, with n − 2 degrees of freedom; NaN for a constant column.
    pub t: Vec<f64>,
    /// Degrees of freedom.
    pub df: f64,
    /// The largest |t| over columns for each permutation of the regressor.
    pub max: MaxStatistic,
}

impl SlopeMap {
    /// Regresses every column of `y` on `x` and a constant, and permutes `x` for the family-wise error.
    ///
    /// All columns use the same permutation, which keeps their dependence. Units must be exchangeable under the null
    /// hypothesis. The models of a family resemble each other and are not; for them, compute one slope per family and
    /// flip the signs ([`SignFlipMap`](crate::SignFlipMap)).
    ///
    /// # Shapes
    /// `x` is (`n_units`), `y` (`n_units`, `n_tests`).
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than three units, without tests or permutations, or if every column is constant;
    /// [`StatsError::LengthMismatch`], [`StatsError::NotFinite`] (index in row-major order); [`StatsError::RankDeficient`]
    /// for a constant `x`.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::SlopeMap;
    /// use ndarray::Array2;
    /// use rand::SeedableRng;
    /// let x: Vec<f64> = (0..12).map(f64::from).collect();
    /// // Only the first column grows with x.
    /// let y = Array2::from_shape_fn((12, 3), |(i, j)| ((i * 5 + j * 7) % 6) as f64 + if j == 0 { x[i] } else { 0.0 });
    /// let map = SlopeMap::of(&x, &y, 499, &mut rand_chacha::ChaCha8Rng::seed_from_u64(2))?;
    /// let p = map.max.corrected_p(&map.t);
    /// assert!(p[0] < 0.05 && p[1] > 0.1);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// T. E. Nichols and A. P. Holmes (2002), <https://doi.org/10.1002/hbm.1058>;
    /// A. M. Winkler et al. (2014), <https://doi.org/10.1016/j.neuroimage.2014.01.060>.
    pub fn of(
        x: &[f64],
        y: &ArrayRef2<f64>,
        n_permutations: usize,
        rng: &mut impl Rng,
    ) -> Result<Self, StatsError> {
        let (n, n_tests) = y.dim();
        same_length(("x", x.len()), ("rows of y", n))?;
        at_least("a regression", 3, n)?;
        at_least("tests of a map", 1, n_tests)?;
        at_least("permutations of a map", 1, n_permutations)?;
        check_finite("a regressor", x)?;
        let values: Vec<f64> = y.iter().copied().collect();
        check_finite("y", &values)?;
        let mut x_unit = x.to_vec();
        let x_norm = centre_to_unit(&mut x_unit);
        if x_norm == 0.0 {
            return Err(StatsError::RankDeficient {
                rank: 1,
                n_columns: 2,
            });
        }
        let (unit, norms) = unit_columns(&values, n_tests);
        let r = project(&x_unit, &unit, n_tests);
        let df = n as f64 - 2.0;
        let t_of = |r: f64| r * (df / (1.0 - r * r).max(0.0)).sqrt();
        let mut shuffled = x_unit.clone();
        let maxima = (0..n_permutations)
            .map(|_| {
                shuffled.shuffle(rng);
                let largest = project(&shuffled, &unit, n_tests)
                    .into_iter()
                    .fold(f64::NAN, |largest: f64, r| largest.max(r.abs()));
                t_of(largest)
            })
            .collect();
        Ok(Self {
            slope: r.iter().zip(&norms).map(|(r, norm)| r * norm / x_norm).collect(),
            t: r.into_iter().map(t_of).collect(),
            df,
            max: MaxStatistic::of_maxima(maxima, Tail::TwoSided)?,
        })
    }
}

/// Subtracts the mean and scales to length 1; returns the original length. Constant values become 0.
fn centre_to_unit(values: &mut [f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let largest = values
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for value in values.iter_mut() {
        *value -= mean;
    }
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    // Rounding of the mean leaves a constant sample this far from 0.
    let constant = norm <= largest * f64::EPSILON * values.len() as f64;
    for value in values.iter_mut() {
        *value = if constant { 0.0 } else { *value / norm };
    }
    if constant { 0.0 } else { norm }
}

/// All columns centred and scaled to length 1, row by row, with their original lengths; constant ones are NaN.
fn unit_columns(values: &[f64], n_tests: usize) -> (Vec<f64>, Vec<f64>) {
    let n = values.len() / n_tests;
    let (mut unit, mut norms) = (values.to_vec(), Vec::with_capacity(n_tests));
    let mut column = vec![0.0; n];
    for test in 0..n_tests {
        for (i, value) in column.iter_mut().enumerate() {
            *value = values[i * n_tests + test];
        }
        let norm = centre_to_unit(&mut column);
        norms.push(norm);
        for (i, value) in column.iter().enumerate() {
            unit[i * n_tests + test] = if norm == 0.0 { f64::NAN } else { *value };
        }
    }
    (unit, norms)
}

/// The inner product of `x` with every column.
fn project(x: &[f64], rows: &[f64], n_tests: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_tests];
    for (x, row) in x.iter().zip(rows.chunks_exact(n_tests)) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += x * value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::ols;

    #[test]
    fn slopes_and_t_are_those_of_single_regressions() {
        let x = [1.0, 2.0, 4.0, 3.0, 7.0, 5.5];
        let y = Array2::from_shape_fn((6, 4), |(i, j)| ((i * 7 + j * 5) % 11) as f64 + x[i] * j as f64);
        let map = SlopeMap::of(&x, &y, 9, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        for j in 0..4 {
            let single = *ols(&y.column(j).to_vec(), &[&x]).unwrap().slope();
            // Two routes to the same sums of six numbers.
            assert!((map.slope[j] - single.estimate).abs() < 1e-12);
            assert!((map.t[j] / single.t - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn constant_columns_have_no_t() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let y = Array2::from_shape_fn((4, 2), |(i, j)| if j == 0 { 0.1 } else { (i * i) as f64 });
        let map = SlopeMap::of(&x, &y, 5, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert!(map.t[0].is_nan() && map.t[1] > 0.0);
        // The mean of n times 0.1 is off by a rounding for many n.
        for n in 3..40 {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i * i)).collect();
            let flat = Array2::from_elem((x.len(), 2), 0.1);
            assert!(SlopeMap::of(&x, &flat, 5, &mut ChaCha8Rng::seed_from_u64(1)).is_err());
        }
        // A spread of a billionth of the values is one.
        let narrow = Array2::from_shape_fn((4, 1), |(i, _)| 5.0 + 5e-9 * (i * i) as f64);
        let t = SlopeMap::of(&x, &narrow, 5, &mut ChaCha8Rng::seed_from_u64(1))
            .unwrap()
            .t;
        assert!((t[0] / map.t[1] - 1.0).abs() < 1e-3);
    }

    #[test]
    fn bad_arguments_are_errors() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let y = Array2::<f64>::zeros((4, 2));
        assert!(SlopeMap::of(&[1.0, 2.0, 3.0], &y, 5, &mut rng).is_err());
        assert!(matches!(
            SlopeMap::of(&[0.1; 4], &y, 5, &mut rng),
            Err(StatsError::RankDeficient { .. })
        ));
        assert!(SlopeMap::of(&[1.0, 2.0, 3.0, f64::NAN], &y, 5, &mut rng).is_err());
        assert!(SlopeMap::of(&[1.0, 2.0], &Array2::zeros((2, 2)), 5, &mut rng).is_err());
    }

    #[test]
    fn maxima_are_the_largest_t_of_one_permutation() {
        let x = [0.0, 1.0, 3.0];
        let y = ndarray::array![[0.1, 5.0], [0.3, 1.0], [0.2, 2.0]];
        let map = SlopeMap::of(&x, &y, 400, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let mut largest = orders.map(|order| {
            let permuted = order.map(|i| x[i]);
            let t = |column: usize| {
                ols(&y.column(column).to_vec(), &[&permuted])
                    .unwrap()
                    .slope()
                    .t
                    .abs()
            };
            t(0).max(t(1))
        });
        largest.sort_by(f64::total_cmp);
        assert_eq!((map.df, map.max.n_permutations()), (1.0, 400));
        // Each order is one of six: the share of permutations that reach the k-th largest t is k/6, within five standard errors.
        for (k, t) in largest.iter().rev().enumerate() {
            let share = (401.0 * map.max.corrected_p(&[t - 1e-9])[0] - 1.0) / 400.0;
            assert!(
                (share - (k + 1) as f64 / 6.0).abs() < 5.0 * (0.25_f64 / 400.0).sqrt(),
                "{k}: {share}"
            );
        }
        assert!(map.max.corrected_p(&[largest[5] + 1e-9])[0] == 1.0 / 401.0);
    }
}
