//! Recursive factorisations in Rust; nearly all of the work is matrix products.

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};

use super::factorisations::{Factorisations, Perhaps};
use super::product::{Update, update};
use super::small::{SMALL, factor_small};
use super::symmetric::eigen;
use super::triangular::{
    Lower, invert_lower, quarters, solve_with_lower, solve_with_lower_transposed, times_own_transpose,
};
use crate::RidgeError;
use crate::settings::stop::Stop;

/// The engine without a system library, with one thread per system.
#[derive(Debug)]
pub(super) struct Pure {
    /// Ends a factorisation between two of its blocks.
    pub(super) stop: Stop,
}

impl Pure {
    /// The result, or [`RidgeError::Stopped`] if the fit was stopped, since its values are then meaningless.
    fn unless_stopped<T>(&self, result: Option<T>) -> Perhaps<T> {
        self.stop.check()?;
        Ok(result)
    }
}

impl Factorisations for Pure {
    fn inverse(&self, mut matrix: Array2<f64>) -> Perhaps<Array2<f64>> {
        let mut inverses = Array2::zeros((matrix.nrows(), SMALL));
        if !factor(&mut matrix.view_mut(), &mut inverses.view_mut(), &self.stop) {
            return self.unless_stopped(None);
        }
        invert_lower(&mut matrix.view_mut(), &inverses.view(), &self.stop);
        times_own_transpose(&mut matrix.view_mut(), &self.stop);
        mirror(&mut matrix);
        self.unless_stopped(Some(matrix))
    }

    fn solve(&self, mut matrix: Array2<f64>, mut rows: Array2<f64>) -> Perhaps<Array2<f64>> {
        let mut inverses = Array2::zeros((matrix.nrows(), SMALL));
        if !factor(&mut matrix.view_mut(), &mut inverses.view_mut(), &self.stop) {
            return self.unless_stopped(None);
        }
        let lower = Lower {
            l: matrix.view(),
            inverses: inverses.view(),
        };
        solve_with_lower_transposed(lower, &mut rows.view_mut(), &self.stop);
        solve_with_lower(lower, &mut rows.view_mut(), &self.stop);
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

/// Columns of a product between two checks of the stop flag: some milliseconds.
const PANEL: usize = 512;

/// Overwrites the lower triangle of a symmetric matrix A by L with A = L Lᵀ, and `inverses` as in [`Lower`]; false if A
/// is not positive definite. Entries above the diagonal are not read and not preserved.
fn factor(matrix: &mut ArrayViewMut2<'_, f64>, inverses: &mut ArrayViewMut2<'_, f64>, stop: &Stop) -> bool {
    if stop.is_set() {
        return false;
    }
    if matrix.nrows() <= SMALL {
        return factor_small(matrix, inverses);
    }
    let (mut corner, mut left, mut right) = quarters(matrix);
    let (mut first, mut second) = inverses.view_mut().split_at(Axis(0), corner.nrows());
    if !factor(&mut corner, &mut first, stop) {
        return false;
    }
    let of_corner = Lower {
        l: corner.view(),
        inverses: first.view(),
    };
    solve_with_lower_transposed(of_corner, &mut left, stop);
    subtract_square(&mut right, &left.view(), stop);
    factor(&mut right, &mut second, stop)
}

/// Subtracts B Bᵀ from the lower triangle of a symmetric matrix.
fn subtract_square(matrix: &mut ArrayViewMut2<'_, f64>, b: &ArrayView2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    if matrix.nrows() <= 2 * SMALL {
        update(matrix, Update::Subtract, b, &b.t());
        return;
    }
    let (mut corner, mut left, mut right) = quarters(matrix);
    let (upper, lower) = b.split_at(Axis(0), corner.nrows());
    subtract_square(&mut corner, &upper, stop);
    update(&mut left, Update::Subtract, &lower, &upper.t());
    subtract_square(&mut right, &lower, stop);
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
