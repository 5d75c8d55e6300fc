//! The error of this crate.

use std::io;
use std::path::{Path, PathBuf};

use lpp_files::FileError;

/// What can keep a study from being planned or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// A file of the study cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The scans of the study are invalid.
    #[error(transparent)]
    Scans(#[from] lpp_study::SubjectsError),
    /// The image whose grid the study has cannot be read.
    #[error(transparent)]
    Grid(#[from] lpp_fmri::FmriError),
    /// The operating system refused a file or a program.
    #[error("{}", path.display())]
    Io {
        /// The file or program.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program is not in the folder of this one.
    #[error("{}: no such program; build all programs, or give their folder (--programs)", path.display())]
    NoProgram {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another lpp-run is running in the study.
    #[error("{}: lpp-run is already running in this study (process {process}); wait for it, or stop it", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
        /// Its owner.
        process: u32,
    },
    /// The run was asked to end.
    #[error("stopped by signal {signal}; {steps} was ended and is not done, start lpp-run again to continue")]
    Stopped {
        /// The signal.
        signal: i32,
        /// The steps that were running.
        steps: String,
    },
    /// A step needs more than there is.
    #[error("{step} does not fit: it needs {needed}, but {available}")]
    DoesNotFit {
        /// The step.
        step: String,
        /// What it needs.
        needed: String,
        /// What there is.
        available: String,
    },
    /// Steps cannot start because an input is missing that no step makes.
    #[error("{step} cannot start: {reason}")]
    Blocked {
        /// The first such step.
        step: String,
        /// What is missing.
        reason: String,
    },
    /// A program failed.
    #[error("{step} failed ({how}): {message}; its log is {}", log.display())]
    Failed {
        /// The step.
        step: String,
        /// Its exit status or signal.
        how: String,
        /// What it said last.
        message: String,
        /// All it said.
        log: PathBuf,
    },
    /// A program succeeded, but its outputs are missing or wrong.
    #[error("{step} succeeded, but {reason}; its log is {}", log.display())]
    NotDone {
        /// The step.
        step: String,
        /// What is wrong.
        reason: String,
        /// All it said.
        log: PathBuf,
    },
    /// A requested file does not exist.
    #[error("{}: no such artefact in this study{hint}", path.display())]
    NoArtefact {
        /// Its name as given.
        path: PathBuf,
        /// How to make it, or a similar name.
        hint: String,
    },
    /// A pattern names no step.
    #[error("no step matches {pattern:?}; --dry-run lists the steps{hint}")]
    NoSuchStep {
        /// The pattern.
        pattern: String,
        /// A name that is near, or nothing.
        hint: String,
    },
}

impl WorkflowError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
