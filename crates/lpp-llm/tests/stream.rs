//! Streaming layer by layer gives the same files as holding the whole model, also after an interruption.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lpp_files::{Progress, Silent, hash_file};
use lpp_llm::{HiddenStates, Identity, LlmError, ModelParams, Precision, Training};
use lpp_testkit::fixture;
use tempfile::TempDir;

/// Writes the states as version `version` of a program.
fn write(job: &HiddenStates, version: &str, progress: &dyn Progress) -> Result<(), LlmError> {
    let inputs: Vec<_> = job.files()?.iter().map(|file| hash_file(file).unwrap()).collect();
    let identity = Identity::new("test", version, &job.model, &inputs);
    job.write(identity, progress)?.1.remove()
}

/// Every family and every way of storing weights.
const CASES: [&str; 17] = [
    "gpt2",
    "gpt2_legacy_bin",
    "opt",
    "opt_350m",
    "llama",
    "mistral",
    "qwen2",
    "gemma",
    "stablelm_1_6b",
    "stablelm_12b",
    "gpt_neox",
    "mamba",
    "llama3",
    "qwen3",
    "olmo2",
    "gemma2",
    "gemma3",
];

fn params(case: &str) -> ModelParams {
    ModelParams {
        // A setting of the whole process, so that it must be the same in all tests here.
        n_threads: Some(1),
        ..ModelParams::new(fixture(&format!("llm/{case}")))
    }
}

fn job(case: &str, model: ModelParams, output: PathBuf) -> HiddenStates {
    let folder = fixture(&format!("llm/{case}"));
    HiddenStates {
        model,
        ids: folder.join("ids.npy"),
        attention_mask: Some(folder.join("mask.npy")),
        output,
    }
}

fn streamed(case: &str, model: ModelParams, output: PathBuf) -> HiddenStates {
    let model = ModelParams {
        stream_layers: true,
        ..model
    };
    job(case, model, output)
}

/// The file that the whole model in memory gives.
fn whole(case: &str, model: ModelParams) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let job = job(case, model, folder.path().join("whole.safetensors"));
    write(&job, "1", &Silent).unwrap();
    fs::read(&job.output).unwrap()
}

fn assert_streaming_changes_nothing(case: &str, model: &ModelParams) {
    let folder = tempfile::tempdir().unwrap();
    let job = streamed(case, model.clone(), folder.path().join("out.safetensors"));
    write(&job, "1", &Silent).unwrap();
    assert!(
        fs::read(&job.output).unwrap() == whole(case, model.clone()),
        "{case} {:?}",
        model.training
    );
    assert!(!work_of(&job.output).exists(), "nothing is left behind");
}

fn work_of(output: &Path) -> PathBuf {
    output.with_file_name(format!("{}.partial", output.file_name().unwrap().display()))
}

#[test]
fn streaming_changes_no_bit_of_any_family() {
    for case in CASES {
        assert_streaming_changes_nothing(case, &params(case));
    }
}

#[test]
fn streaming_changes_no_bit_of_an_untrained_twin() {
    // Mamba keeps draws of both passes over its modules, the others of the second one.
    for case in CASES {
        for dropout in [false, true] {
            let training = Training::Untrained { seed: 7, dropout };
            assert_streaming_changes_nothing(
                case,
                &ModelParams {
                    training,
                    ..params(case)
                },
            );
        }
    }
}

#[test]
fn streaming_changes_no_bit_of_16_bit_arithmetic() {
    for case in ["llama", "gemma", "mamba"] {
        let precision = Precision::Bf16;
        assert_streaming_changes_nothing(
            case,
            &ModelParams {
                precision,
                ..params(case)
            },
        );
    }
}

/// Ends the run with a panic once so many windows went through a block.
struct EndsAfter(AtomicU64);

impl Progress for EndsAfter {
    fn start(&self, _what: &str, _total: u64) {}
    fn advance(&self, _parts: u64) {
        assert!(self.0.fetch_sub(1, Ordering::Relaxed) > 1, "the power went off");
    }
    fn finish(&self) {}
}

/// A run that ended after `n` windows; all cases have two windows.
fn interrupted(case: &str, model: ModelParams, n: u64) -> (TempDir, HiddenStates) {
    let folder = tempfile::tempdir().unwrap();
    let job = streamed(case, model, folder.path().join("out.safetensors"));
    let end = EndsAfter(AtomicU64::new(n));
    catch_unwind(AssertUnwindSafe(|| write(&job, "1", &end))).unwrap_err();
    assert!(!job.output.exists());
    (folder, job)
}

fn n_stages_done(job: &HiddenStates) -> u64 {
    let Ok(text) = fs::read_to_string(work_of(&job.output).join("journal.json")) else {
        return 0;
    };
    let journal: serde_json::Value = serde_json::from_str(&text).unwrap();
    journal["n_stages"].as_u64().unwrap()
}

#[test]
fn a_run_goes_on_wherever_it_was_interrupted() {
    let untrained = |case| params(case).untrained(3);
    for (case, model) in [
        ("llama", params("llama")),
        ("mamba", params("mamba")),
        ("gpt2", untrained("gpt2")),
        ("mamba", untrained("mamba")),
    ] {
        let expected = whole(case, model.clone());
        // Two windows through the embedding and two blocks (three of GPT-2).
        for n in 1..=6 {
            let (_folder, job) = interrupted(case, model.clone(), n);
            assert_eq!(n_stages_done(&job), (n - 1) / 2);
            write(&job, "1", &Silent).unwrap();
            assert!(fs::read(&job.output).unwrap() == expected, "{case} after {n}");
            assert!(!work_of(&job.output).exists());
        }
    }
}

#[test]
fn finished_layers_are_not_computed_again() {
    let (_folder, job) = interrupted("llama", params("llama"), 4);
    let layer = work_of(&job.output).join("layer-0");
    let mut bytes = fs::read(&layer).unwrap();
    bytes[..4].copy_from_slice(&12345.0_f32.to_le_bytes());
    fs::write(&layer, bytes).unwrap();
    write(&job, "1", &Silent).unwrap();
    let (found, expected) = (fs::read(&job.output).unwrap(), whole("llama", params("llama")));
    let different: Vec<_> = (0..found.len()).filter(|&i| found[i] != expected[i]).collect();
    assert!(
        !different.is_empty() && different.len() <= 4,
        "only the planted value differs: {different:?}"
    );
}

#[test]
fn half_work_is_not_trusted() {
    let (_folder, job) = interrupted("llama", params("llama"), 5);
    let work = work_of(&job.output);
    assert_eq!(n_stages_done(&job), 2);
    // Stage 2, the second block, was under way: it reads the odd file and would write layer 2.
    for name in ["states-even", "layer-2", ".lpp-left-over.tmp"] {
        fs::write(work.join(name), "rubbish").unwrap();
    }
    write(&job, "1", &Silent).unwrap();
    assert!(fs::read(&job.output).unwrap() == whole("llama", params("llama")));
}

#[test]
fn a_damaged_residual_stream_is_an_error() {
    let (_folder, job) = interrupted("llama", params("llama"), 5);
    fs::write(work_of(&job.output).join("states-odd"), "short").unwrap();
    let message = write(&job, "1", &Silent).unwrap_err().to_string();
    assert!(
        message.contains("states-odd: 5 bytes, expected 1408"),
        "{message}"
    );
}

#[test]
fn the_work_of_another_run_is_not_taken_over() {
    let (_folder, job) = interrupted("llama", params("llama"), 5);
    let model = ModelParams {
        stream_layers: true,
        ..params("llama").untrained(1)
    };
    let other = HiddenStates {
        model: model.clone(),
        ..job.clone()
    };
    write(&other, "1", &Silent).unwrap();
    assert!(fs::read(&job.output).unwrap() == whole("llama", model));

    // Another version of the program may compute other numbers.
    let (_folder, job) = interrupted("llama", params("llama"), 5);
    fs::write(work_of(&job.output).join("layer-0"), "of version 1").unwrap();
    write(&job, "2", &Silent).unwrap();
    assert!(fs::read(&job.output).unwrap() == whole("llama", params("llama")));
}

#[test]
fn two_processes_do_not_share_a_work_folder() {
    let (_folder, job) = interrupted("llama", params("llama"), 5);
    let lock = fs::File::create(work_of(&job.output).join("lock")).unwrap();
    lock.lock().unwrap();
    let error = write(&job, "1", &Silent).unwrap_err();
    assert!(matches!(error, LlmError::PartialWork { .. }));
    assert!(error.to_string().contains("another process is using this folder"));
    drop(lock);
    write(&job, "1", &Silent).unwrap();
}
