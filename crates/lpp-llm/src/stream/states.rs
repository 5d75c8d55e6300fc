//! The residual stream of all windows in a file, read and written window by window.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use lpp_files::{open_own_file, replace_own_file};
use tch::{Kind, Tensor};

use crate::error::LlmError;

/// The position of each window's states in a file of states: f32, row-major, one window after the other.
///
/// Plain reads and writes go through the system's page cache, which keeps the file in memory as long as there is
/// room and gives the room back when a block needs it.
#[derive(Debug)]
pub(crate) struct StatesFile {
    /// First byte and number of tokens of each window.
    places: Vec<(u64, usize)>,
    n_bytes: u64,
    width: usize,
}

impl StatesFile {
    /// The layout for windows of these lengths.
    pub(crate) fn new(lengths: impl Iterator<Item = usize>, width: usize) -> Self {
        let mut n_bytes = 0;
        let places = lengths
            .map(|n_tokens| {
                let start = n_bytes;
                n_bytes += (n_tokens * width * size_of::<f32>()) as u64;
                (start, n_tokens)
            })
            .collect();
        Self {
            places,
            n_bytes,
            width,
        }
    }

    /// A new file; an existing one, such as the partial output of a killed run, is replaced.
    pub(crate) fn create(&self, path: &Path) -> Result<OpenStates<'_>, LlmError> {
        let file = replace_own_file(path).map_err(LlmError::write(path))?;
        file.set_len(self.n_bytes).map_err(LlmError::write(path))?;
        Ok(self.opened(file, path))
    }

    /// A finished file.
    pub(crate) fn open(&self, path: &Path) -> Result<OpenStates<'_>, LlmError> {
        let file = open_own_file(path, OpenOptions::new().read(true)).map_err(LlmError::read(path))?;
        let found = file.metadata().map_err(LlmError::read(path))?.len();
        if found == self.n_bytes {
            return Ok(self.opened(file, path));
        }
        Err(LlmError::PartialWork {
            path: path.to_path_buf(),
            problem: format!("{found} bytes, expected {}", self.n_bytes),
        })
    }

    fn opened(&self, file: File, path: &Path) -> OpenStates<'_> {
        OpenStates {
            layout: self,
            file,
            path: path.to_path_buf(),
        }
    }
}

/// An open file of states.
#[derive(Debug)]
pub(crate) struct OpenStates<'a> {
    layout: &'a StatesFile,
    file: File,
    path: PathBuf,
}

impl OpenStates<'_> {
    fn place(&self, window: usize) -> (u64, usize) {
        self.layout.places.get(window).copied().unwrap_or_default()
    }

    /// The states of a window, (`n_tokens`, `width`), f32.
    pub(crate) fn read(&self, window: usize) -> Result<Tensor, LlmError> {
        let (start, n_tokens) = self.place(window);
        let mut bytes = vec![0; n_tokens * self.layout.width * size_of::<f32>()];
        self.file
            .read_exact_at(&mut bytes, start)
            .map_err(LlmError::read(&self.path))?;
        let shape = [n_tokens, self.layout.width].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        Ok(Tensor::f_from_data_size(&bytes, &shape, Kind::Float)?)
    }

    /// Writes the states of a window.
    pub(crate) fn write(&self, window: usize, states: &Tensor) -> Result<(), LlmError> {
        let (start, n_tokens) = self.place(window);
        let n_values = n_tokens * self.layout.width;
        let mut bytes = vec![0; n_values * size_of::<f32>()];
        states.f_contiguous()?.f_copy_data_u8(&mut bytes, n_values)?;
        self.file
            .write_all_at(&bytes, start)
            .map_err(LlmError::write(&self.path))
    }

    /// Waits until everything is on the disk.
    pub(crate) fn sync(self) -> Result<(), LlmError> {
        self.file.sync_data().map_err(LlmError::write(&self.path))
    }
}
