//! A safetensors file that is written row by row, whatever its size.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use lpp_files::AtomicFile;
use ndarray::ArrayRef2;
use serde_json::json;

use crate::error::LlmError;
use crate::stream::write_values;

/// Type of the numbers of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    F32,
    F64,
    U8,
}

impl Stored {
    fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F64 => "F64",
            Self::U8 => "U8",
        }
    }

    fn n_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
            Self::U8 => 1,
        }
    }
}

/// One tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorEntry {
    pub(crate) name: String,
    pub(crate) stored: Stored,
    /// Its first axis is that of the rows.
    pub(crate) shape: Vec<usize>,
}

/// A file whose tensors are filled row by row; what is not written is 0.
#[derive(Debug)]
pub(crate) struct TensorFile {
    file: AtomicFile,
    /// First byte of each tensor, and bytes of one row in it.
    places: Vec<(u64, u64)>,
}

impl TensorFile {
    /// Writes the header of the tensors.
    pub(crate) fn create(path: &Path, entries: &[TensorEntry]) -> Result<Self, LlmError> {
        let mut header = serde_json::Map::new();
        let mut places = Vec::with_capacity(entries.len());
        let mut end = 0;
        for entry in entries {
            let row: usize = entry.shape.iter().skip(1).product();
            let row_bytes = (row * entry.stored.n_bytes()) as u64;
            let start = end;
            end += entry.shape.first().map_or(0, |&n_rows| n_rows as u64) * row_bytes;
            let said = json!({
                "dtype": entry.stored.name(), "shape": entry.shape, "data_offsets": [start, end]
            });
            header.insert(entry.name.clone(), said);
            places.push((start, row_bytes));
        }
        let mut text = serde_json::Value::Object(header).to_string();
        // Data start at a multiple of eight bytes, as the format asks for.
        text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
        let start = 8 + text.len() as u64;
        for place in &mut places {
            place.0 += start;
        }
        let mut file = AtomicFile::create(path)?;
        let mut write = || {
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(text.as_bytes())?;
            // The last byte makes the file as long as it says it is.
            if end > 0 {
                file.seek(SeekFrom::Start(start + end - 1))?;
                file.write_all(&[0])?;
            }
            Ok(())
        };
        write().map_err(LlmError::write(path))?;
        Ok(Self { file, places })
    }

    /// Writes the matrix that is row `row` of tensor `tensor`.
    pub(crate) fn write_matrix(
        &mut self,
        tensor: usize,
        row: usize,
        values: &ArrayRef2<f32>,
    ) -> Result<(), LlmError> {
        self.write(tensor, row, |file| write_values(values, file))
    }

    /// Writes the bytes of row `row` of tensor `tensor`, or those at its beginning.
    pub(crate) fn write_bytes(&mut self, tensor: usize, row: usize, bytes: &[u8]) -> Result<(), LlmError> {
        self.write(tensor, row, |file| file.write_all(bytes))
    }

    fn write(
        &mut self,
        tensor: usize,
        row: usize,
        content: impl FnOnce(&mut AtomicFile) -> std::io::Result<()>,
    ) -> Result<(), LlmError> {
        let Some(&(start, row_bytes)) = self.places.get(tensor) else {
            return Ok(());
        };
        let path = self.file.target().to_path_buf();
        self.file
            .seek(SeekFrom::Start(start + row as u64 * row_bytes))
            .and_then(|_| content(&mut self.file))
            .map_err(LlmError::write(&path))
    }

    /// Gives the file its name.
    pub(crate) fn commit(self) -> Result<(), LlmError> {
        Ok(self.file.commit()?)
    }
}
