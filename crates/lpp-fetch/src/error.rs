//! What can go wrong between a server and a finished file.

use std::io;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_study::NameError;

/// Every error of this crate.
///
/// Messages are one line and name the file or address, what was found and what to do. No message holds a token or the
/// query of an address, where storage hosts put their signatures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A file of the study could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A name is not that of a model or a language.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The disk has no room for what is to come.
    #[error("{}: {needed} bytes are needed, {free} bytes are free; make room or choose another folder", folder.display())]
    NoSpace {
        /// A folder on that disk.
        folder: PathBuf,
        /// Bytes still to be written.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The disk filled up during a download.
    #[error("{}: the disk is full after {written} bytes; make room and start again, the download goes on from there", path.display())]
    DiskFull {
        /// The partial file.
        path: PathBuf,
        /// Its size.
        written: u64,
    },
    /// Another process is downloading the same file.
    #[error("{}: another process is downloading this file", path.display())]
    Locked {
        /// The partial file.
        path: PathBuf,
    },
    /// An address that cannot be used.
    #[error("{url}: no usable address ({reason}), expected http:// or https://")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection, or it broke more often than is tolerated.
    #[error("{url}: {reason}, after {tries} tries")]
    Connection {
        /// The address.
        url: String,
        /// What happened last.
        reason: String,
        /// How often it was tried.
        tries: u32,
    },
    /// The server refused.
    #[error("{url}: the server says {status}{}", hint(*status))]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// A web page came instead of the file.
    #[error(
        "{url}: a web page ({found}) came instead of the file; does a proxy or a log-in page stand between?"
    )]
    WebPage {
        /// The address.
        url: String,
        /// Its content type.
        found: String,
    },
    /// The server has a file of another size.
    #[error("{url}: the server's file has {found} bytes, expected {expected}")]
    Size {
        /// The address.
        url: String,
        /// Bytes offered.
        found: u64,
        /// Bytes expected.
        expected: u64,
    },
    /// Twice a complete file had wrong contents.
    #[error("{url}: the file has {algorithm} {found}, expected {expected}; it was thrown away")]
    Hash {
        /// The address.
        url: String,
        /// Kind of hash.
        algorithm: &'static str,
        /// The hash of what came.
        found: String,
        /// The hash it should have.
        expected: String,
    },
    /// A server's answer that is not what its kind should be.
    #[error("{url}: {problem}")]
    Answer {
        /// The address.
        url: String,
        /// What was found and expected.
        problem: String,
    },
    /// Some files of a batch failed.
    #[error("{failed} of {total} files failed, the first: {first}; start again to go on")]
    Batch {
        /// Files that failed.
        failed: usize,
        /// All files.
        total: usize,
        /// The first failure.
        first: Box<FetchError>,
    },
    /// A selection that selects nothing.
    #[error("{what} {found:?} is not in the data set ({expected})")]
    Selection {
        /// What was chosen by.
        what: &'static str,
        /// The value.
        found: String,
        /// Some values there are.
        expected: String,
    },
    /// A file of the published listing has other contents than is known of it.
    #[error("{url}: {path} is not the published file (git blob {found}, expected {expected})")]
    NotPublished {
        /// The listing.
        url: String,
        /// The file.
        path: String,
        /// Hash in the listing.
        found: String,
        /// Hash expected.
        expected: String,
    },
    /// A name that is no model of the catalogue and no `org/name`.
    #[error(
        "{}: no published model is known by this name; give org/name as on the hub, or put the model's folder into models/",
        lpp_files::shortened(name, 60)
    )]
    UnknownModel {
        /// The name.
        name: String,
    },
    /// A model that has to be asked for.
    #[error("{repo}: gated; accept its terms at {page}, then set HF_TOKEN to a token of that account")]
    Gated {
        /// The repository.
        repo: String,
        /// Where the terms are.
        page: String,
    },
    /// The token's account has no access.
    #[error("{repo}: the account of HF_TOKEN has no access; ask for it at {page}")]
    Forbidden {
        /// The repository.
        repo: String,
        /// Where to ask.
        page: String,
    },
    /// Access is refused and there is no token.
    #[error(
        "{repo}: the hub gives no access without a token, and none is set; set HF_TOKEN to one of an account that may read {page}"
    )]
    NoToken {
        /// The repository.
        repo: String,
        /// Its page.
        page: String,
    },
    /// `HF_ENDPOINT` is no address.
    #[error(
        "HF_ENDPOINT is {:?}: {reason}, expected an address such as https://huggingface.co",
        lpp_files::shortened(endpoint, 100)
    )]
    Endpoint {
        /// Its value, without a password that it may hold.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The hub does not know the token.
    #[error("{repo}: the hub does not accept HF_TOKEN; make a new token at {page}")]
    TokenRefused {
        /// The repository.
        repo: String,
        /// Where tokens are made.
        page: String,
    },
    /// No such repository, or a private one.
    #[error("{repo}: no such repository on the hub, or a private one (then set HF_TOKEN)")]
    NoRepository {
        /// The repository.
        repo: String,
    },
    /// No such revision.
    #[error("{repo}: no revision {revision:?} in this repository")]
    NoRevision {
        /// The repository.
        repo: String,
        /// The branch, tag or commit.
        revision: String,
    },
    /// No such file.
    #[error("{repo}: no file {file} at revision {revision:?}")]
    NoFile {
        /// The repository.
        repo: String,
        /// The branch, tag or commit.
        revision: String,
        /// The file.
        file: String,
    },
    /// The hub answers too many requests.
    #[error(
        "{repo}: too many requests for the hub (429); wait some minutes, or set HF_TOKEN for a higher limit"
    )]
    TooManyRequests {
        /// The repository.
        repo: String,
    },
    /// The repository has no weights of a kind that is read.
    #[error("{repo}: no weights at revision {revision:?} (looked for {looked_for})")]
    NoWeights {
        /// The repository.
        repo: String,
        /// The branch, tag or commit.
        revision: String,
        /// File names that would have served.
        looked_for: String,
    },
    /// Something is needed that is not in the cache, and the network must not be used.
    #[error("{repo}: {missing} not in the cache {}, and HF_HUB_OFFLINE or --offline forbids to download", cache.display())]
    Offline {
        /// The repository.
        repo: String,
        /// What is missing.
        missing: String,
        /// The cache.
        cache: PathBuf,
    },
}

/// What a status means for the user, where it is not plain.
fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => " (no permission)",
        404 | 410 => " (no such file)",
        429 => " (too many requests; wait some minutes)",
        500..=599 => " (the server has a problem; try later)",
        _ => "",
    }
}

impl FetchError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let error = FileError::read(path);
        move |source| error(source).into()
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let error = FileError::write(path);
        move |source| error(source).into()
    }

    pub(crate) fn answer(url: &str, problem: impl Into<String>) -> Self {
        Self::Answer {
            url: url.to_owned(),
            problem: problem.into(),
        }
    }

    /// Whether the next file would fail for the same reason.
    pub(crate) fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::DiskFull { .. }
                | Self::NoSpace { .. }
                | Self::File(FileError::Write { .. })
                | Self::Gated { .. }
                | Self::Forbidden { .. }
                | Self::NoToken { .. }
                | Self::Endpoint { .. }
                | Self::TokenRefused { .. }
                | Self::TooManyRequests { .. }
        )
    }
}
