//! Reading surface files whole; compressed ones up to a size.

use std::io::Read;
use std::path::Path;

use lpp_files::{FileError, GzipReader};

use crate::FmriError;

/// No compressed surface holds more: fsaverage has 164 thousand vertices, 20 MB as text.
const MOST_BYTES: u64 = 1 << 29;

/// The bytes of a file, decompressed if it is gzip.
pub(super) fn read_all(path: &Path) -> Result<Vec<u8>, FmriError> {
    let bytes = lpp_files::read_input(path).map_err(FileError::read(path))?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let mut decoder = GzipReader::new(bytes.as_slice()).take(MOST_BYTES + 1);
    decoder.read_to_end(&mut plain).map_err(FileError::read(path))?;
    if plain.len() as u64 > MOST_BYTES {
        return Err(FmriError::malformed(path, "over 512 MiB compressed", "a surface"));
    }
    Ok(plain)
}
