//! Warnings about files, each given once per process, however often the file is opened.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Warns about a file, unless this process has already given the same warning.
///
/// ```
/// // The second call writes nothing.
/// for _run in 0..2 {
///     lpp_fmri::warn_once("atlas.nii.gz".as_ref(), "3 labels have no name");
/// }
/// ```
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
