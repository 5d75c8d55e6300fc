//! What can go wrong between a study's tables and its report.

use std::path::PathBuf;

use lpp_analysis::AnalysisError;
use lpp_study::StudyError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file of the study could not be read or written.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// Tables, scores or the mask could not be read.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
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
}
