//! SHA-256 of files and bytes.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::input_file::{bounded, open_input};
use crate::{FileError, recorded};

/// A file and the hash of its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// The file as named on the command line or by the study; see [`recorded_text`](crate::recorded_text) for names that are not UTF-8.
    #[serde(with = "recorded::path")]
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// SHA-256 of a file's contents, in hexadecimal.
///
/// # Errors
/// [`FileError::Read`] if it cannot be read, is a pipe or device, or has more to read than its length.
pub fn sha256_of_file(path: &Path) -> Result<String, FileError> {
    let mut file = open_input(path)
        .and_then(bounded)
        .map_err(FileError::read(path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(FileError::read(path))?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
    }
    Ok(hexadecimal(&hasher.finalize()))
}

/// SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn sha256_of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// A hash in hexadecimal, in small letters.
///
/// ```
/// assert_eq!(lpp_files::hexadecimal(&[0x0f, 0xa0]), "0fa0");
/// ```
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_no_input() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let error = sha256_of_file(&pipe).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("a pipe or device"), "{cause}");
    }
}
