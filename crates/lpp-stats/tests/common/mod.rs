//! Reading golden cases, and comparing with them.

use std::path::PathBuf;

use serde_json::Value;

/// The cases of a file in `fixtures/stats` whose name starts with `prefix`; at least one.
///
/// `variable` names an environment variable with another file of cases.
pub(crate) fn cases(file: &str, variable: &str, prefix: &str) -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stats");
    let path = std::env::var_os(variable).map_or(folder.join(file), PathBuf::from);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let Value::Array(all) = file["cases"].take() else {
        panic!("no cases")
    };
    let chosen: Vec<Value> = all
        .into_iter()
        .filter(|case| case["name"].as_str().unwrap().starts_with(prefix))
        .collect();
    assert!(!chosen.is_empty(), "no case named {prefix}");
    chosen
}

pub(crate) fn vector(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// JSON has no NaN; the generator writes Python's spelling only for failed cases, so null is none of ours.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[track_caller]
pub(crate) fn assert_near(found: f64, expected: f64, absolute: f64, relative: f64, what: &str) {
    let bound = absolute + relative * expected.abs();
    assert!(
        (found - expected).abs() <= bound,
        "{what}: {found:e}, expected {expected:e} within {bound:e}"
    );
}
