//! A file during its download, under a temporary name until it is complete and verified.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use lpp_files::{open_own_file, replace_own_file};

use crate::FetchError;

/// A partial file, locked against other processes.
///
/// Its bytes were received in order from the start, so a download can be resumed at its end after the process was
/// killed. The ETag of the complete file is stored next to it, if requested (`.part.etag`).
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    etag_file: Option<PathBuf>,
    etag: Option<String>,
}

/// `NAME.part`, next to the final name.
pub(crate) fn part_of(target: &Path) -> PathBuf {
    with_ending(target, ".part")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Part {
    /// Opens or creates the partial file at `path`, and its folder.
    pub(crate) fn open(path: &Path, keep_etag: bool) -> Result<Self, FetchError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(FetchError::write(path))?;
        }
        let file = locked(path)?;
        let etag_file = keep_etag.then(|| with_ending(path, ".etag"));
        let etag = etag_file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        Ok(Self {
            path: path.to_owned(),
            file,
            etag_file,
            etag,
        })
    }

    /// Bytes received so far.
    pub(crate) fn len(&self) -> Result<u64, FetchError> {
        let metadata = self.file.metadata().map_err(FetchError::read(&self.path))?;
        Ok(metadata.len())
    }

    /// The ETag of the complete file, if the server gave one that identifies contents.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Stores the ETag of the current answer. A weak ETag does not guarantee equal bytes (RFC 9110, section 8.8.1).
    pub(crate) fn note_etag(&mut self, etag: Option<&str>) -> Result<(), FetchError> {
        let etag = etag.filter(|etag| etag.starts_with('"')).map(str::to_owned);
        if etag == self.etag {
            return Ok(());
        }
        if let Some(file) = &self.etag_file {
            match &etag {
                Some(etag) => replace_own_file(file)
                    .and_then(|mut file| file.write_all(etag.as_bytes()))
                    .map_err(FetchError::write(file))?,
                None => remove_if_there(file)?,
            }
        }
        self.etag = etag;
        Ok(())
    }

    /// Deletes the bytes received.
    pub(crate) fn restart(&mut self) -> Result<(), FetchError> {
        self.file.set_len(0).map_err(FetchError::write(&self.path))?;
        self.note_etag(None)
    }

    /// Moves to the end, to append.
    pub(crate) fn seek_end(&mut self) -> Result<u64, FetchError> {
        self.file
            .seek(SeekFrom::End(0))
            .map_err(FetchError::write(&self.path))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|error| {
            if matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ) {
                return FetchError::DiskFull {
                    path: self.path.clone(),
                    written: self.len().unwrap_or(0),
                };
            }
            FetchError::write(&self.path)(error)
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the verified file its final name.
    pub(crate) fn finish(self, target: &Path) -> Result<(), FetchError> {
        self.file.sync_all().map_err(FetchError::write(target))?;
        fs::rename(&self.path, target).map_err(FetchError::write(target))?;
        self.etag_file.as_deref().map_or(Ok(()), remove_if_there)
    }

    /// Deletes the file.
    pub(crate) fn discard(self) -> Result<(), FetchError> {
        remove_if_there(&self.path)?;
        self.etag_file.as_deref().map_or(Ok(()), remove_if_there)
    }
}

fn remove_if_there(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FetchError::write(path)(error)),
        _ => Ok(()),
    }
}

/// The file at `path`, locked. Between opening and locking, another process may have given it its final name; then
/// `path` is a different file or does not exist, and is opened again.
fn locked(path: &Path) -> Result<File, FetchError> {
    loop {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let file = open_own_file(path, &mut options).map_err(FetchError::write(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FetchError::Locked {
                    path: path.to_owned(),
                });
            }
            // Some network file systems know no locks; downloads work there, but not two of one file at a time.
            Err(TryLockError::Error(error)) => tracing::debug!("{}: no lock ({error})", path.display()),
        }
        let ours = file.metadata().map_err(FetchError::read(path))?;
        if fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_do_not_write_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.part");
        let first = Part::open(&path, true).unwrap();
        assert!(matches!(Part::open(&path, true), Err(FetchError::Locked { .. })));
        drop(first);
        Part::open(&path, true).unwrap();
    }

    #[test]
    fn a_weak_etag_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::open(&folder.path().join("a.part"), true).unwrap();
        part.note_etag(Some("\"1\"")).unwrap();
        assert_eq!(part.etag(), Some("\"1\""));
        part.note_etag(Some("W/\"1\"")).unwrap();
        assert_eq!(part.etag(), None);
        assert!(!folder.path().join("a.part.etag").exists());
    }

    #[test]
    fn a_full_disk_is_told_with_what_was_written() {
        // Linux has a file on a disk that is always full.
        let full = Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let mut part = Part {
            path: full.to_owned(),
            file: OpenOptions::new().write(true).open(full).unwrap(),
            etag_file: None,
            etag: None,
        };
        let error = part.write(b"abc").unwrap_err();
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }
}
