//! Parallel downloads of many files.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lpp_files::{FileError, Progress};
use serde::Serialize;

use crate::http::Http;
use crate::meter::{FileMeter, Meter};
use crate::part::part_of;
use crate::transfer::{Transfer, plain_refusal};
use crate::{Digest, FetchError, space};

/// A file on a server and its local path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its address.
    pub url: String,
    /// Its local path.
    pub target: PathBuf,
    /// Its size, if known.
    pub bytes: Option<u64>,
    /// Its hash, if known.
    pub digest: Option<Digest>,
}

/// The state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "bytes_there")]
pub enum FileState {
    /// It exists with the right size.
    Present,
    /// It is partly downloaded.
    Partial(u64),
    /// It does not exist.
    Missing,
}

impl RemoteFile {
    /// The state of the file, by its size. Contents were checked before the file got its name; `lpp-fetch verify`
    /// checks them again.
    #[must_use]
    pub fn state(&self) -> FileState {
        let size_of = |path: &PathBuf| {
            std::fs::metadata(path)
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|m| m.len())
        };
        if size_of(&self.target).is_some_and(|there| self.bytes.is_none_or(|bytes| bytes == there)) {
            return FileState::Present;
        }
        match size_of(&part_of(&self.target)) {
            Some(there) if there > 0 => FileState::Partial(there),
            _ => FileState::Missing,
        }
    }
}

/// Files to download.
///
/// ```no_run
/// use lpp_fetch::{Batch, Digest, Http, HttpParams, RemoteFile};
///
/// # fn main() -> Result<(), lpp_fetch::FetchError> {
/// let file = RemoteFile {
///     url: "https://example.org/words.csv".into(),
///     target: "words.csv".into(),
///     bytes: Some(1_041_287),
///     digest: Some(Digest::Md5("e157ef21efb92a887656eeba8004e569".into())),
/// };
/// let batch = Batch { files: vec![file], n_threads: 2, force: false };
/// let report = batch.run(&Http::new(HttpParams::default())?, &lpp_files::Silent)?;
/// println!("{} fetched, {} there before", report.n_fetched, report.n_present);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Batch {
    /// The files.
    pub files: Vec<RemoteFile>,
    /// Number of parallel downloads.
    pub n_threads: usize,
    /// Whether to download existing files again.
    pub force: bool,
}

/// Result of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct BatchReport {
    /// Number of files downloaded.
    pub n_fetched: usize,
    /// Number of files that already existed.
    pub n_present: usize,
    /// Total size of all files of known size, in bytes.
    pub bytes: u64,
}

impl Batch {
    /// Downloads missing files, several at a time.
    ///
    /// If a file fails, the others continue, unless the reason affects all of them (a full disk).
    ///
    /// # Errors
    /// [`FetchError::File`] if a file of another size is in the place of one and `force` is not set,
    /// [`FetchError::NoSpace`] before anything is fetched; otherwise the only failure, or [`FetchError::Batch`] with
    /// the first of several. Finished files stay, partial ones are gone on with next time.
    pub fn run(&self, http: &Http, progress: &dyn Progress) -> Result<BatchReport, FetchError> {
        let wanted: Vec<(&RemoteFile, u64)> = self
            .files
            .iter()
            .filter_map(|file| match file.state() {
                FileState::Present if !self.force => None,
                FileState::Partial(there) => Some((file, there)),
                FileState::Present | FileState::Missing => Some((file, 0)),
            })
            .collect();
        // Downloads get their names when they are whole: what stands there in another size is not one of them.
        let other = wanted
            .iter()
            .map(|(file, _)| &file.target)
            .find(|path| path.is_file());
        if let Some(path) = other.filter(|_| !self.force) {
            return Err(FileError::NotOurs {
                path: path.clone(),
                why: "a different file exists there".to_owned(),
            }
            .into());
        }
        let left = |&(file, there): &(&RemoteFile, u64)| file.bytes.unwrap_or(0).saturating_sub(there);
        space::require(wanted.iter().map(|one| (one.0.target.as_path(), left(one))))?;
        let meter = Meter::start(progress, wanted.len(), wanted.iter().map(left).sum());
        let result = in_parallel(&wanted, self.n_threads, |&(file, there)| {
            tracing::debug!("fetching {}", file.target.display());
            let transfer = Transfer {
                http,
                url: &file.url,
                token: None,
                bytes: file.bytes,
                digest: file.digest.as_ref(),
                part: part_of(&file.target),
                keep_etag: true,
                target: &file.target,
                refusal: &plain_refusal(&file.url),
                meter: &FileMeter::new(&meter, there),
            };
            transfer.run()
        });
        meter.finish();
        result?;
        Ok(BatchReport {
            n_fetched: wanted.len(),
            n_present: self.files.len() - wanted.len(),
            bytes: self.files.iter().filter_map(|file| file.bytes).sum(),
        })
    }
}

/// Runs `work` on all `items`, `n_threads` at a time; errors are handled as in [`Batch::run`].
pub(crate) fn in_parallel<T: Sync>(
    items: &[T],
    n_threads: usize,
    work: impl Fn(&T) -> Result<(), FetchError> + Sync,
) -> Result<(), FetchError> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    let worker = || {
        while !stop.load(Ordering::Relaxed) {
            let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            if let Err(error) = work(item) {
                stop.fetch_or(error.concerns_all(), Ordering::Relaxed);
                failures
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .push(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..n_threads.clamp(1, items.len().max(1)) {
            scope.spawn(worker);
        }
    });
    let mut failures = failures
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // What concerns all files explains most.
    failures.sort_by_key(|error| !error.concerns_all());
    let failed = failures.len();
    match failures.into_iter().next() {
        None => Ok(()),
        Some(first) if failed == 1 || first.concerns_all() => Err(first),
        Some(first) => Err(FetchError::Batch {
            failed,
            total: items.len(),
            first: Box::new(first),
        }),
    }
}
