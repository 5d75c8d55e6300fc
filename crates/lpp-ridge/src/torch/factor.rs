//! One penalised symmetric system, factored and solved in double precision on the device.

use tch::{TchError, Tensor};

/// `readout` · (`system` + `alpha` I)⁻¹: what turns right-hand sides into predictions.
///
/// `system` is symmetric, (s, s); `readout` and the result are (n, s); all `f64`.
///
/// A Cholesky factorisation and two triangular solves per penalty take s³/3 + 2 n s² multiplications, all in matrix
/// products. One eigendecomposition for all penalties takes some 9 s³ at a fraction of that speed, most of it in the
/// reduction to tridiagonal form, which a GPU does no faster than its memory; and then n s² for each penalty. For the 16
/// penalties of the study the operations are about as many, so the faster kind of operation decides. The
/// eigendecomposition is the fallback where rounding leaves the system not positive definite.
pub(super) fn penalised_readout(system: &Tensor, alpha: f64, readout: &Tensor) -> Result<Tensor, TchError> {
    let (lower, failed_at) = penalised(system, alpha)?.f_linalg_cholesky_ex(false, false)?;
    if failed_at.f_int64_value(&[])? == 0 {
        return readout
            .f_transpose(0, 1)?
            .f_cholesky_solve(&lower, false)?
            .f_transpose(0, 1);
    }
    by_eigenvectors(system, alpha, readout)
}

fn penalised(system: &Tensor, alpha: f64) -> Result<Tensor, TchError> {
    let sum = system.f_add_scalar(0.0)?; // a copy
    let _ = sum.f_diagonal(0, 0, 1)?.f_add_scalar_(alpha)?;
    Ok(sum)
}

/// Spectral form of the same operator, without the eigenvalues that are rounding of the largest one.
fn by_eigenvectors(system: &Tensor, alpha: f64, readout: &Tensor) -> Result<Tensor, TchError> {
    let (values, vectors) = system.f_linalg_eigh("L")?;
    let order = values.size1()? as f64;
    let floor = values.f_max()?.f_mul_scalar(f64::EPSILON * order)?;
    let weights = values
        .f_add_scalar(alpha)?
        .f_reciprocal()?
        .f_masked_fill(&values.f_le_tensor(&floor)?, 0.0)?;
    readout
        .f_matmul(&vectors)?
        .f_mul(&weights)?
        .f_matmul(&vectors.f_transpose(0, 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::arrays::to_vec;

    fn matrix(values: &[f64], rows: i64) -> Tensor {
        Tensor::from_slice(values).reshape([rows, -1])
    }

    #[test]
    fn both_ways_invert_the_penalised_system() {
        let system = matrix(&[4.0, 1.0, 0.5, 1.0, 3.0, 0.2, 0.5, 0.2, 2.0], 3);
        let readout = matrix(&[1.0, 2.0, 3.0, 0.0, -1.0, 1.0], 2);
        let whole = penalised(&system, 0.7).unwrap();
        for operator in [
            penalised_readout(&system, 0.7, &readout).unwrap(),
            by_eigenvectors(&system, 0.7, &readout).unwrap(),
        ] {
            let back: Vec<f64> = to_vec(&(operator.matmul(&whole) - &readout)).unwrap();
            // a well-conditioned system of order 3 in double precision
            assert!(back.iter().all(|d| d.abs() < 1e-13), "{back:?}");
        }
    }

    #[test]
    fn a_system_that_rounding_made_indefinite_still_solves() {
        let system = matrix(&[1e20; 4], 2);
        let operator = penalised_readout(&system, 1e-6, &matrix(&[1e10, 1e10], 1)).unwrap();
        let values: Vec<f64> = to_vec(&operator).unwrap();
        assert!(values.iter().all(|v| (v / 5e-11 - 1.0).abs() < 1e-6)); // minimum-norm solution, both entries alike
    }
}
