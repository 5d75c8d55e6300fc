//! The files of a commit as GitHub's API lists them, with sizes and hashes.

use std::path::PathBuf;

use serde::Deserialize;

use crate::address::{below, shown};
use crate::http::Http;
use crate::transfer::plain_refusal;
use crate::{Digest, FetchError, RemoteFile};

/// Address of the files of a commit.
pub(crate) fn files_url(repository: &str, commit: &str) -> String {
    format!("https://raw.githubusercontent.com/{repository}/{commit}")
}

/// Address of the listing of a commit.
pub(crate) fn listing_url(repository: &str, commit: &str) -> String {
    format!("https://api.github.com/repos/{repository}/git/trees/{commit}?recursive=1")
}

/// The listing of a commit.
#[derive(Deserialize)]
pub(crate) struct GitTree {
    tree: Vec<GitEntry>,
    #[serde(default)]
    truncated: bool,
}

/// A file or folder of a commit.
#[derive(Deserialize)]
pub(crate) struct GitEntry {
    pub(crate) path: String,
    #[serde(rename = "type")]
    kind: String,
    pub(crate) sha: String,
    size: Option<u64>,
}

impl GitTree {
    /// Downloads a listing.
    pub(crate) fn fetch(http: &Http, url: &str) -> Result<Self, FetchError> {
        let document = http.document(url, None, &|reply| plain_refusal(url)(reply))?;
        let tree: Self = lpp_files::json::from_slice(&document)
            .map_err(|e| FetchError::answer(&shown(url), format!("no listing of a commit ({e})")))?;
        if tree.truncated {
            return Err(FetchError::answer(&shown(url), "an incomplete listing"));
        }
        Ok(tree)
    }

    /// The files, without folders.
    pub(crate) fn files(&self) -> impl Iterator<Item = &GitEntry> {
        self.tree.iter().filter(|entry| entry.kind == "blob")
    }
}

impl GitEntry {
    /// The download of the file from below `base_url`, verified with its hash.
    pub(crate) fn remote(&self, base_url: &str, target: PathBuf) -> Result<RemoteFile, FetchError> {
        Ok(RemoteFile {
            url: below(base_url, &self.path)?,
            target,
            bytes: self.size,
            digest: Some(Digest::GitSha1(self.sha.clone())),
        })
    }
}
