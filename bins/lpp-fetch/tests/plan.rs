//! The calls of lpp-fetch that lpp-run plans: does the program take them, and bring the files that later steps wait for?

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

#[path = "common/authors.rs"]
mod authors;
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use authors::authors;
use common::{from_server, program};
use lpp_study::{Language, Study};
use lpp_testkit::{FakeHub, FakeRepo, assert_succeeds};
use lpp_workflow::{Call, PAPER, PlanOptions, plan};

fn fetches(study: &Path) -> Vec<Call> {
    let options = PlanOptions {
        languages: vec![],
        threads: 2,
        memory_bytes: 16 << 30,
        fetch: true,
        subjects_per_step: None,
    };
    let mut steps = plan(&Study::open(study).unwrap(), &options).unwrap().steps;
    steps.retain(|step| step.program == "lpp-fetch");
    steps
}

fn call(step: &Call, study: &Path) -> Command {
    let mut command = program();
    command.args(&step.arguments).current_dir(study);
    command
}

/// The files that a call would bring, from the study folder.
fn listed(step: &Call, study: &Path) -> BTreeSet<PathBuf> {
    let json = assert_succeeds(call(step, study).args(["--dry-run", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let files = json["files"].as_array().unwrap().iter();
    let path = |file: &serde_json::Value| {
        let path = Path::new(file["path"].as_str().unwrap());
        path.strip_prefix(".").unwrap().to_owned()
    };
    files.map(path).collect()
}

#[test]
fn planned_data_is_what_the_program_brings() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    fs::write(study.join("lpp.toml"), PAPER).unwrap();
    let steps = fetches(study);
    let (mut n_words, mut n_scans) = (0, 0);
    for step in &steps {
        let outputs: Vec<&Path> = step.outputs.iter().map(|output| output.path.as_path()).collect();
        if step.id.starts_with("fetch:words") {
            n_words += 1;
            assert!(
                listed(step, study).contains(outputs[0]),
                "{}: {outputs:?}",
                step.id
            );
        } else if step.id == "fetch:glove" {
            // What it lists is the archive that the vectors are in.
            assert_eq!(outputs, [Path::new("glove/glove.6B.300d.txt")]);
            assert_eq!(listed(step, study).len(), 1);
        } else if step.id.starts_with("fetch:scans") {
            // Folders of subjects, each with its nine runs.
            let files = listed(step, study);
            n_scans += files.len();
            for folder in outputs {
                assert_eq!(
                    files.iter().filter(|file| file.starts_with(folder)).count(),
                    9,
                    "{}",
                    folder.display()
                );
            }
        }
    }
    assert_eq!((n_words, n_scans), (3, 112 * 9), "three languages; 112 subjects");
}

#[test]
fn planned_files_of_the_authors_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    // Without subjects nothing is averaged here.
    fs::write(
        study.join("lpp.toml"),
        "languages = [\"fr\"]\nmodels = { fr = [\"gpt2-base-french\"] }",
    )
    .unwrap();
    let steps = fetches(study);
    let step = steps
        .iter()
        .find(|step| step.id == "fetch:precomputed:fr")
        .unwrap();
    let server = authors(None);
    let mut command = call(step, study);
    from_server(command.args(["--commit", "abc"]), &server);
    assert_succeeds(&mut command);
    assert!(step.outputs.len() > 10, "{:?}", step.outputs);
    for output in &step.outputs {
        assert!(study.join(&output.path).is_file(), "{}", output.path.display());
    }
    let left = fetches(study);
    assert!(
        left.iter().all(|step| step.id != "fetch:precomputed:fr"),
        "nothing of theirs is missing any more"
    );
    assert!(Study::open(study).unwrap().mask(Language::French).is_file());
}

#[test]
fn planned_models_go_into_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study");
    fs::create_dir(&study).unwrap();
    let configuration = "models = { en = [\"gpt2\"] }\nuntrained = { en = [\"opt-125m_untrained_seed1\"] }";
    fs::write(study.join("lpp.toml"), configuration).unwrap();
    let repo = |id: &str, digit: char| {
        FakeRepo::new(id, digit, &["main"])
            .file("config.json", "{}")
            .file("tokenizer.json", "{}")
            .file("model.safetensors", vec![1; 5000])
    };
    let hub = FakeHub::start(vec![
        repo("openai-community/gpt2", 'a'),
        repo("facebook/opt-125m", 'b'),
    ]);
    let home = folder.path().join("home");
    for step in fetches(&study)
        .iter()
        .filter(|step| step.id.starts_with("fetch:model:"))
    {
        let mut command = call(step, &study);
        assert_succeeds(command.env("HF_HOME", &home).env("HF_ENDPOINT", hub.endpoint()));
    }
    let weights = |repo: &str, digit: &str| {
        home.join("hub")
            .join(repo)
            .join("snapshots")
            .join(digit.repeat(40))
            .join("model.safetensors")
            .exists()
    };
    assert!(weights("models--openai-community--gpt2", "a"));
    assert!(
        !weights("models--facebook--opt-125m", "b"),
        "an untrained twin needs no weights"
    );
    assert!(
        home.join("hub/models--facebook--opt-125m/snapshots")
            .join("b".repeat(40))
            .join("config.json")
            .exists()
    );
}
