//! Log-probabilities against transformers, see `fixtures/llm/make_logprobs.py`; batches, streams and resuming; heads that are none.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use lpp_files::{Progress, Silent};
use lpp_llm::{Identity, LlmError, ModelParams, RowScores, Scoring, Training};
use lpp_testkit::{Tolerance, assert_close, fixture, load_npy};
use lpp_text::TokenRow;
use ndarray::{Array1, Array2};

fn params(case: &str) -> ModelParams {
    ModelParams {
        // A setting of the whole process, so that it must be the same in all tests here.
        n_threads: Some(1),
        ..ModelParams::new(fixture(&format!("llm/{case}")))
    }
}

fn rows(case: &str) -> Vec<TokenRow> {
    let folder = fixture(&format!("llm/{case}"));
    let ids: Array2<i64> = load_npy(folder.join("ids.npy"));
    let mask: Array2<i64> = load_npy(folder.join("mask.npy"));
    let row = |(ids, mask): (ndarray::ArrayView1<'_, i64>, ndarray::ArrayView1<'_, i64>)| TokenRow {
        ids: ids
            .iter()
            .zip(mask)
            .filter(|(_, m)| **m == 1)
            .map(|(&id, _)| id)
            .collect(),
        first_scored: 1,
    };
    ids.outer_iter().zip(mask.outer_iter()).map(row).collect()
}

fn score_at(
    model: &ModelParams,
    rows: &[TokenRow],
    batch_tokens: usize,
    output: &Path,
    progress: &dyn Progress,
) -> Result<Vec<RowScores>, LlmError> {
    let scoring = Scoring {
        model,
        rows,
        place: &|row| format!("row {row}"),
        batch_tokens,
        with_entropies: true,
        output,
    };
    let (scores, leftover) = scoring.run(Identity::new("test", "1", model, &[]), false, progress)?;
    leftover.remove()?;
    assert_eq!(
        output.parent().unwrap().read_dir().unwrap().count(),
        0,
        "nothing is left behind"
    );
    Ok(scores)
}

fn score(model: &ModelParams, rows: &[TokenRow], batch_tokens: usize) -> Result<Vec<RowScores>, LlmError> {
    let folder = tempfile::tempdir().unwrap();
    score_at(model, rows, batch_tokens, &folder.path().join("out"), &Silent)
}

fn assert_agrees(case: &str, model: &ModelParams) {
    let expected: Array2<f64> = load_npy(fixture(&format!("llm/{case}")).join("logprobs.npy"));
    for (found, expected) in score(model, &rows(case), 1)
        .unwrap()
        .iter()
        .zip(expected.outer_iter())
    {
        let expected: Array1<f64> = expected.iter().copied().filter(|value| !value.is_nan()).collect();
        // Both sides compute in f32 and differ in the order of sums.
        let tolerance = Tolerance::relative(1e-5).or_absolute(1e-5);
        assert_close(&Array1::from(found.logprobs.clone()), &expected, tolerance);
    }
}

/// Every family; heads of their own, tied, capped.
const CASES: [&str; 20] = [
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
    "llama_linear",
    "llama_biases",
    "qwen2_5",
    "qwen3",
    "olmo2",
    "gemma2",
    "gemma3",
];

#[test]
fn log_probabilities_of_every_family_agree_with_transformers() {
    for case in CASES {
        assert_agrees(case, &params(case));
    }
}

#[test]
fn heads_of_untrained_controls_are_drawn_as_in_torch() {
    let training = Training::Untrained {
        seed: 20_240_917,
        // Has no part in probabilities.
        dropout: true,
    };
    for case in [
        "untrained_gpt2",
        "untrained_llama",
        "untrained_opt_350m",
        "untrained_olmo2",
        "untrained_gemma2",
    ] {
        for stream_layers in [false, true] {
            let model = ModelParams {
                training,
                stream_layers,
                ..params(case)
            };
            assert_agrees(case, &model);
        }
    }
}

#[test]
fn streams_change_no_bit_and_batches_only_rounding() {
    for case in CASES {
        let mut rows = rows(case);
        // More rows of the same length, so that they go through the model together.
        let shifted: Vec<TokenRow> = rows
            .iter()
            .map(|row| TokenRow {
                ids: row.ids.iter().map(|id| (id + 7) % 37).collect(),
                first_scored: 3,
            })
            .collect();
        rows.extend(shifted);
        let together = score(&params(case), &rows, 4096).unwrap();
        let streamed = ModelParams {
            stream_layers: true,
            ..params(case)
        };
        assert_eq!(score(&streamed, &rows, 4096).unwrap(), together, "{case}");
        for (alone, together) in score(&params(case), &rows, 1).unwrap().iter().zip(&together) {
            let array = |values: &[f64]| Array1::from(values.to_vec());
            // Sums over other numbers of rows.
            let tolerance = Tolerance::relative(1e-5).or_absolute(1e-5);
            assert_close(&array(&alone.logprobs), &array(&together.logprobs), tolerance);
            assert_close(&array(&alone.entropies), &array(&together.entropies), tolerance);
        }
    }
}

#[test]
fn the_chain_rule_holds_and_equal_rows_are_equal() {
    let model = params("llama_linear");
    let ids: Vec<i64> = (0..20).map(|i| (i * 7 + 3) % 37).collect();
    let row = |first_scored: usize, end: usize| TokenRow {
        ids: ids[..end].to_vec(),
        first_scored,
    };
    let found = score(&model, &[row(1, 20), row(1, 12), row(12, 20), row(1, 20)], 2048).unwrap();
    assert!((found[0].sum() - found[1].sum() - found[2].sum()).abs() < 1e-6 * (1.0 + found[0].sum().abs()));
    assert_eq!(found[0], found[3]);
    assert_eq!(found[0].logprobs[11..], found[2].logprobs[..]);
    // Probabilities of all next tokens sum to one.
    let n_vocabulary =
        i64::try_from(lpp_llm::ModelInfo::of_folder(&model.folder).unwrap().n_vocabulary).unwrap();
    let all: Vec<TokenRow> = (0..n_vocabulary)
        .map(|id| TokenRow {
            ids: vec![5, 9, id],
            first_scored: 2,
        })
        .collect();
    let scores = score(&model, &all, 2048).unwrap();
    let total: f64 = scores.iter().map(|row| row.sum().exp()).sum();
    assert!((total - 1.0).abs() < 1e-6, "{total}");
    assert_eq!(scores.iter().filter(|row| row.is_best[0]).count(), 1);
    let entropy: f64 = scores.iter().map(|row| -row.sum() * row.sum().exp()).sum();
    assert!((entropy - scores[0].entropies[0]).abs() < 1e-5, "{entropy}");
}

/// Panics after some batches, as if the program were killed.
#[derive(Debug)]
struct KilledAfter(AtomicU64);

impl Progress for KilledAfter {
    fn start(&self, _what: &str, _n: u64) {}

    fn advance(&self, n: u64) {
        assert!(self.0.fetch_sub(n, Ordering::Relaxed) > n, "killed");
    }

    fn finish(&self) {}
}

#[test]
fn a_killed_run_goes_on_and_gives_the_same_numbers() {
    let rows: Vec<TokenRow> = (4..16)
        .map(|length| TokenRow {
            ids: (0..length).map(|i| (i * 5 + length) % 37).collect(),
            first_scored: 1,
        })
        .collect();
    for stream_layers in [false, true] {
        let model = ModelParams {
            stream_layers,
            ..params("gpt2")
        };
        let expected = score(&model, &rows, 8).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        // The stream advances once a batch and block, too.
        for n in [3, 7, 40] {
            let killed = KilledAfter(AtomicU64::new(n));
            let run = || score_at(&model, &rows, 8, &output, &killed);
            if catch_unwind(AssertUnwindSafe(run)).is_ok() {
                break;
            }
        }
        assert_eq!(score_at(&model, &rows, 8, &output, &Silent).unwrap(), expected);
    }
}

/// The tiny model of a case with its safetensors header and data changed.
fn changed(
    case: &str,
    change: impl Fn(&mut serde_json::Map<String, serde_json::Value>, &mut Vec<u8>),
) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let folder = fixture(&format!("llm/{case}"));
    fs::copy(folder.join("config.json"), copy.path().join("config.json")).unwrap();
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let end = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let mut header = serde_json::from_slice(&bytes[8..end]).unwrap();
    let mut data = bytes[end..].to_vec();
    change(&mut header, &mut data);
    let header = serde_json::to_vec(&header).unwrap();
    let whole = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
    fs::write(copy.path().join("model.safetensors"), whole).unwrap();
    copy
}

fn problem_of(folder: &Path) -> String {
    let row = TokenRow {
        ids: vec![1, 2, 3],
        first_scored: 1,
    };
    let model = ModelParams {
        n_threads: Some(1),
        ..ModelParams::new(folder)
    };
    match score(&model, &[row], 16) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

/// Adds a copy of a tensor under another name, its first byte changed if `differs`.
fn doubled(case: &str, of: &str, name: &str, differs: bool) -> tempfile::TempDir {
    changed(case, |header, data| {
        let mut entry = header[of].clone();
        let ends: Vec<usize> = serde_json::from_value(entry["data_offsets"].clone()).unwrap();
        let mut copy = data[ends[0]..ends[1]].to_vec();
        copy[0] ^= u8::from(differs);
        entry["data_offsets"] = serde_json::json!([data.len(), data.len() + copy.len()]);
        data.extend(copy);
        header.insert(name.to_owned(), entry);
    })
}

#[test]
fn heads_that_are_missing_doubled_or_biased_are_named() {
    let without = changed("mistral", |header, _| drop(header.remove("lm_head.weight")));
    // The file now has bytes of no tensor, or lacks the matrix: named either way.
    assert!(
        problem_of(without.path()).contains("model.safetensors")
            || problem_of(without.path()).contains("lm_head.weight")
    );
    let renamed = changed("mistral", |header, _| {
        let entry = header.remove("lm_head.weight").unwrap();
        header.insert("score.weight".to_owned(), entry);
    });
    assert!(
        problem_of(renamed.path()).contains("lm_head.weight"),
        "{}",
        problem_of(renamed.path())
    );
    let same = doubled("gpt2", "wte.weight", "lm_head.weight", false);
    assert_eq!(problem_of(same.path()), "");
    let other = doubled("gpt2", "wte.weight", "lm_head.weight", true);
    assert!(problem_of(other.path()).contains("lm_head.weight differs from wte.weight"));
    let biased = doubled("mistral", "model.norm.weight", "lm_head.bias", false);
    assert!(problem_of(biased.path()).contains("lm_head.bias"));
    let misshapen = changed("mistral", |header, _| {
        let shape = header["lm_head.weight"]["shape"].clone();
        header["lm_head.weight"]["shape"] = serde_json::json!([shape[1], shape[0]]);
    });
    assert!(
        problem_of(misshapen.path()).contains("lm_head.weight is"),
        "{}",
        problem_of(misshapen.path())
    );
}

#[test]
fn rows_that_do_not_fit_are_named() {
    let model = params("gpt2");
    let row = |ids: Vec<i64>| TokenRow { ids, first_scored: 1 };
    for (bad, part) in [
        (vec![1, 40], "40"),
        (vec![1; 82], "81 tokens"),
        (vec![-1, 2], "-1"),
    ] {
        let error = score(&model, &[row(vec![1, 2]), row(bad)], 16).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            error.to_string() == "row 1" && source.contains(part),
            "{error}: {source}"
        );
    }
    // The last token is no input.
    assert_eq!(
        score(&model, &[row(vec![1; 81])], 16).unwrap()[0].logprobs.len(),
        80
    );
    assert_eq!(
        score(&model, &[row(vec![1])], 16).unwrap()[0],
        RowScores::default()
    );
}
