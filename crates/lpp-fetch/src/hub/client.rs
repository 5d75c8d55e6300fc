//! Requests to the hub, and downloads into its cache.

use std::path::PathBuf;

use lpp_files::Progress;
use serde::Deserialize;
use url::Url;

use crate::address::shown;
use crate::http::{Http, Reply};
use crate::hub::answer::Asked;
use crate::hub::cache::{checked, is_commit};
use crate::hub::select::{Weights, shards};
use crate::hub::{HubSettings, RepoId};
use crate::{Content, FetchError, Token};

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFile {
    /// Path in the repository.
    pub path: String,
    /// Size, if given by the hub.
    pub bytes: Option<u64>,
}

/// A repository at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The commit.
    pub commit: String,
    /// Its files.
    pub files: Vec<HubFile>,
}

impl Listing {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.names().any(|there| there == name)
    }
}

#[derive(Deserialize)]
struct ListedRepository {
    sha: String,
    siblings: Vec<ListedFile>,
}

#[derive(Deserialize)]
struct ListedFile {
    rfilename: String,
    size: Option<u64>,
}

/// A client of the hub.
///
/// ```no_run
/// use lpp_fetch::{Content, Http, HttpParams, Hub, HubSettings};
///
/// # fn main() -> Result<(), lpp_fetch::FetchError> {
/// let hub = Hub::new(Http::new(HttpParams::default())?, HubSettings::from_env());
/// let folder = hub.fetch(&"openai-community/gpt2".parse()?, "main", Content::Model, 2, &lpp_files::Silent)?;
/// println!("{}", folder.join("config.json").display());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Hub {
    pub(super) http: Http,
    pub(super) settings: HubSettings,
}

impl Hub {
    /// A client with these settings.
    #[must_use]
    pub fn new(http: Http, settings: HubSettings) -> Self {
        Self { http, settings }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &HubSettings {
        &self.settings
    }

    /// The commit and the files of a revision.
    ///
    /// # Errors
    /// [`FetchError::NoRepository`], [`FetchError::NoRevision`], [`FetchError::TooManyRequests`] and similar;
    /// [`FetchError::Offline`] if the network may not be used.
    pub fn list(&self, repo: &RepoId, revision: &str) -> Result<Listing, FetchError> {
        self.require_network(repo, || format!("revision {revision:?}"))?;
        let mut url = self.address(&["api", "models"], repo, &["revision"])?;
        push(&mut url, &[revision])?;
        url.set_query(Some("blobs=true"));
        let url = url.to_string();
        let asked = self.asked(repo, revision, None);
        let document = self
            .http
            .document(&url, self.token(), &|reply| asked.refusal(&url, reply))?;
        let listed: ListedRepository = lpp_files::json::from_slice(&document).map_err(|e| {
            FetchError::answer(
                &shown(&url),
                format!("no listing of a repository ({e}); is HF_ENDPOINT a hub?"),
            )
        })?;
        if !is_commit(&listed.sha) {
            let problem = format!(
                "commit {:?} in the listing, expected 40 hexadecimal digits",
                listed.sha
            );
            return Err(FetchError::answer(&shown(&url), problem));
        }
        // A path that leads out of the cache is never wanted; without it the download goes on.
        let files = listed
            .siblings
            .into_iter()
            .filter(|file| checked(&file.rfilename).is_some());
        Ok(Listing {
            commit: listed.sha,
            files: files
                .map(|file| HubFile {
                    path: file.rfilename,
                    bytes: file.size,
                })
                .collect(),
        })
    }

    /// The files of a listing that belong to `content`, including the shards of an index.
    ///
    /// # Errors
    /// [`FetchError::NoWeights`] if weights are requested and there are none; [`FetchError::Answer`] for an invalid
    /// index; otherwise as [`Hub::list`].
    pub fn choose(
        &self,
        repo: &RepoId,
        revision: &str,
        listing: &Listing,
        content: Content,
    ) -> Result<Vec<HubFile>, FetchError> {
        let mut names: Vec<String> = Content::small_files(listing.names())
            .into_iter()
            .map(str::to_owned)
            .collect();
        if content == Content::Model {
            match Content::weights(|name| listing.has(name)) {
                None => {
                    return Err(FetchError::NoWeights {
                        repo: repo.to_string(),
                        revision: revision.to_owned(),
                        looked_for: Content::weight_names(),
                    });
                }
                Some(Weights::Single(file)) => names.push(file.to_owned()),
                Some(Weights::Sharded(index)) => {
                    names.push(index.to_owned());
                    names.extend(self.shards(repo, &listing.commit, index)?);
                }
            }
        }
        let size = |name: &str| {
            listing
                .files
                .iter()
                .find(|file| file.path == name)
                .and_then(|file| file.bytes)
        };
        Ok(names
            .into_iter()
            .map(|path| HubFile {
                bytes: size(&path),
                path,
            })
            .collect())
    }

    /// Downloads `content` of a revision into the cache and returns the folder of its files.
    ///
    /// Files in the cache are not downloaded again. A branch is looked up again, so that a newer commit is found.
    ///
    /// # Errors
    /// As [`Hub::list`] and [`Hub::choose`]; [`FetchError::Gated`] or [`FetchError::Forbidden`] if the account has no
    /// access; [`FetchError::Hash`] for wrong contents; [`FetchError::NoSpace`] before anything is downloaded.
    pub fn fetch(
        &self,
        repo: &RepoId,
        revision: &str,
        content: Content,
        n_threads: usize,
        progress: &dyn Progress,
    ) -> Result<PathBuf, FetchError> {
        let listing = self.list(repo, revision)?;
        let files = self.choose(repo, revision, &listing, content)?;
        self.fetch_files(repo, &listing.commit, &files, n_threads, progress)?;
        self.settings.cache.set_ref(repo, revision, &listing.commit)?;
        Ok(self.settings.cache.snapshot_of(repo, &listing.commit))
    }

    fn shards(&self, repo: &RepoId, commit: &str, index: &str) -> Result<Vec<String>, FetchError> {
        let there = self.settings.cache.snapshot_of(repo, commit).join(index);
        let url = self.file_url(repo, commit, index)?;
        let content = if let Ok(content) = std::fs::read(there) {
            content
        } else {
            let asked = self.asked(repo, commit, Some(index));
            let refusal = |reply: &Reply| asked.refusal(&url, reply);
            self.http.document(&url, self.token(), &refusal)?
        };
        let shards = shards(&content).map_err(|problem| FetchError::answer(&shown(&url), problem))?;
        Ok(shards.into_iter().collect())
    }

    fn require_network(&self, repo: &RepoId, missing: impl FnOnce() -> String) -> Result<(), FetchError> {
        if !self.settings.offline {
            return Ok(());
        }
        Err(FetchError::Offline {
            repo: repo.to_string(),
            missing: missing(),
            cache: self.settings.cache.root().to_owned(),
        })
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.settings.token.as_ref()
    }

    pub(super) fn asked<'a>(
        &'a self,
        repo: &'a RepoId,
        revision: &'a str,
        file: Option<&'a str>,
    ) -> Asked<'a> {
        Asked {
            endpoint: &self.settings.endpoint,
            repo,
            revision,
            file,
            with_token: self.settings.token.is_some(),
        }
    }

    pub(super) fn file_url(&self, repo: &RepoId, revision: &str, file: &str) -> Result<String, FetchError> {
        let mut url = self.address(&[], repo, &["resolve"])?;
        push(&mut url, &[revision])?;
        push(&mut url, &file.split('/').collect::<Vec<_>>())?;
        Ok(url.to_string())
    }

    fn address(&self, before: &[&str], repo: &RepoId, behind: &[&str]) -> Result<Url, FetchError> {
        let mut url = endpoint(&self.settings.endpoint)?;
        let id = repo.to_string();
        push(&mut url, before)?;
        push(&mut url, &id.split('/').collect::<Vec<_>>())?;
        push(&mut url, behind)?;
        Ok(url)
    }
}

/// The address of the hub.
fn endpoint(text: &str) -> Result<Url, FetchError> {
    let refuse = |reason: String| {
        // What stands before an @ may be a password.
        let endpoint = text.rsplit('@').next().unwrap_or(text).to_owned();
        FetchError::Endpoint { endpoint, reason }
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        // "hub.example.org:8080" reads as a scheme.
        Ok(_) => Err(refuse("it does not begin with http:// or https://".to_owned())),
        Err(_) if !text.contains("://") => {
            Err(refuse("it does not begin with http:// or https://".to_owned()))
        }
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// Adds parts to the path of an address, escaped; a slash within a part (a revision `refs/pr/1`) becomes `%2F`.
fn push(url: &mut Url, parts: &[&str]) -> Result<(), FetchError> {
    let shown = shown(url.as_str());
    let mut path = url.path_segments_mut().map_err(|()| FetchError::Address {
        url: shown,
        reason: "it has no path".to_owned(),
    })?;
    path.pop_if_empty().extend(parts);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn an_endpoint_that_is_no_address_is_named() {
        for text in [
            "hub.example.org",
            "hub.example.org:8080",
            "ftp://hub",
            "/hub",
            "http://",
            "me:secret@hub",
        ] {
            let error = endpoint(text).unwrap_err().to_string();
            assert!(
                error.contains("HF_ENDPOINT is") && error.contains("https://"),
                "{error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(endpoint("http://127.0.0.1:80/mirror").is_ok());
    }
}
