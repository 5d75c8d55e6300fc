//! The program from flags to files, on a model whose probabilities are known.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, its helpers included; checkpoints have f32"
)]

mod items;
mod planted_model;
mod texts;

use std::path::Path;
use std::process::Command;

use lpp_testkit::assert_succeeds;
use serde_json::Value;

use planted_model::save_model;

/// A folder with the model in `model/`.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    save_model(&folder.path().join("model"));
    folder
}

pub(crate) fn program(folder: &Path, command: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lpp-score"));
    program
        .args([command, "--model-dir", "model", "--threads", "1"])
        .args(arguments)
        .current_dir(folder);
    program
}

/// The first output of a program called with `--json`.
pub(crate) fn said(program: &mut Command) -> Value {
    let text = assert_succeeds(program.arg("--json"));
    let said: Value = serde_json::from_str(&text).unwrap();
    said["outputs"][0].clone()
}

pub(crate) fn assert_near(found: f64, expected: f64) {
    // Logits are in f32.
    assert!(
        (found - expected).abs() <= 1e-5 * (1.0 + expected.abs()),
        "{found} is not {expected}"
    );
}

pub(crate) const GOOD: &str = "the dogs are good .";
pub(crate) const BAD: &str = "the dogs is good .";
