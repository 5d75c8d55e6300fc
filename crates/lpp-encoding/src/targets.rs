//! The time courses to be predicted.

use std::path::{Path, PathBuf};

use lpp_files::{MappedMatrix, npy};
use lpp_ridge::trim_and_standardise;
use ndarray::Array2;
use rayon::prelude::*;

use crate::EncodingError;

/// Runs of a subject, trimmed and z-scored, and how long they were before.
#[derive(Debug)]
pub(crate) struct Targets {
    /// (`n_scans` − 2·trim, `n_voxels`) of each run.
    pub(crate) runs: Vec<Array2<f32>>,
    /// Scans of each run before trimming.
    pub(crate) n_scans: Vec<usize>,
}

/// Reads the runs of a subject, cuts `trim_scans` at both ends and z-scores each voxel in single precision.
///
/// # Shapes
/// Each file and each result is (`n_scans`, `n_voxels`). A voxel that is constant in a run becomes 0 there, one that is NaN
/// becomes NaN; the score of either will be NaN and is counted.
///
/// # Errors
/// [`EncodingError::File`] if a file cannot be read, [`EncodingError::Mismatch`] if runs differ in voxels,
/// [`EncodingError::Run`] if a run is too short.
///
/// # References
/// The reference scripts z-score the averaged runs again after trimming, in `float32`.
pub fn load_targets(files: &[PathBuf], trim_scans: usize) -> Result<Vec<Array2<f32>>, EncodingError> {
    Ok(read(files, trim_scans)?.runs)
}

pub(crate) fn read(files: &[PathBuf], trim_scans: usize) -> Result<Targets, EncodingError> {
    let read_run = |path: &PathBuf| {
        let scans = npy::load_f32_matrix(path)?;
        let run = trim_and_standardise(&scans, trim_scans).map_err(|source| EncodingError::Run {
            path: path.clone(),
            source,
        })?;
        Ok((run, scans.nrows()))
    };
    let runs: Result<Vec<_>, EncodingError> = files.par_iter().map(read_run).collect();
    let (runs, n_scans): (Vec<_>, Vec<_>) = runs?.into_iter().unzip();
    check_voxels(files, runs.iter().map(Array2::ncols))?;
    Ok(Targets { runs, n_scans })
}

/// Number of scans before trimming and of voxels of a run, from the file's header if its values are in single
/// precision.
pub(crate) fn shape(run: &Path) -> Result<(usize, usize), EncodingError> {
    Ok(match MappedMatrix::<f32>::open(run)? {
        Some(scans) => scans.view()?.dim(),
        None => npy::load_f32_matrix(run)?.dim(),
    })
}

/// All runs must have the voxels of the first one.
pub(crate) fn check_voxels(
    files: &[PathBuf],
    n_voxels: impl IntoIterator<Item = usize>,
) -> Result<(), EncodingError> {
    let mut n_voxels = n_voxels.into_iter().zip(files);
    let Some((expected, first)) = n_voxels.next() else {
        return Ok(());
    };
    match n_voxels.find(|(found, _)| *found != expected) {
        Some((found, path)) => Err(EncodingError::Mismatch {
            path: path.clone(),
            found: format!("{found} voxels"),
            expected: format!("{expected} as in {}", first.display()),
        }),
        None => Ok(()),
    }
}
