//! The error of this crate.

use std::path::PathBuf;

/// Errors in making a synthetic study or comparing it with its truth.
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
    /// The text form of a model is invalid.
    #[error(
        "model {}: expected gpt2, llama, mistral or qwen2 and :WIDTH, a width of 4, 8, …, 64",
        lpp_files::in_quotes(found)
    )]
    ModelSpec {
        /// The text.
        found: String,
    },
    /// A setting is out of range.
    #[error("{name} is {}, expected {expected}", lpp_files::quote(found))]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// The valid values.
        expected: &'static str,
    },
    /// A folder has files that were not made by a simulation.
    #[error(
        "{}: found {found}, which was not made by a simulation; expected an empty folder or a simulated study: give \
         another folder (--study)", path.display()
    )]
    NotASimulation {
        /// The folder.
        path: PathBuf,
        /// What it contains.
        found: String,
    },
    /// Two inputs do not match.
    #[error("{}: found {}, expected {expected}", path.display(), lpp_files::quote(found))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What it contains.
        found: String,
        /// What the other inputs require.
        expected: String,
    },
    /// The analysis did not recover the planted effects.
    #[error("the planted effects were not recovered: {what}")]
    NotRecovered {
        /// The effects that were not recovered.
        what: String,
    },
}
