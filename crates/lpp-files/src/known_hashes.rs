//! Hashes computed by this process. A program has the same inputs for many outputs, and a fit to many subjects reads
//! gigabytes, so each file is hashed once.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::{FileError, FileHash, HashMemo};

static KNOWN: LazyLock<HashMemo> = LazyLock::new(HashMemo::default);

/// The SHA-256 of a file; one whose [`FileStamp`](crate::FileStamp) is that of the last call is not read again.
///
/// # Errors
/// As [`sha256_of_file`](crate::sha256_of_file).
pub fn sha256_unless_known(path: &Path) -> Result<String, FileError> {
    KNOWN.of(path)
}

/// A file and its hash, as in records.
///
/// # Errors
/// As [`sha256_of_file`](crate::sha256_of_file).
pub fn hash_file(path: &Path) -> Result<FileHash, FileError> {
    let sha256 = sha256_unless_known(path)?;
    let bytes = fs::metadata(path).map_err(FileError::read(path))?.len();
    Ok(FileHash {
        path: path.to_owned(),
        bytes,
        sha256,
    })
}

/// Checks that files have not changed since they were hashed. Files whose [`FileStamp`](crate::FileStamp) is unchanged
/// are not read again.
///
/// # Errors
/// [`FileError::Malformed`] naming the first file that has changed, [`FileError::Read`] if one no longer exists.
pub fn unchanged(inputs: &[FileHash]) -> Result<(), FileError> {
    for input in inputs {
        if sha256_unless_known(&input.path)? != input.sha256 {
            let found = "different contents from when the program began to read it";
            let expected =
                "an input that does not change during the run; no record was written: run the program again";
            return Err(FileError::malformed(&input.path, found, expected));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256_of_file;
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
