//! One penalised symmetric system, factored and solved in double precision.

use ndarray::{Array2, ArrayRef2, ShapeBuilder, s};
use ndarray_linalg::{CholeskyInto, Diag, EighInto, InverseCInto, SolveTriangularInto, UPLO};

use crate::RidgeError;

/// Largest ratio of a system's trace to the penalty, a bound on its condition number, at which its inverse is formed:
/// above it more than nine of sixteen digits might be lost.
const MAX_CONDITION: f64 = 1e7;

/// (`system` + `alpha` I)⁻¹, or `None` where the penalty is too small beside the system for an explicit inverse to keep its
/// digits, or LAPACK fails.
pub(crate) fn safe_inverse(system: &ArrayRef2<f64>, alpha: f64) -> Option<Array2<f64>> {
    let trace: f64 = system.diag().sum();
    if trace.is_nan() || trace > alpha * MAX_CONDITION {
        return None;
    }
    penalised(system, alpha).invc_into().ok()
}

/// The penalised system, column-major as LAPACK wants it; for a symmetric matrix that is a matter of naming its axes.
fn penalised(system: &ArrayRef2<f64>, alpha: f64) -> Array2<f64> {
    let mut penalised = system.as_standard_layout().into_owned().reversed_axes();
    penalised.diag_mut().mapv_inplace(|d| d + alpha);
    penalised
}

/// `readout` · (`system` + `alpha` I)⁻¹: what turns right-hand sides into predictions.
///
/// `system` is symmetric, (s, s); `readout` and the result are (n, s).
///
/// A Cholesky factorisation per penalty (s³/3 multiplications, nearly all in matrix products) with two triangular
/// solves is cheaper than one eigendecomposition for some dozens of penalties: forming the operator from eigenvectors
/// costs as much as the solves, and the decomposition (`syev`, the only driver that ndarray-linalg offers) takes some
/// 9 s³ at a fraction of the speed. Where rounding leaves the system not positive definite, the eigendecomposition is the
/// fallback, without the eigenvalues that are rounding.
///
/// # Errors
/// [`RidgeError::Factorisation`] if LAPACK fails in both ways.
pub(crate) fn penalised_readout(
    system: &ArrayRef2<f64>,
    alpha: f64,
    readout: &ArrayRef2<f64>,
) -> Result<Array2<f64>, RidgeError> {
    let failure = |source| RidgeError::Factorisation {
        alpha,
        size: system.nrows(),
        source,
    };
    match penalised(system, alpha).cholesky_into(UPLO::Lower) {
        Ok(lower) => by_substitution(&lower, readout).map_err(failure),
        Err(_) => by_eigenvectors(system, alpha, readout).map_err(failure),
    }
}

/// Solves L Lᵀ Zᵀ = readoutᵀ for a column-major L.
///
/// LAPACK works column-major, and ndarray-linalg copies whatever is not, element by element. The transpose of the readout
/// is so by nature, and that of L is copied tile by tile.
fn by_substitution(
    lower: &ArrayRef2<f64>,
    readout: &ArrayRef2<f64>,
) -> ndarray_linalg::error::Result<Array2<f64>> {
    let right = readout.as_standard_layout().into_owned().reversed_axes();
    let half = lower
        .view()
        .solve_triangular_into(UPLO::Lower, Diag::NonUnit, right)?;
    let whole = column_major(&lower.t()).solve_triangular_into(UPLO::Upper, Diag::NonUnit, half)?;
    Ok(whole.reversed_axes())
}

/// Spectral form of the same operator.
///
/// Eigenvalues below the rounding of the largest one are no part of the system: the readout, made of the same
/// features, has nothing along their vectors but rounding, which a small penalty would blow up.
fn by_eigenvectors(
    system: &ArrayRef2<f64>,
    alpha: f64,
    readout: &ArrayRef2<f64>,
) -> ndarray_linalg::error::Result<Array2<f64>> {
    let (values, vectors) = system.to_owned().eigh_into(UPLO::Lower)?;
    let largest = values.iter().copied().fold(0.0, f64::max);
    let floor = largest * f64::EPSILON * values.len() as f64;
    let weights = values.mapv(|v| if v > floor { (v + alpha).recip() } else { 0.0 });
    Ok((readout.dot(&vectors) * weights).dot(&vectors.t()))
}

/// Side of a tile that fits into the innermost cache twice.
const TILE: usize = 32;

/// A column-major copy.
fn column_major(matrix: &ArrayRef2<f64>) -> Array2<f64> {
    let mut copy = Array2::zeros(matrix.raw_dim().f());
    let (n_rows, n_columns) = matrix.dim();
    for top in (0..n_rows).step_by(TILE) {
        for left in (0..n_columns).step_by(TILE) {
            let tile = s![top..(top + TILE).min(n_rows), left..(left + TILE).min(n_columns)];
            copy.slice_mut(tile).assign(&matrix.slice(tile));
        }
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use ndarray_linalg::Cholesky;

    #[test]
    fn both_ways_invert_the_penalised_system() {
        let system = array![[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
        let readout = array![[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]];
        let penalised = penalised(&system, 0.7);
        let lower = penalised.cholesky(UPLO::Lower).unwrap();
        for operator in [
            penalised_readout(&system, 0.7, &readout).unwrap(),
            by_substitution(&lower, &readout).unwrap(),
            by_eigenvectors(&system, 0.7, &readout).unwrap(),
        ] {
            // a well-conditioned system of order 3 in double precision
            assert!(
                (operator.dot(&penalised) - &readout)
                    .iter()
                    .all(|d| d.abs() < 1e-13)
            );
        }
    }

    #[test]
    fn a_system_that_rounding_made_indefinite_still_solves() {
        let system = array![[1e20, 1e20], [1e20, 1e20]];
        let operator = penalised_readout(&system, 1e-6, &array![[1e10, 1e10]]).unwrap();
        assert!(operator.iter().all(|v| (v / 5e-11 - 1.0).abs() < 1e-6)); // minimum-norm solution, both entries alike
    }
}
