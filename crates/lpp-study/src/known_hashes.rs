//! Hashes that this process has made. A program names the same inputs for each of its outputs, and a fit to many subjects reads
//! gigabytes: they are hashed once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::{FileStamp, StudyError, is_young, sha256_of_file};

static KNOWN: LazyLock<Mutex<HashMap<PathBuf, (FileStamp, String)>>> = LazyLock::new(Mutex::default);

/// As [`sha256_of_file`], without reading a file again whose [`FileStamp`] is that of the last call.
pub(crate) fn sha256_unless_known(path: &Path) -> Result<String, StudyError> {
    let metadata = fs::metadata(path).map_err(StudyError::read(path))?;
    let stamp = FileStamp::of(&metadata);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, sha256)) = known().get(path)
        && *of == stamp
    {
        return Ok(sha256.clone());
    }
    let young = is_young(&metadata);
    let sha256 = sha256_of_file(path)?;
    if !young {
        known().insert(path.to_owned(), (stamp, sha256.clone()));
    }
    Ok(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

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
