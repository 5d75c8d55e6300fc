//! Reading surface files whole, up to a size.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lpp_files::{FileError, GzipReader};

use crate::ReportError;

/// No surface is larger: fsaverage has 164 thousand vertices, 20 MB as text.
const MOST_BYTES: u64 = 1 << 29;

/// The bytes of a file, decompressed if it is gzip.
pub(super) fn read_all(path: &Path) -> Result<Vec<u8>, ReportError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    Read::by_ref(&mut file)
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        GzipReader::new(bytes.as_slice())
            .take(MOST_BYTES + 1)
            .read_to_end(&mut plain)
            .map_err(failed)?;
        bytes = plain;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ReportError::mesh(path, "over 512 MiB", "a surface"));
    }
    Ok(bytes)
}
