//! Hashes that this process has made. A program names the same inputs for each of its outputs, and a fit to many subjects reads
//! gigabytes: they are hashed once.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::{StudyError, sha256_of_file};

/// A file changed less than this before it was hashed could change again without its time showing it.
const TOO_YOUNG: Duration = Duration::from_secs(2);

/// What a file was when it was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: SystemTime,
    /// Last change of contents or dates, which no program can set.
    changed: (i64, i64),
    inode: u64,
}

static KNOWN: LazyLock<Mutex<HashMap<PathBuf, (Stamp, String)>>> = LazyLock::new(Mutex::default);

/// As [`sha256_of_file`], without reading a file again whose size and time are those of the last call.
pub(crate) fn sha256_unless_known(path: &Path) -> Result<String, StudyError> {
    let metadata = fs::metadata(path).map_err(StudyError::read(path))?;
    let stamp = Stamp {
        bytes: metadata.len(),
        modified: metadata.modified().map_err(StudyError::read(path))?,
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    };
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, sha256)) = known().get(path)
        && *of == stamp
    {
        return Ok(sha256.clone());
    }
    let is_old = SystemTime::now()
        .duration_since(stamp.modified)
        .is_ok_and(|age| age >= TOO_YOUNG);
    let sha256 = sha256_of_file(path)?;
    if is_old {
        known().insert(path.to_owned(), (stamp, sha256.clone()));
    }
    Ok(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let write = |text: &str, age_s: u64| {
            fs::write(&path, text).unwrap();
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age_s))
                .unwrap();
        };
        let is_right = || sha256_unless_known(&path).unwrap() == sha256_of_file(&path).unwrap();
        write("one", 100);
        assert!(is_right() && is_right());
        assert!(KNOWN.lock().unwrap().contains_key(&path));
        write("two", 50);
        assert!(is_right());
        // Young files are never taken as known.
        write("six", 0);
        assert!(is_right());
        fs::write(&path, "ten").unwrap();
        assert!(is_right());
        fs::remove_file(&path).unwrap();
        assert!(sha256_unless_known(&path).is_err());
    }
}
