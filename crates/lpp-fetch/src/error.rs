//! Errors of downloads.

use std::io;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_study::NameError;

/// The errors of this crate.
///
/// Messages are one line and give the file or address, what was found and what to do. No message contains a token or
/// the query of an address, where storage hosts put their signatures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A file of the study cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A name is not that of a model or a language.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is not enough disk space for the downloads.
    #[error("{}: {needed} bytes are needed, {free} bytes are free; free disk space or choose another folder", folder.display())]
    NoSpace {
        /// A folder on that disk.
        folder: PathBuf,
        /// Bytes still to be written.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The disk filled up during a download.
    #[error("{}: the disk is full after {written} bytes; free disk space and run the command again to resume", path.display())]
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
    /// An address is invalid.
    #[error("{url}: invalid address ({reason}), expected http:// or https://")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no connection, or it broke too often.
    #[error("{url}: {reason}, after {tries} tries")]
    Connection {
        /// The address.
        url: String,
        /// The last fault.
        reason: String,
        /// Number of tries.
        tries: u32,
    },
    /// The server refused the request.
    #[error("{url}: the server answered {status}{}", hint(*status))]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server sent a web page instead of the file.
    #[error(
        "{url}: the server sent a web page ({found}) instead of the file; is there a proxy or a login page?"
    )]
    WebPage {
        /// The address.
        url: String,
        /// Its content type.
        found: String,
    },
    /// The server has a file of a different size.
    #[error("{url}: the server's file has {found} bytes, expected {expected}")]
    Size {
        /// The address.
        url: String,
        /// Bytes offered.
        found: u64,
        /// Bytes expected.
        expected: u64,
    },
    /// A complete file had wrong contents twice.
    #[error("{url}: the file has {algorithm} {found}, expected {expected}; it was deleted")]
    Hash {
        /// The address.
        url: String,
        /// Kind of hash.
        algorithm: &'static str,
        /// The hash of the file received.
        found: String,
        /// The hash it should have.
        expected: String,
    },
    /// The answer of a server is not valid.
    #[error("{url}: {}", lpp_files::shortened(problem, 2 * lpp_files::MOST_QUOTED))]
    Answer {
        /// The address.
        url: String,
        /// What was found and what was expected. The message shortens what the server wrote.
        problem: String,
    },
    /// Some files of a batch failed.
    #[error("{failed} of {total} files failed, the first: {first}; run the command again to resume")]
    Batch {
        /// Files that failed.
        failed: usize,
        /// All files.
        total: usize,
        /// The first failure.
        first: Box<FetchError>,
    },
    /// A selection does not match any file.
    #[error("{what} {} is not in the data set ({expected})", lpp_files::in_quotes(found))]
    Selection {
        /// The criterion.
        what: &'static str,
        /// The value.
        found: String,
        /// Some valid values.
        expected: String,
    },
    /// The hash of a file in the published listing differs from the known one.
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
    /// A name is neither a model of the catalogue nor `org/name`.
    #[error(
        "{}: unknown model; give org/name as on the hub, or put the model's folder into models/",
        lpp_files::shortened(name, 60)
    )]
    UnknownModel {
        /// The name.
        name: String,
    },
    /// A model is gated: access must be requested.
    #[error(
        "{repo}: this model is gated; accept its terms at {page}, then set HF_TOKEN to a token of that account"
    )]
    Gated {
        /// The repository.
        repo: String,
        /// The page with the terms.
        page: String,
    },
    /// The account of the token has no access.
    #[error("{repo}: the account of HF_TOKEN has no access; request access at {page}")]
    Forbidden {
        /// The repository.
        repo: String,
        /// The page for requesting access.
        page: String,
    },
    /// Access is refused and there is no token.
    #[error(
        "{repo}: no access without a token, and none is set; set HF_TOKEN to one of an account that may read {page}"
    )]
    NoToken {
        /// The repository.
        repo: String,
        /// Its page.
        page: String,
    },
    /// `HF_ENDPOINT` is not a valid address.
    #[error(
        "HF_ENDPOINT is {:?}: {reason}, expected an address such as https://huggingface.co",
        lpp_files::shortened(endpoint, 100)
    )]
    Endpoint {
        /// Its value, without any password.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The hub rejects the token.
    #[error("{repo}: the hub rejects HF_TOKEN; create a new token at {page}")]
    TokenRefused {
        /// The repository.
        repo: String,
        /// The page for creating tokens.
        page: String,
    },
    /// The repository does not exist or is private.
    #[error("{repo}: no such repository on the hub, or a private one (then set HF_TOKEN)")]
    NoRepository {
        /// The repository.
        repo: String,
    },
    /// The revision does not exist.
    #[error("{repo}: no revision {revision:?} in this repository")]
    NoRevision {
        /// The repository.
        repo: String,
        /// The branch, tag or commit.
        revision: String,
    },
    /// The file does not exist.
    #[error("{repo}: no file {file} at revision {revision:?}")]
    NoFile {
        /// The repository.
        repo: String,
        /// The branch, tag or commit.
        revision: String,
        /// The file.
        file: String,
    },
    /// The hub says that there were too many requests.
    #[error(
        "{repo}: too many requests for the hub (429); wait some minutes, or set HF_TOKEN for a higher limit"
    )]
    TooManyRequests {
        /// The repository.
        repo: String,
    },
    /// The repository has no weights in a supported format.
    #[error("{repo}: no weights at revision {revision:?} (looked for {looked_for})")]
    NoWeights {
        /// The repository.
        repo: String,
        /// The branch, tag or commit.
        revision: String,
        /// The file names looked for.
        looked_for: String,
    },
    /// Something is not in the cache, and the network may not be used.
    #[error("{repo}: {missing} is not in the cache {}, and HF_HUB_OFFLINE or --offline forbids downloading", cache.display())]
    Offline {
        /// The repository.
        repo: String,
        /// What is missing.
        missing: String,
        /// The cache.
        cache: PathBuf,
    },
}

/// The meaning of a status for the user, if it is not obvious.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_any_length_is_shortened() {
        let problem = format!("no listing of a commit ({}); is it a hub?", "a".repeat(1 << 20));
        let message = FetchError::answer("https://hub.example/api", problem).to_string();
        assert!(message.len() < 1000, "{message}");
        assert!(
            message.contains("no listing") && message.ends_with("is it a hub?"),
            "{message}"
        );
    }
}
