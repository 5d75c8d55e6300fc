//! Hashes of files, remembered as long as the stamp of a file (size, times, inode) stays the same.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::recorded::{recorded_name, recorded_text};
use crate::{FileError, FileStamp, is_young, sha256_of_file, write_atomically};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    stamp: FileStamp,
    sha256: String,
}

type Store = Mutex<HashMap<PathBuf, Known>>;

/// Hashes of files by path. A file is read again if its [`FileStamp`] has changed.
///
/// Young files, whose next change may not change their stamp, are remembered only by a memo with a file, and only until
/// [`HashMemo::forget_young`].
#[derive(Debug, Default)]
pub struct HashMemo {
    known: Store,
    young: Store,
    file: Option<PathBuf>,
}

impl HashMemo {
    /// The hashes that were saved to `file`; none if it cannot be read.
    #[must_use]
    pub fn load(file: PathBuf) -> Self {
        let known = is_regular(&file).then(|| crate::read_input(&file).ok()).flatten();
        let known: Option<BTreeMap<String, Known>> =
            known.and_then(|text| crate::json::from_slice(&text).ok());
        let by_path = known.unwrap_or_default().into_iter();
        Self {
            known: Mutex::new(
                by_path
                    .map(|(path, known)| (recorded_name(&path).into(), known))
                    .collect(),
            ),
            young: Store::default(),
            file: Some(file),
        }
    }

    /// Writes the hashes to the file of [`HashMemo::load`]; without one, nothing. If the file is lost, they are computed
    /// again.
    ///
    /// # Errors
    /// [`FileError::Write`] naming the file.
    pub fn save(&self) -> Result<(), FileError> {
        let known = locked(&self.known);
        let by_text: BTreeMap<String, &Known> = known
            .iter()
            .map(|(path, known)| (recorded_text(path.as_os_str()), known))
            .collect();
        match (&self.file, serde_json::to_vec_pretty(&by_text)) {
            (Some(file), Ok(text)) => write_atomically(file, &text),
            _ => Ok(()),
        }
    }

    /// Drops the hashes of young files: call it when they may have changed, for example after a program has run.
    pub fn forget_young(&self) {
        locked(&self.young).clear();
    }

    /// The SHA-256 of a file.
    ///
    /// # Errors
    /// As [`sha256_of_file`].
    pub fn of(&self, path: &Path) -> Result<String, FileError> {
        let metadata = fs::metadata(path).map_err(FileError::read(path))?;
        let stamp = FileStamp::of(&metadata);
        for store in [&self.known, &self.young] {
            if let Some(known) = locked(store).get(path).filter(|known| known.stamp == stamp) {
                return Ok(known.sha256.clone());
            }
        }
        // Asked before the file is read: it may be young no more when it has been.
        let young = is_young(&metadata);
        let sha256 = sha256_of_file(path)?;
        let store = match (young, &self.file) {
            (false, _) => &self.known,
            (true, Some(_)) => &self.young,
            (true, None) => return Ok(sha256),
        };
        let known = Known {
            stamp,
            sha256: sha256.clone(),
        };
        locked(store).insert(path.to_owned(), known);
        Ok(sha256)
    }

    /// The same; `None` for anything but a readable file, for example a folder or a pipe, which is not opened.
    #[must_use]
    pub fn of_regular(&self, path: &Path) -> Option<String> {
        is_regular(path).then(|| self.of(path).ok()).flatten()
    }
}

fn is_regular(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn locked(store: &Store) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_changed_file_has_another_hash_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let hashes = HashMemo::load(folder.path().join("hashes.json"));
        assert_eq!(hashes.of_regular(&path), None);
        fs::write(&path, "abc").unwrap();
        let first = hashes.of_regular(&path).unwrap();
        assert_eq!(hashes.of_regular(&path).unwrap(), first);
        hashes.forget_young();
        fs::write(&path, "abd").unwrap();
        assert_ne!(hashes.of_regular(&path).unwrap(), first);
        assert!(locked(&hashes.known).is_empty(), "too young to be remembered");
        assert_eq!(hashes.of_regular(folder.path()), None);
    }

    #[test]
    fn a_file_of_the_same_size_and_date_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let date = |time: SystemTime| {
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        };
        let hashes = HashMemo::load(folder.path().join("hashes.json"));
        // Dates of long ago, of before 1970, and of last year.
        for age in [3_000_000_000, 300, 31_557_600] {
            let then = SystemTime::now() - Duration::from_secs(age);
            fs::write(&path, "abc").unwrap();
            date(then);
            let first = hashes.of_regular(&path).unwrap();
            assert_eq!(hashes.of_regular(&path).unwrap(), first);
            fs::write(&path, "abd").unwrap();
            date(then);
            assert_ne!(hashes.of_regular(&path).unwrap(), first);
            // Another file under the same name.
            let other = folder.path().join("other");
            fs::write(&other, "abc").unwrap();
            fs::rename(&other, &path).unwrap();
            date(then);
            assert_eq!(hashes.of_regular(&path).unwrap(), first);
        }
    }

    #[test]
    fn an_old_file_is_remembered_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, store) = (folder.path().join("file"), folder.path().join("hashes.json"));
        fs::write(&path, "abc").unwrap();
        let old = SystemTime::now() - Duration::from_mins(1);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(old)
            .unwrap();
        let hashes = HashMemo::load(store.clone());
        let first = hashes.of_regular(&path).unwrap();
        hashes.save().unwrap();
        let again = HashMemo::load(store);
        assert_eq!(locked(&again.known).len(), 1);
        assert_eq!(again.of_regular(&path).unwrap(), first);
        fs::write(&path, "abcd").unwrap();
        assert_ne!(again.of_regular(&path).unwrap(), first);
    }

    #[test]
    fn a_date_before_1970_or_put_back_deceives_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let date = |time: SystemTime| {
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        };
        for time in [
            SystemTime::UNIX_EPOCH - Duration::from_hours(87672),
            SystemTime::UNIX_EPOCH,
            SystemTime::now() - Duration::from_hours(1),
        ] {
            let hashes = HashMemo::default();
            fs::write(&path, "abc").unwrap();
            date(time);
            let first = hashes.of_regular(&path).unwrap();
            assert_eq!(locked(&hashes.known).len(), 1);
            std::thread::sleep(Duration::from_millis(20)); // longer than a tick of the clock
            fs::write(&path, "abd").unwrap();
            date(time);
            assert_ne!(hashes.of_regular(&path).unwrap(), first);
        }
    }
}
