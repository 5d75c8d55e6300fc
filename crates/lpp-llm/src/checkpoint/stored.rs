//! The location of a tensor in a file, and its reading.

use std::path::Path;
use std::sync::Arc;

use lpp_files::MappedFile;
use tch::{Kind, Tensor};

use crate::error::LlmError;

/// Maps a weights file. Nothing is read before a tensor is requested, so a model may be larger than memory.
pub(crate) fn map(path: &Path) -> Result<Arc<MappedFile>, LlmError> {
    Ok(Arc::new(MappedFile::open(path)?))
}

/// Number types that checkpoints are written in; all but the last three convert to f32 exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoredKind {
    F32,
    F16,
    BF16,
    F64,
    /// Integers, Booleans and 8-bit floats: leftover buffers, or quantised weights.
    Other {
        n_bytes: u64,
    },
    /// An unsupported type.
    Unknown,
}

impl StoredKind {
    /// Bytes of one element.
    pub(crate) fn n_bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::F64 => 8,
            Self::Other { n_bytes } => n_bytes,
            Self::Unknown => 0,
        }
    }

    fn torch(self) -> Option<Kind> {
        match self {
            Self::F32 => Some(Kind::Float),
            Self::F16 => Some(Kind::Half),
            Self::BF16 => Some(Kind::BFloat16),
            Self::F64 => Some(Kind::Double),
            Self::Other { .. } | Self::Unknown => None,
        }
    }
}

/// The location of a tensor. Several tensors may share the same bytes.
#[derive(Debug, Clone)]
pub(crate) struct StoredTensor {
    pub(crate) file: Arc<MappedFile>,
    /// First byte of the first element.
    pub(crate) offset: u64,
    pub(crate) kind: StoredKind,
    /// The type as the file names it.
    pub(crate) dtype: String,
    pub(crate) shape: Vec<i64>,
    /// Steps between elements, in elements; `None` for a plain row-major tensor.
    pub(crate) strides: Option<Vec<i64>>,
}

impl StoredTensor {
    /// Number of stored elements from the first to the last one, both included.
    fn span(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        let Some(strides) = &self.strides else {
            return self
                .shape
                .iter()
                .try_fold(1_u64, |n, &d| n.checked_mul(u64::try_from(d).ok()?));
        };
        self.shape.iter().zip(strides).try_fold(1_u64, |n, (&d, &step)| {
            let reach = u64::try_from(d)
                .ok()?
                .checked_sub(1)?
                .checked_mul(u64::try_from(step).ok()?)?;
            n.checked_add(reach)
        })
    }

    /// Bytes of all elements, if none were shared.
    pub(crate) fn n_bytes_unshared(&self) -> u64 {
        self.shape.iter().fold(self.kind.n_bytes(), |n, &size| {
            n.saturating_mul(size.unsigned_abs())
        })
    }

    /// Number of bytes from the first to the last element, or an error if they are not within the file.
    pub(crate) fn check(&self, name: &str) -> Result<u64, LlmError> {
        let path = self.file.path();
        let n_bytes = self.span().and_then(|n| n.checked_mul(self.kind.n_bytes()));
        match n_bytes {
            Some(n)
                if self
                    .offset
                    .checked_add(n)
                    .is_some_and(|end| end <= self.file.len() as u64) =>
            {
                Ok(n)
            }
            _ => Err(LlmError::weights(
                path,
                format!(
                    "tensor {name} of shape {:?} reaches past the end of the file ({} bytes); is the file truncated?",
                    self.shape,
                    self.file.len()
                ),
            )),
        }
    }

    /// The same tensor with a separate mapping.
    ///
    /// Pages that were read stay in the process as long as their mapping; this one ends with the tensor, so that a
    /// checkpoint larger than memory can be read through.
    pub(crate) fn remapped(&self) -> Result<Self, LlmError> {
        Ok(Self {
            file: map(self.file.path())?,
            ..self.clone()
        })
    }

    /// Reads the rows `ids` of a matrix as contiguous f32; the other rows are not touched.
    pub(crate) fn read_rows(&self, name: &str, ids: &[i64]) -> Result<Tensor, LlmError> {
        let &[n_rows, n_columns] = &self.shape[..] else {
            return Ok(self.read(name)?.f_index_select(0, &Tensor::f_from_slice(ids)?)?);
        };
        if self.strides.is_some() {
            return Ok(self.read(name)?.f_index_select(0, &Tensor::f_from_slice(ids)?)?);
        }
        let kind = self.torch_kind(name)?;
        let bytes = self.bytes(self.check(name)?);
        let row_bytes = usize::try_from(n_columns.unsigned_abs() * self.kind.n_bytes()).unwrap_or(usize::MAX);
        let mut chosen = Vec::with_capacity(ids.len().saturating_mul(row_bytes));
        for &id in ids {
            let row = usize::try_from(id).ok().filter(|_| id < n_rows);
            let row = row.and_then(|row| bytes.get(row * row_bytes..(row + 1) * row_bytes));
            chosen.extend_from_slice(row.ok_or_else(|| {
                LlmError::weights(
                    self.file.path(),
                    format!("tensor {name} has no row {id} of {n_rows}"),
                )
            })?);
        }
        let n = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        Ok(Tensor::f_from_data_size(&chosen, &[n, n_columns], kind)?.f_to_kind(Kind::Float)?)
    }

    fn torch_kind(&self, name: &str) -> Result<Kind, LlmError> {
        self.kind.torch().ok_or_else(|| {
            let problem = format!(
                "tensor {name} is stored as {}, expected 16-, 32- or 64-bit floats; take the model before it was quantised, or \
                 convert it with dequantize and save_pretrained of transformers",
                self.dtype
            );
            LlmError::weights(self.file.path(), problem)
        })
    }

    /// Reads the tensor as contiguous f32.
    pub(crate) fn read(&self, name: &str) -> Result<Tensor, LlmError> {
        let n_bytes = self.check(name)?;
        let kind = self.torch_kind(name)?;
        let bytes = self.bytes(n_bytes);
        let tensor = match &self.strides {
            None => Tensor::f_from_data_size(bytes, &self.shape, kind)?,
            Some(strides) => {
                let n = i64::try_from(n_bytes / self.kind.n_bytes()).unwrap_or(i64::MAX);
                Tensor::f_from_data_size(bytes, &[n], kind)?.f_as_strided(&self.shape, strides, None)?
            }
        };
        Ok(tensor.f_to_kind(Kind::Float)?.f_contiguous()?)
    }

    /// The mapped bytes from the first element on; empty if they are outside the file, which [`check`](Self::check)
    /// excludes.
    fn bytes(&self, n_bytes: u64) -> &[u8] {
        let range = |offset: u64| usize::try_from(offset).ok();
        match (range(self.offset), range(self.offset.saturating_add(n_bytes))) {
            (Some(start), Some(end)) => self.file.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }
}
