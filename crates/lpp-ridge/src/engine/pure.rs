//! Factorisations in Rust: recursive, so that nearly all of the work is matrix products.

use ndarray::{Array2, ArrayRef2, ArrayViewMut2, Axis, s};

use super::product::{Update, update};
use super::symmetric::eigen;
use super::triangular::{invert_lower, solve_with_lower, solve_with_lower_transposed, times_own_transpose};
use super::{Factorisations, Perhaps};
use crate::RidgeError;
use crate::stop::Stop;

/// The engine without a system library, one thread a system.
#[derive(Debug)]
pub(super) struct Pure {
    /// Ends a factorisation between two of its blocks.
    pub(super) stop: Stop,
}

impl Pure {
    /// A result whose values mean something only if nobody asked the fit to end.
    fn unless_stopped<T>(&self, result: Option<T>) -> Perhaps<T> {
        self.stop.check()?;
        Ok(result)
    }
}

impl Factorisations for Pure {
    fn inverse(&self, mut matrix: Array2<f64>) -> Perhaps<Array2<f64>> {
        if !factor(&mut matrix.view_mut(), &self.stop) {
            return self.unless_stopped(None);
        }
        invert_lower(&mut matrix.view_mut(), &self.stop);
        times_own_transpose(&mut matrix.view_mut(), &self.stop);
        mirror(&mut matrix);
        self.unless_stopped(Some(matrix))
    }

    fn solve(&self, mut matrix: Array2<f64>, mut rows: Array2<f64>) -> Perhaps<Array2<f64>> {
        if !factor(&mut matrix.view_mut(), &self.stop) {
            return self.unless_stopped(None);
        }
        solve_with_lower_transposed(&matrix.view(), &mut rows.view_mut(), &self.stop);
        solve_with_lower(&matrix.view(), &mut rows.view_mut(), &self.stop);
        self.unless_stopped(Some(rows))
    }

    fn eigen(&self, matrix: Array2<f64>) -> Perhaps<(Vec<f64>, Array2<f64>)> {
        let found = eigen(matrix, &self.stop);
        self.unless_stopped(found)
    }

    fn product(&self, left: &ArrayRef2<f64>, right: &ArrayRef2<f64>) -> Result<Array2<f64>, RidgeError> {
        let mut out = Array2::zeros((left.nrows(), right.ncols()));
        let panels = right.axis_chunks_iter(Axis(1), PANEL);
        for (right, mut out) in panels.zip(out.axis_chunks_iter_mut(Axis(1), PANEL)) {
            self.stop.check()?;
            update(&mut out, Update::Replace, left, &right);
        }
        Ok(out)
    }
}

/// Columns of a product between two looks at the stop: some milliseconds.
const PANEL: usize = 512;

/// Order up to which a block is worked on element by element.
pub(super) const SMALL: usize = 32;

/// Where to cut a block of order `n`: near its middle, on a multiple of [`SMALL`].
pub(super) fn half(n: usize) -> usize {
    (n / 2).next_multiple_of(SMALL).min(n - 1)
}

/// Overwrites the lower triangle of a symmetric matrix A by L with A = L Lᵀ; false if A is not positive definite, or after a stop.
/// What lies above the diagonal is neither read nor kept.
fn factor(matrix: &mut ArrayViewMut2<'_, f64>, stop: &Stop) -> bool {
    let n = matrix.nrows();
    if stop.is_set() {
        return false;
    }
    if n <= SMALL {
        return factor_small(matrix);
    }
    let middle = half(n);
    let (mut top, bottom) = matrix.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    let mut corner = top.slice_mut(s![.., ..middle]);
    if !factor(&mut corner, stop) {
        return false;
    }
    solve_with_lower_transposed(&corner.view(), &mut left, stop);
    subtract_square(&mut right, &left.view(), stop);
    factor(&mut right, stop)
}

fn factor_small(matrix: &mut ArrayViewMut2<'_, f64>) -> bool {
    for i in 0..matrix.nrows() {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| matrix[[i, k]] * matrix[[j, k]]).sum();
            let rest = matrix[[i, j]] - dot;
            if i > j {
                matrix[[i, j]] = rest / matrix[[j, j]];
            } else if rest > 0.0 && rest.is_finite() {
                matrix[[i, i]] = rest.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// Subtracts B Bᵀ from the lower triangle of a symmetric matrix.
fn subtract_square(matrix: &mut ArrayViewMut2<'_, f64>, b: &ndarray::ArrayView2<'_, f64>, stop: &Stop) {
    let n = matrix.nrows();
    if stop.is_set() {
        return;
    }
    if n <= 2 * SMALL {
        update(matrix, Update::Subtract, b, &b.t());
        return;
    }
    let middle = half(n);
    let (upper, lower) = b.split_at(Axis(0), middle);
    let (mut top, bottom) = matrix.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    subtract_square(&mut top.slice_mut(s![.., ..middle]), &upper, stop);
    update(&mut left, Update::Subtract, &lower, &upper.t());
    subtract_square(&mut right, &lower, stop);
}

/// Copies the lower triangle above the diagonal.
fn mirror(matrix: &mut Array2<f64>) {
    for i in 0..matrix.nrows() {
        for j in 0..i {
            matrix[[j, i]] = matrix[[i, j]];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn nothing_is_returned_after_a_stop() {
        let stop = Stop::when(Arc::new(AtomicBool::new(true)));
        let (pure, matrix) = (Pure { stop }, Array2::<f64>::eye(70));
        let stopped = |error: RidgeError| matches!(error, RidgeError::Stopped);
        assert!(pure.inverse(matrix.clone()).is_err_and(stopped));
        assert!(pure.solve(matrix.clone(), matrix.clone()).is_err_and(stopped));
        assert!(pure.eigen(matrix.clone()).is_err_and(stopped));
        assert!(pure.product(&matrix, &matrix).is_err_and(stopped));
    }

    #[test]
    fn panels_do_not_change_a_product() {
        let left = Array2::from_shape_fn((40, 30), |(i, j)| ((i * 31 + j * 7) as f64).sin());
        let right = Array2::from_shape_fn((30, 2 * PANEL + 5), |(i, j)| ((i * 3 + j) as f64).cos());
        let pure = Pure {
            stop: Stop::default(),
        };
        assert_eq!(
            pure.product(&left, &right).unwrap(),
            super::super::product::product(&left, &right)
        );
    }
}
