//! Pairs and choices, in every form, and what is refused.

use std::fs;
use std::process::Command;

use lpp_competence::{ChoiceRow, PairRow, load_rows};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use serde_json::json;

use crate::planted_model::{END, VOCABULARY, ln_p, ln_p_of};
use crate::{BAD, GOOD, assert_near, folder, program, said};

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
fn pairs_that_count_twice_or_decide_nothing_are_told() {
    let folder = folder();
    fs::write(
        folder.path().join("z.txt"),
        format!("{BAD}\n{GOOD}\n{BAD}\n{GOOD}\n{GOOD}\n{GOOD}\n"),
    )
    .unwrap();
    let run = program(folder.path(), "pairs", &["z.txt", "-o", "p.csv"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    for part in [
        "set z: repeated pairs: 1",
        "set z: pairs of two equal sentences: 1",
    ] {
        assert!(run.status.success() && told.contains(part), "{told}");
    }
    let mut twice = program(folder.path(), "pairs", &["z.txt", "z.txt", "-o", "q.csv"]);
    assert_fails(&mut twice, &["z.txt", "the file twice"]);
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
