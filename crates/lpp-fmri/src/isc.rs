//! Arrays over the voxels of a mask, in `.npy` or joblib format.

use std::io::Read;
use std::path::Path;

use lpp_files::npy;
use ndarray::{Array2, Ix2};

use crate::FmriError;
use crate::joblib;

/// The first bytes of every `.npy` file.
const NPY_MAGIC: &[u8] = b"\x93NUMPY";

/// Reads a matrix from a `.npy` file or a joblib dump, recognised by its first bytes.
///
/// Single precision is widened to `f64`, which is exact.
///
/// # Errors
/// [`FmriError`] naming the file if it cannot be read, is truncated, has other contents, or does not have two axes.
///
/// # Example
/// ```no_run
/// let scores = lpp_fmri::load_matrix("scores/gpt2_en.npy".as_ref())?;
/// println!("{} layers, {} voxels", scores.nrows(), scores.ncols());
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
pub fn load_matrix(path: &Path) -> Result<Array2<f64>, FmriError> {
    if begins_like_npy(path)? {
        return Ok(npy::load_f64_matrix(path)?);
    }
    let array = joblib::load_array(path)?;
    let found = format!("an array of shape {:?}", array.shape());
    array
        .into_f64()
        .into_dimensionality::<Ix2>()
        .map_err(|_| FmriError::malformed(path, found, "two axes"))
}

/// Reads inter-subject correlations, of shape (`n_trials`, `n_voxels`).
///
/// Pass the result to [`lpp_stats::mean_over_trials`](https://docs.rs/lpp-stats) and `ReliableVoxels` of that crate.
///
/// # Errors
/// As [`load_matrix`]; also if there are no trials or no voxels.
///
/// ```no_run
/// let isc = lpp_fmri::load_isc("isc_10trials_en.gz".as_ref())?;
/// assert_eq!(isc.dim(), (10, 25870));
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
pub fn load_isc(path: &Path) -> Result<Array2<f64>, FmriError> {
    let isc = load_matrix(path)?;
    if isc.is_empty() {
        let found = format!("an array of shape {:?}", isc.shape());
        return Err(FmriError::malformed(
            path,
            found,
            "at least one trial and one voxel",
        ));
    }
    Ok(isc)
}

fn begins_like_npy(path: &Path) -> Result<bool, FmriError> {
    let mut head = Vec::new();
    let file = lpp_files::open_input(path).map_err(FmriError::read(path))?;
    file.take(NPY_MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(FmriError::read(path))?;
    Ok(head == NPY_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn arrays_of_numpy_are_known_by_their_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.gz");
        let scores = array![[0.5, -0.25, 1.0], [0.0, 2.0, -3.5]];
        npy::save(&path, &scores).unwrap();
        assert_eq!(load_matrix(&path).unwrap(), scores);
        assert_eq!(load_isc(&path).unwrap(), scores);
        npy::save(&path, &Array2::<f64>::zeros((0, 3))).unwrap();
        let error = load_isc(&path).unwrap_err().to_string();
        assert!(error.contains("an array of shape [0, 3]"), "{error}");
        // No more of the magic number than a text has.
        std::fs::write(&path, b"\x93NUM").unwrap();
        let error = load_matrix(&path).unwrap_err().to_string();
        assert!(error.contains("joblib"), "{error}");
    }
}
