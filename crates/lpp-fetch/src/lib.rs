//! Checked, resumable downloads: the data set, the authors' precomputed files, word vectors, and models.
//!
//! From the bottom up:
//!
//! 1. **One file.** It arrives under another name (`.part`), is gone on with after an interruption by asking for the
//!    rest, on condition that the file is still the same (`If-Range`), and gets its final name when size and hash are
//!    right. Faults that may pass are tried again ([`RetryPolicy`]): cut connections, silence, 429 and 503 with the
//!    pause that the server asks for. A web page with status 200 is no file.
//! 2. **[`Batch`]**: many files, some at a time, after a look at the free space.
//! 3. **[`DataJob`]**, **[`PrecomputedJob`]**, **[`GloveJob`]**: what a study needs, and where it goes there.
//! 4. **[`Hub`]** and **[`HubCache`]**: models from the Hugging Face hub, in the cache of Python's libraries: they find what
//!    we fetched, and we find what they fetched. [`PublishedModel`] knows the names of the paper's models, and
//!    [`ModelJob`] brings one.
//! 5. **[`VerifyJob`]**: hashes everything again.
//!
//! A [`Token`] goes to the hub's own host only, never to where the hub redirects, and into no message.
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
mod glove;
mod http;
mod hub;
mod manifest;
mod meter;
mod model;
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
pub use manifest::{DataFile, DataKind, DataSelection, N_RUNS, data_files};
pub use model::{LocatedModel, ModelJob, ModelRequest};
pub use precomputed::{
    AUTHORS_COMMIT, AUTHORS_REPOSITORY, PrecomputedFile, PrecomputedJob, Role, in_the_way, precomputed_batch,
    record,
};
pub use retry::RetryPolicy;
pub use token::Token;
pub use verify::{BadFile, VerifyJob, VerifyReport};
