//! Targets that cannot be scored, found before any product is computed.

use multiversion::multiversion;
use ndarray::{ArrayRef2, ArrayView2, s};
use rayon::prelude::*;

use crate::{Number, RidgeError};

/// Why a target cannot be scored; later variants take precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Defect {
    /// It is constant in some run.
    Constant,
    /// It has NaN or infinity in some run.
    NonFinite,
}

/// Largest distance from the first value, relative to the largest magnitude, at which `n` values count as constant.
///
/// Values that should be equal differ by a few units in the last place of their type. In double precision they may come
/// from sums over the scans, whose rounding grows with their number. So does the bound, as in scikit-learn's
/// `StandardScaler` (n ε). Real signals are far above both.
pub(crate) fn constant_bound<A: Number>(n: usize) -> f64 {
    (4.0 * A::EPSILON).max(n as f64 * f64::EPSILON)
}

/// The largest distance of the values of each column from its first value.
pub(crate) struct Range<A> {
    /// Largest distance from the first value.
    distance: Vec<A>,
    /// Largest magnitude.
    size: Vec<A>,
    /// 0, or NaN if some value is not finite.
    poison: Vec<A>,
    n_rows: usize,
}

impl<A: Number> Range<A> {
    /// Ranges of the columns of `values` (rows, columns).
    pub(crate) fn new(values: &ArrayRef2<A>) -> Self {
        let zeros = || vec![A::zero(); values.ncols()];
        let mut range = Self {
            distance: zeros(),
            size: zeros(),
            poison: zeros(),
            n_rows: values.nrows(),
        };
        if values.nrows() > 0 {
            measure(&mut range, &values.view());
        }
        range
    }

    /// The defect of a column, if any.
    pub(crate) fn defect(&self, column: usize) -> Option<Defect> {
        if !self.poison[column].is_finite() {
            return Some(Defect::NonFinite);
        }
        let bound = constant_bound::<A>(self.n_rows) * self.size[column].to_double();
        (self.distance[column].to_double() <= bound).then_some(Defect::Constant)
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn measure<A: Number>(range: &mut Range<A>, values: &ArrayView2<'_, A>) {
    let first = values.row(0);
    for row in values.rows() {
        let sums = range
            .distance
            .iter_mut()
            .zip(&mut range.size)
            .zip(&mut range.poison);
        for (((distance, size), poison), (&value, &first)) in sums.zip(row.iter().zip(&first)) {
            let (d, s) = ((value - first).abs(), value.abs());
            *distance = if d > *distance { d } else { *distance };
            *size = if s > *size { s } else { *size };
            *poison = *poison + value * A::zero();
        }
    }
}

/// Columns processed together, so that their sums stay in cache.
const STRIP: usize = 1024;

/// The defect of each target over all runs, if any.
pub(crate) fn survey<A: Number>(y_runs: &[ArrayView2<'_, A>]) -> Vec<Option<Defect>> {
    let n_targets = y_runs.first().map_or(0, ndarray::ArrayBase::ncols);
    let strips: Vec<usize> = (0..n_targets).step_by(STRIP).collect();
    let of_strip = |&left: &usize| {
        let columns = left..(left + STRIP).min(n_targets);
        let mut worst = vec![None; columns.len()];
        for y in y_runs {
            let range = Range::new(&y.slice(s![.., columns.clone()]));
            for (j, worst) in worst.iter_mut().enumerate() {
                *worst = (*worst).max(range.defect(j));
            }
        }
        worst
    };
    let strips: Vec<Vec<Option<Defect>>> = strips.par_iter().map(of_strip).collect();
    strips.concat()
}

/// Indices of targets with one kind of defect, ascending.
pub(crate) fn with_defect(defects: &[Option<Defect>], kind: Defect) -> Vec<usize> {
    (0..defects.len()).filter(|&j| defects[j] == Some(kind)).collect()
}

/// Indices of targets without a defect, ascending.
pub(crate) fn without_defect(defects: &[Option<Defect>]) -> Vec<usize> {
    (0..defects.len()).filter(|&j| defects[j].is_none()).collect()
}

/// The error if all targets have a defect.
pub(crate) fn no_usable_target(defects: &[Option<Defect>]) -> RidgeError {
    RidgeError::NoUsableTarget {
        n_constant: with_defect(defects, Defect::Constant).len(),
        n_non_finite: with_defect(defects, Defect::NonFinite).len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn defects<A: Number>(values: &Array2<A>) -> Vec<Option<Defect>> {
        survey(&[values.view()])
    }

    fn constants_of<A: Number>() {
        for n in [20, 71, 150, 282, 999, 2000] {
            for magnitude in [1e-6, 0.1, 437.3, 76.71, -3e4, 1e9] {
                let mut y = Array2::from_elem((n, 3), A::from_double(magnitude));
                // The last bit of one value, as after a sum in another order; then a real signal, one part in a thousand.
                y[[n / 2, 1]] = A::from_double(magnitude * (1.0 + A::EPSILON));
                y[[n / 3, 2]] = A::from_double(magnitude * 1.001);
                assert_eq!(
                    defects(&y),
                    [Some(Defect::Constant), Some(Defect::Constant), None],
                    "{n} x {magnitude}"
                );
            }
        }
    }

    #[test]
    fn constants_are_recognised_at_any_length_and_scale() {
        constants_of::<f32>();
        constants_of::<f64>();
    }

    #[test]
    fn the_gravest_defect_over_the_runs_counts() {
        let runs = [
            array![[1.0, 1.0, 2.0], [2.0, 1.0, 3.0]],
            array![[1.0, f64::NAN, 0.0], [1.0, 1.0, f64::INFINITY]],
        ];
        let views: Vec<_> = runs.iter().map(|run| run.view()).collect();
        let expected = [
            Some(Defect::Constant),
            Some(Defect::NonFinite),
            Some(Defect::NonFinite),
        ];
        assert_eq!(survey(&views), expected);
    }

    #[test]
    fn zeros_are_constant_and_faint_signals_are_not() {
        let y = array![[0.0_f32, 1e-30, 1000.0], [0.0, 2e-30, 1000.01]];
        assert_eq!(defects(&y), [Some(Defect::Constant), None, None]);
    }

    #[test]
    fn columns_without_values_are_constant() {
        let y = Array2::<f64>::zeros((0, 2));
        assert_eq!(defects(&y), [Some(Defect::Constant); 2]);
    }
}
