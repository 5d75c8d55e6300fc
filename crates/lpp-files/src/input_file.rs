//! Files that are read: regular ones, up to the end that they have when they are opened.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Opens a file for reading; a pipe or device is refused.
///
/// A pipe in somebody else's folder would wait for a writer, and a device may have no end.
///
/// ```
/// let error = lpp_files::open_input("/dev/zero".as_ref()).unwrap_err();
/// assert!(error.to_string().contains("a pipe or device"));
/// ```
///
/// # Errors
/// The error of the system, and [`io::ErrorKind::InvalidInput`] for a pipe, device or socket.
pub fn open_input(path: &Path) -> io::Result<File> {
    check(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// The contents of a file, as [`open_input`] opens it.
///
/// # Errors
/// Those of [`open_input`], and [`io::ErrorKind::InvalidData`] if there is more to read than the file's length, as in the
/// system's own files.
pub fn read_input(path: &Path) -> io::Result<Vec<u8>> {
    let file = open_input(path)?;
    let mut bytes = Vec::new();
    bounded(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The contents of a file as UTF-8.
///
/// # Errors
/// Those of [`read_input`], and [`io::ErrorKind::InvalidData`] for other bytes than UTF-8.
pub fn read_input_text(path: &Path) -> io::Result<String> {
    let file = open_input(path)?;
    let mut text = String::new();
    bounded(file)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The file up to the length that it has now; an error if there is more.
pub(crate) fn bounded(file: File) -> io::Result<impl Read> {
    let left = file.metadata()?.len();
    Ok(Bounded { file, left })
}

struct Bounded {
    file: File,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            let problem = "there is more to read than the file's length; a file that does not change while it is read was expected";
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?;
        Ok(n)
    }
}

fn check(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() || metadata.is_dir() {
        return Ok(()); // reading a folder gives the system's error
    }
    let problem = "found a pipe or device, expected a file";
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_no_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [pipe.as_path(), &link] {
            for error in [read_input(path).unwrap_err(), read_input_text(path).unwrap_err()] {
                assert!(error.to_string().contains("a pipe or device"), "{error}");
            }
        }
        let error = read_input("/proc/self/status".as_ref()).unwrap_err();
        assert!(error.to_string().contains("the file's length"), "{error}");
        assert!(read_input(folder.path()).is_err());
    }

    #[test]
    fn a_file_is_read_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(read_input(file.path()).unwrap(), b"");
        fs::write(file.path(), "é".repeat(10_000)).unwrap();
        assert_eq!(read_input_text(file.path()).unwrap().chars().count(), 10_000);
        fs::write(file.path(), [0xff]).unwrap();
        assert!(read_input_text(file.path()).is_err());
    }
}
