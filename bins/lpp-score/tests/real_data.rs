//! A small trained model on sentences: those of `fixtures/competence`, and its own against the same words shuffled. Skipped
//! without `LPP_DATA`.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_competence::{load_generated, load_rows};
use lpp_testkit::{assert_succeeds, data_folder, fixture};

/// The model, trained on children's stories.
fn model() -> Option<PathBuf> {
    Some(data_folder()?.join("models/stories260K"))
}

fn program(arguments: &[&str], model: &Path, output: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-score"));
    command
        .args(arguments)
        .arg("--model-dir")
        .arg(model)
        .arg("-o")
        .arg(output);
    assert_succeeds(&mut command);
}

/// Accuracy on a table of pairs.
fn accuracy(items: &Path, model: &Path, folder: &Path) -> f64 {
    let output = folder.join("pairs.csv");
    program(&["pairs", items.to_str().unwrap()], model, &output);
    let rows: Vec<lpp_competence::PairRow> = load_rows(&output).unwrap();
    rows.iter().map(|row| row.correct).sum::<f64>() / rows.len() as f64
}

#[test]
fn grammatical_sentences_are_likelier() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let found = accuracy(&fixture("competence/stories_pairs.tsv"), &model, folder.path());
    // Guessing gets 16 of 20 or more right in 0.6 % of all cases.
    assert!(found >= 0.8, "{found}");
}

#[test]
fn its_own_sentences_are_likelier_than_their_words_shuffled() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [prompts, texts, items] =
        ["prompts.txt", "texts.jsonl", "items.tsv"].map(|name| folder.path().join(name));
    std::fs::write(&prompts, "Once upon a time\nOne day\n").unwrap();
    let arguments = [
        "generate",
        "--prompts",
        prompts.to_str().unwrap(),
        "--samples",
        "40",
        "--max-new",
        "120",
    ];
    program(&arguments, &model, &texts);
    let mut table = "good\tbad\n".to_owned();
    let mut n_sentences = 0;
    for text in load_generated(&texts).unwrap() {
        for sentence in text.text.split_inclusive(['.', '!', '?']).skip(1) {
            let words: Vec<&str> = sentence.split_whitespace().collect();
            if n_sentences < 200 && words.len() >= 6 && sentence.ends_with('.') {
                // Every other word first, then the rest: no neighbours stay together.
                let shuffled: Vec<&str> = [1, 0]
                    .iter()
                    .flat_map(|&first| words.iter().skip(first).step_by(2))
                    .copied()
                    .collect();
                writeln!(
                    table,
                    "{}\t{}",
                    words.join(" ").replace('"', ""),
                    shuffled.join(" ").replace('"', "")
                )
                .unwrap();
                n_sentences += 1;
            }
        }
    }
    assert_eq!(n_sentences, 200);
    std::fs::write(&items, table).unwrap();
    let found = accuracy(&items, &model, folder.path());
    assert!(found >= 0.98, "{found}");
}
