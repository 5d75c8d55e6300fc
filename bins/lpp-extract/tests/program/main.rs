//! The program on a toy study and on bad input.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

mod context_tests;
mod name_tests;
mod surprisal_tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_files::{Activations, MappedFile, WordTable, npy};
use lpp_testkit::{FakeHub, FakeRepo, assert_fails, assert_succeeds, assert_usage_error, fixture, load_npy};
use ndarray::{Array2, array};

const N_RUNS: usize = 9;
/// More words than the 80 positions of the model, so that there are several windows.
const N_WORDS: usize = 100;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-extract"));
    command.args(["--threads", "1"]);
    command
}

fn hidden_states(model: &Path, ids: &Path, output: &Path) -> Command {
    let mut command = program();
    command
        .arg("hidden-states")
        .arg("--model-dir")
        .arg(model)
        .arg("--ids")
        .arg(ids)
        .arg("-o")
        .arg(output);
    command
}

fn copy_model(case: &str, target: &Path) {
    fs::create_dir_all(target).unwrap();
    for entry in fixture(case).read_dir().unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, target.join(path.file_name().unwrap())).unwrap();
    }
}

/// Word k of a run, one token each.
fn word(k: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n).unwrap());
    format!("{}{}", letter(k % 6), letter(6 + k % 5))
}

/// A study whose tokenizer knows 30 words; the model is the tiny GPT-2 of the fixtures.
fn toy_study() -> tempfile::TempDir {
    let study = tempfile::tempdir().unwrap();
    let model = study.path().join("models/toy");
    copy_model("llm/gpt2", &model);
    let entries: Vec<_> = (0..30)
        .map(|k| format!(r#""{}": {}, "#, word(k), k + 2))
        .collect();
    let vocabulary = entries.concat();
    let tokenizer = format!(
        r#"{{"version": "1.0", "added_tokens": [{{"id": 0, "content": "<end>", "single_word": false,
             "lstrip": false, "rstrip": false, "normalized": false, "special": true}}],
            "pre_tokenizer": {{"type": "Whitespace"}},
            "model": {{"type": "WordLevel", "vocab": {{{vocabulary}"<unk>": 1, "<end>": 0}}, "unk_token": "<unk>"}}}}"#
    );
    fs::write(model.join("tokenizer.json"), tokenizer).unwrap();
    fs::write(model.join("tokenizer_config.json"), r#"{"eos_token": "<end>"}"#).unwrap();
    let (annotation, text) = (
        study.path().join("annotation/EN"),
        study.path().join("text/lpp_en_text"),
    );
    fs::create_dir_all(&annotation).unwrap();
    fs::create_dir_all(&text).unwrap();
    let mut rows = vec!["word,onset,offset,section".to_owned()];
    for run in 1..=N_RUNS {
        let words: Vec<_> = (0..N_WORDS).map(|k| word((k * run) % 30)).collect();
        for (k, word) in words.iter().enumerate() {
            rows.push(format!("{word},{k}.0,{k}.5,{run}"));
        }
        fs::write(text.join(format!("text_en_run{run}.txt")), words.join(" ")).unwrap();
    }
    fs::write(annotation.join("lppEN_word_information.csv"), rows.join("\n")).unwrap();
    // The published corrections drop rows that only the real annotation has.
    fs::write(
        study.path().join("lpp.toml"),
        "annotation_corrections = \"none\"\n",
    )
    .unwrap();
    study
}

fn extract(study: &Path) -> Command {
    let mut command = program();
    command
        .arg("--study")
        .arg(study)
        .args(["--model", "toy", "--lang", "en"]);
    command
}

#[test]
fn a_toy_study_goes_from_text_to_word_vectors() {
    let study = toy_study();
    let said = assert_succeeds(&mut extract(study.path()));
    assert!(
        said.contains("toy_en.safetensors: written, 900 words, 4 layers"),
        "{said}"
    );
    let file = study.path().join("activations/toy_en.safetensors");
    let activations = Activations::open(&file).unwrap();
    assert_eq!((activations.n_runs(), activations.n_layers()), (N_RUNS, 4));
    let metadata = activations.metadata();
    assert_eq!(
        (metadata["family"].as_str(), metadata["window"].as_str()),
        ("gpt2", "80")
    );
    let words = WordTable::load(&study.path().join("words_en.csv")).unwrap();
    assert_eq!(words.n_runs(), N_RUNS);
    assert_eq!(metadata[WordTable::HASH_KEY], words.sha256());

    // Each word is one token, so the words of the first window are the hidden states of its tokens.
    let ids = Array2::from_shape_fn((1, 80), |(_, k)| i64::try_from(word_id(k)).unwrap());
    let (ids_file, states) = (
        study.path().join("ids.npy"),
        study.path().join("states.safetensors"),
    );
    npy::save(&ids_file, &ids).unwrap();
    assert_succeeds(&mut hidden_states(
        &study.path().join("models/toy"),
        &ids_file,
        &states,
    ));
    let first = activations.layer(0, 0).unwrap();
    assert_eq!(first.dim(), (N_WORDS, 16));
    let mapped = MappedFile::open(&states).unwrap();
    let header_end = 8 + usize::try_from(u64::from_le_bytes(mapped[..8].try_into().unwrap())).unwrap();
    let layer_0 = mapped[header_end..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    let expected = Array2::from_shape_vec((80, 16), layer_0.take(80 * 16).collect()).unwrap();
    assert_eq!(first.slice(ndarray::s![..80, ..]), expected);

    let bytes = fs::read(&file).unwrap();
    assert!(assert_succeeds(&mut extract(study.path())).contains("up to date"));
    assert!(assert_succeeds(extract(study.path()).arg("--force")).contains("written"));
    assert_eq!(bytes, fs::read(&file).unwrap(), "two runs give the same bits");
}

#[test]
fn streaming_layers_gives_the_same_file() {
    let study = toy_study();
    let file = study.path().join("activations/toy_en.safetensors");
    assert_succeeds(&mut extract(study.path()));
    let whole = fs::read(&file).unwrap();
    assert_succeeds(extract(study.path()).args(["--stream-layers", "--force"]));
    assert_eq!(whole, fs::read(&file).unwrap());
    // How a result was made is not part of what it is.
    assert!(assert_succeeds(&mut extract(study.path())).contains("up to date"));

    let untrained = study
        .path()
        .join("activations/toy_untrained_seed2_en.safetensors");
    assert_succeeds(extract(study.path()).args(["--seed", "2"]));
    let whole = fs::read(&untrained).unwrap();
    assert_succeeds(extract(study.path()).args(["--seed", "2", "--stream-layers", "--force"]));
    assert_eq!(whole, fs::read(&untrained).unwrap());
    let left: Vec<_> = study.path().join("activations").read_dir().unwrap().collect();
    assert_eq!(left.len(), 4, "two files and their provenance: {left:?}");
}

#[test]
fn activations_are_stored_in_half_the_room_on_request() {
    let study = toy_study();
    let file = study.path().join("activations/toy_en.safetensors");
    assert_succeeds(&mut extract(study.path()));
    let full = Activations::open(&file).unwrap();
    let room = fs::metadata(&file).unwrap().len();
    // Another type is another result, so the file is not up to date.
    assert!(assert_succeeds(extract(study.path()).args(["--store", "f16"])).contains("written"));
    let half = Activations::open(&file).unwrap();
    assert_eq!(half.metadata()["stored_as"], "f16");
    assert!(fs::metadata(&file).unwrap().len() < room * 6 / 10);
    let provenance = fs::read_to_string(file.with_extension("safetensors.json")).unwrap();
    assert!(provenance.contains(r#""stored_as": "f16""#), "{provenance}");
    for layer in 0..full.n_layers() {
        let (full, half) = (full.layer(0, layer).unwrap(), half.layer(0, layer).unwrap());
        for (full, half) in full.iter().zip(&half) {
            // Eleven significant bits; below 2^-14 the steps are 2^-24.
            assert!((full - half).abs() <= full.abs() / 2048.0 + 6e-8, "{full} {half}");
        }
    }
    let whole = fs::read(&file).unwrap();
    assert_succeeds(extract(study.path()).args(["--store", "f16", "--stream-layers", "--force"]));
    assert_eq!(whole, fs::read(&file).unwrap());
}

#[test]
fn a_device_that_is_not_there_is_one_line() {
    let output = tempfile::tempdir().unwrap();
    let ids = fixture("llm/gpt2/ids.npy");
    let mut command = hidden_states(&fixture("llm/gpt2"), &ids, &output.path().join("out.safetensors"));
    assert_fails(
        command.args(["--device", "cuda:99"]),
        &["device cuda:99", "docs/gpu.md"],
    );
}

#[test]
fn a_streamed_run_that_was_killed_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let n_rows = 400; // enough that the program is still at work when it is killed
    let ids = Array2::from_shape_fn((n_rows, 80), |(i, k)| {
        i64::try_from((i * 7 + k * 3) % 40).unwrap()
    });
    npy::save(&at("ids.npy"), &ids).unwrap();
    let (model, journal) = (fixture("llm/gpt2"), at("killed.safetensors.partial/journal.json"));
    let run = |output: &str| hidden_states(&model, &at("ids.npy"), &at(output));
    assert_succeeds(&mut run("whole.safetensors"));

    let mut child = run("killed.safetensors").arg("--stream-layers").spawn().unwrap();
    while !journal.exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it was done before it could be killed"
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap(); // SIGKILL
    assert!(!child.wait().unwrap().success());
    assert!(!at("killed.safetensors").exists() && journal.exists());
    assert_succeeds(run("killed.safetensors").arg("--stream-layers"));
    assert!(fs::read(at("killed.safetensors")).unwrap() == fs::read(at("whole.safetensors")).unwrap());
    assert!(!at("killed.safetensors.partial").exists());
}

/// Token of word k of the first run.
fn word_id(k: usize) -> usize {
    k % 30 + 2
}

#[test]
fn an_untrained_twin_needs_no_weights_and_has_a_name_of_its_own() {
    let study = toy_study();
    fs::remove_file(study.path().join("models/toy/model.safetensors")).unwrap();
    assert_succeeds(extract(study.path()).args(["--seed", "2"]));
    let file = study
        .path()
        .join("activations/toy_untrained_seed2_en.safetensors");
    let activations = Activations::open(&file).unwrap();
    assert_eq!(activations.metadata()["seed"], "2");
    // Dropout of the embedding, kept by averages over one token: a tenth of zeros, within five deviations.
    let first = activations.layer(0, 0).unwrap();
    let zeros = first.iter().filter(|&&x| x == 0.0).count() as f64 / first.len() as f64;
    assert!((zeros - 0.1).abs() < 0.038, "{zeros}");
}

/// The toy model as a repository of a hub.
fn on_a_hub(study: &Path, id: &str, digit: char, names: &[&str]) -> FakeRepo {
    let mut repo = FakeRepo::new(id, digit, names);
    for entry in study.join("models/toy").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        repo.files.insert(name, fs::read(&path).unwrap());
    }
    repo
}

#[test]
fn a_model_that_is_not_in_the_study_comes_from_the_hub() {
    let study = toy_study();
    let local = study.path().join("local.safetensors");
    assert_succeeds(extract(study.path()).arg("-o").arg(&local));
    let finished = on_a_hub(study.path(), "EleutherAI/pythia-toy", 'f', &["main"]);
    let mut early = on_a_hub(study.path(), "EleutherAI/pythia-toy", 'e', &["step1000"]);
    early.files.remove("tokenizer.json");
    let gpt2 = on_a_hub(study.path(), "openai-community/gpt2", 'a', &["main"]);
    fs::remove_dir_all(study.path().join("models")).unwrap();
    let hub = FakeHub::start(vec![finished, early, gpt2]);
    let run = |flags: &[&str]| {
        let mut command = program();
        command.arg("--study").arg(study.path()).args(flags);
        hub.serve(&mut command, &study.path().join("hf"));
        command
    };
    assert_fails(
        &mut run(&["--model", "gpt2", "--offline"]),
        &["openai-community/gpt2", "not in the cache"],
    );
    assert!(hub.hub.log().is_empty());
    // An untrained twin brings no weights.
    assert_succeeds(&mut run(&["--model", "gpt2", "--seed", "1"]));
    assert!(hub.storage.log().is_empty());
    assert_succeeds(&mut run(&["--model", "gpt2"]));
    let written = Activations::open(&study.path().join("activations/gpt2_en.safetensors")).unwrap();
    assert_eq!(written.metadata()["revision"], "a".repeat(40));
    let expected = Activations::open(&local).unwrap();
    for run in 0..N_RUNS {
        assert_eq!(written.layer(run, 3).unwrap(), expected.layer(run, 3).unwrap());
    }
    // A training step by flag, then by name: the same activations, without network the second time.
    let flags = ["--model", "pythia-toy", "--revision", "step1000"];
    let said = assert_succeeds(&mut run(&flags));
    assert!(
        said.contains("pythia-toy_step1000_en.safetensors: written"),
        "{said}"
    );
    let said = assert_succeeds(&mut run(&["--model", "pythia-toy_step1000", "--offline"]));
    assert!(
        said.contains("pythia-toy_step1000_en.safetensors: up to date"),
        "{said}"
    );
    assert_fails(
        &mut run(&["--model", "gpt2-xl"]),
        &["openai-community/gpt2-xl: no such repository"],
    );
    assert_usage_error(&mut run(&["--model-dir", "m", "--revision", "step1"]));
}

#[test]
fn what_is_missing_in_a_study_is_one_line() {
    let study = toy_study();
    let mut unknown = program();
    unknown.arg("--study").arg(study.path()).args(["--model", "gpt9"]);
    assert_fails(&mut unknown, &["models/gpt9", "known here: toy"]);

    let model = study.path().join("models/toy");
    fs::rename(model.join("tokenizer.json"), study.path().join("kept.json")).unwrap();
    assert_fails(&mut extract(study.path()), &["toy", "tokenizer.json"]);
    fs::rename(study.path().join("kept.json"), model.join("tokenizer.json")).unwrap();

    let annotation = study.path().join("annotation/EN/lppEN_word_information.csv");
    fs::write(&annotation, "").unwrap();
    assert_fails(&mut extract(study.path()), &["lppEN_word_information.csv"]);
    fs::write(&annotation, "word,onset,offset,section\n").unwrap();
    assert_fails(&mut extract(study.path()), &["lppEN_word_information.csv"]);
    assert!(!study.path().join("activations/toy_en.safetensors").exists());
}

#[test]
fn damaged_checkpoints_are_one_line() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, output) = (
        scratch.path().join("model"),
        scratch.path().join("out.safetensors"),
    );
    let ids = fixture("llm/gpt2/ids.npy");
    assert_fails(
        &mut hidden_states(&model, &ids, &output),
        &["model: no such model folder"],
    );
    fs::create_dir(&model).unwrap();
    assert_fails(&mut hidden_states(&model, &ids, &output), &["config.json"]);
    fs::write(model.join("config.json"), r#"{"model_type": "bert"}"#).unwrap();
    assert_fails(
        &mut hidden_states(&model, &ids, &output),
        &["config.json", "`bert`", "gpt2"],
    );
    copy_model("llm/gpt2", &model);
    let weights = model.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    assert_fails(
        &mut hidden_states(&model, &ids, &output),
        &["model.safetensors", "truncated"],
    );
    fs::remove_file(&weights).unwrap();
    assert_fails(&mut hidden_states(&model, &ids, &output), &["no weights"]);
    assert!(!output.exists());
}

#[test]
fn unusable_arrays_are_one_line() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { scratch.path().join(name) };
    let (model, output) = (fixture("llm/gpt2"), at("out.safetensors"));
    npy::save(&at("flat.npy"), &array![1_i64, 2, 3]).unwrap();
    npy::save(&at("float.npy"), &array![[1.0_f64, 2.0]]).unwrap();
    npy::save(&at("large.npy"), &array![[1_i64, 2], [3, 40]]).unwrap();
    npy::save(&at("long.npy"), &Array2::<i64>::zeros((1, 81))).unwrap();
    npy::save(&at("empty.npy"), &Array2::<i64>::zeros((0, 4))).unwrap();
    npy::save(&at("mask.npy"), &array![[0_i64, 1], [1, 1]]).unwrap();
    for (name, part) in [
        ("flat.npy", "flat.npy"),
        ("float.npy", "int64"),
        ("large.npy", "row 1: token id 40"),
        ("long.npy", "81 tokens"),
        ("empty.npy", "empty"),
        ("absent.npy", "absent.npy"),
    ] {
        assert_fails(&mut hidden_states(&model, &at(name), &output), &[name, part]);
    }
    npy::save(&at("good.npy"), &array![[1_i64, 2], [3, 4]]).unwrap();
    let mask = |name: &str| {
        let mut command = hidden_states(&model, &at("good.npy"), &output);
        command.arg("--attention-mask").arg(at(name));
        command
    };
    assert_fails(&mut mask("mask.npy"), &["padding"]);
    assert_fails(&mut mask("empty.npy"), &["empty.npy"]);
    assert_fails(&mut mask("long.npy"), &["long.npy", "shape"]);
    assert!(!output.exists());
    let rows: Array2<i64> = load_npy(at("good.npy"));
    assert_eq!(rows.nrows(), 2);
}

#[test]
fn wrong_usage_is_told_apart() {
    assert_usage_error(&mut program());
    assert_usage_error(program().args(["--model", "gpt2", "--seed", "0"]));
    assert_usage_error(program().args(["--model", "gpt2", "--no-dropout"]));
    assert_usage_error(program().args(["--model", "gpt2", "--device", "abacus"]));
    assert_usage_error(program().args(["hidden-states", "--ids", "ids.npy"]));
    let whole = ["hidden-states", "--model-dir", "m", "--ids", "i", "-o", "o"];
    assert_usage_error(program().args(["--seed", "1"]).args(whole));
}

/// Sets the first value of a tensor of the toy model.
fn set_weight(study: &Path, tensor: &str, value: f32) {
    let path = study.join("models/toy/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let header_end = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header = String::from_utf8(bytes[8..header_end].to_vec()).unwrap();
    let entry = header.split_once(&format!("{tensor}\"")).unwrap().1;
    let offset = entry
        .split_once("data_offsets\":[")
        .unwrap()
        .1
        .split_once(',')
        .unwrap()
        .0;
    let at = header_end + offset.parse::<usize>().unwrap();
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn numbers_that_are_none_are_named_where_they_arise() {
    let study = toy_study();
    // Each is finite, their sum is not.
    for tensor in ["h.1.attn.c_proj.bias", "h.1.mlp.c_proj.bias"] {
        set_weight(study.path(), tensor, f32::MAX);
    }
    for flags in [&[][..], &["--stream-layers"]] {
        assert_fails(
            extract(study.path()).args(flags),
            &["run 0, word 0 \"ag\"", "hidden state of layer 2", "found "],
        );
    }
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        set_weight(study.path(), "h.2.ln_1.weight", value);
        assert_fails(
            &mut extract(study.path()),
            &["model.safetensors", "h.2.ln_1.weight", "finite"],
        );
    }
    assert!(!study.path().join("activations/toy_en.safetensors").exists());
}

#[test]
fn keys_of_a_configuration_that_are_not_known_are_named() {
    let study = toy_study();
    let path = study.path().join("models/toy/config.json");
    let whole = fs::read_to_string(&path).unwrap();
    let said = |key: &str| {
        fs::write(&path, whole.replacen('{', &format!("{{{key}, "), 1)).unwrap();
        let output = extract(study.path()).arg("--force").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (key, name) in [
        (r#""auto_map": {"AutoModel": "modeling.Own"}"#, "`auto_map`"),
        (r#""gated_residual": true"#, "`gated_residual`"),
        (r#""window_of_heads": 7"#, "`window_of_heads`"),
    ] {
        let (code, said) = said(key);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("warning") && said.contains(name), "{said}");
        assert_eq!(said.matches(name).count(), 1, "{said}");
    }
    for (key, name) in [
        (r#""alibi": true"#, "`alibi`"),
        (r#""is_causal": false"#, "`is_causal`"),
        (r#""embedding_multiplier": 12.0"#, "`embedding_multiplier`"),
    ] {
        let (code, said) = said(key);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("error: ") && said.contains(name), "{said}");
    }
    assert!(
        !said(r#""gated_residual": false, "torch_dtype": "float16""#)
            .1
            .contains("warning")
    );
}
