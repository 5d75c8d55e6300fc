//! Artefacts that this process is making: their first record is written just before the artefact itself.
//!
//! A file without a record is somebody else's. Without a claim, a program that is killed between the rename of an artefact and
//! that of its record would leave such a file and refuse it afterwards.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::{Provenance, StudyError};

static CLAIMS: LazyLock<Mutex<HashMap<PathBuf, Provenance>>> = LazyLock::new(Mutex::default);

/// The records to be written before artefacts of this process.
pub(crate) struct Claim;

impl Claim {
    /// `record` is to be written when the file `output` is about to get its name. A record that is there already says enough,
    /// if it is of the same program.
    pub(crate) fn register(output: &Path, record: Provenance) {
        let there = Provenance::load(output);
        if there.is_ok_and(|there| there.software == record.software) {
            claims().remove(output);
        } else {
            claims().insert(output.to_owned(), record);
        }
    }

    /// Writes the record of `output` if there is one to be written.
    pub(crate) fn keep(output: &Path) -> Result<(), StudyError> {
        let record = claims().remove(output);
        record.map_or(Ok(()), |record| record.save())
    }

    pub(crate) fn forget(output: &Path) {
        claims().remove(output);
    }
}

fn claims() -> MutexGuard<'static, HashMap<PathBuf, Provenance>> {
    // A panic of another thread leaves the map whole.
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}
