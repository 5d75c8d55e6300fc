//! The table of contents of a safetensors file.
//!
//! A file is eight bytes with the length of the header (little-endian), the header (JSON: name to dtype, shape
//! and byte range), then the data. Only the header is read here; tensors are read when they are asked for, so
//! that a model larger than memory can be used block by block.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use lpp_study::MappedFile;
use serde::Deserialize;

use crate::checkpoint::stored::{self, StoredKind, StoredTensor};
use crate::error::LlmError;

/// Longest header that is believed, as in the format's own reader.
const LONGEST_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<i64>,
    data_offsets: [u64; 2],
}

/// Lists the tensors of a file.
pub(crate) fn open(path: &Path) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let file = stored::map(path)?;
    let (data_start, header) = header(&file)?;
    let entries: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header)
        .map_err(|e| LlmError::weights(path, format!("the safetensors header is not valid JSON: {e}")))?;
    let mut tensors = HashMap::with_capacity(entries.len());
    for (name, value) in entries {
        if name == "__metadata__" {
            continue;
        }
        let entry: Entry = serde_json::from_value(value)
            .map_err(|e| LlmError::weights(path, format!("header entry of tensor {name}: {e}")))?;
        let tensor = locate(&file, data_start, &name, entry)?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

/// Where the data start, and the bytes of the header.
fn header(file: &MappedFile) -> Result<(u64, &[u8]), LlmError> {
    let refuse = |problem: String| LlmError::weights(file.path(), problem);
    let Some((length, rest)) = file.split_first_chunk::<8>() else {
        return Err(refuse(format!(
            "{} bytes are too few for a safetensors file",
            file.len()
        )));
    };
    let length = u64::from_le_bytes(*length);
    match usize::try_from(length)
        .ok()
        .filter(|_| length <= LONGEST_HEADER)
        .and_then(|n| rest.get(..n))
    {
        Some(header) => Ok((8 + length, header)),
        None => Err(refuse(format!(
            "the safetensors header claims {length} bytes, the file has {} (truncated, or another format)",
            file.len()
        ))),
    }
}

fn locate(
    file: &Arc<MappedFile>,
    data_start: u64,
    name: &str,
    entry: Entry,
) -> Result<StoredTensor, LlmError> {
    let refuse = |problem: String| LlmError::weights(file.path(), problem);
    let kind = stored_kind(&entry.dtype)
        .ok_or_else(|| refuse(format!("tensor {name} has the unknown dtype {}", entry.dtype)))?;
    if entry.shape.iter().any(|&n| n < 0) {
        return Err(refuse(format!("tensor {name} has the shape {:?}", entry.shape)));
    }
    let [begin, end] = entry.data_offsets;
    let offset = data_start
        .checked_add(begin)
        .ok_or_else(|| refuse(format!("tensor {name} starts at the impossible offset {begin}")))?;
    let tensor = StoredTensor {
        file: Arc::clone(file),
        offset,
        kind,
        shape: entry.shape,
        strides: None,
    };
    let needed = tensor.check(name)?;
    if end.checked_sub(begin) != Some(needed) {
        return Err(refuse(format!(
            "tensor {name} of shape {:?} takes {needed} bytes, its range {begin}..{end} does not",
            tensor.shape
        )));
    }
    Ok(tensor)
}

fn stored_kind(dtype: &str) -> Option<StoredKind> {
    Some(match dtype {
        "F32" => StoredKind::F32,
        "F16" => StoredKind::F16,
        "BF16" => StoredKind::BF16,
        "F64" => StoredKind::F64,
        "I64" | "U64" => StoredKind::Other { n_bytes: 8 },
        "I32" | "U32" => StoredKind::Other { n_bytes: 4 },
        "I16" | "U16" => StoredKind::Other { n_bytes: 2 },
        "I8" | "U8" | "BOOL" | "F8_E4M3" | "F8_E5M2" => StoredKind::Other { n_bytes: 1 },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(header: &str, length: u64, data: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn message(header: &str, data: &[u8]) -> String {
        let file = written(header, header.len() as u64, data);
        open(file.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_small_file_is_listed_and_read() {
        let header = r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#;
        let file = written(header, header.len() as u64, &[0, 0x3c, 0, 0xc0]);
        let tensors = open(file.path()).unwrap();
        let values = tensors["a"].read("a").unwrap();
        assert_eq!(Vec::<f32>::try_from(values).unwrap(), [1.0, -2.0]);
    }

    #[test]
    fn lying_headers_are_refused() {
        let far = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        assert!(message(far, &[0; 4]).contains("past the end"));
        let vast = r#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}"#;
        assert!(message(vast, &[0; 4]).contains("past the end"));
        let short = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}"#;
        assert!(message(short, &[0; 8]).contains("range"));
        let negative = r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,2]}}"#;
        assert!(message(negative, &[0; 8]).contains("shape"));
        let odd = r#"{"a":{"dtype":"F3","shape":[1],"data_offsets":[0,4]}}"#;
        assert!(message(odd, &[0; 8]).contains("F3"));
        assert!(message("[]", &[]).contains("not valid JSON"));
    }

    #[test]
    fn a_header_longer_than_the_file_is_refused_before_it_is_read() {
        let file = written("{}", u64::MAX, &[]);
        assert!(open(file.path()).unwrap_err().to_string().contains("truncated"));
        std::fs::write(file.path(), [1, 2, 3]).unwrap();
        assert!(open(file.path()).unwrap_err().to_string().contains("too few"));
    }
}
