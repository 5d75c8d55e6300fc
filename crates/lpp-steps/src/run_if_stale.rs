//! Runs the work of a step unless its artefacts are up to date.

use lpp_files::FileError;

use crate::{Artefact, Making, Software};

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done<R> {
    /// The artefacts were up to date; nothing was done.
    UpToDate,
    /// They were made.
    Made(R),
}

impl<R> Done<R> {
    /// The return value of the work, if it was done.
    pub fn made(self) -> Option<R> {
        match self {
            Self::UpToDate => None,
            Self::Made(report) => Some(report),
        }
    }

    /// Whether nothing was done.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        matches!(self, Self::UpToDate)
    }
}

/// Calls `work`, which writes `artefacts`, and records them, unless all of them are up to date and `force` is not set.
///
/// # Errors
/// [`FileError::Read`] if an input cannot be read, [`FileError::NotOurs`] if the file of an artefact was not made by
/// this program and `force` is not set, the error of `work`, and those of [`Making::finish`].
///
/// ```
/// use lpp_files::FileError;
/// use lpp_steps::{Artefact, Done, Software, run_if_stale};
///
/// # fn main() -> Result<(), FileError> {
/// # let folder = tempfile::tempdir().unwrap();
/// let software = Software { program: "lpp-example", version: "0.1.0", commit: None };
/// let output = folder.path().join("number.txt");
/// let artefact = || vec![Artefact::new(&output).with("number", 7)];
/// let mut run = || run_if_stale(software, artefact(), false, || lpp_files::write_atomically(&output, b"7"));
/// assert_eq!(run()?, Done::Made(()));
/// assert_eq!(run()?, Done::UpToDate);
/// # Ok(())
/// # }
/// ```
pub fn run_if_stale<R, E: From<FileError>>(
    software: Software,
    artefacts: Vec<Artefact>,
    force: bool,
    work: impl FnOnce() -> Result<R, E>,
) -> Result<Done<R>, E> {
    let making = artefacts
        .into_iter()
        .map(|artefact| Making::of(software, artefact))
        .collect::<Result<Vec<_>, _>>()?;
    if !force && making.iter().all(Making::is_current) {
        return Ok(Done::UpToDate);
    }
    making.iter().try_for_each(|making| making.claim(force))?;
    let report = work()?;
    for making in making {
        making.finish()?;
    }
    Ok(Done::Made(report))
}
