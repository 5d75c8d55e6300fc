//! Engines for the linear algebra of a fit: one algorithm, several implementations.
//!
//! The engines on the host share the products over targets ([`product`]) and differ in the factorisations. libtorch
//! does both on its device.

#[cfg(feature = "blas")]
mod blas;
pub(crate) mod factorisations;
pub(crate) mod pearson;
pub(crate) mod product;
mod pure;
pub(crate) mod r_squared;
mod small;
mod strips;
mod symmetric;
#[cfg(feature = "torch")]
pub(crate) mod torch;
mod triangular;

use std::sync::Arc;

use crate::Engine;
use crate::settings::stop::Stop;
use factorisations::Factorisations;

/// The factorisations of an engine. With [`Engine::Pure`] they can end with [`crate::RidgeError::Stopped`] between two
/// blocks of a matrix.
pub(crate) fn factorisations_of(engine: Engine, stop: Stop) -> Arc<dyn Factorisations> {
    match engine {
        Engine::Pure => Arc::new(pure::Pure { stop }),
        #[cfg(feature = "blas")]
        Engine::Blas => Arc::new(blas::Blas),
        #[cfg(feature = "torch")]
        Engine::Torch(device) => Arc::new(torch::Torch::on(device)),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::product::product;
    use super::*;

    /// All engines compiled in.
    fn engines() -> Vec<Engine> {
        vec![
            Engine::Pure,
            #[cfg(feature = "blas")]
            Engine::Blas,
            #[cfg(feature = "torch")]
            Engine::Torch(tch::Device::Cpu),
        ]
    }

    /// A positive definite matrix whose condition number is about a hundred.
    fn system(n: usize) -> Array2<f64> {
        let x = Array2::from_shape_fn((2 * n, n), |(i, j)| {
            ((i * 17 + j * 31 + i * j) as f64 * 0.37).sin()
        });
        product(&x.t(), &x) + Array2::<f64>::eye(n)
    }

    fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
        (a - b).iter().fold(0.0, |m: f64, d| m.max(d.abs()))
    }

    #[test]
    fn inverses_and_solutions_undo_their_matrix() {
        for engine in engines() {
            for n in [1, 2, 7, 31, 32, 33, 64, 65, 100, 193] {
                let (matrix, with) = (system(n), factorisations_of(engine, Stop::default()));
                let identity = Array2::<f64>::eye(n);
                let inverse = with.inverse(matrix.clone()).unwrap().unwrap();
                // condition numbers of some hundreds in double precision
                assert!(
                    distance(&product(&inverse, &matrix), &identity) < 1e-11,
                    "{engine:?} {n}"
                );
                assert!(
                    distance(&inverse, &inverse.t().to_owned()) <= 0.0,
                    "{engine:?} {n}"
                );
                let rows = Array2::from_shape_fn((5, n), |(i, j)| ((i + 3 * j) as f64).cos());
                let solved = with.solve(matrix.clone(), rows.clone()).unwrap().unwrap();
                assert!(
                    distance(&product(&solved, &matrix), &rows) < 1e-11,
                    "{engine:?} {n}"
                );
            }
        }
    }

    #[test]
    fn an_indefinite_matrix_is_no_cause_of_wrong_numbers() {
        for engine in engines() {
            for n in [2, 40, 130] {
                let mut matrix = system(n);
                matrix[[n - 1, n - 1]] = -1.0;
                assert!(
                    factorisations_of(engine, Stop::default())
                        .inverse(matrix.clone())
                        .unwrap()
                        .is_none()
                );
                assert!(
                    factorisations_of(engine, Stop::default())
                        .solve(matrix, Array2::ones((1, n)))
                        .unwrap()
                        .is_none()
                );
                let nan = Array2::from_elem((n, n), f64::NAN);
                assert!(
                    factorisations_of(engine, Stop::default())
                        .inverse(nan)
                        .unwrap()
                        .is_none()
                );
            }
        }
    }

    #[test]
    fn eigenvectors_give_the_matrix_back() {
        for engine in engines() {
            for n in [1, 2, 5, 33, 90] {
                // Half of the eigenvalues are zero, some are alike: the matrix is a projection, then scaled.
                let x = Array2::from_shape_fn((n / 2 + 1, n), |(i, j)| {
                    ((i * 7 + j * 3 + i * j) as f64 * 0.61).cos()
                });
                let matrix = product(&x.t(), &x);
                let (values, vectors) = factorisations_of(engine, Stop::default())
                    .eigen(matrix.clone())
                    .unwrap()
                    .unwrap();
                let scaled = &vectors * &ndarray::Array1::from(values);
                assert!(
                    distance(&product(&scaled, &vectors.t()), &matrix) < 1e-11 * n as f64,
                    "{engine:?} {n}"
                );
                let square = product(&vectors.t(), &vectors);
                assert!(
                    distance(&square, &Array2::eye(n)) < 1e-12 * n as f64,
                    "{engine:?} {n}"
                );
            }
        }
    }
}
