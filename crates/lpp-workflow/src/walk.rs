//! The files of a study.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::WorkflowError;

/// The content of a folder and its subfolders, without hidden folders.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files, including link targets, in order.
    pub(crate) files: Vec<PathBuf>,
    /// Links to files and folders.
    pub(crate) links: Vec<PathBuf>,
    /// Pipes, devices and links to nothing.
    pub(crate) odd: Vec<PathBuf>,
    /// Links in the place of a folder that programs use, to one that has the whole study in it: they are not followed.
    pub(crate) circular: Vec<PathBuf>,
    /// Folders that were listed, by device and inode: with links there are several ways to one.
    visited: BTreeSet<(u64, u64)>,
    /// Folders to be listed before all others.
    next: Vec<Folder>,
    /// Folders to be listed then.
    later: VecDeque<Folder>,
}

/// A folder to be listed.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Whether programs use what is in it, through links too.
    is_used: bool,
}

impl Walk {
    /// Lists `root` but not `except`. Links to folders are followed in the place and inside of the folders `used` at its top, as
    /// programs follow them; a folder is listed once, under the first of these names that leads to it. Of other linked folders
    /// the content is not listed, because it may be anything.
    ///
    /// # Errors
    /// [`WorkflowError::Io`] naming the folder that cannot be read.
    pub(crate) fn of(root: &Path, except: &Path, used: &[&str]) -> Result<Self, WorkflowError> {
        let mut walk = Self::default();
        let real_root = root.canonicalize().map_err(WorkflowError::io(root))?;
        let first = used.iter().map(|name| root.join(name));
        for path in first.filter(|path| path.is_dir() && !has_inside(path, &real_root)) {
            walk.later.push_back(Folder { path, is_used: true });
        }
        walk.later.push_back(Folder {
            path: root.to_owned(),
            is_used: false,
        });
        // Lists rather than calls of itself: a study may be as deep as paths can be.
        while let Some(folder) = walk.next.pop().or_else(|| walk.later.pop_front()) {
            let metadata = fs::metadata(&folder.path).map_err(WorkflowError::io(&folder.path))?;
            if !walk.visited.insert((metadata.dev(), metadata.ino())) {
                continue;
            }
            for path in sorted(&folder.path)?.into_iter().filter(|path| path != except) {
                let at_top = || path.parent() == Some(root) && used.iter().any(|name| path.ends_with(name));
                let is_used = folder.is_used || at_top();
                walk.add(Folder { path, is_used }, &real_root)?;
            }
        }
        walk.files.sort();
        Ok(walk)
    }

    /// Adds what a path leads to.
    fn add(&mut self, found: Folder, real_root: &Path) -> Result<(), WorkflowError> {
        let path = &found.path;
        let metadata = fs::symlink_metadata(path).map_err(WorkflowError::io(path))?;
        let name = path.file_name().unwrap_or_default();
        if metadata.is_dir() {
            if !name.as_encoded_bytes().starts_with(b".") {
                self.next.push(found);
            }
        } else if metadata.is_file() {
            self.files.push(found.path);
        } else if path.is_file() {
            self.links.push(path.clone());
            self.files.push(found.path);
        } else if path.is_dir() {
            self.links.push(path.clone());
            if found.is_used && has_inside(path, real_root) {
                self.circular.push(found.path);
            } else if found.is_used {
                self.later.push_back(found);
            }
        } else {
            self.odd.push(found.path);
        }
        Ok(())
    }
}

/// Whether `folder` is, or has in it, the folder `inner`, which is named without links.
fn has_inside(folder: &Path, inner: &Path) -> bool {
    folder
        .canonicalize()
        .is_ok_and(|folder| inner.starts_with(folder))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, WorkflowError> {
    let entries = fs::read_dir(folder).map_err(WorkflowError::io(folder))?;
    let paths = entries.map(|entry| -> io::Result<PathBuf> { Ok(entry?.path()) });
    let mut paths: Vec<PathBuf> = paths
        .collect::<io::Result<_>>()
        .map_err(WorkflowError::io(folder))?;
    paths.sort();
    Ok(paths)
}
