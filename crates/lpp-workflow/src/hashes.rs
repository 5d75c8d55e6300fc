//! Hashes of files, remembered as long as the stamp of a file (size, times, inode) stays the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{
    FileError, FileStamp, is_young, recorded_name, recorded_text, sha256_of_file, write_atomically,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    stamp: FileStamp,
    sha256: String,
}

/// The hashes of the files of a study.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    known: RefCell<BTreeMap<PathBuf, Known>>,
    /// Hashes of young files: good for this call alone, and only while their time stays.
    young: RefCell<BTreeMap<PathBuf, Known>>,
    file: Option<PathBuf>,
}

impl Hashes {
    /// Those that `file` remembers; an unreadable one remembers nothing.
    pub(crate) fn load(file: PathBuf) -> Self {
        let known = regular(&file).and_then(|_| fs::read(&file).ok());
        let known: Option<BTreeMap<String, Known>> =
            known.and_then(|text| serde_json::from_slice(&text).ok());
        let by_path = known.unwrap_or_default().into_iter();
        Self {
            known: RefCell::new(
                by_path
                    .map(|(path, known)| (recorded_name(&path).into(), known))
                    .collect(),
            ),
            young: RefCell::default(),
            file: Some(file),
        }
    }

    /// Writes the known hashes. If the file is lost, they are computed again.
    pub(crate) fn save(&self) -> Result<(), FileError> {
        let known = self.known.borrow();
        let by_text: BTreeMap<String, &Known> = known
            .iter()
            .map(|(path, known)| (recorded_text(path.as_os_str()), known))
            .collect();
        match (&self.file, serde_json::to_vec_pretty(&by_text)) {
            (Some(file), Ok(text)) => write_atomically(file, &text),
            _ => Ok(()),
        }
    }

    /// Drops the hashes of recently changed files, because a program has run since.
    pub(crate) fn forget_young(&self) {
        self.young.borrow_mut().clear();
    }

    /// The hash of a file; `None` if it cannot be read, a folder for one.
    pub(crate) fn of(&self, path: &Path) -> Option<String> {
        let metadata = regular(path)?;
        let stamp = FileStamp::of(&metadata);
        let is_same = |known: &&Known| known.stamp == stamp;
        for store in [&self.known, &self.young] {
            if let Some(known) = store.borrow().get(path).filter(is_same) {
                return Some(known.sha256.clone());
            }
        }
        let young = is_young(&metadata);
        let known = Known {
            stamp,
            sha256: sha256_of_file(path).ok()?,
        };
        let sha256 = known.sha256.clone();
        let store = if young { &self.young } else { &self.known };
        store.borrow_mut().insert(path.to_owned(), known);
        Some(sha256)
    }
}

/// The metadata of a file; `None` of a folder, pipe or device, and of nothing.
pub(crate) fn regular(path: &Path) -> Option<fs::Metadata> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_changed_file_has_another_hash_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let hashes = Hashes::load(folder.path().join("hashes.json"));
        assert_eq!(hashes.of(&path), None);
        fs::write(&path, "abc").unwrap();
        let first = hashes.of(&path).unwrap();
        assert_eq!(hashes.of(&path).unwrap(), first);
        hashes.forget_young();
        fs::write(&path, "abd").unwrap();
        assert_ne!(hashes.of(&path).unwrap(), first);
        assert!(hashes.known.borrow().is_empty(), "too young to be remembered");
        assert_eq!(hashes.of(folder.path()), None);
    }

    #[test]
    fn a_file_of_the_same_size_and_date_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let date = |time: SystemTime| {
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        };
        let hashes = Hashes::load(folder.path().join("hashes.json"));
        // Dates of long ago, of before 1970, and of last year.
        for age in [3_000_000_000, 300, 31_557_600] {
            let then = SystemTime::now() - Duration::from_secs(age);
            fs::write(&path, "abc").unwrap();
            date(then);
            let first = hashes.of(&path).unwrap();
            assert_eq!(hashes.of(&path).unwrap(), first);
            fs::write(&path, "abd").unwrap();
            date(then);
            assert_ne!(hashes.of(&path).unwrap(), first);
            // Another file under the same name.
            let other = folder.path().join("other");
            fs::write(&other, "abc").unwrap();
            fs::rename(&other, &path).unwrap();
            date(then);
            assert_eq!(hashes.of(&path).unwrap(), first);
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
        let hashes = Hashes::load(store.clone());
        let first = hashes.of(&path).unwrap();
        hashes.save().unwrap();
        let again = Hashes::load(store);
        assert_eq!(again.known.borrow().len(), 1);
        assert_eq!(again.of(&path).unwrap(), first);
        fs::write(&path, "abcd").unwrap();
        assert_ne!(again.of(&path).unwrap(), first);
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
            let hashes = Hashes::default();
            fs::write(&path, "abc").unwrap();
            date(time);
            let first = hashes.of(&path).unwrap();
            assert_eq!(hashes.known.borrow().len(), 1);
            std::thread::sleep(Duration::from_millis(20)); // longer than a tick of the clock
            fs::write(&path, "abd").unwrap();
            date(time);
            assert_ne!(hashes.of(&path).unwrap(), first);
        }
    }
}
