//! The files of the data set in a study.

use std::path::PathBuf;

use crate::address::below;
use crate::{Batch, DataFile, DataSelection, Digest, FetchError, RemoteFile};

/// The address of the data set: the public bucket of OpenNeuro, from the remote log of its git-annex repository.
pub const DATA_URL: &str = "https://s3.amazonaws.com/openneuro.org/ds003643";

/// Files of the data set to download for a study.
///
/// ```no_run
/// use lpp_fetch::{DATA_URL, DataJob, DataKind, DataSelection, Http, HttpParams};
/// use lpp_files::Silent;
/// use lpp_study::{Language, Study};
///
/// # fn main() -> Result<(), lpp_fetch::FetchError> {
/// let study = Study::open("study")?;
/// let job = DataJob {
///     selection: DataSelection {
///         languages: vec![Language::English],
///         kinds: vec![DataKind::Words],
///         subjects: vec![],
///         runs: vec![],
///     },
///     root: study.root().to_owned(),
///     annotation: study.annotation_dir(),
///     base_url: DATA_URL.into(),
///     n_threads: 2,
///     force: false,
/// };
/// job.batch()?.run(&Http::new(HttpParams::default())?, &Silent)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DataJob {
    /// The files to select.
    pub selection: DataSelection,
    /// The study folder, in which `derivatives/` is created.
    pub root: PathBuf,
    /// The annotation folder, in which `EN/lppEN_….csv` is written.
    pub annotation: PathBuf,
    /// Address that contains `annotation/` and `derivatives/`.
    pub base_url: String,
    /// Number of parallel downloads.
    pub n_threads: usize,
    /// Whether to download existing files again.
    pub force: bool,
}

impl DataJob {
    /// The files as downloads.
    ///
    /// # Errors
    /// As [`DataSelection::files`]; [`FetchError::Address`] for an invalid address.
    pub fn batch(&self) -> Result<Batch, FetchError> {
        let files = self.selection.files()?.into_iter();
        Ok(Batch {
            files: files.map(|file| self.remote(&file)).collect::<Result<_, _>>()?,
            n_threads: self.n_threads,
            force: self.force,
        })
    }

    fn remote(&self, file: &DataFile) -> Result<RemoteFile, FetchError> {
        let target = match file.path.strip_prefix("annotation/") {
            Some(rest) => self.annotation.join(rest),
            None => self.root.join(&file.path),
        };
        Ok(RemoteFile {
            url: below(&self.base_url, &file.path)?,
            target,
            bytes: Some(file.bytes),
            digest: Some(Digest::Md5(file.md5.clone())),
        })
    }
}
