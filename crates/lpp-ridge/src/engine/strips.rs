//! Sums over the scans of predictions and targets, a few columns at a time.

use std::ops::Range;

use ndarray::ArrayRef2;

use crate::Number;

/// Columns processed together: those of a block, so that its predictions are read in the order of memory. Their sums stay
/// in the innermost cache.
pub(super) const STRIP: usize = 384;

/// Calls `work` with the first column and the width of each strip.
pub(super) fn for_each_strip(n_columns: usize, mut work: impl FnMut(usize, usize)) {
    for left in (0..n_columns).step_by(STRIP) {
        work(left, STRIP.min(n_columns - left));
    }
}

/// Adds each scan of a strip of columns to `N` sums per column, in order. `add` gets the sums, a column, and its prediction
/// and target. It is compiled into the caller, for the registers that the caller may use.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled for the registers of the function around it"
)]
pub(super) fn fold_strip<A: Number, const N: usize>(
    predicted: &ArrayRef2<A>,
    observed: &ArrayRef2<A>,
    columns: Range<usize>,
    add: impl Fn(&mut [[f64; STRIP]; N], usize, f64, f64),
) -> [[f64; STRIP]; N] {
    let mut sums = [[0.0; STRIP]; N];
    for (p, y) in predicted.rows().into_iter().zip(observed.rows()) {
        let [p, y] = [&p, &y].map(|row| &row.as_slice().expect("scans are contiguous")[columns.clone()]);
        for (j, (p, y)) in p.iter().zip(y).enumerate().take(STRIP) {
            add(&mut sums, j, p.to_double(), y.to_double());
        }
    }
    sums
}
