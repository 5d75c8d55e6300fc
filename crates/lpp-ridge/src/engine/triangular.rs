//! Lower triangular matrices: solving, inverting, multiplying by the own transpose. After a stop the values mean nothing.

use ndarray::{ArrayRef1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};

use super::product::{Update, update};
use super::pure::{SMALL, half};
use crate::stop::Stop;

/// The four parts of a lower triangular matrix but the upper right one.
fn quarters<'a>(l: &ArrayView2<'a, f64>) -> [ArrayView2<'a, f64>; 3] {
    let middle = half(l.nrows());
    let (top, bottom) = l.split_at(Axis(0), middle);
    let (corner, _) = top.split_at(Axis(1), middle);
    let (left, right) = bottom.split_at(Axis(1), middle);
    [corner, left, right]
}

/// Overwrites `rows` by X with X Lᵀ = `rows`.
pub(super) fn solve_with_lower_transposed(
    l: &ArrayView2<'_, f64>,
    rows: &mut ArrayViewMut2<'_, f64>,
    stop: &Stop,
) {
    if stop.is_set() {
        return;
    }
    if l.nrows() <= SMALL {
        for mut row in rows.rows_mut() {
            for j in 0..l.nrows() {
                let rest = row[j] - dot(&row.slice(s![..j]), &l.slice(s![j, ..j]));
                row[j] = rest / l[[j, j]];
            }
        }
        return;
    }
    let [corner, left, right] = quarters(l);
    let (mut first, mut second) = rows.view_mut().split_at(Axis(1), corner.nrows());
    solve_with_lower_transposed(&corner, &mut first, stop);
    update(&mut second, Update::Subtract, &first.view(), &left.t());
    solve_with_lower_transposed(&right, &mut second, stop);
}

/// Overwrites `rows` by X with X L = `rows`.
pub(super) fn solve_with_lower(l: &ArrayView2<'_, f64>, rows: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    if stop.is_set() {
        return;
    }
    if l.nrows() <= SMALL {
        for mut row in rows.rows_mut() {
            for j in (0..l.nrows()).rev() {
                let value = row[j] / l[[j, j]];
                row[j] = value;
                subtract(&mut row.slice_mut(s![..j]), value, &l.slice(s![j, ..j]));
            }
        }
        return;
    }
    let [corner, left, right] = quarters(l);
    let (mut first, mut second) = rows.view_mut().split_at(Axis(1), corner.nrows());
    solve_with_lower(&right, &mut second, stop);
    update(&mut first, Update::Subtract, &second.view(), &left);
    solve_with_lower(&corner, &mut first, stop);
}

/// Overwrites L by its inverse. What lies above the diagonal is neither read nor kept.
pub(super) fn invert_lower(l: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    let n = l.nrows();
    if stop.is_set() {
        return;
    }
    if n <= SMALL {
        for j in 0..n {
            l[[j, j]] = l[[j, j]].recip();
            for i in j + 1..n {
                let sum: f64 = (j..i).map(|k| l[[i, k]] * l[[k, j]]).sum();
                l[[i, j]] = -sum / l[[i, i]];
            }
        }
        return;
    }
    let middle = half(n);
    let (mut top, bottom) = l.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    let mut corner = top.slice_mut(s![.., ..middle]);
    // −R⁻¹ B C⁻¹ for the lower left part B, before the corner C and the right part R are gone.
    solve_with_lower(&corner.view(), &mut left, stop);
    invert_lower(&mut corner, stop);
    invert_lower(&mut right, stop);
    clear_above(&mut right);
    let b = left.to_owned();
    left.fill(0.0);
    update(&mut left, Update::Subtract, &right.view(), &b);
}

/// Overwrites the lower triangle of L by that of Lᵀ L.
pub(super) fn times_own_transpose(l: &mut ArrayViewMut2<'_, f64>, stop: &Stop) {
    let n = l.nrows();
    if stop.is_set() {
        return;
    }
    if n <= SMALL {
        for i in 0..n {
            for j in 0..=i {
                l[[i, j]] = (i..n).map(|k| l[[k, i]] * l[[k, j]]).sum();
            }
        }
        return;
    }
    let middle = half(n);
    let (mut top, bottom) = l.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    let mut corner = top.slice_mut(s![.., ..middle]);
    times_own_transpose(&mut corner, stop);
    add_square_of_columns(&mut corner, &left.view(), stop);
    clear_above(&mut right);
    let b = left.to_owned();
    left.fill(0.0);
    update(&mut left, Update::Add, &right.t(), &b);
    times_own_transpose(&mut right, stop);
}

/// Adds Bᵀ B to the lower triangle of a symmetric matrix.
fn add_square_of_columns(matrix: &mut ArrayViewMut2<'_, f64>, b: &ArrayView2<'_, f64>, stop: &Stop) {
    let n = matrix.nrows();
    if stop.is_set() {
        return;
    }
    if n <= 2 * SMALL {
        update(matrix, Update::Add, &b.t(), b);
        return;
    }
    let middle = half(n);
    let (first, second) = b.split_at(Axis(1), middle);
    let (mut top, bottom) = matrix.view_mut().split_at(Axis(0), middle);
    let (mut left, mut right) = bottom.split_at(Axis(1), middle);
    add_square_of_columns(&mut top.slice_mut(s![.., ..middle]), &first, stop);
    update(&mut left, Update::Add, &second.t(), &first);
    add_square_of_columns(&mut right, &second, stop);
}

/// Sets what lies above the diagonal to 0.
fn clear_above(matrix: &mut ArrayViewMut2<'_, f64>) {
    for (i, mut row) in matrix.rows_mut().into_iter().enumerate() {
        row.slice_mut(s![i + 1..]).fill(0.0);
    }
}

/// The inner product of two rows.
fn dot(a: &ArrayRef1<f64>, b: &ArrayRef1<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn subtract(row: &mut ArrayViewMut1<'_, f64>, factor: f64, other: &ArrayRef1<f64>) {
    row.zip_mut_with(other, |r, o| *r -= factor * o);
}
