//! Engines for the linear algebra of a fit: one algorithm, several implementations.
//!
//! The engines on the host share the products over targets ([`product`]) and differ in the factorisations. libtorch
//! does both on its device.

#[cfg(feature = "blas")]
mod blas;
pub(crate) mod product;
mod pure;
mod small;
mod symmetric;
#[cfg(feature = "torch")]
pub(crate) mod torch;
mod triangular;

use std::fmt::Debug;
use std::sync::Arc;

use ndarray::{Array2, ArrayRef2};

use crate::RidgeError;
use crate::stop::Stop;

/// The implementation of the linear algebra of a fit.
///
/// Every setting works with every engine, and scores agree to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Engine {
    /// Written in Rust, in this crate; needs no system library.
    #[default]
    Pure,
    /// LAPACK factorisations from the BLAS library that the program links; see the features of the crate.
    #[cfg(feature = "blas")]
    Blas,
    /// libtorch on a CPU or a GPU. It chooses its kernels by shape, so the order of targets may change the last digits.
    /// TF32 is off unless the program enables it; it would cost three digits.
    #[cfg(feature = "torch")]
    Torch(tch::Device),
}

impl Engine {
    /// Its factorisations. With [`Engine::Pure`] they can end with [`RidgeError::Stopped`] between two blocks of a
    /// matrix.
    pub(crate) fn factorisations(self, stop: Stop) -> Arc<dyn Factorisations> {
        match self {
            Self::Pure => Arc::new(pure::Pure { stop }),
            #[cfg(feature = "blas")]
            Self::Blas => Arc::new(blas::Blas),
            #[cfg(feature = "torch")]
            Self::Torch(device) => Arc::new(torch::Torch::on(device)),
        }
    }

    /// Whether blocks of targets are processed by one thread of the caller, because the engine has its own threads.
    pub(crate) fn works_alone(self) -> bool {
        match self {
            #[cfg(feature = "torch")]
            Self::Torch(_) => true,
            _ => false,
        }
    }
}

/// The result of an operation that may have no result.
pub(crate) type Perhaps<T> = Result<Option<T>, RidgeError>;

/// Factorisations of symmetric systems, and products, in double precision.
pub(crate) trait Factorisations: Debug + Send + Sync {
    /// The inverse of a positive definite matrix; `None` if it is not positive definite.
    fn inverse(&self, matrix: Array2<f64>) -> Perhaps<Array2<f64>>;

    /// `rows` times the inverse of a positive definite matrix; `None` if it is not positive definite.
    fn solve(&self, matrix: Array2<f64>, rows: Array2<f64>) -> Perhaps<Array2<f64>>;

    /// Eigenvalues of a symmetric matrix, and the eigenvectors as columns; `None` if they cannot be found.
    fn eigen(&self, matrix: Array2<f64>) -> Perhaps<(Vec<f64>, Array2<f64>)>;

    /// The product of two matrices.
    fn product(&self, left: &ArrayRef2<f64>, right: &ArrayRef2<f64>) -> Result<Array2<f64>, RidgeError> {
        Ok(product::product(left, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::product::product;

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
                let (matrix, with) = (system(n), engine.factorisations(Stop::default()));
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
                    engine
                        .factorisations(Stop::default())
                        .inverse(matrix.clone())
                        .unwrap()
                        .is_none()
                );
                assert!(
                    engine
                        .factorisations(Stop::default())
                        .solve(matrix, Array2::ones((1, n)))
                        .unwrap()
                        .is_none()
                );
                let nan = Array2::from_elem((n, n), f64::NAN);
                assert!(
                    engine
                        .factorisations(Stop::default())
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
                let (values, vectors) = engine
                    .factorisations(Stop::default())
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
