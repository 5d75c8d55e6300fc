//! Activations of a model: one matrix per run and layer, in one memory-mapped safetensors file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use half::{bf16, f16};
use ndarray::{Array2, ArrayRef2};
use safetensors::{Dtype, SafeTensors};
use serde_json::json;

use crate::{AtomicFile, FileError, MappedFile, StoredAs};

/// Run, layer and (`n_words`, `n_hidden`) of one tensor of an activations file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// The run, from 0.
    pub run: usize,
    /// The layer, from 0.
    pub layer: usize,
    /// Words of the run: rows.
    pub n_words: usize,
    /// Width of the layer: columns. It may differ between layers.
    pub n_hidden: usize,
}

/// Name of a tensor, as in `formats.md`.
fn tensor_name(run: usize, layer: usize) -> String {
    format!("run-{run}/layer-{layer}")
}

/// Writes an activations file tensor by tensor, in any order, with at most one tensor in memory.
///
/// The shapes must be known in advance. The header is written first, and each tensor directly at its position.
#[derive(Debug)]
pub struct ActivationsWriter {
    file: AtomicFile,
    /// Byte offset and shape per (run, layer) of tensors that have not been written yet.
    missing: BTreeMap<(usize, usize), (u64, [usize; 2])>,
    total: usize,
    stored: StoredAs,
}

impl ActivationsWriter {
    /// Opens a temporary file for `path` and writes its header; elements are f32.
    ///
    /// `metadata` are the strings in the header of the safetensors file: model, language, window and so on.
    ///
    /// # Errors
    /// [`FileError::Write`] if the file cannot be written.
    pub fn create(
        path: &Path,
        shapes: &[LayerShape],
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, FileError> {
        Self::create_stored(path, shapes, metadata, StoredAs::F32)
    }

    /// As [`create`](Self::create), with elements of another type.
    ///
    /// # Errors
    /// [`FileError::Write`] if the file cannot be written.
    pub fn create_stored(
        path: &Path,
        shapes: &[LayerShape],
        metadata: &BTreeMap<String, String>,
        stored: StoredAs,
    ) -> Result<Self, FileError> {
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".to_owned(), json!(metadata));
        let mut missing = BTreeMap::new();
        let mut end = 0;
        for shape in shapes {
            let start = end;
            end += (shape.n_words * shape.n_hidden * stored.size()) as u64;
            let dims = [shape.n_words, shape.n_hidden];
            let entry = json!({"dtype": stored.dtype(), "shape": dims, "data_offsets": [start, end]});
            header.insert(tensor_name(shape.run, shape.layer), entry);
            missing.insert((shape.run, shape.layer), (start, dims));
        }
        let mut text = serde_json::Value::Object(header).to_string();
        // Spaces at the end keep the data aligned, so that a mapping can be read in place.
        text.extend(std::iter::repeat_n(
            ' ',
            text.len().next_multiple_of(64) - text.len() + 56,
        ));
        let data_start = 8 + text.len() as u64;
        let mut file = AtomicFile::create(path)?;
        file.write_all(&(text.len() as u64).to_le_bytes())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(FileError::write(path))?;
        for place in missing.values_mut() {
            place.0 += data_start;
        }
        Ok(Self {
            file,
            total: missing.len(),
            missing,
            stored,
        })
    }

    /// Writes the activations of one run and layer.
    ///
    /// # Errors
    /// [`FileError::NoSuchTensor`] if it is not in the plan or was written before, [`FileError::Malformed`] if its
    /// shape is not the planned one, [`FileError::BeyondF16`] if a value is too large for 16 bits, [`FileError::Write`]
    /// if the file cannot be written.
    pub fn write(&mut self, run: usize, layer: usize, values: &ArrayRef2<f32>) -> Result<(), FileError> {
        let path = self.file.target().to_owned();
        let Some((offset, shape)) = self.missing.get(&(run, layer)).copied() else {
            return Err(FileError::NoSuchTensor { path, run, layer });
        };
        if values.shape() != shape {
            let found = format!(
                "activations of shape {:?} for {}",
                values.shape(),
                tensor_name(run, layer)
            );
            return Err(FileError::malformed(&path, found, format!("{shape:?}")));
        }
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(FileError::write(&path))?;
        for (word, row) in values.rows().into_iter().enumerate() {
            let row = row.as_standard_layout();
            let row = row.as_slice().unwrap_or_default();
            if let Some(value) = self.stored.beyond(row) {
                return Err(FileError::BeyondF16 {
                    path,
                    run,
                    layer,
                    word,
                    value,
                });
            }
            self.stored
                .write(row, &mut self.file)
                .map_err(FileError::write(&path))?;
        }
        self.missing.remove(&(run, layer));
        Ok(())
    }

    /// Gives the file its final name.
    ///
    /// # Errors
    /// [`FileError::Incomplete`] if a tensor was not written, [`FileError::Write`] if the file cannot be written.
    pub fn commit(self) -> Result<(), FileError> {
        if !self.missing.is_empty() {
            let path = self.file.target().to_owned();
            return Err(FileError::Incomplete {
                path,
                missing: self.missing.len(),
                total: self.total,
            });
        }
        self.file.commit()
    }
}

/// A memory-mapped activations file.
#[derive(Debug)]
pub struct Activations {
    file: MappedFile,
    metadata: BTreeMap<String, String>,
    n_runs: usize,
    n_layers: usize,
}

impl Activations {
    /// Maps `path` and checks that it has every layer of every run.
    ///
    /// # Errors
    /// [`FileError::Read`] if it cannot be opened, [`FileError::Malformed`] if it is not a complete safetensors file of
    /// activations.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = MappedFile::open(path)?;
        check_header(&file)
            .map_err(|e| FileError::malformed(path, e.to_string(), "a complete safetensors file"))?;
        let (_, header) = SafeTensors::read_metadata(&file).map_err(|e| not_safetensors(path, &e))?;
        SafeTensors::deserialize(&file).map_err(|e| not_safetensors(path, &e))?;
        let metadata = header
            .metadata()
            .iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let mut places = Vec::new();
        for name in header.tensors().keys() {
            let place = parse_name(name).ok_or_else(|| {
                FileError::malformed(path, format!("a tensor {name:?}"), "tensors run-R/layer-L only")
            })?;
            places.push(place);
        }
        let n_runs = places.iter().map(|p| p.0 + 1).max().unwrap_or(0);
        let n_layers = places.iter().map(|p| p.1 + 1).max().unwrap_or(0);
        // Names are distinct and within the box, so counting shows whether it is full.
        if places.is_empty() || n_runs.checked_mul(n_layers) != Some(places.len()) {
            return Err(FileError::malformed(
                path,
                missing(&places, n_layers),
                "every layer of every run",
            ));
        }
        Ok(Self {
            file,
            metadata,
            n_runs,
            n_layers,
        })
    }

    /// The strings written with the tensors: model, language, window and so on.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Number of runs.
    #[must_use]
    pub fn n_runs(&self) -> usize {
        self.n_runs
    }

    /// Number of layers, including the embedding.
    #[must_use]
    pub fn n_layers(&self) -> usize {
        self.n_layers
    }

    /// Activations of one run and layer, (`n_words`, `n_hidden`). Half-precision tensors are widened.
    ///
    /// # Errors
    /// [`FileError::NoSuchTensor`] if run or layer is out of range, [`FileError::Malformed`] if the tensor is not a
    /// matrix of floats.
    pub fn layer(&self, run: usize, layer: usize) -> Result<Array2<f32>, FileError> {
        let path = self.file.path();
        let name = tensor_name(run, layer);
        let tensors = SafeTensors::deserialize(&self.file).map_err(|e| not_safetensors(path, &e))?;
        let tensor = tensors.tensor(&name).map_err(|_| FileError::NoSuchTensor {
            path: path.to_owned(),
            run,
            layer,
        })?;
        let wrong = |found: String| FileError::malformed(path, found, "a matrix of F32, F16 or BF16");
        let &[n_words, n_hidden] = tensor.shape() else {
            return Err(wrong(format!("{name} of shape {:?}", tensor.shape())));
        };
        let values = widen(tensor.dtype(), tensor.data())
            .ok_or_else(|| wrong(format!("{name} of type {:?}", tensor.dtype())))?;
        Array2::from_shape_vec((n_words, n_hidden), values).map_err(|e| wrong(e.to_string()))
    }
}

/// Names the first missing tensor; a run or a layer may also have no tensors at all.
fn missing(places: &[(usize, usize)], n_layers: usize) -> String {
    let known: BTreeSet<_> = places.iter().copied().collect();
    // As many places as there are tensors, and one more, hold one that is missing.
    let mut all = (0..=places.len()).map(|n| (n / n_layers.max(1), n % n_layers.max(1)));
    match all.find(|place| !known.contains(place)) {
        Some((run, layer)) if n_layers > 0 => {
            format!("{} tensors, but no {}", places.len(), tensor_name(run, layer))
        }
        _ => "no tensor".to_owned(),
    }
}

/// Little-endian bytes as `f32`; `None` for other element types.
fn widen(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let pairs = || bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
    match dtype {
        Dtype::F32 => Some(
            bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
        ),
        Dtype::F16 => Some(pairs().map(|b| f16::from_le_bytes(b).to_f32()).collect()),
        Dtype::BF16 => Some(pairs().map(|b| bf16::from_le_bytes(b).to_f32()).collect()),
        _ => None,
    }
}

fn parse_name(name: &str) -> Option<(usize, usize)> {
    let (run, layer) = name.strip_prefix("run-")?.split_once("/layer-")?;
    Some((run.parse().ok()?, layer.parse().ok()?))
}

/// The library builds the header whatever it takes. One that is cut off is refused there.
fn check_header(file: &[u8]) -> Result<(), serde_json::Error> {
    let (length, rest) = file.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    crate::json::check_values(rest.get(..length).unwrap_or_default())
}

fn not_safetensors(path: &Path, error: &safetensors::SafeTensorError) -> FileError {
    let text: Cow<'_, str> = error.to_string().into();
    FileError::malformed(path, text, "a complete safetensors file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use std::fs;

    fn shapes() -> Vec<LayerShape> {
        vec![
            LayerShape {
                run: 0,
                layer: 0,
                n_words: 2,
                n_hidden: 3,
            },
            LayerShape {
                run: 0,
                layer: 1,
                n_words: 2,
                n_hidden: 1,
            },
            LayerShape {
                run: 1,
                layer: 0,
                n_words: 1,
                n_hidden: 3,
            },
            LayerShape {
                run: 1,
                layer: 1,
                n_words: 1,
                n_hidden: 1,
            },
        ]
    }

    fn written(path: &Path) {
        let metadata = BTreeMap::from([("model".to_owned(), "toy".to_owned())]);
        let mut writer = ActivationsWriter::create(path, &shapes(), &metadata).unwrap();
        writer.write(1, 1, &array![[7.0]]).unwrap();
        writer
            .write(0, 0, &array![[1.0, 2.0, 3.0], [4.0, 5.0, f32::NAN]])
            .unwrap();
        writer.write(0, 1, &array![[8.0], [9.0]]).unwrap();
        writer.write(1, 0, &array![[-1.0, -2.0, -3.0]]).unwrap();
        writer.commit().unwrap();
    }

    #[test]
    fn a_header_of_many_small_entries_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let texts: Vec<_> = (0..1_000_000).map(|i| format!("\"{i}\":\"\",")).collect();
        let texts = texts.concat();
        let header = format!("{{\"__metadata__\":{{{texts}\"a\":\"\"}}}}");
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        std::fs::write(&path, bytes).unwrap();
        let error = Activations::open(&path).unwrap_err().to_string();
        assert!(error.contains("MiB"), "{error}");
    }

    #[test]
    fn tensors_come_back_in_any_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        written(&path);
        let file = Activations::open(&path).unwrap();
        assert_eq!((file.n_runs(), file.n_layers()), (2, 2));
        assert_eq!(file.metadata()["model"], "toy");
        assert_eq!(file.layer(1, 0).unwrap(), array![[-1.0, -2.0, -3.0]]);
        assert_eq!(file.layer(0, 1).unwrap(), array![[8.0], [9.0]]);
        assert!(file.layer(0, 0).unwrap()[[1, 2]].is_nan());
        assert!(matches!(file.layer(2, 0), Err(FileError::NoSuchTensor { .. })));
    }

    #[test]
    fn sixteen_bits_take_half_the_room_and_refuse_what_is_too_large() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        let create =
            || ActivationsWriter::create_stored(&path, &shapes()[..1], &BTreeMap::new(), StoredAs::F16);
        let mut writer = create().unwrap();
        let values = array![[1.0, 0.1, -65504.0], [1e-9, 2.5, f32::NAN]];
        writer.write(0, 0, &values).unwrap();
        writer.commit().unwrap();
        let read = Activations::open(&path).unwrap().layer(0, 0).unwrap();
        assert_eq!(
            read.row(0),
            array![1.0, f16::from_f32(0.1).to_f32(), -65504.0],
            "eleven significant bits"
        );
        assert!((read[[1, 0]], read[[1, 1]]) == (0.0, 2.5) && read[[1, 2]].is_nan());
        let message = create()
            .unwrap()
            .write(0, 0, &array![[1.0, 2.0, 3.0], [4.0, 1e5, 6.0]])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("a.safetensors: found 100000 at run 0, layer 0, word 1"),
            "{message}"
        );
    }

    #[test]
    fn a_tensor_that_is_not_there_is_named() {
        for (places, n_layers, name) in [
            (vec![(0, 0), (0, 1), (1, 0)], 2, "run-1/layer-1"),
            (vec![(0, 1), (1, 0), (1, 1)], 2, "run-0/layer-0"),
            (vec![(0, 0), (2, 0)], 1, "run-1/layer-0"),
            (vec![(3, 4)], 5, "run-0/layer-0"),
            (vec![], 0, "no tensor"),
        ] {
            assert!(
                missing(&places, n_layers).ends_with(name),
                "{places:?}: {}",
                missing(&places, n_layers)
            );
        }
    }

    #[test]
    fn an_incomplete_file_gets_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        let mut writer = ActivationsWriter::create(&path, &shapes(), &BTreeMap::new()).unwrap();
        assert!(writer.write(5, 0, &array![[1.0]]).is_err());
        assert!(writer.write(1, 1, &array![[1.0, 2.0]]).is_err());
        writer.write(1, 1, &array![[1.0]]).unwrap();
        assert!(writer.write(1, 1, &array![[1.0]]).is_err(), "written twice");
        assert!(matches!(
            writer.commit(),
            Err(FileError::Incomplete {
                missing: 3,
                total: 4,
                ..
            })
        ));
        assert!(!path.exists());
    }

    #[test]
    fn truncated_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        written(&path);
        let whole = fs::read(&path).unwrap();
        for n in [0, 4, 20, whole.len() - 1] {
            fs::write(&path, &whole[..n]).unwrap();
            let error = Activations::open(&path).unwrap_err().to_string();
            assert!(error.contains("a.safetensors: found"), "{error}");
        }
    }
}
