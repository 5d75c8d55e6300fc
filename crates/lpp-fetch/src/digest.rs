//! Hashes that identify files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lpp_files::hexadecimal;
use sha2::Digest as _;

use crate::FetchError;

/// Bytes read at a time.
pub(crate) const BLOCK: usize = 1 << 18;

/// A hash that a file must have, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Digest {
    /// MD5, as in the manifest of the data set. It detects accidents, not forgery.
    Md5(String),
    /// SHA-256, as given by the hub for large files.
    Sha256(String),
    /// The hash of a file in git: SHA-1 over `blob SIZE\0` and the content.
    GitSha1(String),
}

impl Digest {
    /// The hash in the ETag of a hub: SHA-256 for a large file, git's hash for a small one, or neither.
    ///
    /// ```
    /// use lpp_fetch::Digest;
    /// assert!(matches!(Digest::of_etag(&"a".repeat(64)), Some(Digest::Sha256(_))));
    /// assert!(matches!(Digest::of_etag(&"a".repeat(40)), Some(Digest::GitSha1(_))));
    /// assert_eq!(Digest::of_etag("abc-3"), None);
    /// ```
    #[must_use]
    pub fn of_etag(etag: &str) -> Option<Self> {
        let hexadecimal = etag.bytes().all(|byte| byte.is_ascii_hexdigit());
        match etag.len() {
            64 if hexadecimal => Some(Self::Sha256(etag.to_ascii_lowercase())),
            40 if hexadecimal => Some(Self::GitSha1(etag.to_ascii_lowercase())),
            _ => None,
        }
    }

    /// Name of the algorithm.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Md5(_) => "MD5",
            Self::Sha256(_) => "SHA-256",
            Self::GitSha1(_) => "git SHA-1",
        }
    }

    /// The hash in hexadecimal.
    #[must_use]
    pub fn hex(&self) -> &str {
        match self {
            Self::Md5(hex) | Self::Sha256(hex) | Self::GitSha1(hex) => hex,
        }
    }

    /// A hasher of this kind for a file of `bytes` bytes; git's hash depends on the size.
    fn hasher(&self, bytes: u64) -> Hasher {
        match self {
            Self::Md5(_) => Hasher::Md5(md5::Md5::new()),
            Self::Sha256(_) => Hasher::Sha256(sha2::Sha256::new()),
            Self::GitSha1(_) => {
                let mut hasher = sha1::Sha1::new();
                hasher.update(format!("blob {bytes}\0"));
                Hasher::Sha1(hasher)
            }
        }
    }

    /// The hash of this kind of the file at `path`.
    ///
    /// # Errors
    /// [`FileError::Read`](lpp_files::FileError::Read) if it cannot be read.
    pub fn of_file(&self, path: &Path) -> Result<String, FetchError> {
        let mut file = File::open(path).map_err(FetchError::read(path))?;
        let bytes = file.metadata().map_err(FetchError::read(path))?.len();
        let mut hasher = self.hasher(bytes);
        let mut block = vec![0; BLOCK];
        loop {
            match file.read(&mut block).map_err(FetchError::read(path))? {
                0 => return Ok(hasher.finish()),
                n => hasher.update(&block[..n]),
            }
        }
    }
}

/// A hash being computed.
enum Hasher {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> String {
        match self {
            Self::Md5(hasher) => hexadecimal(&hasher.finalize()),
            Self::Sha1(hasher) => hexadecimal(&hasher.finalize()),
            Self::Sha256(hasher) => hexadecimal(&hasher.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("abc");
        std::fs::write(&file, "abc").unwrap();
        let of = |digest: Digest| digest.of_file(&file).unwrap();
        // RFC 1321, appendix A.5.
        assert_eq!(of(Digest::Md5(String::new())), "900150983cd24fb0d6963f7d28e17f72");
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            of(Digest::Sha256(String::new())),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // `printf abc | git hash-object --stdin`.
        assert_eq!(
            of(Digest::GitSha1(String::new())),
            "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f"
        );
    }
}
