//! A trained model on the published English text, where `LPP_DATA` names the folder that holds them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_files::Activations;
use lpp_testkit::{assert_succeeds, data_folder};

/// The activations file of the whole story, written with two threads.
fn extracted(data: &Path, output: &Path, stream_layers: bool) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-extract"));
    command.current_dir(output.parent().unwrap());
    command.args([
        "--threads",
        "2",
        "--json",
        "--force",
        "--lang",
        "en",
        "--corrections",
        "published",
    ]);
    command.arg("--model-dir").arg(data.join("models/stories260K"));
    command
        .arg("--annotation")
        .arg(data.join("annotation/EN/lppEN_word_information.csv"));
    command.arg("--text").arg(data.join("lpp_en_text.zip"));
    command.arg("-o").arg(output);
    if stream_layers {
        command.arg("--stream-layers");
    }
    let report: serde_json::Value = serde_json::from_str(&assert_succeeds(&mut command)).unwrap();
    let report = &report["outputs"][0];
    assert_eq!(
        (report["n_words"].as_u64(), report["n_windows"].as_u64()),
        (Some(15_342), Some(658))
    );
    fs::read(output).unwrap()
}

#[test]
fn activations_of_the_story_are_the_same_bits_in_every_run() {
    let Some(data) = data_folder() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let output = scratch.path().join("a.safetensors");
    let first = extracted(&data, &output, false);
    let activations = Activations::open(&output).unwrap();
    assert_eq!((activations.n_runs(), activations.n_layers()), (9, 6));
    let last = activations.layer(8, 5).unwrap();
    assert!(last.dim() == (1974, 64) && last.iter().all(|x| x.is_finite()));
    assert!(first == extracted(&data, &output, false), "a second run");
    assert!(first == extracted(&data, &output, true), "layer by layer");
}
