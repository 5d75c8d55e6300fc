//! The time courses to be predicted.

use std::path::PathBuf;

use lpp_ridge::trim_and_standardise;
use lpp_study::npy;
use ndarray::Array2;

use crate::EncodingError;

/// Runs of a subject, trimmed and z-scored, and how long they were before.
#[derive(Debug)]
pub(crate) struct Targets {
    /// (`n_scans` − 2·trim, `n_voxels`) of each run.
    pub(crate) runs: Vec<Array2<f32>>,
    /// Scans of each run before trimming.
    pub(crate) n_scans: Vec<usize>,
}

impl Targets {
    pub(crate) fn n_voxels(&self) -> usize {
        self.runs.first().map_or(0, Array2::ncols)
    }
}

/// Reads the runs of a subject, cuts `trim_scans` at both ends and z-scores each voxel in single precision.
///
/// # Shapes
/// Each file and each result is (`n_scans`, `n_voxels`). A voxel that is constant or NaN in a run becomes NaN there; its
/// score will be NaN and is counted.
///
/// # Errors
/// [`EncodingError::Study`] if a file cannot be read, [`EncodingError::Mismatch`] if runs differ in voxels,
/// [`EncodingError::Run`] if a run is too short.
///
/// # References
/// The reference scripts z-score the averaged runs again after trimming, in `float32`.
pub fn load_targets(files: &[PathBuf], trim_scans: usize) -> Result<Vec<Array2<f32>>, EncodingError> {
    Ok(read(files, trim_scans)?.runs)
}

pub(crate) fn read(files: &[PathBuf], trim_scans: usize) -> Result<Targets, EncodingError> {
    let mut targets = Targets {
        runs: Vec::new(),
        n_scans: Vec::new(),
    };
    for path in files {
        let scans = npy::load_f32_matrix(path)?;
        if !targets.runs.is_empty() && scans.ncols() != targets.n_voxels() {
            return Err(EncodingError::Mismatch {
                path: path.clone(),
                found: format!("{} voxels", scans.ncols()),
                expected: format!("{} as in {}", targets.n_voxels(), files[0].display()),
            });
        }
        let run = trim_and_standardise(&scans, trim_scans).map_err(|source| EncodingError::Run {
            path: path.clone(),
            source,
        })?;
        targets.n_scans.push(scans.nrows());
        targets.runs.push(run);
    }
    Ok(targets)
}
