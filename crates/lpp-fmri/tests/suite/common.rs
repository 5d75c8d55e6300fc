//! The manifest of the golden cases.

use std::fs::File;
use std::path::PathBuf;

use lpp_fmri::Affine;
use serde_json::Value;

/// A file of the golden cases.
pub(crate) fn fixture(name: &str) -> PathBuf {
    lpp_testkit::fixture("fmri").join(name)
}

/// What `make.py` noted.
pub(crate) fn manifest() -> Value {
    serde_json::from_reader(File::open(fixture("manifest.json")).unwrap()).unwrap()
}

/// The items of a JSON array.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// A JSON array of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    items(value).iter().map(|v| v.as_f64().unwrap()).collect()
}

/// A JSON array of counts.
pub(crate) fn counts(value: &Value) -> Vec<usize> {
    items(value)
        .iter()
        .map(|v| usize::try_from(v.as_u64().unwrap()).unwrap())
        .collect()
}

/// A JSON array of four rows.
pub(crate) fn affine(value: &Value) -> Affine {
    std::array::from_fn(|row| std::array::from_fn(|column| value[row][column].as_f64().unwrap()))
}
