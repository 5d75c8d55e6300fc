//! The error of this crate.

use lpp_files::FileError;
use lpp_fmri::FmriError;
use lpp_study::SubjectsError;

/// Errors in data of other programs. Each names the file, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file cannot be read or written, or holds something else than it should.
    #[error(transparent)]
    File(#[from] FileError),
    /// An image or surface is wrong.
    #[error(transparent)]
    Fmri(#[from] FmriError),
    /// A folder has no subjects or runs.
    #[error(transparent)]
    Subjects(#[from] SubjectsError),
}
