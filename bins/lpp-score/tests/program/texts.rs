//! Texts, given ids, generated texts and several models.

use std::fs;
use std::process::Command;

use lpp_competence::{PairRow, TokenScoreRow, WordRow, load_rows};
use lpp_files::npy;
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::array;
use serde_json::{Value, json};

use crate::planted_model::{END, N_POSITIONS, VOCABULARY, ln_p, save_model};
use crate::{BAD, GOOD, assert_near, folder, program, said};

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

/// The same tokens; sums over other numbers of rows may round otherwise on some processors.
fn assert_same_texts<'a>(
    found: impl Iterator<Item = &'a lpp_competence::GeneratedText>,
    expected: &[lpp_competence::GeneratedText],
) {
    let mut n = 0;
    for (one, other) in found.zip(expected) {
        assert_eq!(
            (one.prompt, one.sample, &one.ids),
            (other.prompt, other.sample, &other.ids)
        );
        for (a, b) in one.logprob_nats.iter().zip(&other.logprob_nats) {
            assert!((a - b).abs() < 1e-6, "{a} and {b}");
        }
        n += 1;
    }
    assert_eq!(n, expected.len());
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
    assert_same_texts(many[..3].iter().chain(&many[11..14]), &few);
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
