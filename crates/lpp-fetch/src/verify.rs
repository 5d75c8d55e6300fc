//! Verification of downloaded files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lpp_files::{Progress, sha256_of_file};
use lpp_steps::Provenance;
use serde::Serialize;

use crate::batch::in_parallel;
use crate::{DataSelection, Digest, FetchError, data_files};

/// A folder to check.
#[derive(Debug, Clone)]
pub struct VerifyJob {
    /// The folder: a study, or a cache of the hub.
    pub folder: PathBuf,
    /// The annotation folder of the study.
    pub annotation: PathBuf,
    /// Files of the data set that must exist; if `None`, only existing files are checked.
    pub required: Option<DataSelection>,
    /// Number of files read in parallel.
    pub n_threads: usize,
    /// Name of the program whose records (`<file>.json`) are checked: `lpp-fetch`.
    pub program: String,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerifyReport {
    /// Number of files with correct contents.
    pub n_good: usize,
    /// Their total size in bytes.
    pub bytes: u64,
    /// Files with wrong contents, and the problem.
    pub bad: Vec<BadFile>,
    /// Missing required files.
    pub missing: Vec<PathBuf>,
    /// Unfinished downloads.
    pub partial: Vec<PathBuf>,
}

/// A file with wrong contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadFile {
    /// The file.
    pub path: PathBuf,
    /// What was found and what was expected.
    pub problem: String,
}

/// A file with its expected size and hash.
struct Known {
    path: PathBuf,
    bytes: Option<u64>,
    digest: Digest,
}

impl VerifyJob {
    /// Reads and hashes every known file: those of the data set's manifest, those with a download record next to them,
    /// and the contents of a hub's cache, whose names are their hashes.
    ///
    /// # Errors
    /// [`FileError::Read`](lpp_files::FileError::Read) if a folder cannot be listed. A bad file is not an error; it is listed in the report.
    pub fn run(&self, progress: &dyn Progress) -> Result<VerifyReport, FetchError> {
        let mut report = VerifyReport::default();
        let mut known = self.data_set(&mut report)?;
        self.walk(&self.folder, &mut known, &mut report)?;
        progress.start(&format!("checking {} files", known.len()), known.len() as u64);
        let report = Mutex::new(report);
        let lock = || report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        in_parallel(&known, self.n_threads, |file| {
            let verdict = check(file);
            match verdict {
                Ok(bytes) => {
                    let mut report = lock();
                    report.n_good += 1;
                    report.bytes += bytes;
                }
                Err(problem) => lock().bad.push(BadFile {
                    path: file.path.clone(),
                    problem,
                }),
            }
            progress.advance(1);
            Ok(())
        })?;
        progress.finish();
        let mut report = report
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        report.bad.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(report)
    }

    fn data_set(&self, report: &mut VerifyReport) -> Result<Vec<Known>, FetchError> {
        let required = match &self.required {
            Some(selection) => selection.files()?.into_iter().map(|file| file.path).collect(),
            None => Vec::new(),
        };
        let mut known = Vec::new();
        for file in data_files()? {
            let path = match file.path.strip_prefix("annotation/") {
                Some(rest) => self.annotation.join(rest),
                None => self.folder.join(&file.path),
            };
            if path.is_file() {
                known.push(Known {
                    path,
                    bytes: Some(file.bytes),
                    digest: Digest::Md5(file.md5),
                });
            } else if required.contains(&file.path) {
                report.missing.push(path);
            }
        }
        Ok(known)
    }

    fn walk(
        &self,
        folder: &Path,
        known: &mut Vec<Known>,
        report: &mut VerifyReport,
    ) -> Result<(), FetchError> {
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(FetchError::read(folder))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let kind = entry.file_type().map_err(FetchError::read(&path))?;
            if kind.is_dir() {
                self.walk(&path, known, report)?;
            } else if kind.is_symlink() {
                if !path.exists() {
                    report.bad.push(BadFile {
                        path,
                        problem: "a broken link".to_owned(),
                    });
                }
            } else if is_partial(&path) {
                report.partial.push(path);
            } else if let Some(file) = self.recorded(&path).or_else(|| blob(&path)) {
                known.push(file);
            }
        }
        Ok(())
    }

    /// The file described by the record at `path`, if it is a record of lpp-fetch.
    fn recorded(&self, path: &Path) -> Option<Known> {
        let artefact = path.to_str()?.strip_suffix(".json").map(PathBuf::from)?;
        if !artefact.is_file() {
            return None;
        }
        let record = Provenance::load(&artefact).ok()?;
        record
            .software
            .starts_with(&format!("{} ", self.program))
            .then_some(Known {
                path: artefact,
                bytes: Some(record.output.bytes),
                digest: Digest::Sha256(record.output.sha256),
            })
    }
}

/// `models--org--name/blobs/HASH` of a hub's cache.
fn blob(path: &Path) -> Option<Known> {
    let folder = path.parent()?;
    let repository = folder.parent()?.file_name()?.to_str()?;
    if !folder.ends_with("blobs") || !repository.starts_with("models--") {
        return None;
    }
    Some(Known {
        digest: Digest::of_etag(path.file_name()?.to_str()?)?,
        path: path.to_owned(),
        bytes: None,
    })
}

fn is_partial(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".part") || name.ends_with(".incomplete")
}

/// The size of a good file, or what is wrong with it.
fn check(file: &Known) -> Result<u64, String> {
    let found = fs::metadata(&file.path).map_err(|e| e.to_string())?.len();
    if let Some(expected) = file.bytes.filter(|&bytes| bytes != found) {
        return Err(format!("{found} bytes, expected {expected}"));
    }
    let hash = match &file.digest {
        Digest::Sha256(_) => sha256_of_file(&file.path).map_err(|e| e.to_string())?,
        other => other.of_file(&file.path).map_err(|e| e.to_string())?,
    };
    if hash == file.digest.hex() {
        return Ok(found);
    }
    Err(format!(
        "{} {hash}, expected {}",
        file.digest.algorithm(),
        file.digest.hex()
    ))
}
