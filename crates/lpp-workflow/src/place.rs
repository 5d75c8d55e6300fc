//! Where files of a study are, and the version whose files count as current.

use std::path::{Path, PathBuf};

use lpp_study::Study;

/// Version that must have made the files.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `path` relative to the study folder, if it is inside it.
pub(crate) fn relative(study: &Study, path: &Path) -> PathBuf {
    path.strip_prefix(study.root()).unwrap_or(path).to_owned()
}

/// Where a file that a provenance names is now: at that place in the study, or in the study under the last parts of its
/// name, as when it was made from another folder or the study was moved, or outside.
pub(crate) fn place_of(study: &Study, recorded: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = recorded
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect();
    if recorded.is_absolute() && recorded.exists() {
        return Some(recorded.to_owned());
    }
    (0..parts.len())
        .map(|first| study.root().join(parts[first..].iter().collect::<PathBuf>()))
        .find(|path| path.exists())
        .or_else(|| recorded.exists().then(|| recorded.to_owned()))
}
