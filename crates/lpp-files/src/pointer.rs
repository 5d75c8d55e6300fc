//! Pointer files, which git leaves instead of large files that were not downloaded.

use std::io::Read;
use std::path::Path;

use crate::FileError;

/// First bytes of pointer files, with a description and how to get the real file.
const STAND_INS: [(&[u8], &str); 3] = [
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the file itself; get it with `git lfs pull` or lpp-fetch",
    ),
    (
        b"/annex/objects/",
        "a git-annex pointer, not the file itself; get it with `datalad get` or lpp-fetch",
    ),
    (
        b"../.git/annex/objects/",
        "a git-annex pointer, not the file itself; get it with `datalad get` or lpp-fetch",
    ),
];

/// Number of bytes compared.
const LONGEST: u64 = 64;

/// Describes a pointer file from its first bytes, and how to get the real file; `None` for any other file.
///
/// ```
/// let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n";
/// assert!(lpp_files::stand_in(pointer).is_some_and(|what| what.contains("git lfs pull")));
/// assert!(lpp_files::stand_in(b"{}").is_none());
/// ```
#[must_use]
pub fn stand_in(bytes: &[u8]) -> Option<&'static str> {
    let known = STAND_INS
        .iter()
        .find(|(beginning, _)| bytes.starts_with(beginning));
    known.map(|(_, what)| *what)
}

/// Refuses a pointer file. A file that cannot be opened is accepted here; its reader reports the error.
///
/// # Errors
/// [`FileError::Malformed`] naming the file and how to get the real one.
pub fn refuse_pointer(path: &Path) -> Result<(), FileError> {
    let mut beginning = Vec::new();
    let read = crate::open_input(path).and_then(|file| file.take(LONGEST).read_to_end(&mut beginning));
    match read.ok().and_then(|_| stand_in(&beginning)) {
        Some(what) => Err(FileError::malformed(path, what, "its content")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_named_and_other_files_pass() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        assert!(refuse_pointer(&path).is_ok());
        for (content, part) in [
            (
                "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n",
                "git lfs pull",
            ),
            ("/annex/objects/MD5E-s7--0.csv\n", "datalad get"),
            ("../.git/annex/objects/MD5E-s7--0.csv", "datalad get"),
        ] {
            std::fs::write(&path, content).unwrap();
            let message = refuse_pointer(&path).unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains("model.safetensors"),
                "{message}"
            );
        }
        for content in ["", "version 1", "word,onset"] {
            std::fs::write(&path, content).unwrap();
            assert!(refuse_pointer(&path).is_ok());
        }
    }
}
