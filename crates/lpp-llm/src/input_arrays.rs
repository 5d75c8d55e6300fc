//! Arrays of integers that the commands for given token ids read.

use std::path::Path;

use lpp_files::npy;
use ndarray::Array2;

use crate::error::LlmError;

/// A matrix of integers with at least one element.
pub(crate) fn load_integers(path: &Path) -> Result<Array2<i64>, LlmError> {
    let array = npy::load_i64_matrix(path)?;
    if array.is_empty() {
        return Err(LlmError::InputArray {
            path: path.to_path_buf(),
            found: format!("an empty array of shape {:?}", array.dim()),
            expected: "at least one row and one token".to_string(),
        });
    }
    Ok(array)
}

/// A matrix of integers of the same shape as the token ids.
pub(crate) fn load_like(path: &Path, ids: &Array2<i64>) -> Result<Array2<i64>, LlmError> {
    let array = load_integers(path)?;
    if array.dim() == ids.dim() {
        return Ok(array);
    }
    Err(LlmError::InputArray {
        path: path.to_path_buf(),
        found: format!("shape {:?}", array.dim()),
        expected: format!("{:?} as the token ids", ids.dim()),
    })
}
