//! What each engine can do.

use std::fmt::Debug;

use ndarray::{Array2, ArrayRef2};

use super::product;
use crate::RidgeError;

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
