//! Verified, resumable downloads: the data set, the authors' precomputed files, word vectors, and models.
//!
//! From the bottom up:
//!
//! 1. **One file.** It is downloaded under a temporary name (`.part`). An interrupted download is resumed with a range
//!    request, provided that the file is unchanged (`If-Range`). The file gets its final name when size and hash are
//!    right. Transient faults are retried ([`RetryPolicy`]): broken connections, silence, and 429 and 503 with the
//!    pause requested by the server. A web page with status 200 does not count as the file.
//! 2. **[`Batch`]**: many files, several at a time, after a check of the free disk space.
//! 3. **[`DataJob`]**, **[`PrecomputedJob`]**, **[`GloveJob`]**, **[`ItemsJob`]**: the files of a study and their paths.
//! 4. **[`Hub`]** and **[`HubCache`]**: models from the Hugging Face hub, in the cache shared with Python's libraries,
//!    in both directions. [`PublishedModel`] knows the names of the paper's models, and [`ModelJob`] downloads one.
//! 5. **[`VerifyJob`]**: hashes everything again.
//!
//! A [`Token`] is sent only to the hub's own host, never to a redirect, and appears in no message.
//!
//! ```
//! use lpp_fetch::{DataKind, DataSelection};
//! use lpp_study::Language;
//!
//! let selection = DataSelection {
//!     languages: vec![Language::English],
//!     kinds: vec![DataKind::Words, DataKind::Derivatives],
//!     subjects: vec![],
//!     runs: vec![],
//! };
//! let bytes: u64 = selection.files()?.iter().map(|file| file.bytes).sum();
//! assert_eq!(bytes, 31_942_467_121); // 32 GB
//! # Ok::<(), lpp_fetch::FetchError>(())
//! ```

mod address;
mod batch;
mod dataset;
mod digest;
mod error;
mod git_tree;
mod glove;
mod http;
mod hub;
mod items;
mod manifest;
mod meter;
mod model;
mod pace;
mod part;
mod precomputed;
mod retry;
mod space;
mod token;
mod transfer;
mod verify;

pub use batch::{Batch, BatchReport, FileState, RemoteFile};
pub use dataset::{DATA_URL, DataJob};
pub use digest::Digest;
pub use error::FetchError;
pub use glove::{GLOVE_DIMS, GloveJob};
pub use http::{Http, HttpParams};
pub use hub::{Content, Hub, HubCache, HubFile, HubSettings, Listing, PublishedModel, RepoId};
pub use items::{Battery, ItemsJob};
pub use manifest::{DataFile, DataKind, DataSelection, N_RUNS, data_files};
pub use model::{LocatedModel, ModelJob, ModelRequest};
pub use precomputed::{
    AUTHORS_COMMIT, AUTHORS_REPOSITORY, PrecomputedFile, PrecomputedJob, Role, in_the_way, record,
};
pub use retry::RetryPolicy;
pub use token::Token;
pub use verify::{BadFile, VerifyJob, VerifyReport};
