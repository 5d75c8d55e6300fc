//! What can go wrong between a study's scores and its tables.

use std::path::PathBuf;

use lpp_files::FileError;
use lpp_fmri::FmriError;
use lpp_stats::StatsError;
use lpp_study::NameError;
use lpp_tables::TableError;

/// Why an analysis could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// A file of the study could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder of the study could not be read.
    #[error(transparent)]
    Folder(#[from] lpp_study::SubjectsError),
    /// A name is not that of a model or a language.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An image or array of voxels could not be read.
    #[error(transparent)]
    Fmri(#[from] FmriError),
    /// A statistic could not be computed.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// An array has not one value per voxel of the mask.
    #[error("{}: found {found} voxels, expected {expected} as in {}", path.display(), mask.display())]
    VoxelCount {
        /// The file with the array.
        path: PathBuf,
        /// Voxels in it.
        found: usize,
        /// The mask.
        mask: PathBuf,
        /// Voxels of the mask.
        expected: usize,
    },
    /// A table on the disk is not what it should be.
    #[error("{}: found {}, expected {expected}", path.display(), lpp_files::quote(found))]
    Malformed {
        /// The table.
        path: PathBuf,
        /// What is in it.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A table that is part of the program is not what it should be.
    #[error(transparent)]
    Table(#[from] TableError),
}
