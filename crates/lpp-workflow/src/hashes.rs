//! Whether files are still what records say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileHash, sha256_of_file};

/// Hashes of files, each computed once.
#[derive(Debug, Default)]
pub(crate) struct Hashes(BTreeMap<PathBuf, Option<String>>);

impl Hashes {
    /// Whether the file at `path` has the length and the hash of its record.
    pub(crate) fn agree(&mut self, path: &Path, recorded: &FileHash) -> bool {
        has_length(path, recorded) && self.of(path) == Some(&recorded.sha256)
    }

    /// Number of files that were read.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn of(&mut self, path: &Path) -> Option<&String> {
        let hash = self.0.entry(path.to_owned());
        hash.or_insert_with(|| sha256_of_file(path).ok()).as_ref()
    }
}

/// Whether a file has the length of its record. One that has not is not worth reading: it may be as long as nothing that was ever
/// written.
pub(crate) fn has_length(path: &Path, recorded: &FileHash) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == recorded.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_file_of_another_length_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let recorded = |bytes: u64, sha256: &str| FileHash {
            path: path.clone(),
            bytes,
            sha256: sha256.to_owned(),
        };
        fs::write(&path, "abc").unwrap();
        let sha256 = lpp_files::sha256_of_bytes(b"abc");
        let mut hashes = Hashes::default();
        assert!(!hashes.agree(&path, &recorded(2, &sha256)));
        assert!(hashes.agree(&path, &recorded(3, &sha256)));
        assert!(!hashes.agree(&path, &recorded(3, "other")));
        assert_eq!(hashes.len(), 1);

        let sparse = fs::File::create(folder.path().join("sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        let start = Instant::now();
        for path in [folder.path().join("sparse"), "/proc/self/pagemap".into()] {
            assert!(!hashes.agree(&path, &recorded(1, &sha256)));
        }
        assert!(!hashes.agree("/proc/self/pagemap".as_ref(), &recorded(0, &sha256)));
        assert!(!hashes.agree(folder.path(), &recorded(4096, &sha256)));
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
