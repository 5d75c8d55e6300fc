//! Downloads from the hub's storage into the cache, file by file.

use std::path::Path;

use lpp_files::{Progress, sha256_of_bytes};

use crate::address::shown;
use crate::batch::in_parallel;
use crate::http::{Ask, Reply, refused};
use crate::hub::answer::Asked;
use crate::hub::cache::checked;
use crate::hub::{Hub, HubFile, RepoId};
use crate::meter::{FileMeter, Meter};
use crate::transfer::Transfer;
use crate::{Digest, FetchError, space};

/// The hub's information about one file.
struct Metadata {
    etag: String,
    bytes: Option<u64>,
}

/// Whether a file exists and has the expected size, if known.
fn is_of_size(path: &Path, bytes: Option<u64>) -> bool {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    metadata.is_some_and(|there| bytes.is_none_or(|bytes| there.len() == bytes))
}

impl Hub {
    /// Downloads single files of a commit into the cache.
    pub(super) fn fetch_files(
        &self,
        repo: &RepoId,
        commit: &str,
        files: &[HubFile],
        n_threads: usize,
        progress: &dyn Progress,
    ) -> Result<(), FetchError> {
        let folder = self.settings.cache.snapshot_of(repo, commit);
        // A file of the cache that was cut since is as good as none.
        let is_whole = |file: &HubFile| is_of_size(&folder.join(&file.path), file.bytes);
        let wanted: Vec<&HubFile> = files.iter().filter(|file| !is_whole(file)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let bytes = wanted.iter().filter_map(|file| file.bytes).sum();
        space::require([(folder.as_path(), bytes)])?;
        let meter = Meter::start(progress, wanted.len(), bytes);
        let result = in_parallel(&wanted, n_threads, |file| {
            self.fetch_file(repo, commit, file, &meter)
        });
        meter.finish();
        result
    }

    fn fetch_file(
        &self,
        repo: &RepoId,
        commit: &str,
        listed: &HubFile,
        meter: &Meter<'_>,
    ) -> Result<(), FetchError> {
        let file = listed.path.as_str();
        let url = self.file_url(repo, commit, file)?;
        let asked = self.asked(repo, commit, Some(file));
        let metadata = self.metadata(&url, asked)?;
        if let (Some(found), Some(expected)) = (metadata.bytes, listed.bytes)
            && found != expected
        {
            return Err(FetchError::Size {
                url: shown(&url),
                found,
                expected,
            });
        }
        let bytes = listed.bytes.or(metadata.bytes);
        let digest = Digest::of_etag(&metadata.etag);
        // An ETag that is no hash says nothing of the contents: another file, or another commit, may have the same.
        let name = if digest.is_some() {
            metadata.etag
        } else {
            let place = sha256_of_bytes(format!("{commit}/{file}").as_bytes());
            format!("{}.{}", metadata.etag, &place[..16])
        };
        let cache = &self.settings.cache;
        let _lock = cache.lock(repo, &name)?;
        let blob = cache.blob(repo, &name);
        if !is_of_size(&blob, bytes) {
            let part = cache.incomplete(repo, &name);
            let there = std::fs::metadata(&part).map_or(0, |part| part.len());
            let transfer = Transfer {
                http: &self.http,
                url: &url,
                token: self.token(),
                bytes,
                digest: digest.as_ref(),
                part,
                // The name says what it is a part of, and Python's client knows no other files here.
                keep_etag: false,
                target: &blob,
                refusal: &|reply: &Reply| asked.refusal(&url, reply),
                meter: &FileMeter::new(meter, there),
            };
            transfer.run()?;
        }
        cache.link(repo, commit, file, &name)
    }

    /// Requests a file's ETag and size from the hub itself, not from the storage host.
    fn metadata(&self, url: &str, asked: Asked<'_>) -> Result<Metadata, FetchError> {
        let ask = Ask {
            token: self.token(),
            head: true,
            stay: true,
            ..Ask::default()
        };
        self.http.retry.run(|| {
            let mut reply = self.http.send(url, ask)?;
            // Some mirrors know no HEAD: the head of the file itself says the same.
            if matches!(reply.status, 405 | 501) {
                let ask = Ask { head: false, ..ask };
                reply = self.http.send(url, ask)?;
            }
            if !(200..400).contains(&reply.status) {
                return Err(refused(&reply, asked.refusal(url, &reply)));
            }
            let etag = reply.header("x-linked-etag").or_else(|| reply.header("etag"));
            let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned());
            let usable = |etag: &String| checked(etag).is_some_and(|path| path.components().count() == 1);
            let etag = etag
                .filter(usable)
                .ok_or_else(|| FetchError::answer(&shown(url), "no usable ETag; is HF_ENDPOINT a hub?"))?;
            let length = if reply.status == 200 {
                "content-length"
            } else {
                "x-linked-size"
            };
            Ok(Metadata {
                etag,
                bytes: reply.number("x-linked-size").or_else(|| reply.number(length)),
            })
        })
    }
}
