//! Eigenvalues and eigenvectors of a symmetric matrix: reduction to tridiagonal form by reflections, then rotations.
//!
//! It is used only if a Cholesky factorisation fails, so it is short rather than fast.
//!
//! # References
//! G. H. Golub and C. F. Van Loan (2013), "Matrix computations", 4th edition, sections 8.3.1 (Householder tridiagonalisation)
//! and 8.3.5 (implicit symmetric QR step).

use ndarray::{Array1, Array2, Zip, s};

use crate::settings::stop::Stop;

/// Largest number of steps per eigenvalue; three are usual.
const MOST_STEPS: usize = 60;

/// Eigenvalues, and the eigenvectors as columns; `None` if values are not finite, or after a stop.
pub(super) fn eigen(matrix: Array2<f64>, stop: &Stop) -> Option<(Vec<f64>, Array2<f64>)> {
    if matrix.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let (mut diagonal, mut beside, mut rows) = tridiagonal(matrix, stop);
    let n = diagonal.len();
    let mut end = n;
    let mut steps = 0;
    while end > 1 {
        if stop.is_set() {
            return None;
        }
        let last = end - 1;
        let scale = diagonal[last].abs() + diagonal[last - 1].abs();
        if beside[last - 1].abs() <= f64::EPSILON * scale {
            (end, steps) = (last, 0);
            continue;
        }
        // The block that ends here reaches back to where the matrix falls apart.
        let mut start = last - 1;
        while start > 0
            && beside[start - 1].abs() > f64::EPSILON * (diagonal[start].abs() + diagonal[start - 1].abs())
        {
            start -= 1;
        }
        implicit_step(&mut diagonal, &mut beside, &mut rows, start, last);
        steps += 1;
        if steps > MOST_STEPS {
            return None;
        }
    }
    Some((diagonal, rows.reversed_axes()))
}

/// Diagonal, subdiagonal and the orthogonal matrix Qᵀ of A = Q T Qᵀ.
fn tridiagonal(mut a: Array2<f64>, stop: &Stop) -> (Vec<f64>, Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut q = Array2::<f64>::eye(n);
    for k in 0..n.saturating_sub(2) {
        if stop.is_set() {
            break;
        }
        let Some(v) = reflector(&a.slice(s![k + 1.., k]).to_owned()) else {
            continue;
        };
        // A ← (I − 2vvᵀ) A (I − 2vvᵀ) = A − v wᵀ − w vᵀ on the rows and columns that v touches.
        let mut rest = a.slice_mut(s![k + 1.., k + 1..]);
        let p = rest.dot(&v) * 2.0;
        let w = &p - &(&v * v.dot(&p));
        for (i, mut row) in rest.rows_mut().into_iter().enumerate() {
            row.scaled_add(-v[i], &w);
            row.scaled_add(-w[i], &v);
        }
        let column = a.slice(s![k + 1.., k]).to_owned();
        let image = &column - &(&v * (2.0 * v.dot(&column)));
        a.slice_mut(s![k + 1.., k]).assign(&image);
        a.slice_mut(s![k, k + 1..]).assign(&image);
        let mut below = q.slice_mut(s![k + 1.., ..]);
        let projected = v.dot(&below);
        for (i, mut row) in below.rows_mut().into_iter().enumerate() {
            row.scaled_add(-2.0 * v[i], &projected);
        }
    }
    let diagonal = a.diag().to_vec();
    let beside = (1..n).map(|i| a[[i, i - 1]]).collect();
    (diagonal, beside, q)
}

/// The unit vector whose reflection maps `x` to a multiple of the first axis; `None` if `x` is already one.
fn reflector(x: &Array1<f64>) -> Option<Array1<f64>> {
    let size = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    if x.len() < 2 || x.slice(s![1..]).iter().all(|&v| v.abs() <= 0.0) {
        return None;
    }
    let mut v = x / size;
    let norm = v.dot(&v).sqrt();
    v[0] += norm.copysign(v[0]);
    let length = v.dot(&v).sqrt();
    Some(v / length)
}

/// One implicit step with Wilkinson's shift on the block `start..=last`; the same rotations are applied to `rows`.
fn implicit_step(
    diagonal: &mut [f64],
    beside: &mut [f64],
    rows: &mut Array2<f64>,
    start: usize,
    last: usize,
) {
    let half_gap = 0.5 * (diagonal[last - 1] - diagonal[last]);
    let b = beside[last - 1];
    let shift = diagonal[last] - b * b / (half_gap + half_gap.hypot(b).copysign(half_gap));
    let (mut x, mut z) = (diagonal[start] - shift, beside[start]);
    for k in start..last {
        let length = x.hypot(z);
        let (c, s) = if length > 0.0 {
            (x / length, z / length)
        } else {
            (1.0, 0.0)
        };
        if k > start {
            beside[k - 1] = length;
        }
        let (d, e, f) = (diagonal[k], beside[k], diagonal[k + 1]);
        diagonal[k] = c * c * d + 2.0 * c * s * e + s * s * f;
        diagonal[k + 1] = s * s * d - 2.0 * c * s * e + c * c * f;
        beside[k] = c * s * (f - d) + (c * c - s * s) * e;
        if k + 1 < last {
            (x, z) = (beside[k], s * beside[k + 1]);
            beside[k + 1] *= c;
        }
        rotate(rows, k, c, s);
    }
}

/// Rotates rows k and k + 1 in their plane.
fn rotate(rows: &mut Array2<f64>, k: usize, c: f64, s: f64) {
    let (upper, lower) = rows.multi_slice_mut((s![k, ..], s![k + 1, ..]));
    Zip::from(upper).and(lower).for_each(|u, l| {
        (*u, *l) = (c * *u + s * *l, c * *l - s * *u);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eigenvalues in ascending order, after a check that the vectors give the matrix back.
    fn values_of(matrix: &Array2<f64>) -> Vec<f64> {
        let (mut values, vectors) = eigen(matrix.clone(), &Stop::default()).unwrap();
        let n = values.len() as f64;
        let back = (&vectors * &Array1::from(values.clone())).dot(&vectors.t());
        assert!((back - matrix).iter().all(|d| d.abs() < 1e-14 * n * n)); // entries of size one or two
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn a_path_has_the_eigenvalues_of_its_closed_form() {
        for n in [2, 3, 10, 57] {
            let next = |i: usize, j: usize| f64::from(i.abs_diff(j) == 1);
            let path = Array2::from_shape_fn((n, n), |(i, j)| next(i, j));
            let second_differences = Array2::<f64>::eye(n) * 2.0 - &path;
            let cosine = |k: usize| 2.0 * (std::f64::consts::PI * k as f64 / (n + 1) as f64).cos();
            for (k, (of_path, of_differences)) in values_of(&path)
                .into_iter()
                .zip(values_of(&second_differences))
                .enumerate()
            {
                assert!((of_path - cosine(n - k)).abs() < 1e-13, "{n}, {k}");
                assert!((of_differences - 2.0 + cosine(k + 1)).abs() < 1e-13, "{n}, {k}");
            }
        }
    }

    #[test]
    fn zeros_beside_the_diagonal_are_left_as_they_are() {
        let diagonal = Array2::from_diag(&Array1::from(vec![3.0, 0.0, -1.0, 7.0, 0.0]));
        assert_eq!(values_of(&diagonal), [-1.0, 0.0, 0.0, 3.0, 7.0]);
        assert_eq!(values_of(&Array2::zeros((4, 4))), [0.0; 4]);
        // Two blocks of which each has the eigenvalues −1 and 1, and one value apart.
        let mut blocks = Array2::zeros((5, 5));
        for (i, j) in [(0, 1), (3, 4)] {
            blocks[[i, j]] = 1.0;
            blocks[[j, i]] = 1.0;
        }
        blocks[[2, 2]] = 5.0;
        for (found, expected) in values_of(&blocks).iter().zip([-1.0, -1.0, 1.0, 1.0, 5.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
        // One block, whose diagonal is 0 like all before it.
        let mut last = Array2::zeros((4, 4));
        (last[[2, 3]], last[[3, 2]]) = (1.0, 1.0);
        for (found, expected) in values_of(&last).iter().zip([-1.0, 0.0, 0.0, 1.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn values_that_are_not_finite_have_no_eigenvalues() {
        let mut matrix = Array2::<f64>::eye(3);
        matrix[[2, 1]] = f64::INFINITY;
        assert!(eigen(matrix, &Stop::default()).is_none());
    }
}
