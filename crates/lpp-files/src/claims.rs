//! Records of outputs that this process is making: each is written just before its output.
//!
//! A file without a record belongs to the user. Without a claim, a program that is killed between the rename of an output and
//! that of its record would leave such a file and refuse to replace it afterwards.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::{FileError, write_atomically};

/// For each output the file of its record and what to write there.
type Claims = HashMap<PathBuf, (PathBuf, Vec<u8>)>;

static CLAIMS: LazyLock<Mutex<Claims>> = LazyLock::new(Mutex::default);

/// Registers the record to write just before the file `output` gets its name.
pub fn claim_output(output: &Path, record: PathBuf, content: Vec<u8>) {
    claims().insert(output.to_owned(), (record, content));
}

/// Writes the record of `output` now, if one is registered.
///
/// # Errors
/// [`FileError::Write`] if the record cannot be written.
pub fn keep_claim(output: &Path) -> Result<(), FileError> {
    // Taken out first: writing the record asks for the claim of the record's own file.
    let claim = claims().remove(output);
    claim.map_or(Ok(()), |(record, content)| write_atomically(&record, &content))
}

/// Drops the record registered for `output`.
pub fn forget_claim(output: &Path) {
    claims().remove(output);
}

fn claims() -> MutexGuard<'static, Claims> {
    // A panic of another thread leaves the map whole.
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}
