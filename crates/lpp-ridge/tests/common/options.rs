//! The golden cases of options beyond the reference study.

use lpp_testkit::{fixture, load_npy};
use ndarray::{Array2, s};

/// What `make.py` wrote down.
pub fn manifest() -> serde_json::Value {
    let text = std::fs::read_to_string(fixture("ridge-options/manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A list of the manifest.
pub fn numbers<T: serde::de::DeserializeOwned>(key: &str) -> Vec<T> {
    serde_json::from_value(manifest()[key].clone()).unwrap()
}

/// Number of scans of each run.
pub fn lengths() -> Vec<usize> {
    numbers("lengths")
}

/// One array of the cases.
pub fn array(name: &str) -> Array2<f64> {
    load_npy(fixture(&format!("ridge-options/{name}.npy")))
}

/// One array cut into runs.
pub fn runs(name: &str) -> Vec<Array2<f64>> {
    let stack = array(name);
    let mut top = 0;
    let cut = |n| {
        top += n;
        stack.slice(s![top - n..top, ..]).to_owned()
    };
    lengths().into_iter().map(cut).collect()
}
