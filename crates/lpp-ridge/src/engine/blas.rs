//! Factorisations by LAPACK.

use ndarray::{Array2, s};
use ndarray_linalg::{CholeskyInto, Diag, EighInto, InverseCInto, SolveTriangularInto, UPLO};

use super::factorisations::{Factorisations, Perhaps};

/// The engine of a system library.
#[derive(Debug)]
pub(super) struct Blas;

impl Factorisations for Blas {
    fn inverse(&self, matrix: Array2<f64>) -> Perhaps<Array2<f64>> {
        Ok(invert(matrix))
    }

    fn solve(&self, matrix: Array2<f64>, rows: Array2<f64>) -> Perhaps<Array2<f64>> {
        Ok(by_substitution(matrix, &rows))
    }

    fn eigen(&self, matrix: Array2<f64>) -> Perhaps<(Vec<f64>, Array2<f64>)> {
        let found = matrix.eigh_into(UPLO::Lower).ok();
        Ok(found.map(|(values, vectors)| (values.to_vec(), vectors)))
    }
}

fn invert(matrix: Array2<f64>) -> Option<Array2<f64>> {
    let mut inverse = column_major(&matrix).invc_into().ok()?;
    // LAPACK may leave rounding between the two halves.
    for i in 0..inverse.nrows() {
        for j in 0..i {
            inverse[[j, i]] = inverse[[i, j]];
        }
    }
    inverse.iter().all(|v| v.is_finite()).then_some(inverse)
}

fn by_substitution(matrix: Array2<f64>, rows: &Array2<f64>) -> Option<Array2<f64>> {
    let lower = column_major(&matrix).cholesky_into(UPLO::Lower).ok()?;
    let right = rows.as_standard_layout().into_owned().reversed_axes();
    let half = lower
        .view()
        .solve_triangular_into(UPLO::Lower, Diag::NonUnit, right)
        .ok()?;
    let upper = tiled_copy(&lower.t());
    let whole = upper
        .solve_triangular_into(UPLO::Upper, Diag::NonUnit, half)
        .ok()?;
    Some(whole.reversed_axes())
}

/// A symmetric matrix in column-major order for LAPACK; only the axes are swapped.
fn column_major(matrix: &Array2<f64>) -> Array2<f64> {
    matrix.as_standard_layout().into_owned().reversed_axes()
}

/// Side of a tile that fits into the innermost cache twice.
const TILE: usize = 32;

/// A column-major copy, made tile by tile: ndarray-linalg would copy element by element.
fn tiled_copy(matrix: &ndarray::ArrayRef2<f64>) -> Array2<f64> {
    let (n_rows, n_columns) = matrix.dim();
    let mut copy = Array2::zeros((n_columns, n_rows)).reversed_axes();
    for top in (0..n_rows).step_by(TILE) {
        for left in (0..n_columns).step_by(TILE) {
            let tile = s![top..(top + TILE).min(n_rows), left..(left + TILE).min(n_columns)];
            copy.slice_mut(tile).assign(&matrix.slice(tile));
        }
    }
    copy
}
