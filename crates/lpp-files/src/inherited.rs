//! Files that apply to others by their names: sidecars and events of BIDS.

use std::fs;
use std::path::{Path, PathBuf};

use crate::BidsName;

/// Number of folders that may have such a file: `func`, session, subject, data set.
const FOLDERS_UP: usize = 4;

/// The files of a suffix and an ending that apply to the file `name` in `folder`, from near to far: in the folder and in
/// those above it, with no entity that the name has not. Of one folder, those with more entities come first.
///
/// # References
/// The inheritance principle of BIDS, <https://bids-specification.readthedocs.io>
#[must_use]
pub fn inherited_files(name: &BidsName, folder: &Path, suffix: &str, ending: &str) -> Vec<PathBuf> {
    let whole = folder.canonicalize().ok().filter(|_| folder.is_relative());
    let folder = whole.as_deref().unwrap_or(folder);
    let mut found = Vec::new();
    for folder in folder.ancestors().take(FOLDERS_UP) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut here: Vec<(usize, PathBuf)> = entries
            .map(|entry| (BidsName::of(&entry.path()), entry.path()))
            .filter(|(other, _)| other.suffix() == suffix && other.ending() == ending)
            .filter(|(other, _)| {
                other
                    .entities()
                    .all(|(key, label)| name.entity(key) == Some(label))
            })
            .map(|(other, path)| (other.entities().count(), path))
            .collect();
        here.sort();
        found.extend(here.into_iter().rev().map(|(_, path)| path));
    }
    found
}
