//! A model hub on the loopback: the endpoints that clients use, large files on a second host.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use sha1::Digest as _;

use crate::server::{Answer, Request, TestServer};

/// A repository of the fake hub, at one commit.
#[derive(Debug, Clone, Default)]
pub struct FakeRepo {
    /// `org/name`.
    pub id: String,
    /// 40 hexadecimal digits.
    pub commit: String,
    /// Names of this commit besides itself, such as `main` or `step1000`.
    pub names: Vec<String>,
    /// Contents by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The token without which nothing but the listing is given.
    pub needs_token: Option<String>,
}

impl FakeRepo {
    /// A repository without files; the commit repeats `digit`.
    #[must_use]
    pub fn new(id: &str, digit: char, names: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            commit: digit.to_string().repeat(40),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// Whether git keeps only a pointer to this file.
    fn is_large(path: &str) -> bool {
        [".safetensors", ".bin", ".zip"]
            .iter()
            .any(|ending| path.ends_with(ending))
    }

    fn answers_to(&self, revision: &str) -> bool {
        self.commit == revision || self.names.iter().any(|name| name == revision)
    }

    /// The answer of `/api/models/ID/revision/REV?blobs=true`.
    fn listing(&self) -> String {
        let siblings = self.files.iter().map(|(path, content)| {
            let size = content.len();
            let large = if Self::is_large(path) {
                let hash = sha256(content);
                format!(r#", "lfs": {{"sha256": "{hash}", "size": {size}, "pointerSize": 130}}"#)
            } else {
                String::new()
            };
            let blob = git_sha1(content);
            format!(r#"{{"rfilename": "{path}", "size": {size}, "blobId": "{blob}"{large}}}"#)
        });
        format!(
            r#"{{"_id": "1", "id": "{id}", "modelId": "{id}", "private": false, "tags": [], "downloads": 0,
                "likes": 0, "sha": "{}", "siblings": [{}]}}"#,
            self.commit,
            siblings.collect::<Vec<_>>().join(", "),
            id = self.id,
        )
    }

    /// The answer of `/api/models/ID/tree/REV?recursive=true`, which newer Python clients ask for.
    fn tree(&self) -> String {
        let entries = self.files.iter().map(|(path, content)| {
            let size = content.len();
            let large = if Self::is_large(path) {
                let hash = sha256(content);
                format!(r#", "lfs": {{"oid": "{hash}", "size": {size}, "pointerSize": 130}}"#)
            } else {
                String::new()
            };
            let blob = git_sha1(content);
            format!(r#"{{"type": "file", "oid": "{blob}", "size": {size}, "path": "{path}"{large}}}"#)
        });
        format!("[{}]", entries.collect::<Vec<_>>().join(", "))
    }
}

/// What a request is about.
enum Wanted<'a> {
    Listing,
    Tree,
    File(&'a str),
}

/// Repository, revision and the rest of a path.
fn parse(path: &str) -> Option<(&str, &str, Wanted<'_>)> {
    if let Some(rest) = path.strip_prefix("/api/models/") {
        let listing = rest
            .split_once("/revision/")
            .map(|(id, revision)| (id, revision, Wanted::Listing));
        return listing.or_else(|| {
            let (id, revision) = rest.split_once("/tree/")?;
            Some((id, revision, Wanted::Tree))
        });
    }
    let (id, rest) = path.trim_start_matches('/').split_once("/resolve/")?;
    let (revision, file) = rest.split_once('/')?;
    Some((id, revision, Wanted::File(file)))
}

type Fault = dyn Fn(&Request, usize) -> Option<Answer> + Send + Sync;

/// The hub and the host of its large files.
pub struct FakeHub {
    /// Answers `/api/models/ID/revision/REV` and `/ID/resolve/REV/PATH`.
    pub hub: TestServer,
    /// Answers `/files/SHA256`.
    pub storage: TestServer,
}

impl FakeHub {
    /// Serves `repos` without faults.
    #[must_use]
    pub fn start(repos: Vec<FakeRepo>) -> Self {
        Self::with_faults(repos, |_, _| None)
    }

    /// Serves `repos`; both hosts ask `fault` first, which gets the request and how many the same were there before.
    #[must_use]
    pub fn with_faults(
        repos: Vec<FakeRepo>,
        fault: impl Fn(&Request, usize) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let fault: Arc<Fault> = Arc::new(fault);
        let large: BTreeMap<String, Vec<u8>> = repos
            .iter()
            .flat_map(|repo| repo.files.iter())
            .filter(|(path, _)| FakeRepo::is_large(path))
            .map(|(_, content)| (sha256(content), content.clone()))
            .collect();
        let storage_fault = Arc::clone(&fault);
        let storage = TestServer::start(move |request, before| {
            let hash = request
                .path
                .trim_start_matches("/files/")
                .split('?')
                .next()
                .unwrap_or_default();
            storage_fault(request, before).unwrap_or_else(|| match large.get(hash) {
                Some(content) => Answer::file(content.clone(), &format!("\"{}\"", &hash[..32])),
                None => Answer::status(404),
            })
        });
        let storage_url = storage.url("");
        let hub = TestServer::start(move |request, before| {
            fault(request, before).unwrap_or_else(|| answer(&repos, request, &storage_url))
        });
        Self { hub, storage }
    }

    /// The value for `HF_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.hub.url("")
    }

    /// Makes a command use this hub and a cache in `home`, whatever the environment of the test says.
    pub fn serve(&self, command: &mut Command, home: &Path) {
        command.env("HF_ENDPOINT", self.endpoint()).env("HF_HOME", home);
        for name in [
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "HF_HUB_CACHE",
            "HF_TOKEN",
        ] {
            command.env_remove(name);
        }
    }
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer::status(status)
        .header("X-Error-Code", code)
        .header("X-Error-Message", code)
}

fn answer(repos: &[FakeRepo], request: &Request, storage: &str) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some((id, revision, wanted)) = parse(path) else {
        return Answer::status(404);
    };
    if !repos.iter().any(|repo| repo.id == id) {
        return refusal(401, "RepoNotFound");
    }
    let Some(repo) = repos
        .iter()
        .find(|repo| repo.id == id && repo.answers_to(revision))
    else {
        return refusal(404, "RevisionNotFound");
    };
    let file = match wanted {
        Wanted::Listing => return Answer::json(repo.listing()),
        Wanted::Tree => return Answer::json(repo.tree()),
        Wanted::File(file) => file,
    };
    if let Some(token) = &repo.needs_token {
        match request.header("authorization") {
            None => return refusal(401, "GatedRepo"),
            Some(given) if given != format!("Bearer {token}") => return refusal(403, "GatedRepo"),
            Some(_) => {}
        }
    }
    match repo.files.get(file) {
        None => refusal(404, "EntryNotFound").header("X-Repo-Commit", &*repo.commit),
        Some(content) if FakeRepo::is_large(file) => {
            Answer::redirect(&format!("{storage}/files/{}?Signature=secret", sha256(content)))
                .header("X-Linked-Etag", format!("\"{}\"", sha256(content)))
                .header("X-Linked-Size", content.len().to_string())
                .header("X-Repo-Commit", &*repo.commit)
        }
        Some(content) => Answer::file(content.clone(), &format!("\"{}\"", git_sha1(content)))
            .header("X-Repo-Commit", &*repo.commit),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(content: &[u8]) -> String {
    hexadecimal(&sha2::Sha256::digest(content))
}

/// The hash under which git keeps a file: SHA-1 over a header and the content.
#[must_use]
pub fn git_sha1(content: &[u8]) -> String {
    let mut hasher = sha1::Sha1::new();
    hasher.update(format!("blob {}\0", content.len()));
    hasher.update(content);
    hexadecimal(&hasher.finalize())
}
