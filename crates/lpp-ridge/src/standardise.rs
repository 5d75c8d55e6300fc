//! Trimming and z-scoring of runs, as the fit expects them.

use ndarray::{Array1, Array2, ArrayRef2, Zip, s};

use crate::{Element, RidgeError};

/// Centres each column and divides it by its population standard deviation (n in the denominator).
///
/// # Shapes
/// `values` and the result are (`n_scans`, `n_columns`). Sums run in `f64`. A constant column becomes NaN, and so does
/// one that holds a NaN: its score will be NaN too, and the fit counts it. "Constant" allows for the rounding of the
/// mean, so that noise of the last bit is never blown up into a signal.
///
/// ```
/// let z = lpp_ridge::standardise_columns(&ndarray::array![[1.0_f64, 5.0], [3.0, 5.0]]);
/// assert_eq!(z.column(0).to_vec(), [-1.0, 1.0]);
/// assert!(z[[0, 1]].is_nan());
/// ```
#[must_use]
pub fn standardise_columns<A: Element>(values: &ArrayRef2<A>) -> Array2<A> {
    let mean = column_sums(values, |_, v| v) / values.nrows() as f64;
    let spread = column_sums(values, |j, v| (v - mean[j]).powi(2));
    let size = column_sums(values, |_, v| v * v);
    let mut deviation = (&spread / values.nrows() as f64).sqrt();
    for j in 0..deviation.len() {
        if is_constant::<A>(spread[j], size[j]) {
            deviation[j] = f64::NAN;
        }
    }
    let mut out = values.to_owned();
    for mut row in out.rows_mut() {
        Zip::from(&mut row)
            .and(&mean)
            .and(&deviation)
            .for_each(|v, &mean, &deviation| *v = A::from_double((v.to_double() - mean) / deviation));
    }
    out
}

/// Sums `term(column, value)` down each column, walking along the rows as they lie in memory.
fn column_sums<A: Element>(values: &ArrayRef2<A>, term: impl Fn(usize, f64) -> f64) -> Array1<f64> {
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
/// The reference study trims 10 scans (20 s), where the signal is still settling.
///
/// # Errors
/// [`RidgeError::Trim`] if fewer than one row would remain.
pub fn trim_and_standardise<A: Element>(values: &ArrayRef2<A>, trim: usize) -> Result<Array2<A>, RidgeError> {
    let n_scans = values.nrows();
    if n_scans <= trim.saturating_mul(2) {
        return Err(RidgeError::Trim { n_scans, trim });
    }
    Ok(standardise_columns(&values.slice(s![trim..n_scans - trim, ..])))
}

/// Whether a sum of squared deviations is nothing but rounding, given the plain sum of squares.
///
/// A mean rounds to half a unit in the last place of values of that type; four epsilons leave room for the values'
/// own rounding, and are far below any real signal.
pub(crate) fn is_constant<A: Element>(spread: f64, size: f64) -> bool {
    spread <= (4.0 * A::EPSILON).powi(2) * size
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
    fn a_constant_that_rounds_is_still_constant() {
        let x = Array2::from_elem((3, 1), 0.1_f32);
        assert!(standardise_columns(&x).iter().all(|v| v.is_nan()));
        let x = Array2::from_elem((49, 1), 0.1_f64);
        assert!(standardise_columns(&x).iter().all(|v| v.is_nan()));
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
}
