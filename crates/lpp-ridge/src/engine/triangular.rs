//! Lower triangular matrices: solving, inverting, multiplying by the transpose. After a stop the values are
//! meaningless.
//!
//! Blocks on the diagonal are used through their inverses, so all work on the other rows is matrix products.

use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};

use super::product::{Update, product, update};
use super::small::SMALL;
use crate::settings::stop::Stop;

/// Where to split a block of order `n`: near its middle, at a multiple of [`SMALL`].
pub(super) fn half(n: usize) -> usize {
    (n / 2).next_multiple_of(SMALL).min(n - 1)
}

/// A factor L, and the stacked inverses of its diagonal blocks, (order, [`SMALL`]). Entries above the diagonal are not
/// read.
#[derive(Clone, Copy)]
pub(super) struct Lower<'l> {
    pub(super) l: ArrayView2<'l, f64>,
    pub(super) inverses: ArrayView2<'l, f64>,
}

impl<'l> Lower<'l> {
    /// The inverse, if the matrix is one block.
    fn whole_inverse(&self) -> Option<ArrayView2<'l, f64>> {
        let n = self.l.nrows();
        (n <= SMALL).then(|| self.inverses.slice_move(s![.., ..n]))
    }

    /// The upper left part, the lower left one and the lower right one.
    fn quarters(&self) -> (Self, ArrayView2<'l, f64>, Self) {
        let middle = half(self.l.nrows());
        let (top, bottom) = self.l.split_at(Axis(0), middle);
        let (corner, _) = top.split_at(Axis(1), middle);
        let (left, right) = bottom.split_at(Axis(1), middle);
        let (first, second) = self.inverses.split_at(Axis(0), middle);
        let part = |l, inverses| Self { l, inverses };
        (part(corner, first), left, part(right, second))
    }
}

/// Overwrites `rows` by X with X Lᵀ = `rows`.
pub(super) fn solve_with_lower_transposed(lower: Lower<'_>, rows: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    if let Some(inverse) = lower.whole_inverse() {
        let solved = product(rows, &inverse.t());
        rows.assign(&solved);
        return;
    }
    let (corner, left, right) = lower.quarters();
    let (mut first, mut second) = rows.view_mut().split_at(Axis(1), corner.l.nrows());
    solve_with_lower_transposed(corner, &mut first, stop);
    update(&mut second, Update::Subtract, &first.view(), &left.t());
    solve_with_lower_transposed(right, &mut second, stop);
}

/// Overwrites `rows` by X with X L = `rows`.
pub(super) fn solve_with_lower(lower: Lower<'_>, rows: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    if let Some(inverse) = lower.whole_inverse() {
        let solved = product(rows, &inverse);
        rows.assign(&solved);
        return;
    }
    let (corner, left, right) = lower.quarters();
    let (mut first, mut second) = rows.view_mut().split_at(Axis(1), corner.l.nrows());
    solve_with_lower(right, &mut second, stop);
    update(&mut first, Update::Subtract, &second.view(), &left);
    solve_with_lower(corner, &mut first, stop);
}

/// Overwrites L by its inverse; above the diagonal, its blocks are cleared.
pub(super) fn invert_lower(l: &mut ArrayViewMut2<'_, f64>, inverses: &ArrayView2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    let n = l.nrows();
    if n <= SMALL {
        l.assign(&inverses.slice(s![.., ..n]));
        return;
    }
    let (mut corner, mut left, mut right) = quarters(l);
    let (first, second) = inverses.split_at(Axis(0), corner.nrows());
    // −R⁻¹ B C⁻¹ for the lower left part B, while the corner C is still there and the right part R no more.
    let of_corner = Lower {
        l: corner.view(),
        inverses: first,
    };
    solve_with_lower(of_corner, &mut left, stop);
    invert_lower(&mut corner, &first, stop);
    invert_lower(&mut right, &second, stop);
    multiply_by_lower(&right.view(), &mut left, stop);
    left.mapv_inplace(|v| -v);
}

/// Overwrites the lower triangle of L by that of Lᵀ L. The blocks on the diagonal of L are cleared above it.
pub(super) fn times_own_transpose(l: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    if l.nrows() <= SMALL {
        let square = product(&l.t(), l);
        l.assign(&square);
        return;
    }
    let (mut corner, mut left, mut right) = quarters(l);
    times_own_transpose(&mut corner, stop);
    add_square_of_columns(&mut corner, &left.view(), stop);
    multiply_by_lower_transposed(&right.view(), &mut left, stop);
    times_own_transpose(&mut right, stop);
}

/// Overwrites `columns` by L · `columns`.
fn multiply_by_lower(l: &ArrayView2<'_, f64>, columns: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    let n = l.nrows();
    if n <= SMALL {
        let multiplied = product(l, columns);
        columns.assign(&multiplied);
        return;
    }
    let middle = half(n);
    let (mut first, mut second) = columns.view_mut().split_at(Axis(0), middle);
    multiply_by_lower(&l.slice(s![middle.., middle..]), &mut second, stop);
    update(
        &mut second,
        Update::Add,
        &l.slice(s![middle.., ..middle]),
        &first.view(),
    );
    multiply_by_lower(&l.slice(s![..middle, ..middle]), &mut first, stop);
}

/// Overwrites `columns` by Lᵀ · `columns`.
fn multiply_by_lower_transposed(l: &ArrayView2<'_, f64>, columns: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    let n = l.nrows();
    if n <= SMALL {
        let multiplied = product(&l.t(), columns);
        columns.assign(&multiplied);
        return;
    }
    let middle = half(n);
    let (mut first, mut second) = columns.view_mut().split_at(Axis(0), middle);
    multiply_by_lower_transposed(&l.slice(s![..middle, ..middle]), &mut first, stop);
    update(
        &mut first,
        Update::Add,
        &l.slice(s![middle.., ..middle]).t(),
        &second.view(),
    );
    multiply_by_lower_transposed(&l.slice(s![middle.., middle..]), &mut second, stop);
}

/// Adds Bᵀ B to the lower triangle of a symmetric matrix.
fn add_square_of_columns(matrix: &mut ArrayViewMut2<'_, f64>, b: &ArrayView2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    if matrix.nrows() <= 2 * SMALL {
        update(matrix, Update::Add, &b.t(), b);
        return;
    }
    let (mut corner, mut left, mut right) = quarters(matrix);
    let (first, second) = b.split_at(Axis(1), corner.nrows());
    add_square_of_columns(&mut corner, &first, stop);
    update(&mut left, Update::Add, &second.t(), &first);
    add_square_of_columns(&mut right, &second, stop);
}

/// The upper left part of a matrix, the lower left one and the lower right one.
pub(super) fn quarters<'m>(
    matrix: &'m mut ArrayViewMut2<'_, f64>,
) -> (
    ArrayViewMut2<'m, f64>,
    ArrayViewMut2<'m, f64>,
    ArrayViewMut2<'m, f64>,
) {
    let middle = half(matrix.nrows());
    let (top, bottom) = matrix.view_mut().split_at(Axis(0), middle);
    let (corner, _) = top.split_at(Axis(1), middle);
    let (left, right) = bottom.split_at(Axis(1), middle);
    (corner, left, right)
}
