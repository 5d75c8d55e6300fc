//! The files of a study, links not followed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::WorkflowError;

/// The content of a folder and its subfolders, without hidden folders.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files, including link targets, in order.
    pub(crate) files: Vec<PathBuf>,
    /// Links to files and folders. The content of a linked folder is not listed, because it may be the study itself.
    pub(crate) links: Vec<PathBuf>,
    /// Pipes, devices and links to nothing.
    pub(crate) odd: Vec<PathBuf>,
}

impl Walk {
    /// Lists `folder` but not `except`.
    ///
    /// # Errors
    /// [`WorkflowError::Io`] naming the folder that cannot be read.
    pub(crate) fn of(folder: &Path, except: &Path) -> Result<Self, WorkflowError> {
        let mut walk = Self::default();
        // A list rather than calls of itself: a study may be as deep as paths can be.
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in sorted(&folder)? {
                if path != except {
                    walk.add(path, &mut folders)?;
                }
            }
        }
        walk.files.sort();
        Ok(walk)
    }

    fn add(&mut self, path: PathBuf, folders: &mut Vec<PathBuf>) -> Result<(), WorkflowError> {
        let metadata = fs::symlink_metadata(&path).map_err(WorkflowError::io(&path))?;
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if metadata.is_dir() {
            if !hidden {
                folders.push(path);
            }
        } else if metadata.is_file() {
            self.files.push(path);
        } else if path.is_file() {
            self.links.push(path.clone());
            self.files.push(path);
        } else if path.is_dir() {
            self.links.push(path);
        } else {
            self.odd.push(path);
        }
        Ok(())
    }
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
