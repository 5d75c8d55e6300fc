//! Arrays that wait on disk until they are needed: all trials together need more memory than a laptop has.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use ndarray::Array2;
use tempfile::TempDir;

use crate::EncodingError;

/// Numbers encoded at a time.
const CHUNK: usize = 1 << 16;

/// A hidden folder that vanishes with this value.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// A folder inside `parent`, which is made if there is none: results of this size belong where the user has space.
    pub(crate) fn inside(parent: &Path) -> Result<Self, EncodingError> {
        std::fs::create_dir_all(parent)
            .and_then(|()| {
                tempfile::Builder::new()
                    .prefix(".lpp-")
                    .suffix(".tmp")
                    .tempdir_in(parent)
            })
            .map(|folder| Self { folder })
            .map_err(|source| cannot_write(parent, source))
    }

    /// Puts an array away.
    pub(crate) fn put(&self, name: &str, array: &Array2<f32>) -> Result<Waiting, EncodingError> {
        let path = self.folder.path().join(name);
        let write = || {
            let mut file = BufWriter::new(File::create(&path)?);
            let mut bytes = Vec::with_capacity(4 * CHUNK);
            for value in array {
                bytes.extend_from_slice(&value.to_le_bytes());
                if bytes.len() == bytes.capacity() {
                    file.write_all(&bytes)?;
                    bytes.clear();
                }
            }
            file.write_all(&bytes)?;
            file.flush()
        };
        write().map_err(|source| cannot_write(&path, source))?;
        Ok(Waiting {
            shape: array.dim(),
            path,
        })
    }
}

/// An array that was put away.
#[derive(Debug)]
pub(crate) struct Waiting {
    path: PathBuf,
    shape: (usize, usize),
}

impl Waiting {
    /// Fetches it and frees its space on disk.
    pub(crate) fn take(self) -> Result<Array2<f32>, EncodingError> {
        let read = || {
            let mut file = BufReader::new(File::open(&self.path)?);
            let mut values = Vec::with_capacity(self.shape.0 * self.shape.1);
            let mut bytes = vec![0; 4 * CHUNK];
            let mut left = 4 * self.shape.0 * self.shape.1;
            while left > 0 {
                let part = &mut bytes[..left.min(4 * CHUNK)];
                file.read_exact(part)?;
                let (numbers, _) = part.as_chunks::<4>();
                values.extend(numbers.iter().map(|n| f32::from_le_bytes(*n)));
                left -= part.len();
            }
            std::fs::remove_file(&self.path)?;
            Array2::from_shape_vec(self.shape, values).map_err(std::io::Error::other)
        };
        let path = self.path.clone();
        read().map_err(|source| FileError::Read { path, source }.into())
    }
}

fn cannot_write(path: &Path, source: std::io::Error) -> EncodingError {
    let path = path.to_owned();
    FileError::Write { path, source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_away_comes_back_and_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::inside(parent.path()).unwrap();
        let array = Array2::from_shape_fn((300, 401), |(t, v)| t as f32 - 0.5 * v as f32);
        let waiting = scratch.put("x", &array).unwrap();
        let empty = scratch.put("y", &Array2::zeros((0, 4))).unwrap();
        assert_eq!(waiting.take().unwrap(), array);
        assert_eq!(empty.take().unwrap().dim(), (0, 4));
        drop(scratch);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
