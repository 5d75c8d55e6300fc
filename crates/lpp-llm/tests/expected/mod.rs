//! Tensors of safetensors files, read without the code under test.

use std::path::Path;

use ndarray::{Array2, Array3};
use serde_json::Value;

/// Shape and f32 values of a tensor.
fn tensor(path: &Path, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let data = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: Value = serde_json::from_slice(&bytes[8..data]).unwrap();
    let entry = header.get(name)?;
    assert_eq!(entry["dtype"], "F32");
    let numbers = |value: &Value| -> Vec<usize> { serde_json::from_value(value.clone()).unwrap() };
    let range = numbers(&entry["data_offsets"]);
    let values = bytes[data + range[0]..data + range[1]].chunks_exact(4);
    let values = values
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    Some((numbers(&entry["shape"]), values))
}

/// The tensors `layer-0`, `layer-1`, …
pub(crate) fn layers_of(path: &Path) -> Vec<Array3<f32>> {
    (0..)
        .map_while(|layer| tensor(path, &format!("layer-{layer}")))
        .map(|(shape, values)| Array3::from_shape_vec((shape[0], shape[1], shape[2]), values).unwrap())
        .collect()
}

/// One matrix.
pub(crate) fn matrix_of(path: &Path, name: &str) -> Array2<f32> {
    let (shape, values) = tensor(path, name).unwrap();
    Array2::from_shape_vec((shape[0], shape[1]), values).unwrap()
}
