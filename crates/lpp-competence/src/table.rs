//! Tables as CSV, one struct a row.

use std::path::Path;

use lpp_files::{AtomicFile, BoundedRows, FileError};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

/// Memory that the texts of a row take.
const BYTES_OF_TEXTS: usize = 128;

/// Writes rows as CSV, completely or not at all. Numbers come back to the last bit.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written.
pub fn save_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), FileError> {
    let mut writer = csv::Writer::from_writer(AtomicFile::create(path)?);
    for row in rows {
        writer
            .serialize(row)
            .map_err(|e| FileError::write(path)(std::io::Error::other(e)))?;
    }
    let file = writer
        .into_inner()
        .map_err(|e| FileError::write(path)(e.into_error()))?;
    file.commit()
}

/// Reads the rows of a table that [`save_rows`] wrote.
///
/// # Errors
/// [`FileError`] if the file cannot be read or has other columns.
pub fn load_rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FileError> {
    let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
    // A list that grows has up to three times its places.
    let rows = BoundedRows::new(file).with_rows_of(3 * size_of::<T>() + BYTES_OF_TEXTS);
    let mut reader = csv::Reader::from_reader(rows);
    let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
    rows.map_err(|e| FileError::malformed(path, e.to_string(), "a table of lpp-score"))
}

/// 1 and 0 without decimals, as whole numbers are written.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
pub(crate) fn shortest<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
