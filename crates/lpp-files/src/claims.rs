//! Records of outputs that this process is making. Each is written just before its output.
//!
//! A file without a record belongs to the user. Without a claim, a program killed between the rename of an output and
//! that of its record would leave such a file and later refuse to replace it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// For each output, the file and content of its record.
type Claims = HashMap<PathBuf, (PathBuf, Vec<u8>)>;

static CLAIMS: LazyLock<Mutex<Claims>> = LazyLock::new(Mutex::default);

/// Registers the record to be written just before the file `output` gets its name.
pub fn claim_output(output: &Path, record: PathBuf, content: Vec<u8>) {
    claims().insert(output.to_owned(), (record, content));
}

/// Removes and returns the record registered for `output`.
pub(crate) fn take_claim(output: &Path) -> Option<(PathBuf, Vec<u8>)> {
    claims().remove(output)
}

/// Drops the record registered for `output`.
pub fn forget_claim(output: &Path) {
    claims().remove(output);
}

fn claims() -> MutexGuard<'static, Claims> {
    // A panic of another thread leaves the map whole.
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}
