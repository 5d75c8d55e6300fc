//! The error of this crate.

use std::path::PathBuf;

/// What can go wrong in making a synthetic study or in comparing it with its truth.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A file of the study cannot be read or written.
    #[error(transparent)]
    File(#[from] lpp_files::FileError),
    /// A mask, a region or a regressor cannot be made.
    #[error(transparent)]
    Fmri(#[from] lpp_fmri::FmriError),
    /// Scores cannot be averaged.
    #[error(transparent)]
    Stats(#[from] lpp_stats::StatsError),
    /// A model is written in a way that means none.
    #[error("model {found:?}: expected gpt2:WIDTH or llama:WIDTH with a width of 4, 8, …, 64")]
    ModelSpec {
        /// What was written.
        found: String,
    },
    /// A setting is out of range.
    #[error("{name} is {found}, expected {expected}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A folder holds something that no simulation has made.
    #[error(
        "{}: found {found}, which no simulation has made; expected an empty folder or a simulated study: name another one \
         (--study)", path.display()
    )]
    NotASimulation {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// Two inputs do not fit together.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
        /// What the others ask for.
        expected: String,
    },
    /// The analysis did not find what was planted.
    #[error("the planted effects were not recovered: {what}")]
    NotRecovered {
        /// What was missed.
        what: String,
    },
}
