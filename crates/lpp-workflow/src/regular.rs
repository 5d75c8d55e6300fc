//! Files that may be opened without waiting for another process.

use std::fs;
use std::path::Path;

/// The metadata of a file; `None` of a folder, pipe or device, and of nothing.
pub(crate) fn regular(path: &Path) -> Option<fs::Metadata> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)
}
