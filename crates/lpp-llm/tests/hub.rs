//! Folders of published models as the hub holds them, without weights: what the small files make of tokenizer and model.
//! `fixtures/hub/make.py` says where the folders come from.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::io::Read;
use std::path::Path;

use lpp_llm::{ModelInfo, unknown_keys};
use lpp_text::{RunTokens, TextTokenizer, WindowLayout};
use serde_json::{Value, json};

fn table() -> Value {
    let file = fs::File::open(lpp_testkit::fixture("hub/models.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

fn entries(table: &Value, key: &str) -> Vec<Value> {
    table[key].as_array().unwrap().clone()
}

/// The small files of an entry, and its large ones as empty files.
fn folder_of(entry: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let small = entry["small"].as_object().unwrap();
    for name in entry["files"]
        .as_object()
        .into_iter()
        .flat_map(|files| files.keys())
    {
        let is_json = Path::new(name).extension().is_some_and(|e| e == "json");
        let is_vocabulary = name.starts_with("vocab") || name == "merges.txt";
        if !is_json && !is_vocabulary && !small.contains_key(name) {
            write(name, "");
        }
    }
    for (name, text) in small {
        write(name, text.as_str().unwrap());
    }
    folder
}

/// Class, special tokens and ids of a tokenizer, as the table has them.
fn of_tokenizer(folder: &Path) -> Value {
    let tokenizer = TextTokenizer::load(folder).unwrap();
    let name = |id: Option<u32>| id.and_then(|id| tokenizer.token(id));
    let ids = |text: &str| {
        let layout = WindowLayout::reference(2000);
        let tokens = RunTokens::new(text.to_owned(), &tokenizer, layout, 0).unwrap();
        tokens.windows()[0].ids.clone()
    };
    // The plain class has another name where nothing is converted from a slow one.
    json!({"cls": tokenizer.class(), "eos": name(tokenizer.eos_id()), "pad": name(tokenizer.pad_id()),
           "n_special": tokenizer.n_special(), "special": ids(""), "ids": ids("thou 1943 outh,\n\nMwo!")})
}

#[test]
fn tokenizers_are_those_that_transformers_makes_of_the_folders() {
    for entry in entries(&table(), "models") {
        if entry["tokenizer"].is_object() {
            let folder = folder_of(&entry);
            assert_eq!(
                of_tokenizer(folder.path()),
                entry["tokenizer"],
                "{}",
                entry["name"]
            );
        }
    }
}

#[test]
fn models_are_those_of_their_configurations() {
    for entry in entries(&table(), "models") {
        let (name, folder) = (&entry["name"], folder_of(&entry));
        if name == "bert-base-chinese" {
            continue; // only its tokenizer is used
        }
        let info = ModelInfo::of_folder(folder.path()).unwrap();
        assert_eq!(json!(info.family), entry["family"], "{name}");
        assert_eq!(json!(info.n_positions), entry["n_positions"], "{name}");
        assert_eq!(unknown_keys(folder.path()).unwrap(), [""; 0], "{name}");
    }
}

#[test]
fn models_that_are_not_understood_are_refused_by_name() {
    for entry in entries(&table(), "refused") {
        let message = ModelInfo::of_folder(folder_of(&entry).path())
            .unwrap_err()
            .to_string();
        let part = entry["refusal"].as_str().unwrap();
        assert!(
            message.contains(&format!("`{part}`")) && message.len() < 500,
            "{message}"
        );
    }
}

#[test]
fn every_model_of_the_paper_is_in_the_table() {
    let models = entries(&table(), "models");
    let of_paper: Vec<&str> = models
        .iter()
        .filter(|entry| entry["paper"] == true)
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    // 28 English ones, 4 French ones, 2 Chinese ones with the tokenizer that they borrow, and Pythia.
    assert_eq!(of_paper.len(), 36);
    assert!(models.len() - of_paper.len() >= 10);
    for file in ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"] {
        let entry = models.iter().find(|entry| entry["name"] == file).unwrap();
        assert_eq!(entry["files"]["tokenizer_config.json"], 26);
        assert_eq!(
            entry["small"]["tokenizer_config.json"].as_str().unwrap().len(),
            26
        );
    }
}
