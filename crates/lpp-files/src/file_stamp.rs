//! Detects whether a file has changed.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A file changed less than this before it was hashed could change again without a change of its time.
const TOO_YOUNG: Duration = Duration::from_secs(2);

/// Identifies the state of a file: its size, its times and its position on disk.
///
/// The change time (ctime) cannot be set, so a file of the same size with its modification time reset is detected too.
/// Times may be before 1970. Only one case is not detected: contents that change within one tick of the system's clock
/// (some milliseconds) after they were hashed, by a program that resets the modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

impl FileStamp {
    /// The stamp of a file.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// Whether a file is so recent, or dated in the future, that its next change may not change its time.
#[must_use]
pub fn is_young(metadata: &Metadata) -> bool {
    let age = metadata
        .modified()
        .ok()
        .map(|time| SystemTime::now().duration_since(time));
    !matches!(age, Some(Ok(age)) if age >= TOO_YOUNG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn a_change_shows_whatever_the_date_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let stamp = || FileStamp::of(&fs::metadata(&path).unwrap());
        let date = |time: SystemTime| {
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        };
        for time in [
            SystemTime::UNIX_EPOCH - Duration::from_hours(87672),
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            SystemTime::now() + Duration::from_hours(24),
        ] {
            fs::write(&path, "one").unwrap();
            date(time);
            let before = stamp();
            assert_eq!(stamp(), before);
            std::thread::sleep(Duration::from_millis(20)); // longer than a tick
            fs::write(&path, "two").unwrap();
            date(time);
            assert_ne!(stamp(), before);
            let text = serde_json::to_string(&before).unwrap();
            assert_eq!(serde_json::from_str::<FileStamp>(&text).unwrap(), before);
        }
    }

    #[test]
    fn files_of_the_last_two_seconds_and_of_the_future_are_young() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        let dated = |time: SystemTime| {
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
            is_young(&fs::metadata(&path).unwrap())
        };
        assert!(dated(SystemTime::now()) && dated(SystemTime::now() + Duration::from_hours(1)));
        assert!(!dated(SystemTime::now() - Duration::from_secs(3)));
        assert!(!dated(SystemTime::UNIX_EPOCH - Duration::from_secs(1)));
    }
}
