//! From the hub's storage into the cache, file by file.

use lpp_study::Progress;

use crate::address::shown;
use crate::batch::in_parallel;
use crate::http::{Ask, Reply, refused};
use crate::hub::answer::Asked;
use crate::hub::cache::checked;
use crate::hub::{Hub, HubFile, RepoId};
use crate::meter::{FileMeter, Meter};
use crate::transfer::Transfer;
use crate::{Digest, FetchError, space};

/// What the hub says of one file.
struct Metadata {
    etag: String,
    bytes: Option<u64>,
}

impl Hub {
    /// Brings single files of a commit into the cache.
    pub(super) fn fetch_files(
        &self,
        repo: &RepoId,
        commit: &str,
        files: &[HubFile],
        n_threads: usize,
        progress: &dyn Progress,
    ) -> Result<(), FetchError> {
        let folder = self.settings.cache.snapshot_of(repo, commit);
        let wanted: Vec<&HubFile> = files
            .iter()
            .filter(|file| !folder.join(&file.path).is_file())
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let bytes = wanted.iter().filter_map(|file| file.bytes).sum();
        space::require([(folder.as_path(), bytes)])?;
        let meter = Meter::start(progress, wanted.len(), bytes);
        let result = in_parallel(&wanted, n_threads, |file| {
            self.fetch_file(repo, commit, &file.path, &meter)
        });
        meter.finish();
        result
    }

    fn fetch_file(
        &self,
        repo: &RepoId,
        commit: &str,
        file: &str,
        meter: &Meter<'_>,
    ) -> Result<(), FetchError> {
        let url = self.file_url(repo, commit, file)?;
        let asked = self.asked(repo, commit, Some(file));
        let metadata = self.metadata(&url, asked)?;
        let cache = &self.settings.cache;
        let _lock = cache.lock(repo, &metadata.etag)?;
        let blob = cache.blob(repo, &metadata.etag);
        if !blob.is_file() {
            let part = cache.incomplete(repo, &metadata.etag);
            let there = std::fs::metadata(&part).map_or(0, |part| part.len());
            let digest = Digest::of_etag(&metadata.etag);
            let transfer = Transfer {
                http: &self.http,
                url: &url,
                token: self.token(),
                bytes: metadata.bytes,
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
        cache.link(repo, commit, file, &metadata.etag)
    }

    /// Asks for a file's ETag and size, which the hub itself knows; the storage host is not asked.
    fn metadata(&self, url: &str, asked: Asked<'_>) -> Result<Metadata, FetchError> {
        let ask = Ask {
            token: self.token(),
            head: true,
            stay: true,
            ..Ask::default()
        };
        self.http.retry.run(|| {
            let reply = self.http.send(url, ask)?;
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
