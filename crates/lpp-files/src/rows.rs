//! Tables of unknown origin: many tiny rows would take fifty times their file.

use std::path::Path;

use crate::FileError;

/// What the rows of a table may take besides the memory in proportion to its length.
const SPARE: usize = 60 << 20;

/// How many times its length a table may take; its text may be in memory too.
const TIMES: usize = 3;

/// Most rows in a file of `n_bytes` whose rows take `each` bytes of memory: they fill 60 MiB and three times its length.
///
/// ```
/// assert_eq!(lpp_files::most_rows(1 << 20, 1 << 20), 63);
/// ```
#[must_use]
pub fn most_rows(n_bytes: usize, each: usize) -> usize {
    (SPARE + TIMES * n_bytes) / each.max(1)
}

/// Refuses a text whose lines, built as rows of `each` bytes and more, would take more than 60 MiB and three times its
/// length.
///
/// ```
/// let path = std::path::Path::new("words.csv");
/// assert!(lpp_files::check_rows(path, &"a,0,1\n".repeat(100_000), 400).is_ok());
/// assert!(lpp_files::check_rows(path, &"a,0,1\n".repeat(1_000_000), 400).is_err());
/// ```
///
/// # Errors
/// [`FileError::Malformed`] with the number of rows.
pub fn check_rows(path: &Path, text: &str, each: usize) -> Result<(), FileError> {
    let bytes = text.as_bytes();
    let alone = |pair: &&[u8]| pair[0] == b'\r' && pair[1] != b'\n';
    let n_rows = text.matches('\n').count() + bytes.windows(2).filter(alone).count();
    check_row_count(path, bytes.len(), n_rows, each)
}

/// As [`check_rows`], for rows that are not lines.
///
/// # Errors
/// [`FileError::Malformed`] with the number of rows.
pub fn check_row_count(path: &Path, n_bytes: usize, n_rows: usize, each: usize) -> Result<(), FileError> {
    let most = most_rows(n_bytes, each);
    if n_rows <= most {
        return Ok(());
    }
    let expected = format!("at most {most} in a file of its length");
    Err(FileError::malformed(path, format!("{n_rows} rows"), expected))
}
