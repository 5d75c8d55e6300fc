//! Correlations of a block of predictions, in one pass while it is still in cache.

use std::ops::Range;

use multiversion::multiversion;
use ndarray::{Array1, ArrayRef2, Axis};

use super::strips::{STRIP, fold_strip, for_each_strip};
use crate::Number;
use crate::design::defects::{Range as ValueRange, constant_bound};

/// Mean and spread of each target of a block in one run.
#[derive(Debug, Clone)]
pub(crate) struct TargetMoments {
    /// Mean over the scans.
    mean: Array1<f64>,
    /// Sum of squared deviations; NaN if the target is constant or not finite.
    spread: Array1<f64>,
}

impl TargetMoments {
    /// Moments of the columns of `y` (`n_scans`, width).
    pub(crate) fn new<A: Number>(y: &ArrayRef2<A>) -> Self {
        let (mean, mut spread) = moments(y);
        let range = ValueRange::new(y);
        for (column, spread) in spread.iter_mut().enumerate() {
            if range.defect(column).is_some() || !spread.is_finite() {
                *spread = f64::NAN;
            }
        }
        Self { mean, spread }
    }

    /// Mean and sum of squared deviations of all columns.
    #[cfg(feature = "torch")]
    pub(crate) fn slices(&self) -> (&[f64], &[f64]) {
        (
            self.mean.as_slice().unwrap_or_default(),
            self.spread.as_slice().unwrap_or_default(),
        )
    }

    /// The moments of some columns, in their order.
    pub(crate) fn select(&self, columns: &[usize]) -> Self {
        Self {
            mean: self.mean.select(Axis(0), columns),
            spread: self.spread.select(Axis(0), columns),
        }
    }

    /// Sum of squared deviations of the target in this column; NaN if it is constant or not finite.
    pub(crate) fn spread(&self, column: usize) -> f64 {
        self.spread[column]
    }
}

/// Mean and sum of squared deviations of each column, in two passes.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn moments<A: Number>(y: &ArrayRef2<A>) -> (Array1<f64>, Array1<f64>) {
    let mut mean = Array1::<f64>::zeros(y.ncols());
    for row in y.rows() {
        for (m, v) in mean.iter_mut().zip(row) {
            *m += v.to_double();
        }
    }
    mean /= y.nrows() as f64;
    let mut spread = Array1::<f64>::zeros(y.ncols());
    for row in y.rows() {
        for ((s, m), v) in spread.iter_mut().zip(&mean).zip(row) {
            *s += (v.to_double() - m).powi(2);
        }
    }
    (mean, spread)
}

/// Correlates each column of `predicted` with the same column of `observed`, both (`n_scans`, width).
///
/// Sums are in double precision over the scans, in order, of deviations: of the target from its mean, and of the
/// prediction from its first value (any shift would do; it avoids the loss of digits from a large mean). The result is
/// NaN if either column is constant or not finite. `out` has at least `width` values.
pub(crate) fn correlate<A: Number>(
    predicted: &ArrayRef2<A>,
    observed: &ArrayRef2<A>,
    moments: &TargetMoments,
    out: &mut [f64],
) {
    for_each_strip(predicted.ncols(), |left, width| {
        let (mut mean, mut shift) = ([0.0; STRIP], [0.0; STRIP]);
        for j in 0..width {
            mean[j] = moments.mean[left + j];
            shift[j] = predicted[[0, left + j]].to_double();
        }
        let sums = StripSums::new(predicted, observed, left..left + width, &shift, &mean);
        for (j, r) in out[left..left + width].iter_mut().enumerate() {
            *r = sums.correlation::<A>(j, shift[j], predicted.nrows(), moments.spread[left + j]);
        }
    });
}

/// The three sums of a strip of columns.
struct StripSums {
    sum: [f64; STRIP],
    square: [f64; STRIP],
    cross: [f64; STRIP],
}

impl StripSums {
    fn new<A: Number>(
        predicted: &ArrayRef2<A>,
        observed: &ArrayRef2<A>,
        columns: Range<usize>,
        shift: &[f64; STRIP],
        mean: &[f64; STRIP],
    ) -> Self {
        let [sum, square, cross] = sums_of(predicted, observed, columns, shift, mean);
        Self { sum, square, cross }
    }

    fn correlation<A: Number>(&self, j: usize, shift: f64, n: usize, target_spread: f64) -> f64 {
        let spread = self.square[j] - self.sum[j] * self.sum[j] / n as f64;
        let size = n as f64 * shift * shift + self.square[j];
        // Constant within rounding.
        let is_flat = spread <= constant_bound::<A>(n).powi(2) * size;
        if !spread.is_finite() || is_flat {
            return f64::NAN;
        }
        (self.cross[j] / (spread * target_spread).sqrt()).clamp(-1.0, 1.0)
    }
}

/// Sums of the prediction, of its square and of its product with the target, as deviations, with the widest registers
/// available.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn sums_of<A: Number>(
    predicted: &ArrayRef2<A>,
    observed: &ArrayRef2<A>,
    columns: Range<usize>,
    shift: &[f64; STRIP],
    mean: &[f64; STRIP],
) -> [[f64; STRIP]; 3] {
    fold_strip(predicted, observed, columns, |[sum, square, cross], j, p, y| {
        let p = p - shift[j];
        sum[j] += p;
        square[j] += p * p;
        cross[j] += p * (y - mean[j]);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn correlations<A: Number>(p: &Array2<A>, y: &Array2<A>) -> Vec<f64> {
        let mut out = vec![9.0; p.ncols()];
        correlate(p, y, &TargetMoments::new(y), &mut out);
        out
    }

    #[test]
    fn a_line_correlates_perfectly_whatever_its_offset() {
        let y = Array2::from_shape_fn((20, 130), |(i, j)| ((i * 7 + j) % 13) as f64);
        for r in correlations(&y.mapv(|v| 1e6 - 3.0 * v), &y) {
            assert!((r + 1.0).abs() < 1e-12); // 1e6 costs six digits of each value, sums of 20 regain some
        }
    }

    #[test]
    fn constants_and_nan_have_no_correlation() {
        let y = array![
            [0.1, 1.0, 0.3, f64::NAN],
            [0.1, 2.0, 0.2, 0.0],
            [0.1, 4.0, 0.7, 1.0]
        ];
        let p = array![
            [1.0, 0.1, f64::INFINITY, 1.0],
            [2.0, 0.1, 0.0, 2.0],
            [4.0, 0.1, 1.0, 5.0]
        ];
        assert!(correlations(&p, &y).iter().all(|r| r.is_nan()));
        assert!(
            correlations(&p.mapv(f32::from_double), &y.mapv(f32::from_double))
                .iter()
                .all(|r| r.is_nan())
        );
    }

    /// A prediction that alternates around a value is flat if its relative amplitude is below the bound, at any scale.
    fn flatness_of<A: Number>(n: usize) {
        let bound = constant_bound::<A>(n);
        let y = Array2::from_shape_fn((n, 1), |(i, _)| A::from_double((i % 2) as f64));
        for scale in [1e-3, 1.0, 1e3] {
            // A deviation of some units in the last place is rounded to whole ones.
            for (share, is_flat) in [(0.3, true), (3.0, false)] {
                let p =
                    y.mapv(|v| A::from_double(scale * (1.0 + bound * share * (2.0 * v.to_double() - 1.0))));
                let r = correlations(&p, &y)[0];
                assert_eq!(
                    r.is_nan(),
                    is_flat,
                    "{n} scans around {scale}, {share} of the bound: {r}"
                );
                assert!(is_flat || r > 0.99);
            }
        }
    }

    #[test]
    fn a_prediction_is_flat_by_its_relative_spread() {
        flatness_of::<f64>(400);
        flatness_of::<f64>(4000);
        flatness_of::<f32>(40);
    }
}
