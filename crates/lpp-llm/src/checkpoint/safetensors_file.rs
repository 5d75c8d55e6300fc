//! The table of contents of a safetensors file.
//!
//! A file is eight bytes with the length of the header (little-endian), the header (JSON: name to dtype, shape and byte
//! range), then the data. Only the header is read here. Tensors are read when requested, so that a model larger than
//! memory can be used block by block.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use lpp_files::{MappedFile, quote};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::checkpoint::stored::{self, StoredKind, StoredTensor};
use crate::error::LlmError;

/// Longest header that is believed, as in the format's own reader.
const LONGEST_HEADER: u64 = 100_000_000;

/// The entry that is not a tensor.
const METADATA: &str = "__metadata__";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<i64>,
    data_offsets: [u64; 2],
}

/// The tensors of a header in their order, each name once.
struct Entries(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;

        impl<'de> Visitor<'de> for Once {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with an entry for each tensor")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!("tensor {} occurs twice", quote(&name))));
                    }
                    let unusable = |e: A::Error| A::Error::custom(format!("entry {}: {e}", quote(&name)));
                    if name == METADATA {
                        let _texts: HashMap<String, String> = map.next_value().map_err(unusable)?;
                    } else {
                        let entry = map.next_value().map_err(unusable)?;
                        entries.push((name, entry));
                    }
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Once)
    }
}

/// Lists the tensors of a file.
///
/// # Errors
/// [`LlmError::Weights`] for each violation of the format: a name that occurs twice, bytes that belong to no tensor or
/// to two, bytes after the last tensor, a range that does not fit type and shape.
pub(crate) fn open(path: &Path) -> Result<HashMap<String, StoredTensor>, LlmError> {
    let file = stored::map(path)?;
    let (data_start, header) = header(&file)?;
    let Entries(entries) = lpp_files::json::from_slice(header)
        .map_err(|e| LlmError::weights(path, format!("the safetensors header is not usable: {e}")))?;
    let mut tensors = HashMap::with_capacity(entries.len());
    let mut ranges = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        ranges.push((entry.data_offsets, name.clone()));
        let tensor = locate(&file, data_start, &name, entry)?;
        tensors.insert(name, tensor);
    }
    check_cover(ranges, file.len() as u64 - data_start)
        .map_err(|problem| LlmError::weights(path, problem))?;
    Ok(tensors)
}

/// Checks that the tensors cover the data without holes and overlaps.
fn check_cover(mut ranges: Vec<([u64; 2], String)>, n_bytes: u64) -> Result<(), String> {
    ranges.sort();
    let mut end = 0;
    let mut before = "the header".to_owned();
    for ([from, to], name) in ranges {
        if from > end {
            return Err(format!(
                "{} bytes between {before} and tensor {name} belong to no tensor",
                from - end
            ));
        }
        if from < end {
            return Err(format!(
                "tensors {before} and {name} share bytes (offsets {from} to {end})"
            ));
        }
        (end, before) = (to, name);
    }
    if end < n_bytes {
        return Err(format!(
            "{} trailing bytes after the last tensor, {before}",
            n_bytes - end
        ));
    }
    Ok(())
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
            "the safetensors header needs {length} bytes, the file has {} (truncated, or not safetensors)",
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
    let kind = stored_kind(&entry.dtype);
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
        dtype: entry.dtype,
        shape: entry.shape,
        strides: None,
    };
    if end < begin
        || data_start
            .checked_add(end)
            .is_none_or(|end| end > file.len() as u64)
    {
        return Err(refuse(format!(
            "tensor {name} with the range {begin}..{end} reaches past the end of the file ({} bytes); is the file truncated?",
            file.len()
        )));
    }
    if kind == StoredKind::Unknown {
        // Its size is unknown, and it may not be needed.
        return Ok(tensor);
    }
    let needed = tensor.check(name)?;
    if end.checked_sub(begin) != Some(needed) {
        return Err(refuse(format!(
            "tensor {name} of shape {:?} takes {needed} bytes, its range {begin}..{end} does not",
            tensor.shape
        )));
    }
    Ok(tensor)
}

fn stored_kind(dtype: &str) -> StoredKind {
    match dtype {
        "F32" => StoredKind::F32,
        "F16" => StoredKind::F16,
        "BF16" => StoredKind::BF16,
        "F64" => StoredKind::F64,
        "I64" | "U64" | "C64" => StoredKind::Other { n_bytes: 8 },
        "I32" | "U32" => StoredKind::Other { n_bytes: 4 },
        "I16" | "U16" => StoredKind::Other { n_bytes: 2 },
        "I8" | "U8" | "BOOL" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => {
            StoredKind::Other { n_bytes: 1 }
        }
        _ => StoredKind::Unknown,
    }
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
        let backwards = r#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}"#;
        assert!(message(backwards, &[0; 4]).contains("range"));
        assert!(message("[]", &[]).contains("not usable"));
    }

    #[test]
    fn each_breach_of_the_format_is_named() {
        let two = |a: [u64; 2], b: [u64; 2]| {
            let n = |[from, to]: [u64; 2]| (to - from) / 4;
            format!(
                r#"{{"a":{{"dtype":"F32","shape":[{}],"data_offsets":{a:?}}},"b":{{"dtype":"F32","shape":[{}],"data_offsets":{b:?}}}}}"#,
                n(a),
                n(b)
            )
        };
        let written_well = two([0, 8], [8, 12]);
        let file = written(&written_well, written_well.len() as u64, &[0; 12]);
        assert_eq!(open(file.path()).unwrap().len(), 2);
        for (header, n_bytes, part) in [
            (two([0, 8], [4, 12]), 12, "a and b share bytes"),
            (two([4, 8], [8, 12]), 12, "4 bytes between the header and tensor a"),
            (two([0, 4], [8, 12]), 12, "4 bytes between a and tensor b"),
            (two([0, 8], [8, 12]), 16, "4 trailing bytes"),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.into(), 4, "tensor a occurs twice"),
            (r#"{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}"#.into(), 4, "duplicate field"),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"order":"F"}}"#.into(), 4, "order"),
            (r#"{"__metadata__":{"n":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.into(), 4, "__metadata__"),
            ("{}".into(), 4, "4 trailing bytes"),
        ] {
            let message = message(&header, &vec![0; n_bytes]);
            assert!(message.contains(part), "{header}: {message}");
        }
    }

    #[test]
    fn names_as_long_as_the_file_are_shortened_in_messages() {
        let long = "a".repeat(20_000);
        let entry = |fields: &str| format!(r#"{{"{long}":{{{fields}}}}}"#);
        let twice = entry(r#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#);
        let twice = format!("{},{}", &twice[..twice.len() - 1], &twice[1..]);
        for (header, part) in [
            (
                entry(r#""dtype":"F32","shape":[1],"data_offsets":[0,8]"#),
                "past the end",
            ),
            (
                entry(r#""dtype":"F32","shape":[1],"data_offsets":[0,2]"#),
                "takes 4 bytes",
            ),
            (entry(&format!(r#""{long}":1"#)), "unknown field"),
            (
                entry(&format!(r#""dtype":"F32","shape":"{long}""#)),
                "line 1 column",
            ),
            (format!("\"{long}\""), "expected an object"),
            (twice, "occurs twice"),
        ] {
            let message = message(&header, &[0; 4]);
            assert!(
                message.chars().count() < 1000 && message.contains(part),
                "{message}"
            );
        }
    }

    #[test]
    fn a_tensor_of_an_unknown_type_is_refused_only_when_it_is_read() {
        for dtype in ["F8_E8M0", "F4", "F8_E4M3"] {
            let header = format!(
                r#"{{"a":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}},"b":{{"dtype":"{dtype}","shape":[2],"data_offsets":[4,6]}}}}"#
            );
            let file = written(&header, header.len() as u64, &[0; 6]);
            let tensors = open(file.path()).unwrap();
            assert!(tensors["a"].read("a").is_ok());
            let message = tensors["b"].read("b").unwrap_err().to_string();
            assert!(
                message.contains(dtype) && message.contains("tensor b"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_header_longer_than_the_file_is_refused_before_it_is_read() {
        let file = written("{}", u64::MAX, &[]);
        assert!(open(file.path()).unwrap_err().to_string().contains("truncated"));
        std::fs::write(file.path(), [1, 2, 3]).unwrap();
        assert!(open(file.path()).unwrap_err().to_string().contains("too few"));
    }
}
