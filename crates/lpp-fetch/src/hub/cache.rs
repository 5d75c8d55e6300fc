//! The cache of the hub's clients: each content is stored once under its hash, with a tree of links per commit.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use crate::hub::RepoId;
use crate::{Content, FetchError};

/// A cache folder, shared with Python's `huggingface_hub`.
///
/// ```text
/// models--org--name/blobs/HASH                contents; HASH.incomplete while they arrive
/// models--org--name/snapshots/COMMIT/PATH     relative links to ../../blobs/HASH
/// models--org--name/refs/main                 the commit of a branch or tag
/// .locks/models--org--name/HASH.lock          locked while HASH arrives
/// ```
///
/// The layout is documented in the guide "Understand caching" of `huggingface_hub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubCache {
    root: PathBuf,
}

impl HubCache {
    /// The cache in `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Folder of a repository.
    #[must_use]
    pub fn repository(&self, repo: &RepoId) -> PathBuf {
        self.root.join(repo.folder())
    }

    /// The commit of a branch or tag when it was last downloaded; a commit is returned unchanged.
    #[must_use]
    pub fn commit(&self, repo: &RepoId, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let file = self.repository(repo).join("refs").join(checked(revision)?);
        let commit = fs::read_to_string(file).ok()?.trim().to_owned();
        is_commit(&commit).then_some(commit)
    }

    /// Folder of a revision's files, if the revision is in the cache.
    #[must_use]
    pub fn snapshot(&self, repo: &RepoId, revision: &str) -> Option<PathBuf> {
        let folder = self.snapshot_of(repo, &self.commit(repo, revision)?);
        folder.is_dir().then_some(folder)
    }

    /// Folder of a revision's files, if all of `content` exists.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn find(&self, repo: &RepoId, revision: &str, content: Content) -> Result<PathBuf, String> {
        let folder = self
            .snapshot(repo, revision)
            .ok_or_else(|| format!("revision {revision:?}"))?;
        match content.missing_in(&folder) {
            Some(file) => Err(file),
            None => Ok(folder),
        }
    }

    pub(crate) fn snapshot_of(&self, repo: &RepoId, commit: &str) -> PathBuf {
        self.repository(repo).join("snapshots").join(commit)
    }

    pub(crate) fn blob(&self, repo: &RepoId, etag: &str) -> PathBuf {
        self.repository(repo).join("blobs").join(etag)
    }

    /// The path of the content of `etag` during the download, the same as in Python's client.
    pub(crate) fn incomplete(&self, repo: &RepoId, etag: &str) -> PathBuf {
        self.blob(repo, &format!("{etag}.incomplete"))
    }

    /// Waits until no other process, including Python's, downloads this content. The lock is released with the file.
    pub(crate) fn lock(&self, repo: &RepoId, etag: &str) -> Result<File, FetchError> {
        let path = self
            .root
            .join(".locks")
            .join(repo.folder())
            .join(format!("{etag}.lock"));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(FetchError::write(&path))?;
        }
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = lpp_files::open_own_file(&path, &mut options).map_err(FetchError::write(&path))?;
        // Without locks (some network file systems) the partial file's own check remains.
        if let Err(error) = file.lock() {
            tracing::debug!("{}: no lock ({error})", path.display());
        }
        Ok(file)
    }

    /// Adds a link to a blob to the tree of a commit.
    pub(crate) fn link(&self, repo: &RepoId, commit: &str, file: &str, etag: &str) -> Result<(), FetchError> {
        let place = self.snapshot_of(repo, commit).join(file);
        let depth = Path::new(file).components().count();
        let mut target: PathBuf = (0..=depth).map(|_| "..").collect();
        target.push("blobs");
        target.push(etag);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(FetchError::write(&place))?;
        }
        match fs::symlink_metadata(&place) {
            Ok(_) if fs::read_link(&place).is_ok_and(|there| there == target) => return Ok(()),
            Ok(_) => fs::remove_file(&place).map_err(FetchError::write(&place))?,
            Err(_) => {}
        }
        match symlink(&target, &place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(FetchError::write(&place)(error))
            }
            _ => Ok(()),
        }
    }

    /// Records the commit of a branch or tag. Call it only when all its files exist, so that an interrupted download
    /// does not lead offline programs to an incomplete model.
    pub(crate) fn set_ref(&self, repo: &RepoId, revision: &str, commit: &str) -> Result<(), FetchError> {
        if revision == commit {
            return Ok(());
        }
        let Some(name) = checked(revision) else {
            return Ok(());
        };
        let file = self.repository(repo).join("refs").join(name);
        if fs::read_to_string(&file).is_ok_and(|there| there == commit) {
            return Ok(());
        }
        Ok(lpp_files::write_atomically(&file, commit.as_bytes())?)
    }
}

/// 40 hexadecimal digits.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A relative path that does not leave its folder.
pub(crate) fn checked(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && path.components().next().is_some()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_blob_from_any_depth() {
        let root = tempfile::tempdir().unwrap();
        let cache = HubCache::new(root.path());
        let repo: RepoId = "org/name".parse().unwrap();
        let commit = "a".repeat(40);
        let blob = cache.blob(&repo, "hash");
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::write(&blob, "content").unwrap();
        for file in ["config.json", "onnx/deep/model.bin"] {
            cache.link(&repo, &commit, file, "hash").unwrap();
            cache.link(&repo, &commit, file, "hash").unwrap();
            let place = root
                .path()
                .join("models--org--name/snapshots")
                .join(&commit)
                .join(file);
            assert_eq!(fs::read_to_string(&place).unwrap(), "content");
        }
        cache.set_ref(&repo, "refs/pr/1", &commit).unwrap();
        assert!(cache.snapshot(&repo, "refs/pr/1").is_some());
        assert!(cache.snapshot(&repo, "main").is_none());
    }

    #[test]
    fn no_path_leaves_its_folder() {
        for path in ["../x", "/etc/passwd", "a/../../b", "", "."] {
            assert_eq!(checked(path), None, "{path}");
        }
        assert!(checked("a/b.json").is_some());
    }
}
