//! Trimming and z-scoring of runs before a fit.

use ndarray::{Array1, Array2, ArrayRef2, Zip, s};

use super::defects::{Defect, Range};
use crate::{Number, RidgeError};

/// Subtracts the mean of each column and divides by its population standard deviation (n in the denominator).
///
/// # Shapes
/// `values` and the result are (`n_scans`, `n_columns`). Sums are in `f64`. A column with a NaN becomes NaN. A constant
/// column becomes 0, as in scikit-learn's `StandardScaler`: a feature of zeros has no effect, a target of zeros has no
/// score, and a fit counts both ([`crate::PreparedFeatures::constant_features`],
/// [`crate::RidgeCvFit::constant_targets`]). Columns that are constant within rounding count as constant, so that noise
/// in the last bit is never amplified.
///
/// ```
/// let z = lpp_ridge::standardise_columns(&ndarray::array![[1.0_f64, 5.0], [3.0, 5.0]]);
/// assert_eq!(z, ndarray::array![[-1.0, 0.0], [1.0, 0.0]]);
/// ```
#[must_use]
pub fn standardise_columns<A: Number>(values: &ArrayRef2<A>) -> Array2<A> {
    let (mean, deviation) = mean_and_deviation(values);
    let mut out = values.to_owned();
    for mut row in out.rows_mut() {
        Zip::from(&mut row)
            .and(&mean)
            .and(&deviation)
            .for_each(|v, &mean, &deviation| *v = A::from_double((v.to_double() - mean) / deviation));
    }
    out
}

/// The largest distance of a column's mean from 0, in population standard deviations of that column.
///
/// A fit has no intercept, so columns are expected to be standardised run by run: the result is then about 0. Raw signals have
/// values far above 1, and their scores are too low. Constant columns and columns that are not finite are left out; 0 if none is
/// left.
///
/// ```
/// let raw = ndarray::array![[9.0_f64, 5.0], [11.0, 5.0]];
/// assert_eq!(lpp_ridge::largest_mean(&raw), 10.0);
/// assert_eq!(lpp_ridge::largest_mean(&lpp_ridge::standardise_columns(&raw)), 0.0);
/// ```
#[must_use]
pub fn largest_mean<A: Number>(values: &ArrayRef2<A>) -> f64 {
    let (mean, deviation) = mean_and_deviation(values);
    let distances = mean
        .iter()
        .zip(&deviation)
        .map(|(mean, deviation)| mean.abs() / deviation);
    distances.fold(0.0, f64::max) // NaN is never the maximum
}

/// Mean and population standard deviation of each column: infinite if it is constant, by which every number becomes 0, and NaN if
/// it is not finite.
fn mean_and_deviation<A: Number>(values: &ArrayRef2<A>) -> (Array1<f64>, Array1<f64>) {
    let mean = column_sums(values, |_, v| v) / values.nrows() as f64;
    let spread = column_sums(values, |j, v| (v - mean[j]).powi(2));
    let range = Range::new(values);
    let deviation = Array1::from_shape_fn(values.ncols(), |j| match range.defect(j) {
        Some(Defect::Constant) => f64::INFINITY,
        Some(Defect::NonFinite) => f64::NAN,
        None => (spread[j] / values.nrows() as f64).sqrt(),
    });
    (mean, deviation)
}

/// Sums `term(column, value)` over each column, going along the rows in memory order.
fn column_sums<A: Number>(values: &ArrayRef2<A>, term: impl Fn(usize, f64) -> f64) -> Array1<f64> {
    let mut sums = Array1::zeros(values.ncols());
    for row in values.rows() {
        for (j, (sum, value)) in sums.iter_mut().zip(row).enumerate() {
            *sum += term(j, value.to_double());
        }
    }
    sums
}

/// Drops `trim` rows at both ends, then standardises as [`standardise_columns`].
///
/// The reference study trims 10 scans (20 s), during which the signal has not settled.
///
/// # Errors
/// [`RidgeError::Trim`] if fewer than one row would remain.
///
/// # Example
/// ```
/// use ndarray::array;
///
/// let run = array![[9.0], [1.0], [3.0], [-9.0]];
/// let standardised = lpp_ridge::trim_and_standardise(&run, 1)?;
/// assert_eq!(standardised, array![[-1.0], [1.0]]);
/// # Ok::<(), lpp_ridge::RidgeError>(())
/// ```
pub fn trim_and_standardise<A: Number>(values: &ArrayRef2<A>, trim: usize) -> Result<Array2<A>, RidgeError> {
    let n_scans = values.nrows();
    if n_scans <= trim.saturating_mul(2) {
        return Err(RidgeError::Trim { n_scans, trim });
    }
    Ok(standardise_columns(&values.slice(s![trim..n_scans - trim, ..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn columns_have_mean_zero_and_unit_population_deviation() {
        let x = Array2::from_shape_fn((7, 3), |(i, j)| ((i * i + 3 * j * i) % 11) as f64 + 1e3);
        let z = standardise_columns(&x);
        for column in z.columns() {
            assert!(column.sum().abs() < 1e-11); // values near 1e3 carry 1e-13 each
            assert!((column.mapv(|v| v * v).sum() / 7.0 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_constant_becomes_exactly_zero_at_any_length_and_scale() {
        for n in [3, 49, 282, 2000] {
            for value in [1e-6, 0.1, 437.3, -76.71, 1e9] {
                let double = standardise_columns(&Array2::from_elem((n, 1), value));
                let single = standardise_columns(&Array2::from_elem((n, 1), f32::from_double(value)));
                assert!(double.iter().all(|&v| v.abs() <= 0.0), "{n} x {value}");
                assert!(single.iter().all(|&v| v.abs() <= 0.0), "{n} x {value}");
            }
        }
    }

    #[test]
    fn a_column_with_a_hole_becomes_nan() {
        let z = standardise_columns(&ndarray::array![[1.0, 2.0], [f64::NAN, 3.0]]);
        assert!(z.column(0).iter().all(|v| v.is_nan()) && z.column(1).iter().all(|v| v.is_finite()));
    }

    #[test]
    fn trimming_leaves_at_least_one_scan() {
        let x = Array2::from_shape_fn((5, 1), |(i, _)| i as f64);
        assert_eq!(trim_and_standardise(&x, 1).unwrap().nrows(), 3);
        assert!(matches!(
            trim_and_standardise(&x, 3),
            Err(RidgeError::Trim { n_scans: 5, trim: 3 })
        ));
        assert!(trim_and_standardise(&x, usize::MAX).is_err());
    }

    #[test]
    fn the_largest_mean_is_in_deviations_of_its_column() {
        // Means 10, −30 and 5 with deviations 1, 2 and 0; the last column has no deviation, and the next is not finite.
        let x = ndarray::array![[9.0, -28.0, 5.0, f64::NAN], [11.0, -32.0, 5.0, 1.0]];
        assert!((largest_mean(&x) - 15.0).abs() < 1e-14);
        assert!(largest_mean(&x.slice(ndarray::s![.., 2..])).abs() <= 0.0);
    }
}
