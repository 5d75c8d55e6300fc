//! The error of this crate.

use std::path::PathBuf;

/// What can go wrong on the way from activations and scans to scores.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// A file of the study cannot be read or written.
    #[error(transparent)]
    File(#[from] lpp_files::FileError),
    /// The runs of subjects are missing or inconsistent.
    #[error(transparent)]
    Subjects(#[from] lpp_study::SubjectsError),
    /// The mask cannot be read, or words and scans make no regressor.
    #[error(transparent)]
    Fmri(#[from] lpp_fmri::FmriError),
    /// Scans cannot be reordered, or nulls not be evaluated.
    #[error(transparent)]
    Stats(#[from] lpp_stats::StatsError),
    /// The settings of the ridge regression are wrong.
    #[error(transparent)]
    Settings(lpp_ridge::RidgeError),
    /// Two files that belong together differ.
    #[error("{}: found {}, expected {expected}", path.display(), lpp_files::quote(found))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
        /// What the other files ask for.
        expected: String,
    },
    /// A run is too short to be trimmed.
    #[error("{}", path.display())]
    Run {
        /// The file of the run.
        path: PathBuf,
        /// Why.
        #[source]
        source: lpp_ridge::RidgeError,
    },
    /// Halves were requested of fewer than two subjects.
    #[error("found {found} subjects, expected two or more to correlate halves")]
    TooFewSubjects {
        /// Number of subjects.
        found: usize,
    },
    /// A trial of the inter-subject correlation cannot be fitted.
    #[error("inter-subject correlation, trial {trial}")]
    Trial {
        /// The trial, from 0.
        trial: usize,
        /// Why.
        #[source]
        source: lpp_ridge::RidgeError,
    },
    /// A layer cannot be fitted.
    #[error("{}: layer {layer}", path.display())]
    Layer {
        /// The activations.
        path: PathBuf,
        /// The layer, from 0.
        layer: usize,
        /// Why.
        #[source]
        source: lpp_ridge::RidgeError,
    },
}
