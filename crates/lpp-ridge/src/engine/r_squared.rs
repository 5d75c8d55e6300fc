//! The score of predictions, and the coefficient of determination.

use std::ops::Range;

use multiversion::multiversion;
use ndarray::ArrayRef2;

use super::pearson::{TargetMoments, correlate};
use super::strips::{STRIP, fold_strip, for_each_strip};
use crate::{Metric, Number};

/// The score of each column of `predicted` against the same column of `observed`, as [`correlate`] or [`r_squared`].
pub(crate) fn score_columns<A: Number>(
    metric: Metric,
    predicted: &ArrayRef2<A>,
    observed: &ArrayRef2<A>,
    moments: &TargetMoments,
    out: &mut [f64],
) {
    match metric {
        Metric::Pearson => correlate(predicted, observed, moments, out),
        Metric::R2 => r_squared(predicted, observed, moments, out),
    }
}

/// R² of each column of `predicted` against the same column of `observed`, both (`n_scans`, width).
///
/// Squares of the residuals are summed in double precision over the scans, in order. The result is NaN if the target is
/// constant or not finite, or the prediction is not finite. `out` has at least `width` values.
pub(crate) fn r_squared<A: Number>(
    predicted: &ArrayRef2<A>,
    observed: &ArrayRef2<A>,
    moments: &TargetMoments,
    out: &mut [f64],
) {
    for_each_strip(predicted.ncols(), |left, width| {
        let [errors] = squares_of(predicted, observed, left..left + width);
        for (j, r2) in out[left..left + width].iter_mut().enumerate() {
            *r2 = 1.0 - errors[j] / moments.spread(left + j);
            if !r2.is_finite() {
                *r2 = f64::NAN;
            }
        }
    });
}

/// Sums of squared residuals of a strip of columns, with the widest registers available.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn squares_of<A: Number>(
    predicted: &ArrayRef2<A>,
    observed: &ArrayRef2<A>,
    columns: Range<usize>,
) -> [[f64; STRIP]; 1] {
    fold_strip(predicted, observed, columns, |[errors], j, p, y| {
        let residual = y - p;
        errors[j] += residual * residual;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn scores<A: Number>(p: &Array2<A>, y: &Array2<A>) -> Vec<f64> {
        let mut out = vec![9.0; p.ncols()];
        r_squared(p, y, &TargetMoments::new(y), &mut out);
        out
    }

    #[test]
    fn perfect_mean_and_bad_predictions_score_one_zero_and_below() {
        let y = Array2::from_shape_fn((20, 130), |(i, j)| ((i * 7 + j) % 13) as f64);
        assert!(scores(&y, &y).iter().all(|&r2| r2.to_bits() == 1_f64.to_bits()));
        let means = y.mean_axis(ndarray::Axis(0)).unwrap();
        let flat = means.broadcast(y.raw_dim()).unwrap().to_owned();
        assert!(scores(&flat, &y).iter().all(|r2| r2.abs() < 1e-14)); // two sums of 20 terms in another order
        let far = y.mapv(|v| v + 1e9);
        assert!(scores(&far, &y).iter().all(|&r2| r2 < -1e16));
    }

    #[test]
    fn constant_or_infinite_columns_have_no_score_but_a_constant_prediction_has() {
        let y = array![[0.1, 1.0, 1.0], [0.1, 2.0, 2.0], [0.1, 4.0, 6.0]];
        let p = array![[1.0, f64::INFINITY, 3.0], [2.0, 0.0, 3.0], [4.0, 1.0, 3.0]];
        let found = scores(&p, &y);
        assert!(found[0].is_nan() && found[1].is_nan());
        assert!(found[2].abs() < 1e-15); // the mean of 1, 2, 6 is exactly 3
    }
}
