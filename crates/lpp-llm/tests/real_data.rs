//! A trained model on the published English text, where `LPP_DATA` names the folder that holds them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::path::Path;

use lpp_files::{Activations, Silent, StoredAs};
use lpp_llm::{ExtractJob, ModelParams};
use lpp_study::{AnnotationCorrections, Language, Software};
use lpp_testkit::data_folder;
use lpp_text::AnnotationSource;

const SOFTWARE: Software = Software {
    program: "test",
    version: "1",
    commit: None,
};

/// The activations file of the whole story, written with two threads.
fn extracted(data: &Path, output: &Path, stream_layers: bool) -> Vec<u8> {
    let folder = data.join("models/stories260K");
    let job = ExtractJob {
        name: "stories260K".to_string(),
        tokenizer: folder.clone(),
        model: ModelParams {
            n_threads: Some(2),
            stream_layers,
            ..ModelParams::new(folder)
        },
        annotation: AnnotationSource {
            path: data.join("annotation/EN/lppEN_word_information.csv"),
            lang: Language::English,
            corrections: AnnotationCorrections::Published,
        },
        text: data.join("lpp_en_text.zip"),
        words: output.with_extension("csv"),
        output: output.to_path_buf(),
        stored: StoredAs::F32,
        source: "models/stories260K".to_string(),
        commit: None,
        force: true,
    };
    let report = job.run(SOFTWARE, &Silent).unwrap();
    assert_eq!((report.n_words, report.n_windows), (15_342, 658));
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
