//! The folder next to an output in which a streamed run keeps its finished work.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use lpp_files::{AtomicFile, FileHash, is_unfinished, make_own_folder, open_own_file, write_atomically};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::LlmError;
use crate::model::{ModelParams, WindowInput};

/// Says how far the work has come, and of which work it speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Journal {
    identity: String,
    n_stages: usize,
}

/// A hash of everything that determines the result of a streamed run; work of another identity is not resumed.
#[derive(Debug, Clone)]
pub struct Identity(Sha256);

impl Identity {
    /// The work of one version of a program, `lpp-extract` and `0.1.0`, on these inputs.
    #[must_use]
    pub fn new(program: &str, version: &str, params: &ModelParams, inputs: &[FileHash]) -> Self {
        let mut identity = Self(Sha256::new());
        identity.add(program);
        identity.add(version);
        identity.add(&format!(
            "{:?} {:?} {}",
            params.training, params.precision, params.equal_bits
        ));
        for input in inputs {
            identity.add(&input.sha256);
        }
        identity
    }

    /// Adds a text.
    pub(crate) fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    /// Adds the windows.
    pub(crate) fn add_windows(&mut self, windows: &[WindowInput<'_>]) {
        for window in windows {
            self.add(&format!("{window:?}"));
        }
    }

    fn text(self) -> String {
        format!("{:x}", self.0.finalize())
    }
}

/// A folder of finished layers, the residual stream after the last finished block, and a journal.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    folder: PathBuf,
    journal: Journal,
    /// Held as long as this process works here; the system releases it however the process ends.
    _lock: File,
}

impl WorkFolder {
    /// Name of the folder next to `output`.
    pub(crate) fn path_of(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        name.into()
    }

    /// Opens the folder next to `output`. Files of other work, or of work without a journal, are deleted.
    ///
    /// `afresh` removes finished layers of the same work, too.
    pub(crate) fn open(output: &Path, identity: Identity, afresh: bool) -> Result<Self, LlmError> {
        let folder = Self::path_of(output);
        make_own_folder(&folder).map_err(LlmError::write(&folder))?;
        own_files(&folder)?;
        let lock = lock(&folder)?;
        let empty = Journal {
            identity: identity.text(),
            n_stages: 0,
        };
        let kept = read_journal(&folder).filter(|found| !afresh && found.identity == empty.identity);
        if kept.is_none() {
            clear(&folder)?;
        }
        Ok(Self {
            folder,
            journal: kept.unwrap_or(empty),
            _lock: lock,
        })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Number of finished stages: the embedding, then one per block.
    pub(crate) fn n_stages_done(&self) -> usize {
        self.journal.n_stages
    }

    /// The residual stream after a stage. Two files alternate, so that the file that a stage reads stays complete until
    /// the journal records the stage as finished.
    pub(crate) fn states_path(&self, stage: usize) -> PathBuf {
        self.folder.join(["states-even", "states-odd"][stage % 2])
    }

    /// The log of finished batches of tokens that are scored.
    pub(crate) fn scores_path(&self) -> PathBuf {
        self.folder.join("scores")
    }

    /// Writes the journal: what work is done here, and how far it is.
    pub(crate) fn note(&self) -> Result<(), LlmError> {
        let path = journal_path(&self.folder);
        let text = serde_json::to_string(&self.journal).map_err(|e| LlmError::write(&path)(e.into()))?;
        Ok(write_atomically(&path, text.as_bytes())?)
    }

    fn layer_path(&self, layer: usize) -> PathBuf {
        self.folder.join(format!("layer-{layer}"))
    }

    /// A new file for a layer; it gets its final name when it is complete.
    pub(crate) fn create_layer(&self, layer: usize) -> Result<AtomicFile, LlmError> {
        Ok(AtomicFile::create(&self.layer_path(layer))?)
    }

    /// Notes that a stage is done.
    pub(crate) fn finish_stage(&mut self, stage: usize) -> Result<(), LlmError> {
        self.journal.n_stages = stage + 1;
        self.note()
    }

    /// A finished layer, to be read from front to back as matrices.
    pub(crate) fn open_layer(&self, layer: usize) -> Result<LayerFile, LlmError> {
        let path = self.layer_path(layer);
        let file = open_own_file(&path, OpenOptions::new().read(true)).map_err(LlmError::read(&path))?;
        Ok(LayerFile {
            file,
            path,
            position: 0,
        })
    }

    /// Removes the folder, when its contents are part of the output.
    pub(crate) fn remove(self) -> Result<(), LlmError> {
        clear(&self.folder)?;
        let lock = lock_path(&self.folder);
        fs::remove_file(&lock).map_err(LlmError::write(&lock))?;
        fs::remove_dir(&self.folder).map_err(LlmError::write(&self.folder))
    }
}

/// The work folder of a streamed extraction, from which it can be resumed until its record is written.
#[derive(Debug)]
#[must_use]
pub struct Leftover(Option<WorkFolder>);

impl Leftover {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn of(work: WorkFolder) -> Self {
        Self(Some(work))
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`LlmError::Write`](lpp_files::FileError::Write) if the folder cannot be removed.
    pub fn remove(self) -> Result<(), LlmError> {
        self.0.map_or(Ok(()), WorkFolder::remove)
    }
}

/// A finished layer.
#[derive(Debug)]
pub(crate) struct LayerFile {
    file: File,
    path: PathBuf,
    /// Values before the next one.
    position: usize,
}

impl LayerFile {
    /// The next `dim` values as a matrix.
    pub(crate) fn next_matrix(&mut self, dim: (usize, usize)) -> Result<Array2<f32>, LlmError> {
        let found = self.matrix(self.position, dim)?;
        self.position += found.len();
        Ok(found)
    }

    /// The `dim` values from the value `start` on as a matrix.
    pub(crate) fn matrix(&self, start: usize, dim: (usize, usize)) -> Result<Array2<f32>, LlmError> {
        let mut bytes = vec![0; dim.0 * dim.1 * size_of::<f32>()];
        self.file
            .read_exact_at(&mut bytes, (start * size_of::<f32>()) as u64)
            .map_err(LlmError::read(&self.path))?;
        let (values, _) = bytes.as_chunks::<4>();
        let values: Vec<f32> = values.iter().map(|b| f32::from_le_bytes(*b)).collect();
        Array2::from_shape_vec(dim, values).map_err(|e| LlmError::PartialWork {
            path: self.path.clone(),
            problem: e.to_string(),
        })
    }
}

/// Only one process may work in a folder.
fn lock(folder: &Path) -> Result<File, LlmError> {
    let path = lock_path(folder);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = open_own_file(&path, &mut options).map_err(LlmError::write(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(LlmError::PartialWork {
            path: folder.to_path_buf(),
            problem: "another process is using this folder".to_string(),
        }),
        Err(fs::TryLockError::Error(e)) => Err(LlmError::write(&path)(e)),
    }
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("lock")
}

fn journal_path(folder: &Path) -> PathBuf {
    folder.join("journal.json")
}

/// The journal; nothing if there is none that can be understood.
fn read_journal(folder: &Path) -> Option<Journal> {
    /// No journal is longer.
    const LONGEST: u64 = 4096;
    let mut text = String::new();
    let file = open_own_file(&journal_path(folder), OpenOptions::new().read(true)).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The files of a work folder. What no run has put there is refused, before anything is deleted.
fn own_files(folder: &Path) -> Result<Vec<PathBuf>, LlmError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(LlmError::read(folder))? {
        let path = entry.map_err(LlmError::read(folder))?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if !is_own_name(name) {
            return Err(LlmError::PartialWork {
                problem:
                    "found a file of another origin, expected partial work of lpp-rs alone; move it elsewhere"
                        .to_owned(),
                path,
            });
        }
        found.push(path);
    }
    Ok(found)
}

fn is_own_name(name: &str) -> bool {
    let is_layer = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    ["lock", "journal.json", "scores", "states-even", "states-odd"].contains(&name)
        || name.strip_prefix("layer-").is_some_and(is_layer)
        || is_unfinished(name)
}

/// Deletes everything except the lock, the journal first, so that remaining files are never used.
fn clear(folder: &Path) -> Result<(), LlmError> {
    let mut files = own_files(folder)?;
    files.retain(|file| *file != lock_path(folder));
    files.sort_by_key(|file| *file != journal_path(folder));
    files
        .iter()
        .try_for_each(|file| fs::remove_file(file).map_err(LlmError::write(file)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn open(output: &Path) -> Result<WorkFolder, LlmError> {
        WorkFolder::open(output, Identity(Sha256::new()), true)
    }

    /// The error with its cause.
    fn refused(output: &Path) -> String {
        let error = open(output).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    }

    #[test]
    fn a_link_in_place_of_the_folder_is_refused_and_its_target_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis.tex"), "precious").unwrap();
        let output = folder.path().join("out");
        symlink(&home, WorkFolder::path_of(&output)).unwrap();
        let error = refused(&output);
        assert!(error.contains("found a link"), "{error}");
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
    }

    #[test]
    fn files_of_another_origin_are_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let place = WorkFolder::path_of(&output);
        fs::create_dir(&place).unwrap();
        for name in ["thesis.tex", "layer-", "layer-1.txt", "Lock"] {
            fs::write(place.join(name), "precious").unwrap();
            let error = refused(&output);
            assert!(
                error.contains("another origin") && error.contains(name),
                "{error}"
            );
            assert_eq!(fs::read(place.join(name)).unwrap(), b"precious");
            fs::remove_file(place.join(name)).unwrap();
        }
    }

    #[test]
    fn links_and_pipes_inside_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let output = folder.path().join("out");
        let place = WorkFolder::path_of(&output);
        fs::create_dir(&place).unwrap();
        for name in ["journal.json", "scores", "states-odd", "layer-3"] {
            symlink(&victim, place.join(name)).unwrap();
        }
        // Deleted as links, as work of another identity is.
        open(&output).unwrap().remove().unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert!(!place.exists());

        fs::create_dir(&place).unwrap();
        symlink(&victim, place.join("lock")).unwrap();
        let error = refused(&output);
        assert!(error.contains("a link") && error.contains("lock"), "{error}");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }
}
