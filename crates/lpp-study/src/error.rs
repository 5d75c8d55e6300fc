//! The errors of this crate.

use std::path::{Path, PathBuf};

use lpp_files::FileError;

/// Errors in names of models, subjects, languages and settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A name is not valid for a model, a subject and so on.
    #[error("{:?} cannot be the name of a {what}: {why}", lpp_files::shortened(name, 60))]
    BadName {
        /// What it should name.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A name is not one of the corrections of the annotation.
    #[error("unknown corrections {name:?}, expected auto, published or none")]
    UnknownCorrections {
        /// The name.
        name: String,
    },
    /// A name is not a language.
    #[error(
        "{:?} is not a language; expected a BCP-47 tag such as en, de or pt-BR",
        lpp_files::shortened(name, 60)
    )]
    UnknownLanguage {
        /// The name.
        name: String,
    },
}

impl NameError {
    pub(crate) fn bad_name(what: &'static str, name: &str, why: &'static str) -> Self {
        Self::BadName {
            what,
            name: name.to_owned(),
            why,
        }
    }
}

/// Errors in the runs of subjects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectsError {
    /// A folder cannot be read, or its files are not the runs of one subject.
    #[error(transparent)]
    File(#[from] FileError),
    /// A list of runs is empty.
    #[error("found no run, expected at least one image")]
    NoRuns,
    /// A folder of a subject contains no runs.
    #[error("{}: found 0 images and 0 arrays, expected runs, all .nii(.gz) or all .npy; runs on surfaces and grayordinates are listed in runs.csv (lpp-import bids)", path.display())]
    NoScans {
        /// The folder.
        path: PathBuf,
    },
    /// A folder of subjects contains no subject.
    #[error("{}: found no subject, expected one folder {prefix}* per subject; which subjects heard which language is told by their names or by runs.csv", path.display())]
    NoSubjects {
        /// The folder.
        path: PathBuf,
        /// How their names should begin.
        prefix: String,
    },
}

impl SubjectsError {
    pub(crate) fn malformed(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        FileError::malformed(path, found, expected).into()
    }
}
