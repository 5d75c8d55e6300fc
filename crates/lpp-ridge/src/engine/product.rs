//! The products over all targets, which take nearly all of the time of a fit.
//!
//! There are many products, each of a few hundred rows and columns and on one thread. For these, the `gemm` crate is a
//! tenth faster than the tested BLAS libraries, which are made for large matrices, and it needs no system library. All
//! other products of the crate use it too, so the features of ndarray do not change a number.
#![allow(
    unsafe_code,
    reason = "gemm takes pointers and strides; the one call is below its shape check"
)]

use gemm::Parallelism;
use ndarray::{Array2, ArrayRef2, ArrayViewMut2};

use crate::Number;

/// What happens to the previous values of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    /// They are overwritten, NaN or not.
    Replace,
    /// The product is added to them.
    Add,
    /// The product is subtracted from them.
    Subtract,
}

/// `left` (m, k) times `right` (k, n), a new array (m, n).
pub(crate) fn product<A: Number>(left: &ArrayRef2<A>, right: &ArrayRef2<A>) -> Array2<A> {
    let mut out = Array2::zeros((left.nrows(), right.ncols()));
    update(&mut out.view_mut(), Update::Replace, left, right);
    out
}

/// Writes `left` (m, k) times `right` (k, n) to `out` (m, n), adds or subtracts it. Any strides; k may be 0.
///
/// A column of the result does not depend on the other columns.
///
/// # Panics
/// If the shapes do not match, which is a bug of the caller.
pub(crate) fn update<A: Number>(
    out: &mut ArrayViewMut2<'_, A>,
    change: Update,
    left: &ArrayRef2<A>,
    right: &ArrayRef2<A>,
) {
    let ((m, k), n) = (left.dim(), right.ncols());
    assert_eq!((right.nrows(), out.dim()), (k, (m, n)), "shapes of a product");
    let strides = |array: &[isize]| (array[1], array[0]);
    let (left_strides, right_strides) = (strides(left.strides()), strides(right.strides()));
    let out_strides = strides(out.strides());
    // SAFETY: the three pointers belong to live arrays of the shapes just checked, addressed by their own strides, and `out`
    // is borrowed mutably, so that it overlaps neither of the others.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            out_strides.0,
            out_strides.1,
            change != Update::Replace,
            left.as_ptr(),
            left_strides.0,
            left_strides.1,
            right.as_ptr(),
            right_strides.0,
            right_strides.1,
            A::one(),
            if change == Update::Subtract {
                -A::one()
            } else {
                A::one()
            },
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    fn wave<A: Number>(shape: (usize, usize), frequency: f64) -> Array2<A> {
        Array2::from_shape_fn(shape, |(i, j)| {
            A::from_double((frequency * (i * 31 + j * 7 + 1) as f64).sin())
        })
    }

    fn plain<A: Number>(a: &ArrayRef2<A>, b: &ArrayRef2<A>) -> Array2<f64> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
            a.row(i)
                .iter()
                .zip(b.column(j))
                .map(|(x, y)| x.to_double() * y.to_double())
                .sum()
        })
    }

    fn check<A: Number>(a: &ArrayRef2<A>, b: &ArrayRef2<A>) {
        let mut out = Array2::from_elem((a.nrows(), b.ncols()), A::nan());
        update(&mut out.view_mut(), Update::Replace, a, b);
        update(&mut out.view_mut(), Update::Add, a, b);
        let expected = plain(a, b) * 2.0;
        // each of k terms of size one rounds once
        let tolerance = 4.0 * A::EPSILON * (a.ncols() as f64 + 1.0);
        for (found, expected) in out.iter().zip(&expected) {
            assert!((found.to_double() - expected).abs() <= tolerance);
        }
    }

    fn all_layouts<A: Number>() {
        for (m, k, n) in [(1, 1, 1), (3, 5, 2), (17, 40, 33), (70, 301, 384), (4, 0, 3)] {
            let (a, b) = (wave::<A>((m, k), 0.37), wave::<A>((k, n), 0.71));
            check(&a, &b);
            check(&wave::<A>((k, m), 0.37).t(), &b);
            let wide = wave::<A>((2 * k, 3 * n), 0.53);
            check(&a, &wide.slice(s![..;2, ..;3]));
        }
    }

    #[test]
    fn products_of_any_layout_equal_plain_sums() {
        all_layouts::<f32>();
        all_layouts::<f64>();
    }

    #[test]
    fn a_column_does_not_depend_on_its_neighbours() {
        let (a, b) = (wave::<f32>((293, 768), 0.37), wave::<f32>((768, 384), 0.71));
        let product = |b: &ArrayRef2<f32>| {
            let mut out = Array2::zeros((293, b.ncols()));
            update(&mut out.view_mut(), Update::Replace, &a, b);
            out
        };
        let mut reversed = b.clone();
        reversed.invert_axis(ndarray::Axis(1));
        let reversed = reversed.as_standard_layout().to_owned();
        let (forward, backward) = (product(&b), product(&reversed));
        assert!((0..384).all(|j| forward.column(j) == backward.column(383 - j)));
    }
}
