//! Checks of the free disk space.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::FetchError;

/// Space to leave free: folders, journals and logs need some blocks too.
const MARGIN: u64 = 16 << 20;

/// The nearest existing folder at or above `path`.
fn existing(path: &Path) -> PathBuf {
    let found = path.ancestors().find(|folder| folder.is_dir());
    found.unwrap_or(Path::new(".")).to_owned()
}

/// Bytes that this user can still write on the disk of `folder`.
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Checks that each disk has enough space for the bytes to be written.
///
/// # Errors
/// [`FetchError::NoSpace`]. A disk of unknown free space is assumed to have enough.
pub(crate) fn require<'a>(writes: impl IntoIterator<Item = (&'a Path, u64)>) -> Result<(), FetchError> {
    let mut disks: Vec<(u64, PathBuf, u64)> = Vec::new();
    for (path, bytes) in writes {
        let folder = existing(path);
        let Ok(device) = std::fs::metadata(&folder).map(|there| there.dev()) else {
            continue;
        };
        match disks.iter_mut().find(|disk| disk.0 == device) {
            Some(disk) => disk.2 += bytes,
            None => disks.push((device, folder, bytes)),
        }
    }
    for (_, folder, needed) in disks {
        match free(&folder) {
            Some(free) if needed > 0 && free < needed.saturating_add(MARGIN) => {
                return Err(FetchError::NoSpace { folder, needed, free });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_disk_has_is_refused_before_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("not/there/yet");
        require([(deep.as_path(), 1)]).unwrap();
        let error = require([(deep.as_path(), 1 << 62)]).unwrap_err().to_string();
        assert!(
            error.contains("bytes are free") && error.contains("4611686018427387904"),
            "{error}"
        );
    }
}
