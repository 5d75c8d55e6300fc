//! With `equal_bits`, files are equal to the bit for any number of threads.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::path::Path;

use lpp_files::Silent;
use lpp_llm::{HiddenStates, Identity, ModelParams, Precision, TokenScores, Training};
use ndarray::Array2;
use tempfile::TempDir;

/// Large enough that libtorch divides its operations among threads.
const CONFIG: &str = r#"{"model_type": "gpt2", "n_embd": 256, "n_layer": 2, "n_head": 4, "n_positions": 512, "vocab_size": 5000}"#;

/// A folder with a model and `n_rows` rows of 400 tokens.
fn folder(n_rows: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), CONFIG).unwrap();
    let ids = Array2::from_shape_fn((n_rows, 400), |(row, t)| {
        i64::try_from((row * 977 + t * t * 31 + t) % 5000).unwrap()
    });
    ndarray_npy::write_npy(folder.path().join("ids.npy"), &ids).unwrap();
    folder
}

fn params(folder: &Path, n_threads: usize, equal_bits: bool) -> ModelParams {
    ModelParams {
        n_threads: Some(n_threads),
        training: Training::Untrained {
            seed: 3,
            dropout: false,
        },
        equal_bits,
        ..ModelParams::new(folder)
    }
}

fn states(model: ModelParams) -> Vec<u8> {
    let identity = Identity::new("test", "1", &model, &[]);
    let job = HiddenStates {
        ids: model.folder.join("ids.npy"),
        attention_mask: None,
        output: model.folder.join("states.safetensors"),
        model,
    };
    job.write(identity, &Silent).unwrap().1.remove().unwrap();
    fs::read(&job.output).unwrap()
}

fn scores(model: ModelParams) -> Vec<u8> {
    let identity = Identity::new("test", "1", &model, &[]);
    let job = TokenScores {
        ids: model.folder.join("ids.npy"),
        attention_mask: None,
        context: None,
        with_logits: true,
        batch_tokens: 800,
        output: model.folder.join("scores.safetensors"),
        model,
    };
    job.write(identity, true, &Silent).unwrap().1.remove().unwrap();
    fs::read(&job.output).unwrap()
}

#[test]
fn states_do_not_depend_on_the_number_of_threads() {
    for precision in [Precision::F32, Precision::Bf16] {
        // One window for all threads, and windows of which some threads get one more than others.
        for n_rows in [1, 4] {
            let folder = folder(n_rows);
            let of = |n_threads: usize, stream_layers: bool| {
                states(ModelParams {
                    precision,
                    stream_layers,
                    ..params(folder.path(), n_threads, true)
                })
            };
            let one = of(1, false);
            for n_threads in [2, 3] {
                assert!(of(n_threads, false) == one, "{precision:?}, {n_threads} threads");
                assert!(
                    of(n_threads, true) == one,
                    "{precision:?}, {n_threads} threads, streamed"
                );
            }
        }
    }
}

#[test]
fn scores_do_not_depend_on_the_number_of_threads() {
    for n_rows in [1, 5] {
        let folder = folder(n_rows);
        let of = |n_threads: usize, stream_layers: bool| {
            scores(ModelParams {
                stream_layers,
                ..params(folder.path(), n_threads, true)
            })
        };
        let one = of(1, false);
        for n_threads in [2, 3] {
            assert!(of(n_threads, false) == one, "{n_threads} threads");
            assert!(of(n_threads, true) == one, "{n_threads} threads, streamed");
        }
    }
}

#[test]
fn as_many_windows_as_threads_need_no_option() {
    let folder = folder(4);
    let of = |n_threads: usize| states(params(folder.path(), n_threads, false));
    assert!(of(1) == of(2) && of(2) == of(4));
}
