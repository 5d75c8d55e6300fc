//! safetensors files, written byte by byte, whole or against the format's rules.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::{Map, Value, json};

/// One tensor.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
    /// F64, F32, F16 or BF16.
    pub(crate) dtype: &'static str,
}

impl Tensor {
    pub(crate) fn new(name: impl Into<String>, shape: &[usize], data: Vec<f64>) -> Self {
        assert_eq!(data.len(), shape.iter().product::<usize>());
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            data,
            dtype: "F32",
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let each = |number: fn(f64) -> Vec<u8>| self.data.iter().flat_map(|v| number(*v)).collect();
        match self.dtype {
            "F64" => each(|v| v.to_le_bytes().to_vec()),
            "F16" => each(|v| half::f16::from_f64(v).to_le_bytes().to_vec()),
            "BF16" => each(|v| half::bf16::from_f64(v).to_le_bytes().to_vec()),
            _ => each(|v| (v as f32).to_le_bytes().to_vec()),
        }
    }
}

/// How a file breaks the rules of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breach {
    None,
    /// The last tensor takes the bytes of the first of its size.
    Overlap,
    /// Bytes of no tensor in front.
    Hole,
    /// Bytes behind the last tensor.
    Trailing,
    /// The last tensor's name stands twice, the second time with the first tensor's bytes.
    KeyTwice,
}

/// A file of tensors.
#[derive(Debug, Clone)]
pub(crate) struct Tensors {
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) list: Vec<Tensor>,
    pub(crate) breach: Breach,
}

impl Tensors {
    pub(crate) fn new(metadata: &[(&str, String)], tensors: Vec<Tensor>) -> Self {
        Self {
            metadata: metadata
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect(),
            list: tensors,
            breach: Breach::None,
        }
    }

    pub(crate) fn encode(&self) -> anyhow::Result<Vec<u8>> {
        let mut blob = if self.breach == Breach::Hole {
            vec![0; 64]
        } else {
            Vec::new()
        };
        let mut header = Map::new();
        if !self.metadata.is_empty() {
            let pairs: Map<String, Value> =
                self.metadata.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            header.insert("__metadata__".to_owned(), Value::Object(pairs));
        }
        for tensor in &self.list {
            let bytes = tensor.bytes();
            let span = [blob.len(), blob.len() + bytes.len()];
            blob.extend(bytes);
            let entry = json!({"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": span});
            header.insert(tensor.name.clone(), entry);
        }
        let mut text = serde_json::to_string(&header)?;
        let (first, last) = (
            self.list.first().context("no tensor")?,
            self.list.last().context("no tensor")?,
        );
        let stolen =
            json!({"dtype": last.dtype, "shape": last.shape, "data_offsets": [0, last.bytes().len()]});
        match self.breach {
            Breach::None | Breach::Hole => {}
            Breach::Trailing => blob.extend([1, 2, 3, 4]),
            Breach::Overlap => {
                header.insert(last.name.clone(), stolen);
                text = serde_json::to_string(&header)?;
            }
            Breach::KeyTwice => {
                ensure!(first.name != last.name, "one tensor only");
                text.pop();
                text = format!("{text}, {}: {stolen}}}", json!(last.name));
            }
        }
        while text.len() % 8 != 0 {
            text.push(' ');
        }
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.into_bytes());
        bytes.extend(blob);
        Ok(bytes)
    }
}

/// Reads the tensors that a program wrote: name, shape, values; and the metadata.
pub(crate) fn read(path: &Path) -> anyhow::Result<Tensors> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let (length, rest) = bytes.split_first_chunk::<8>().context("no safetensors file")?;
    let (head, blob) = rest.split_at(usize::try_from(u64::from_le_bytes(*length))?);
    let header: Map<String, Value> = serde_json::from_slice(head)?;
    let mut read = Tensors::new(&[], Vec::new());
    for (name, entry) in header {
        if name == "__metadata__" {
            let pairs = entry.as_object().context("no metadata")?.iter();
            read.metadata = pairs
                .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
                .collect();
            continue;
        }
        let numbers = |key: &str| -> anyhow::Result<Vec<usize>> {
            let list = entry[key].as_array().context("no list")?.iter();
            list.map(|n| Ok(usize::try_from(n.as_u64().context("no number")?)?))
                .collect()
        };
        let span = numbers("data_offsets")?;
        let raw = &blob[span[0]..span[1]];
        ensure!(
            entry["dtype"] == "F32",
            "{}: {name} is {}",
            path.display(),
            entry["dtype"]
        );
        let data = raw
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect();
        read.list.push(Tensor::new(name, &numbers("shape")?, data));
    }
    Ok(read)
}
