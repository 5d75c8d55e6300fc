//! Factorisations in Rust: recursive, so that nearly all of the work is matrix products.

use ndarray::{Array2, ArrayViewMut2, Axis, s};

use super::product::{Update, update};
use super::symmetric::eigen;
use super::triangular::{invert_lower, solve_with_lower, solve_with_lower_transposed, times_own_transpose};
use super::{Factorisations, Perhaps};

/// The engine without a system library, one thread a system.
#[derive(Debug)]
pub(super) struct Pure;

impl Factorisations for Pure {
    fn inverse(&self, mut matrix: Array2<f64>) -> Perhaps<Array2<f64>> {
        if !factor(&mut matrix.view_mut()) {
            return Ok(None);
        }
        invert_lower(&mut matrix.view_mut());
        times_own_transpose(&mut matrix.view_mut());
        mirror(&mut matrix);
        Ok(Some(matrix))
    }

    fn solve(&self, mut matrix: Array2<f64>, mut rows: Array2<f64>) -> Perhaps<Array2<f64>> {
        if !factor(&mut matrix.view_mut()) {
            return Ok(None);
        }
        solve_with_lower_transposed(&matrix.view(), &mut rows.view_mut());
        solve_with_lower(&matrix.view(), &mut rows.view_mut());
        Ok(Some(rows))
    }

    fn eigen(&self, matrix: Array2<f64>) -> Perhaps<(Vec<f64>, Array2<f64>)> {
        Ok(eigen(matrix))
    }
}

/// Order up to which a block is worked on element by element.
pub(super) const SMALL: usize = 32;

/// Where to cut a block of order `n`: near its middle, on a multiple of [`SMALL`].
pub(super) fn half(n: usize) -> usize {
    (n / 2).next_multiple_of(SMALL).min(n - 1)
}

/// Overwrites the lower triangle of a symmetric matrix A by L with A = L Lᵀ; false if A is not positive definite.
/// What lies above the diagonal is neither read nor kept.
fn factor(matrix: &mut ArrayViewMut2<'_, f64>) -> bool {
    let n = matrix.nrows();
    if n <= SMALL {
        return factor_small(matrix);
    }
    let middle = half(n);
    let (mut top, bottom) = matrix.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    let mut corner = top.slice_mut(s![.., ..middle]);
    if !factor(&mut corner) {
        return false;
    }
    solve_with_lower_transposed(&corner.view(), &mut left);
    subtract_square(&mut right, &left.view());
    factor(&mut right)
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
fn subtract_square(matrix: &mut ArrayViewMut2<'_, f64>, b: &ndarray::ArrayView2<'_, f64>) {
    let n = matrix.nrows();
    if n <= 2 * SMALL {
        update(matrix, Update::Subtract, b, &b.t());
        return;
    }
    let middle = half(n);
    let (upper, lower) = b.split_at(Axis(0), middle);
    let (mut top, bottom) = matrix.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    subtract_square(&mut top.slice_mut(s![.., ..middle]), &upper);
    update(&mut left, Update::Subtract, &lower, &upper.t());
    subtract_square(&mut right, &lower);
}

/// Copies the lower triangle above the diagonal.
fn mirror(matrix: &mut Array2<f64>) {
    for i in 0..matrix.nrows() {
        for j in 0..i {
            matrix[[j, i]] = matrix[[i, j]];
        }
    }
}
