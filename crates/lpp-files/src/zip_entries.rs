//! Zip archives in which two entries have one name.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::{FileError, open_input};

/// How an entry of the directory begins.
const ENTRY: [u8; 4] = *b"PK\x01\x02";

/// The part of an entry that has always the same length.
const BYTES_OF_ENTRY: usize = 46;

/// Refuses a zip archive in which two entries have one name.
///
/// Reading libraries keep one of them and say nothing. `directory` is where the archive's directory begins, and `n_names` how
/// many entries a library found in it.
///
/// # Errors
/// [`FileError::Read`] if the file cannot be read, [`FileError::Malformed`] if its directory lists another number of entries.
pub fn check_zip_names(path: &Path, directory: u64, n_names: usize) -> Result<(), FileError> {
    let file = open_input(path).map_err(FileError::read(path))?;
    let n = n_entries(file, directory).map_err(FileError::read(path))?;
    if n == n_names {
        return Ok(());
    }
    let found = format!("{n} entries with {n_names} names");
    Err(FileError::malformed(
        path,
        found,
        "a zip archive with one entry of each name",
    ))
}

/// Number of entries that are listed from the byte `start`.
fn n_entries<R: Read + Seek>(mut archive: R, start: u64) -> io::Result<usize> {
    archive.seek(SeekFrom::Start(start))?;
    let mut archive = BufReader::new(archive);
    let mut n = 0;
    let mut entry = [0; BYTES_OF_ENTRY];
    while is_read(&mut archive, &mut entry)? && entry.starts_with(&ENTRY) {
        n += 1;
        // The lengths of the name, of more fields and of a comment, which follow.
        let length = |at: usize| i64::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
        archive.seek_relative(length(28) + length(30) + length(32))?;
    }
    Ok(n)
}

/// Whether the buffer could be filled.
fn is_read(archive: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match archive.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn entry(name: &str, comment: &str) -> Vec<u8> {
        let mut bytes = vec![0; BYTES_OF_ENTRY];
        bytes[..4].copy_from_slice(&ENTRY);
        bytes[28] = u8::try_from(name.len()).unwrap();
        bytes[32] = u8::try_from(comment.len()).unwrap();
        [&bytes, name.as_bytes(), comment.as_bytes()].concat()
    }

    #[test]
    fn entries_are_counted_to_the_end_of_the_directory() {
        let end = [&b"PK\x05\x06"[..], &[0; 100]].concat();
        for (n, entries) in [
            vec![],
            vec![entry("a", "")],
            vec![entry("a", "PK\x01\x02"), entry("a", "")],
        ]
        .into_iter()
        .enumerate()
        {
            let bytes = [vec![7; 3], entries.concat(), end.clone()].concat();
            assert_eq!(n_entries(Cursor::new(&bytes), 3).unwrap(), n);
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [entry("a", ""), entry("a", "")].concat()).unwrap();
        assert!(check_zip_names(file.path(), 0, 2).is_ok());
        let error = check_zip_names(file.path(), 0, 1).unwrap_err().to_string();
        assert!(error.contains("found 2 entries with 1 names"), "{error}");
        // Entries that the file cuts short are not counted.
        assert_eq!(n_entries(Cursor::new(&entry("a", "")[..40]), 0).unwrap(), 0);
    }
}
