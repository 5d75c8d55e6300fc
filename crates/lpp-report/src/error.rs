//! What can go wrong between a study's tables and its report.

use std::path::{Path, PathBuf};

use lpp_analysis::AnalysisError;
use lpp_files::{FileError, MOST_QUOTED, shortened};
use lpp_fmri::FmriError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file of the study could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Tables, scores or the mask could not be read.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// An image or array of voxels could not be used.
    #[error(transparent)]
    Fmri(#[from] FmriError),
    /// A result that the report needs has not been computed yet.
    #[error("{} is missing: run `{command}` first", path.display())]
    MissingResult {
        /// The file that is missing.
        path: PathBuf,
        /// The command that makes it.
        command: String,
    },
    /// Scores are not those that the tables were made of: maps and numbers would not belong together.
    #[error("{} has changed since the tables were made: run `{command}` first", path.display())]
    StaleResult {
        /// The scores.
        path: PathBuf,
        /// The command that makes the tables anew.
        command: String,
    },
    /// A surface is not what it should be.
    #[error("{}: found {}, expected {expected}", path.display(), lpp_files::quote(found))]
    Mesh {
        /// The file or folder.
        path: PathBuf,
        /// What it contains.
        found: String,
        /// What should be.
        expected: String,
    },
    /// Two figures would be one file.
    #[error(
        "figure {id}: found two of this name, {one:?} and {other:?}, expected one; give one of the models another name"
    )]
    SameFigure {
        /// The name.
        id: String,
        /// Caption of the first.
        one: String,
        /// Caption of the second.
        other: String,
    },
    /// A resolution at which figures cannot be drawn.
    #[error("found a resolution of {dpi} dpi, expected 36 to 1200")]
    Dpi {
        /// The resolution.
        dpi: u32,
    },
    /// A template of the page failed.
    #[error("cannot write the page: {0}")]
    Page(#[from] askama::Error),
    /// A drawing could not be converted.
    #[error("cannot draw a figure: {0}")]
    Render(String),
}

impl ReportError {
    pub(crate) fn mesh(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Mesh {
            path: path.to_owned(),
            // What a file holds may be as long as the file.
            found: shortened(&found.into(), MOST_QUOTED).into_owned(),
            expected: expected.into(),
        }
    }
}
