//! The table of contents of a `.bin` file: tensors as `torch.save` writes them.
//!
//! Since PyTorch 1.6 the file is a zip archive of one pickle (`data.pkl`) and one uncompressed entry a storage
//! (`data/0`, …), so that single tensors can be read by offset. Before, it was a chain of pickles followed by
//! the storages. Both are read; the pickle is parsed, never executed.

use std::collections::HashMap;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use lpp_files::{MappedFile, open_zip, shortened};
use lpp_pickle::{Bytes, Limits, Objects, PickleError, Stream, StreamError, Value};
use zip::{CompressionMethod, ZipArchive};

use crate::checkpoint::pickle::{Checkpoint, Made};
use crate::checkpoint::stored::{self, StoredKind, StoredTensor};
use crate::error::LlmError;

/// Largest size of a pickle that is read: the names and shapes of a model need far less.
const LONGEST_PICKLE: u64 = 64 << 20;

/// What to do with a file that is not understood.
const CONVERT: &str = "convert the model with `save_pretrained(…, safe_serialization=True)` of transformers";

/// The location of a storage.
#[derive(Debug, Clone, Copy)]
struct Storage {
    offset: u64,
    n_bytes: u64,
}

/// Lists the tensors of a file.
pub(crate) fn open(path: &Path) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let file = stored::map(path)?;
    if file.starts_with(b"PK\x03\x04") {
        open_archive(&file)
    } else {
        open_legacy(&file)
    }
}

fn open_archive(file: &Arc<MappedFile>) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let refuse = |problem: String| LlmError::weights(file.path(), problem);
    let content: &[u8] = file;
    let mut archive = open_zip(file.path(), Cursor::new(content))?;
    let (root, value, objects) = read_pickle_entry(file, &mut archive)?;
    let value = unwrapped(value, &objects).map_err(refuse)?;
    let mut storages = HashMap::new();
    let prefix = format!("{root}data/");
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|e| refuse(format!("zip entry {index}: {e}")))?;
        let Some(key) = entry.name().strip_prefix(&prefix) else {
            continue;
        };
        if entry.compression() != CompressionMethod::Stored {
            return Err(refuse(format!(
                "zip entry {} is compressed, expected stored; {CONVERT}",
                entry.name()
            )));
        }
        storages.insert(
            key.to_string(),
            Storage {
                offset: entry.data_start(),
                n_bytes: entry.size(),
            },
        );
    }
    tensors_of(file, value, &objects, &storages)
}

/// The `<root>` of the one entry `<root>data.pkl`, and the content of its pickle.
fn read_pickle_entry(
    file: &MappedFile,
    archive: &mut ZipArchive<Cursor<&[u8]>>,
) -> Result<(String, Value, Objects<Made>), LlmError> {
    let refuse = |problem: String| LlmError::weights(file.path(), problem);
    let name = archive
        .file_names()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
        .map(str::to_string)
        .ok_or_else(|| refuse("a zip archive without data.pkl is not a checkpoint".to_string()))?;
    let entry = archive
        .by_name(&name)
        .map_err(|e| refuse(format!("zip entry {name}: {e}")))?;
    let mut source = Stream::new(BufReader::new(entry.take(LONGEST_PICKLE)));
    let limits = Limits::for_file(file.len() as u64);
    let (value, objects) =
        lpp_pickle::read(&mut source, &mut Checkpoint, limits).map_err(|error| match error {
            StreamError::Read(source) => LlmError::read(file.path())(source),
            StreamError::Refused(error) => refused(file, &format!("data.pkl, {}", told(&error))),
        })?;
    Ok((name.trim_end_matches("data.pkl").to_string(), value, objects))
}

/// An unsupported pickle, and what to do.
fn refused(file: &MappedFile, problem: &str) -> LlmError {
    LlmError::weights(
        file.path(),
        format!("{problem}; only tensors are read; {CONVERT}"),
    )
}

fn told(error: &PickleError) -> String {
    format!("byte {}: found {}", error.position, error.problem)
}

/// Pickles of a magic number, a version, the system, the object, the storage keys; then the storages.
fn open_legacy(file: &Arc<MappedFile>) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let refuse = |problem: String| LlmError::weights(file.path(), problem);
    let mut source = Bytes::new(file);
    let mut next = || {
        let limits = Limits::for_file(file.len() as u64);
        let read = lpp_pickle::read(&mut source, &mut Checkpoint, limits).map_err(|error| {
            let problem = format!("{} (neither a zip archive nor an older torch file)", told(&error));
            refused(file, &problem)
        })?;
        Ok::<_, LlmError>((read, source.position()))
    };
    for _ in 0..3 {
        next()?; // magic number, version, system
    }
    let ((object, objects), _) = next()?;
    let ((keys, key_objects), at) = next()?;
    let Some(keys) = key_objects.sequence(keys) else {
        return Err(refuse(format!(
            "no list of storages after the tensors; {CONVERT}"
        )));
    };
    let object = unwrapped(object, &objects).map_err(refuse)?;
    let widths = storage_widths(object, &objects);
    let mut storages = HashMap::new();
    let mut offset = at as u64;
    for key in keys {
        let Some(key) = key_objects.text(*key) else {
            return Err(refuse("a storage key that is not a string".into()));
        };
        let n_elements = usize::try_from(offset)
            .ok()
            .and_then(|start| file.get(start..)?.first_chunk::<8>())
            .map(|bytes| u64::from_le_bytes(*bytes))
            .ok_or_else(|| refuse(format!("it ends before storage {key} (truncated?)")))?;
        let n_bytes = widths
            .get(key)
            .and_then(|width| n_elements.checked_mul(*width))
            .filter(|&n| n <= file.len() as u64)
            .ok_or_else(|| refuse(format!("storage {key} claims {n_elements} elements (truncated?)")))?;
        storages.insert(
            key.to_owned(),
            Storage {
                offset: offset + 8,
                n_bytes,
            },
        );
        offset += 8 + n_bytes;
    }
    tensors_of(file, object, &objects, &storages)
}

/// The dictionary of tensors, which training programs put into another one under a name like `state_dict`.
fn unwrapped(object: Value, objects: &Objects<Made>) -> Result<Value, String> {
    let Some(entries) = objects.dictionary(object) else {
        return Ok(object);
    };
    let is_tensor = |value: Value| matches!(objects.made(value), Some(Made::Tensor(_)));
    let holds_tensors = |value: Value| {
        let inner = objects.dictionary(value).unwrap_or_default();
        inner.iter().any(|&(_, value)| is_tensor(value))
    };
    let wrapped: Vec<(Value, Value)> = entries
        .iter()
        .copied()
        .filter(|&(_, value)| holds_tensors(value))
        .collect();
    let has_tensors = entries.iter().any(|&(_, value)| is_tensor(value));
    match wrapped[..] {
        [] => Ok(object),
        [(_, inner)] if !has_tensors => Ok(inner),
        _ => {
            let names: Vec<_> = wrapped
                .iter()
                .filter_map(|&(name, _)| objects.text(name))
                .take(4)
                .map(|name| shortened(name, 40))
                .collect();
            Err(format!(
                "it contains more than one set of weights ({}); save only the model",
                names.join(", ")
            ))
        }
    }
}

/// Bytes of an element for each storage that a tensor refers to.
fn storage_widths(object: Value, objects: &Objects<Made>) -> HashMap<String, u64> {
    let entries = objects.dictionary(object).unwrap_or_default();
    entries
        .iter()
        .filter_map(|&(_, value)| match objects.made(value)? {
            Made::Tensor(view) => match stored_kind(&view.storage.kind) {
                // A storage of an unknown width has no end, so neither has a file that holds it.
                StoredKind::Unknown => None,
                known => Some((view.storage.key.clone(), known.n_bytes())),
            },
            Made::Storage(_) => None,
        })
        .collect()
}

fn tensors_of(
    file: &Arc<MappedFile>,
    object: Value,
    objects: &Objects<Made>,
    storages: &HashMap<String, Storage>,
) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let refuse = |problem: String| LlmError::weights(file.path(), problem);
    let Some(entries) = objects.dictionary(object) else {
        return Err(refuse(format!(
            "it does not hold a dictionary of tensors; {CONVERT}"
        )));
    };
    let mut tensors = HashMap::with_capacity(entries.len());
    for &(name, value) in entries {
        let (Some(name), Some(Made::Tensor(view))) = (objects.text(name), objects.made(value)) else {
            continue; // step counters and the like
        };
        let (kind, key) = (&view.storage.kind, &view.storage.key);
        let element = stored_kind(kind);
        let storage = storages
            .get(key)
            .ok_or_else(|| refuse(format!("storage {key} of tensor {name} is missing")))?;
        let within = u64::try_from(view.offset)
            .ok()
            .and_then(|n| n.checked_mul(element.n_bytes()))
            .filter(|&n| n <= storage.n_bytes)
            .ok_or_else(|| refuse(format!("tensor {name} starts outside of its storage")))?;
        let tensor = StoredTensor {
            file: Arc::clone(file),
            offset: storage.offset + within,
            kind: element,
            dtype: kind.clone(),
            strides: (!is_row_major(&view.shape, &view.strides)).then(|| view.strides.clone()),
            shape: view.shape.clone(),
        };
        if tensor.check(name)? > storage.n_bytes - within {
            return Err(refuse(format!(
                "tensor {name} reaches past its storage (truncated?)"
            )));
        }
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

fn is_row_major(shape: &[i64], strides: &[i64]) -> bool {
    let mut step = 1_i64;
    shape.iter().zip(strides).rev().all(|(&n, &stride)| {
        let fits = n == 1 || stride == step;
        step = step.saturating_mul(n);
        fits
    })
}

fn stored_kind(storage: &str) -> StoredKind {
    match storage {
        "torch.FloatStorage" => StoredKind::F32,
        "torch.HalfStorage" => StoredKind::F16,
        "torch.BFloat16Storage" => StoredKind::BF16,
        "torch.DoubleStorage" => StoredKind::F64,
        "torch.LongStorage" => StoredKind::Other { n_bytes: 8 },
        "torch.IntStorage" => StoredKind::Other { n_bytes: 4 },
        "torch.ShortStorage" => StoredKind::Other { n_bytes: 2 },
        "torch.CharStorage" | "torch.ByteStorage" | "torch.BoolStorage" => StoredKind::Other { n_bytes: 1 },
        _ => StoredKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One tensor of one number, as `torch.save` writes it.
    const TENSOR: &[u8] =
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n\
        X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89NtR";
    const NUMBER: &[u8] = b"K\x03";

    /// A dictionary with these names and these values.
    fn dictionary(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut program = b"}".to_vec();
        for (name, value) in entries {
            let length = u32::try_from(name.len()).unwrap().to_le_bytes();
            program.extend([&b"X"[..], &length, name.as_bytes(), value, b"s"].concat());
        }
        program
    }

    /// The names in the dictionary that is read as the weights.
    fn names(program: &[u8]) -> Result<Vec<String>, String> {
        let program = [program, b"."].concat();
        let limits = Limits::for_file(program.len() as u64);
        let (value, objects) =
            lpp_pickle::read(&mut Bytes::new(&program), &mut Checkpoint, limits).map_err(|e| e.problem)?;
        let inner = unwrapped(value, &objects)?;
        let entries = objects.dictionary(inner).unwrap_or_default();
        Ok(entries
            .iter()
            .filter_map(|&(name, _)| objects.text(name).map(str::to_owned))
            .collect())
    }

    #[test]
    fn one_dictionary_inside_of_another_is_taken_out() {
        let weights = dictionary(&[("a", TENSOR), ("b", TENSOR)]);
        for name in ["state_dict", "model", "module"] {
            let wrapped = dictionary(&[("epoch", NUMBER), (name, &weights)]);
            assert_eq!(names(&wrapped).unwrap(), ["a", "b"], "{name}");
        }
        assert_eq!(names(&weights).unwrap(), ["a", "b"]);
        assert_eq!(names(&dictionary(&[("epoch", NUMBER)])).unwrap(), ["epoch"]);
    }

    #[test]
    fn two_sets_of_weights_are_no_choice() {
        let weights = dictionary(&[("a", TENSOR)]);
        let two = dictionary(&[("model", &weights), ("ema", &weights)]);
        assert!(names(&two).unwrap_err().contains("model, ema"));
        let beside = dictionary(&[("a", TENSOR), ("ema", &weights)]);
        assert!(names(&beside).unwrap_err().contains("ema"));
    }
}
