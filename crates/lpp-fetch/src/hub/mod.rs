//! Models from the Hugging Face hub, through the cache shared with Python's libraries.

mod answer;
mod cache;
mod catalogue;
mod client;
mod download;
mod select;
mod settings;

pub use cache::HubCache;
pub use catalogue::PublishedModel;
pub use client::{Hub, HubFile, Listing};
pub use select::Content;
pub use settings::HubSettings;

use std::fmt;

use crate::FetchError;

/// Name of a repository: `org/name`, or `name` for the oldest ones.
///
/// ```
/// use lpp_fetch::RepoId;
/// let id: RepoId = "openai-community/gpt2".parse()?;
/// assert_eq!(id.to_string(), "openai-community/gpt2");
/// assert!("../secret".parse::<RepoId>().is_err());
/// # Ok::<(), lpp_fetch::FetchError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoId(String);

impl RepoId {
    /// Folder of the repository in the cache: `models--org--name`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("models--{}", self.0.replace('/', "--"))
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for RepoId {
    type Err = FetchError;

    /// The rule of the hub: letters, digits, `-`, `_` and `.`; no `--` and no `..`, which would be ambiguous in the
    /// cache.
    fn from_str(name: &str) -> Result<Self, FetchError> {
        let parts: Vec<&str> = name.split('/').collect();
        let plain = |part: &&str| {
            let bytes = part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            bytes && !part.is_empty() && !part.starts_with(['-', '.']) && !part.ends_with(['-', '.'])
        };
        if parts.len() > 2 || !parts.iter().all(plain) || name.contains("--") || name.contains("..") {
            return Err(FetchError::UnknownModel {
                name: name.to_owned(),
            });
        }
        Ok(Self(name.to_owned()))
    }
}
