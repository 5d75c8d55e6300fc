//! The program from flags to files, on a model whose probabilities are known.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, its helpers included; checkpoints have f32"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_competence::{ChoiceRow, PairRow, TokenScoreRow, WordRow, load_rows};
use lpp_files::npy;
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::array;
use serde_json::{Value, json};

/// The vocabulary; `##s` is a piece of a word.
const VOCABULARY: [&str; 10] = [
    "<end>", "the", "dog", "##s", "cat", "is", "are", "good", "bad", ".",
];
const END: usize = 0;
const N_POSITIONS: usize = 80;

/// Unnormalised p(next | current): everything is possible, some is likely.
fn weight(current: usize, next: usize) -> f64 {
    let at = |word: &str| VOCABULARY.iter().position(|known| *known == word).unwrap();
    let likely = [
        ("<end>", "the", 8.0),
        ("the", "dog", 6.0),
        ("the", "cat", 5.0),
        ("dog", "is", 4.0),
        ("dog", "##s", 3.0),
        ("cat", "is", 4.0),
        ("##s", "are", 7.0),
        ("is", "good", 3.0),
        ("are", "good", 3.0),
        ("good", ".", 9.0),
        ("bad", ".", 2.0),
        (".", "the", 6.0),
    ];
    let found = likely.iter().find(|(a, b, _)| at(a) == current && at(b) == next);
    // No two sentences of the tests are equally likely by chance.
    found.map_or(
        1.0 + ((current * 7 + next * 3) % 10) as f64 / 20.0,
        |(_, _, weight)| *weight,
    )
}

fn ln_p(current: usize, next: usize) -> f64 {
    let total: f64 = (0..VOCABULARY.len()).map(|word| weight(current, word)).sum();
    (weight(current, next) / total).ln()
}

/// ln P of tokens behind the end-of-text token.
fn ln_p_of(tokens: &[&str]) -> f64 {
    let ids = tokens
        .iter()
        .map(|token| VOCABULARY.iter().position(|known| known == token).unwrap());
    let mut before = END;
    let mut sum = 0.0;
    for id in ids {
        sum += ln_p(before, id);
        before = id;
    }
    sum
}

/// A GPT-2 that looks the table up: its block adds nothing, its last norm gives the token back, and its output matrix is the table.
fn save_model(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let v = VOCABULARY.len();
    let config = json!({
        "model_type": "gpt2", "vocab_size": v, "n_embd": v, "n_layer": 1, "n_head": 1, "n_positions": N_POSITIONS,
        "tie_word_embeddings": false
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let size = v as f64;
    // Deviation of a one-hot row, as the norm computes it.
    let deviation = (1.0 / size - 1.0 / (size * size) + 1e-5).sqrt();
    let one_hot = |i: usize| if i / v == i % v { 1.0 } else { 0.0 };
    let mut tensors: Vec<(String, Vec<usize>, Vec<f64>)> = vec![
        ("wte.weight".into(), vec![v, v], (0..v * v).map(one_hot).collect()),
        (
            "wpe.weight".into(),
            vec![N_POSITIONS, v],
            vec![0.0; N_POSITIONS * v],
        ),
        ("ln_f.weight".into(), vec![v], vec![deviation; v]),
        ("ln_f.bias".into(), vec![v], vec![1.0 / size; v]),
        (
            "lm_head.weight".into(),
            vec![v, v],
            (0..v * v).map(|i| ln_p(i % v, i / v)).collect(),
        ),
    ];
    for norm in ["ln_1", "ln_2"] {
        tensors.push((format!("h.0.{norm}.weight"), vec![v], vec![1.0; v]));
        tensors.push((format!("h.0.{norm}.bias"), vec![v], vec![0.0; v]));
    }
    for (name, n_in, n_out) in [
        ("attn.c_attn", v, 3 * v),
        ("attn.c_proj", v, v),
        ("mlp.c_fc", v, 4 * v),
        ("mlp.c_proj", 4 * v, v),
    ] {
        tensors.push((
            format!("h.0.{name}.weight"),
            vec![n_in, n_out],
            vec![0.0; n_in * n_out],
        ));
        tensors.push((format!("h.0.{name}.bias"), vec![n_out], vec![0.0; n_out]));
    }
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|&value| (value as f32).to_le_bytes()));
        header.insert(
            name,
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}),
        );
    }
    let header = serde_json::to_vec(&header).unwrap();
    let whole = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
    fs::write(folder.join("model.safetensors"), whole).unwrap();
    let ids: serde_json::Map<String, Value> = VOCABULARY
        .iter()
        .enumerate()
        .map(|(id, token)| ((*token).to_owned(), id.into()))
        .collect();
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": [{"id": 0, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": false,
                          "normalized": false, "special": true}],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordPiece", "unk_token": "<end>", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids}
    });
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let settings = json!({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>"});
    fs::write(folder.join("tokenizer_config.json"), settings.to_string()).unwrap();
}

/// A folder with the model in `model/`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    save_model(&folder.path().join("model"));
    folder
}

fn program(folder: &Path, command: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lpp-score"));
    program
        .args([command, "--model-dir", "model", "--threads", "1"])
        .args(arguments)
        .current_dir(folder);
    program
}

/// The first output of a program called with `--json`.
fn said(program: &mut Command) -> Value {
    let text = assert_succeeds(program.arg("--json"));
    let said: Value = serde_json::from_str(&text).unwrap();
    said["outputs"][0].clone()
}

fn assert_near(found: f64, expected: f64) {
    // Logits are in f32.
    assert!(
        (found - expected).abs() <= 1e-5 * (1.0 + expected.abs()),
        "{found} is not {expected}"
    );
}

const GOOD: &str = "the dogs are good .";
const BAD: &str = "the dogs is good .";

#[test]
fn pairs_are_right_wrong_and_tied_in_every_form() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("items")).unwrap();
    let line = |good: &str, bad: &str, uid: &str| {
        json!({"sentence_good": good, "sentence_bad": bad, "UID": uid, "linguistics_term": "number"})
            .to_string()
    };
    let blimp = [
        line(GOOD, BAD, "right"),
        line(BAD, GOOD, "wrong"),
        line(GOOD, GOOD, "tied"),
    ]
    .join("\n");
    fs::write(path("items/a.jsonl"), blimp).unwrap();
    fs::write(path("items/zorro.txt"), format!("{BAD}\n{GOOD}\n{GOOD}\n{BAD}\n")).unwrap();
    fs::write(
        path("items/table.tsv"),
        "set\tgood\tbad\nlength\tthe cat is good .\tcat .\n",
    )
    .unwrap();
    let found = said(&mut program(
        folder.path(),
        "pairs",
        &["items", "-o", "pairs.csv"],
    ));
    let accuracies: Vec<(String, f64)> = found["sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| {
            (
                set["set"].as_str().unwrap().to_owned(),
                set["accuracy"].as_f64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("right", 1.0),
        ("wrong", 0.0),
        ("tied", 0.5),
        ("length", 0.0),
        ("zorro", 0.5),
    ];
    assert_eq!(
        accuracies,
        expected.map(|(set, accuracy)| (set.to_owned(), accuracy))
    );
    assert_eq!(
        (&found["macro_accuracy"], &found["prefix"]),
        (&json!(0.4), &json!("auto"))
    );
    let rows: Vec<PairRow> = load_rows(&path("pairs.csv")).unwrap();
    assert_eq!(
        (rows[0].n_tokens_good, rows[3].set.as_str(), rows[3].correct_mean),
        (6, "length", 1.0)
    );
    assert_near(
        rows[0].logp_good_nats,
        ln_p_of(&["the", "dog", "##s", "are", "good", "."]),
    );
    assert_near(
        rows[0].logp_bad_nats,
        ln_p_of(&["the", "dog", "##s", "is", "good", "."]),
    );
    assert!(!path("pairs.csv.partial").exists());

    let again = said(&mut program(
        folder.path(),
        "pairs",
        &["items", "-o", "pairs.csv"],
    ));
    assert_eq!(
        (&again["up_to_date"], &again["sets"]),
        (&json!(true), &found["sets"])
    );
    let flags = [
        "items",
        "-o",
        "bare.csv",
        "--prefix",
        "none",
        "--batch-tokens",
        "1",
        "--stream-layers",
    ];
    assert_succeeds(&mut program(folder.path(), "pairs", &flags));
    let bare: Vec<PairRow> = load_rows(&path("bare.csv")).unwrap();
    assert_near(bare[0].logp_good_nats, rows[0].logp_good_nats - ln_p(END, 1));
    let flags = ["items", "-o", "sample.csv", "--sample", "1"];
    assert_eq!(said(&mut program(folder.path(), "pairs", &flags))["n_pairs"], 5);
}

#[test]
fn sums_and_lengths_pick_different_choices() {
    let folder = folder();
    let item = json!({"context": "the dog ", "choices": ["s are good .", "bad", "is good ."], "answer": 2});
    fs::write(folder.path().join("q.jsonl"), item.to_string()).unwrap();
    let flags = ["q.jsonl", "--format", "jsonl", "-o", "choices.csv"];
    let found = said(&mut program(folder.path(), "choices", &flags));
    let rows: Vec<ChoiceRow> = load_rows(&folder.path().join("choices.csv")).unwrap();
    let id = |word: &str| VOCABULARY.iter().position(|known| *known == word).unwrap();
    let chain = |words: &[&str]| -> f64 { words.windows(2).map(|pair| ln_p(id(pair[0]), id(pair[1]))).sum() };
    assert_near(rows[2].logp_nats, chain(&["dog", "is", "good", "."]));
    assert_near(rows[1].logp_nats, chain(&["dog", "bad"]));
    assert_eq!(
        (rows[2].n_tokens, rows[2].n_characters, rows[2].is_answer),
        (3, 9, 1)
    );
    let is_larger = rows[1].logp_nats > rows[2].logp_nats;
    assert_eq!(
        (found["acc"] == json!(0.0), found["acc_norm"] == json!(1.0)),
        (is_larger, true)
    );
    assert_eq!(
        rows.iter().map(|row| row.picked_norm).collect::<Vec<_>>(),
        [0, 0, 1]
    );
    assert!(rows[2].is_greedy == 1 && rows[1].is_greedy == 0);
}

#[test]
fn each_token_of_a_long_text_is_scored_once() {
    let folder = folder();
    // More tokens than the model takes: windows overlap.
    let text = "the dogs are good.\n the cat is bad.\n".repeat(20);
    fs::write(folder.path().join("story.txt"), &text).unwrap();
    let flags = ["--text", "story.txt", "--tokens", "tokens.csv", "-o", "words.csv"];
    let found = said(&mut program(folder.path(), "text", &flags));
    let tokens: Vec<TokenScoreRow> = load_rows(&folder.path().join("tokens.csv")).unwrap();
    let n_tokens = 20 * 11;
    assert!(tokens.len() == n_tokens && n_tokens > 2 * N_POSITIONS);
    assert_eq!(
        (&found["n_tokens"], &found["n_scored_tokens"]),
        (&json!(n_tokens), &json!(n_tokens - 1))
    );
    assert_eq!(tokens[0].logprob_nats, None);
    for pair in tokens.windows(2) {
        let ids = [&pair[0], &pair[1]].map(|token| usize::try_from(token.token_id).unwrap());
        assert_near(pair[1].logprob_nats.unwrap(), ln_p(ids[0], ids[1]));
        let entropy: f64 = (0..VOCABULARY.len())
            .map(|word| -ln_p(ids[0], word) * ln_p(ids[0], word).exp())
            .sum();
        assert_near(pair[1].entropy_nats.unwrap(), entropy);
    }
    let words: Vec<WordRow> = load_rows(&folder.path().join("words.csv")).unwrap();
    assert_eq!(words.len(), 20 * 8);
    assert_eq!(
        (
            words[0].is_complete,
            words[0].surprisal_nats,
            words[1].word.as_str()
        ),
        (0, None, "dogs")
    );
    let sum: f64 = tokens.iter().filter_map(|token| token.logprob_nats).sum();
    let of_words: f64 = words.iter().filter_map(|word| word.surprisal_nats).sum();
    assert_near(of_words, -sum);
    assert_near(
        found["perplexity"].as_f64().unwrap(),
        (-sum / (n_tokens - 1) as f64).exp(),
    );
    assert_near(
        found["bits_per_byte"].as_f64().unwrap(),
        -sum / std::f64::consts::LN_2 / text.len() as f64,
    );

    // The same words from a table, with the punctuation left out and a prefix.
    let table: String = (0..20)
        .map(|_| "the\ndogs\nare\ngood\nthe\ncat\nis\nbad\n")
        .collect();
    fs::write(folder.path().join("given.csv"), format!("word\n{table}")).unwrap();
    let flags = [
        "--text",
        "story.txt",
        "--words",
        "given.csv",
        "--prefix",
        "auto",
        "--content-only",
        "-o",
        "w2.csv",
    ];
    let found = said(&mut program(folder.path(), "text", &flags));
    assert_eq!(
        (&found["n_tokens_left_out"], &found["n_scored_tokens"]),
        (&json!(40), &json!(n_tokens))
    );
    let aligned: Vec<WordRow> = load_rows(&folder.path().join("w2.csv")).unwrap();
    assert_near(aligned[0].surprisal_nats.unwrap(), -ln_p(END, 1));
    assert_near(aligned[3].surprisal_nats.unwrap(), -ln_p(6, 7));
    assert_eq!((aligned[3].n_tokens, words[3].n_tokens), (1, 2));
}

#[test]
fn given_ids_have_their_probabilities() {
    let folder = folder();
    let ids = array![[1_i64, 2, 5, 7], [1, 4, 0, 0]];
    let mask = array![[1_i64, 1, 1, 1], [1, 1, 0, 0]];
    npy::save(&folder.path().join("ids.npy"), &ids).unwrap();
    npy::save(&folder.path().join("mask.npy"), &mask).unwrap();
    npy::save(&folder.path().join("context.npy"), &array![2_i64, 1]).unwrap();
    let flags = [
        "--ids",
        "ids.npy",
        "--attention-mask",
        "mask.npy",
        "--context",
        "context.npy",
        "--logits",
        "-o",
        "o.safetensors",
    ];
    assert!(assert_succeeds(&mut program(folder.path(), "ids", &flags)).contains("2 rows"));
    let bytes = fs::read(folder.path().join("o.safetensors")).unwrap();
    let end = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: Value = serde_json::from_slice(&bytes[8..end]).unwrap();
    let tensor = |name: &str| {
        let ends: Vec<usize> = serde_json::from_value(header[name]["data_offsets"].clone()).unwrap();
        bytes[end + ends[0]..end + ends[1]].to_vec()
    };
    let floats = |name: &str| -> Vec<f64> {
        tensor(name)
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect()
    };
    let doubles = |name: &str| -> Vec<f64> {
        tensor(name)
            .as_chunks::<8>()
            .0
            .iter()
            .map(|b| f64::from_le_bytes(*b))
            .collect()
    };
    let logprobs = floats("logprobs");
    assert!([0, 4, 6, 7].iter().all(|&at| logprobs[at].is_nan()));
    assert_near(logprobs[2], ln_p(2, 5));
    assert_near(doubles("sums")[0], ln_p(1, 2) + ln_p(2, 5) + ln_p(5, 7));
    assert_near(doubles("sums")[1], ln_p(1, 4));
    assert_near(doubles("continuation_sums")[0], ln_p(2, 5) + ln_p(5, 7));
    assert_eq!(tensor("continuation_greedy"), [1, 0]);
    let logits = floats("logits");
    assert_near(logits[3 * VOCABULARY.len() + 9], ln_p(7, 9));
    assert!(logits[6 * VOCABULARY.len()..].iter().all(|&value| value == 0.0));
}

#[test]
fn pairs_made_by_rule_can_be_scored() {
    let folder = folder();
    let mut make = Command::new(env!("CARGO_BIN_EXE_lpp-score"));
    make.args([
        "make-pairs",
        "dyck",
        "--seed",
        "3",
        "--pairs",
        "5",
        "-o",
        "dyck.csv",
    ])
    .current_dir(folder.path());
    assert!(assert_succeeds(&mut make).contains("15 pairs"));
    assert!(assert_succeeds(&mut make).contains("up to date"));
    assert_eq!(
        said(&mut program(folder.path(), "pairs", &["dyck.csv", "-o", "p.csv"]))["n_sets"],
        3
    );
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let folder = folder();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write("long.txt", &format!("{}\n{GOOD}\n", "dog ".repeat(200)));
    write("odd.txt", "the dog .\n");
    write(
        "q.jsonl",
        "{\"context\": \"the\", \"choices\": [\"dog\"], \"answer\": 0}",
    );
    let fails = |command: &str, arguments: &[&str], parts: &[&str]| {
        assert_fails(&mut program(folder.path(), command, arguments), parts);
    };
    fails(
        "pairs",
        &["long.txt", "-o", "p.csv"],
        &["set long, pair 0", "200 tokens", "80 positions"],
    );
    fails(
        "pairs",
        &["odd.txt", "-o", "p.csv"],
        &["odd.txt", "1 lines", "Zorro"],
    );
    fails("pairs", &["none.txt", "-o", "p.csv"], &["none.txt"]);
    fails(
        "pairs",
        &["long.txt", "-o", "long.txt.csv", "--prefix", "bos"],
        &["--prefix", "bos"],
    );
    fails(
        "choices",
        &["q.jsonl", "--format", "jsonl", "-o", "c.csv"],
        &["q.jsonl", "1 choices", "line 1"],
    );
    fails("text", &["--text", "none.txt", "-o", "w.csv"], &["none.txt"]);
    assert!(!folder.path().join("p.csv").exists());
    write("mine.csv", "my own");
    write("ok.txt", &format!("{BAD}\n{GOOD}\n"));
    fails("pairs", &["ok.txt", "-o", "mine.csv"], &["mine.csv", "--force"]);
    assert_usage_error(&mut program(
        folder.path(),
        "choices",
        &["q.jsonl", "--format", "ARC", "-o", "c.csv"],
    ));
    assert_usage_error(&mut program(folder.path(), "pairs", &["ok.txt", "-o", "p.json"]));
}

#[test]
fn texts_follow_the_planted_table_and_depend_on_nothing_else() {
    let folder = folder();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write("prompts.txt", "the\nthe dogs\n");
    let texts = |output: &str, arguments: &[&str]| {
        let all = [&["--prompts", "prompts.txt", "-o", output], arguments].concat();
        let said = said(&mut program(folder.path(), "generate", &all));
        let texts = lpp_competence::load_generated(&folder.path().join(output)).unwrap();
        (said, texts)
    };
    let (said_first, greedy) = texts("greedy.jsonl", &["--temperature", "0", "--max-new", "5"]);
    assert_eq!((said_first["n_samples"].clone(), greedy.len()), (json!(2), 2));
    assert_eq!(greedy[0].ids, [2, 5, 7, 9, 1]);
    assert_eq!(greedy[1].ids, [6, 7, 9, 1, 2]);
    assert_eq!(
        greedy[0].text.split_whitespace().collect::<Vec<_>>(),
        ["dog", "is", "good", ".", "the"]
    );
    let mut before = 1;
    for (&id, &logprob) in greedy[0].ids.iter().zip(&greedy[0].logprob_nats) {
        let id = usize::try_from(id).unwrap();
        assert_near(logprob, ln_p(before, id));
        before = id;
    }
    let again = said(&mut program(
        folder.path(),
        "generate",
        &[
            "--prompts",
            "prompts.txt",
            "-o",
            "greedy.jsonl",
            "--temperature",
            "0",
            "--max-new",
            "5",
        ],
    ));
    assert_eq!(again["up_to_date"], true);
    let sampled = |output: &str, arguments: &[&str]| {
        let all = [&["--max-new", "9", "--top-p", "1"], arguments].concat();
        texts(output, &all).1
    };
    let many = sampled("many.jsonl", &["--samples", "11"]);
    let few = sampled("few.jsonl", &["--samples", "3"]);
    assert_eq!(many[..3], few[..3]);
    assert_eq!(many[11..14], few[3..]);
    assert_ne!(
        many,
        sampled("other.jsonl", &["--samples", "11", "--sampling-seed", "2"])
    );
    // The end-of-text token ends a text, or not.
    let ends = |texts: &[lpp_competence::GeneratedText]| {
        let inner = |text: &lpp_competence::GeneratedText| text.ids[..text.ids.len() - 1].contains(&0);
        texts.iter().any(inner)
    };
    assert!(!ends(&many) && many.iter().any(|text| text.ids.len() < 9));
    let all = sampled("all.jsonl", &["--samples", "11", "--keep-going"]);
    assert!(ends(&all) && all.iter().all(|text| text.ids.len() == 9));
    write("empty.txt", "the\n\n");
    for (arguments, parts) in [
        (
            &["--prompts", "empty.txt", "-o", "x.jsonl"][..],
            &["empty.txt", "line 2"][..],
        ),
        (
            &["--prompts", "prompts.txt", "-o", "x.jsonl", "--max-new", "200"],
            &["prompt 0", "80 positions"],
        ),
        (
            &[
                "--prompts",
                "prompts.txt",
                "-o",
                "x.jsonl",
                "--temperature",
                "0",
                "--samples",
                "2",
            ],
            &["--samples 2"],
        ),
        (
            &["--prompts", "prompts.txt", "-o", "x.jsonl", "--stream-layers"],
            &["--stream-layers"],
        ),
    ] {
        assert_fails(&mut program(folder.path(), "generate", arguments), parts);
    }
    for wrong in [["--temperature", "-1"], ["--top-p", "0"], ["--top-k", "0"]] {
        let all = [&["--prompts", "prompts.txt", "-o", "x.jsonl"][..], &wrong].concat();
        assert_usage_error(&mut program(folder.path(), "generate", &all));
    }
}

#[test]
fn several_models_are_scored_in_one_call() {
    let folder = folder();
    fs::write(folder.path().join("ok.txt"), format!("{BAD}\n{GOOD}\n")).unwrap();
    for name in ["one", "two"] {
        save_model(&folder.path().join("models").join(name));
    }
    let call = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-score"));
        command.args([
            "pairs",
            "ok.txt",
            "--model",
            "one",
            "--model",
            "two",
            "--offline",
            "--threads",
            "1",
        ]);
        command.args(arguments).current_dir(folder.path());
        command
    };
    assert_succeeds(&mut call(&[]));
    for name in ["one", "two"] {
        let table = folder.path().join(format!("competence/{name}_en/ok.csv"));
        assert_eq!(load_rows::<PairRow>(&table).unwrap().len(), 1);
    }
    assert_fails(&mut call(&["-o", "p.csv"]), &["p.csv", "2 models"]);
    assert_fails(&mut call(&["--model-dir", "model"]), &["2 names of models"]);
}
