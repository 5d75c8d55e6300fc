//! Memory-mapped files, the one place with `unsafe` in this crate.
#![expect(unsafe_code, reason = "mapping a file is unsafe by nature, see MappedFile")]

use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::{FileError, open_input};

/// A file as a read-only byte slice, without reading it into memory first.
///
/// The programs of lpp-rs replace files by renaming ([`AtomicFile`](crate::AtomicFile)), which leaves a mapping of
/// the old file intact; a file that another program truncates in place while it is mapped ends the process.
#[derive(Debug)]
pub struct MappedFile {
    map: Option<Mmap>,
    path: PathBuf,
}

impl MappedFile {
    /// Maps `path`. An empty file maps to an empty slice.
    ///
    /// # Errors
    /// [`FileError::Read`] if it cannot be opened or is a pipe or device, [`FileError::Malformed`] if it is a folder.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = open_input(path).map_err(FileError::read(path))?;
        let metadata = file.metadata().map_err(FileError::read(path))?;
        if metadata.is_dir() {
            return Err(FileError::malformed(path, "a folder", "a file"));
        }
        let map = if metadata.len() == 0 {
            None
        } else {
            // SAFETY: the mapping is private and read-only. Artefacts are only ever replaced by a rename, never changed
            // in place, so the mapped bytes do not change under the slice; the type's documentation names the exception.
            Some(unsafe { Mmap::map(&file) }.map_err(FileError::read(path))?)
        };
        Ok(Self {
            map,
            path: path.to_owned(),
        })
    }

    /// The file's name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}
