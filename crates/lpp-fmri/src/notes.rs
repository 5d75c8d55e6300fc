//! Remarks on files, each said once a process however often the file is opened.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Warns of something about a file, unless this process has said it before.
pub fn warn_once(path: &Path, note: &str) {
    let line = format!("{}: {note}", path.display());
    let new = SAID
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(line.clone());
    if new {
        tracing::warn!("{line}");
    }
}
