//! Files that appear complete or not at all.

use std::fs;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::FileError;
use crate::claims::take_claim;

/// Beginning and end of temporary names.
const UNFINISHED: (&str, &str) = (".lpp-", ".tmp");

/// Whether a file of this name was left over by a program that was killed while it wrote.
///
/// ```
/// assert!(lpp_files::is_unfinished(".lpp-90EQZB.tmp"));
/// ```
#[must_use]
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)
}

/// A file under a temporary name in the folder of its final one.
///
/// [`commit`](AtomicFile::commit) flushes it to disk and renames it; dropping it without a commit deletes it. A program
/// that is killed leaves at worst a hidden `.lpp-*` file, never an incomplete file under the final name.
///
/// ```
/// use std::io::Write;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("lpp-doc-atomic-{}", std::process::id()));
/// let mut file = lpp_files::AtomicFile::create(&folder.join("numbers.txt"))?;
/// writeln!(file, "1 2 3")?;
/// file.commit()?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    writer: BufWriter<NamedTempFile>,
    target: PathBuf,
}

impl AtomicFile {
    /// Opens a temporary file next to `target`, and creates its folder if needed.
    ///
    /// # Errors
    /// [`FileError::Write`] if the folder or the file cannot be made.
    pub fn create(target: &Path) -> Result<Self, FileError> {
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(FileError::write(target))?;
        if target.is_dir() {
            return Err(FileError::malformed(
                target,
                "a folder",
                "a file name to write to",
            ));
        }
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED.0)
            .suffix(UNFINISHED.1)
            .permissions(public_permissions())
            .tempfile_in(folder)
            .map_err(FileError::write(target))?;
        Ok(Self {
            writer: BufWriter::with_capacity(1 << 20, file),
            target: target.to_owned(),
        })
    }

    /// The final name.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Flushes everything to disk and gives the file its final name, replacing an existing file.
    ///
    /// # Errors
    /// [`FileError::Write`] if the disk is full or the rename fails; the final name is then untouched.
    pub fn commit(self) -> Result<(), FileError> {
        let target = self.target;
        let file = self
            .writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .map_err(FileError::write(&target))?;
        file.as_file().sync_all().map_err(FileError::write(&target))?;
        keep_claim(&target)?;
        #[cfg(feature = "fault-injection")]
        let fault = crate::fault::before_rename();
        file.persist(&target)
            .map_err(|e| FileError::write(&target)(e.error))?;
        #[cfg(feature = "fault-injection")]
        crate::fault::after_rename(fault);
        Ok(())
    }
}

/// Temporary files are private by default; results get the permissions of the umask.
fn public_permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.writer.seek(position)
    }
}

/// Writes `contents` to `path` atomically: completely or not at all.
///
/// # Errors
/// [`FileError::Write`] as in [`AtomicFile`].
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(contents).map_err(FileError::write(path))?;
    file.commit()
}

/// Writes the record of `output` now, if one is registered (see [`claim_output`](crate::claim_output)).
///
/// # Errors
/// [`FileError::Write`] if the record cannot be written.
pub fn keep_claim(output: &Path) -> Result<(), FileError> {
    // Taken out first: writing the record asks for the claim of the record's own file.
    let claim = take_claim(output);
    claim.map_or(Ok(()), |(record, content)| write_atomically(&record, &content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/er/out.bin");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn the_old_file_stands_until_the_new_one_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.txt");
        write_atomically(&target, b"old").unwrap();
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_folder_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomically(folder.path(), b"x").unwrap_err();
        assert!(error.to_string().contains("found a folder"), "{error}");
    }
}
