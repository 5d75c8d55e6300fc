//! Factorisations in Rust: recursive, so that nearly all of the work is matrix products.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::product::{Update, update};
use super::small::{SMALL, factor_small};
use super::symmetric::eigen;
use super::triangular::{
    Lower, invert_lower, quarters, solve_with_lower, solve_with_lower_transposed, times_own_transpose,
};
use super::{Factorisations, Perhaps};

/// The engine without a system library, one thread a system.
#[derive(Debug)]
pub(super) struct Pure;

impl Factorisations for Pure {
    fn inverse(&self, mut matrix: Array2<f64>) -> Perhaps<Array2<f64>> {
        let mut inverses = Array2::zeros((matrix.nrows(), SMALL));
        if !factor(&mut matrix.view_mut(), &mut inverses.view_mut()) {
            return Ok(None);
        }
        invert_lower(&mut matrix.view_mut(), &inverses.view());
        times_own_transpose(&mut matrix.view_mut());
        mirror(&mut matrix);
        Ok(Some(matrix))
    }

    fn solve(&self, mut matrix: Array2<f64>, mut rows: Array2<f64>) -> Perhaps<Array2<f64>> {
        let mut inverses = Array2::zeros((matrix.nrows(), SMALL));
        if !factor(&mut matrix.view_mut(), &mut inverses.view_mut()) {
            return Ok(None);
        }
        let lower = Lower {
            l: matrix.view(),
            inverses: inverses.view(),
        };
        solve_with_lower_transposed(lower, &mut rows.view_mut());
        solve_with_lower(lower, &mut rows.view_mut());
        Ok(Some(rows))
    }

    fn eigen(&self, matrix: Array2<f64>) -> Perhaps<(Vec<f64>, Array2<f64>)> {
        Ok(eigen(matrix))
    }
}

/// Overwrites the lower triangle of a symmetric matrix A by L with A = L Lᵀ and `inverses` as [`Lower`] has them; false if A
/// is not positive definite. What lies above the diagonal is neither read nor kept.
fn factor(matrix: &mut ArrayViewMut2<'_, f64>, inverses: &mut ArrayViewMut2<'_, f64>) -> bool {
    if matrix.nrows() <= SMALL {
        return factor_small(matrix, inverses);
    }
    let (mut corner, mut left, mut right) = quarters(matrix);
    let (mut first, mut second) = inverses.view_mut().split_at(Axis(0), corner.nrows());
    if !factor(&mut corner, &mut first) {
        return false;
    }
    let of_corner = Lower {
        l: corner.view(),
        inverses: first.view(),
    };
    solve_with_lower_transposed(of_corner, &mut left);
    subtract_square(&mut right, &left.view());
    factor(&mut right, &mut second)
}

/// Subtracts B Bᵀ from the lower triangle of a symmetric matrix.
fn subtract_square(matrix: &mut ArrayViewMut2<'_, f64>, b: &ArrayView2<'_, f64>) {
    if matrix.nrows() <= 2 * SMALL {
        update(matrix, Update::Subtract, b, &b.t());
        return;
    }
    let (mut corner, mut left, mut right) = quarters(matrix);
    let (upper, lower) = b.split_at(Axis(0), corner.nrows());
    subtract_square(&mut corner, &upper);
    update(&mut left, Update::Subtract, &lower, &upper.t());
    subtract_square(&mut right, &lower);
}

/// Copies the lower triangle above the diagonal, block by block.
fn mirror(matrix: &mut Array2<f64>) {
    let n = matrix.nrows();
    for top in (0..n).step_by(SMALL) {
        let bottom = (top + SMALL).min(n);
        let below = matrix.slice(s![top..bottom, ..bottom]).to_owned();
        let mut beside = matrix.slice_mut(s![..bottom, top..bottom]);
        for ((j, i), value) in beside.indexed_iter_mut() {
            if j < top + i {
                *value = below[[i, j]];
            }
        }
    }
}
