//! Factorisation and solution of one penalised symmetric system in double precision.

use ndarray::{Array1, Array2, ArrayRef2};

use crate::RidgeError;
use crate::engine::factorisations::{Factorisations, Perhaps};

/// Largest ratio of a system's trace to the penalty, a bound on its condition number, at which its inverse is computed.
/// Above it, more than nine of sixteen digits could be lost.
const MAX_CONDITION: f64 = 1e7;

/// (`system` + `alpha` I)⁻¹, or `None` if the penalty is too small relative to the system for an accurate explicit
/// inverse.
pub(crate) fn safe_inverse(
    with: &dyn Factorisations,
    system: &ArrayRef2<f64>,
    alpha: f64,
) -> Perhaps<Array2<f64>> {
    let trace: f64 = system.diag().sum();
    if trace.is_nan() || trace > alpha * MAX_CONDITION {
        return Ok(None);
    }
    with.inverse(penalised(system, alpha))
}

fn penalised(system: &ArrayRef2<f64>, alpha: f64) -> Array2<f64> {
    let mut penalised = system.to_owned();
    penalised.diag_mut().mapv_inplace(|d| d + alpha);
    penalised
}

/// `readout` · (`system` + `alpha` I)⁻¹: the matrix that turns right-hand sides into predictions.
///
/// `system` is symmetric, (s, s); `readout` and the result are (n, s).
///
/// A Cholesky factorisation per penalty (s³/3 multiplications, nearly all in matrix products) with two triangular
/// solves is cheaper than one eigendecomposition for some dozens of penalties. Computing the operator from eigenvectors
/// costs as much as the solves, and the decomposition takes some 9 s³ at a fraction of the speed. If rounding makes the
/// system not positive definite, the eigendecomposition is used instead, without the eigenvalues that are due to
/// rounding.
///
/// # Errors
/// [`RidgeError::Factorisation`] if both methods fail.
pub(crate) fn penalised_readout(
    with: &dyn Factorisations,
    system: &ArrayRef2<f64>,
    alpha: f64,
    readout: &ArrayRef2<f64>,
) -> Result<Array2<f64>, RidgeError> {
    if let Some(solved) = with.solve(penalised(system, alpha), readout.to_owned())? {
        return Ok(solved);
    }
    by_eigenvectors(with, system, alpha, readout)?.ok_or(RidgeError::Factorisation {
        alpha,
        size: system.nrows(),
    })
}

/// Spectral form of the same operator.
///
/// Eigenvalues below the rounding of the largest one are dropped. The readout is made from the same features, so along
/// their eigenvectors it has only rounding errors, which a small penalty would amplify.
fn by_eigenvectors(
    with: &dyn Factorisations,
    system: &ArrayRef2<f64>,
    alpha: f64,
    readout: &ArrayRef2<f64>,
) -> Perhaps<Array2<f64>> {
    let Some((values, vectors)) = with.eigen(system.to_owned())? else {
        return Ok(None);
    };
    let largest = values.iter().copied().fold(0.0, f64::max);
    let floor = largest * f64::EPSILON * values.len() as f64;
    let weight = |v: f64| if v > floor { (v + alpha).recip() } else { 0.0 };
    let weights = Array1::from_iter(values.into_iter().map(weight));
    let turned = with.product(readout, &vectors)? * weights;
    with.product(&turned, &vectors.t()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;
    use crate::engine::factorisations_of;
    use crate::engine::product::product;
    use crate::settings::stop::Stop;
    use ndarray::array;

    #[test]
    fn both_ways_invert_the_penalised_system() {
        let with = &*factorisations_of(Engine::Pure, Stop::default());
        let system = array![[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
        let readout = array![[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]];
        let penalised = penalised(&system, 0.7);
        for operator in [
            penalised_readout(with, &system, 0.7, &readout).unwrap(),
            by_eigenvectors(with, &system, 0.7, &readout).unwrap().unwrap(),
        ] {
            // a well-conditioned system of order 3 in double precision
            assert!(
                (product(&operator, &penalised) - &readout)
                    .iter()
                    .all(|d| d.abs() < 1e-13)
            );
        }
    }

    #[test]
    fn a_system_that_rounding_made_indefinite_still_solves() {
        let system = array![[1e20, 1e20], [1e20, 1e20]];
        let with = &*factorisations_of(Engine::Pure, Stop::default());
        let operator = penalised_readout(with, &system, 1e-6, &array![[1e10, 1e10]]).unwrap();
        assert!(operator.iter().all(|v| (v / 5e-11 - 1.0).abs() < 1e-6)); // minimum-norm solution, both entries alike
    }

    #[test]
    fn eigenvalues_are_dropped_below_the_rounding_of_the_largest() {
        // With eight values, the limit is 8 ε of the largest.
        let with = &*factorisations_of(Engine::Pure, Stop::default());
        let mut values = Array1::ones(8);
        (values[2], values[5]) = (4.0 * f64::EPSILON, 16.0 * f64::EPSILON);
        let found = by_eigenvectors(with, &Array2::from_diag(&values), 0.0, &Array2::eye(8));
        let expected = values.mapv(|v| if v < 8.0 * f64::EPSILON { 0.0 } else { 1.0 / v });
        assert_eq!(found.unwrap().unwrap(), Array2::from_diag(&expected)); // a diagonal matrix takes no rounding
    }
}
