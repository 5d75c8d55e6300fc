//! `lpp-align` from flags to files.

#![allow(
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_testkit::{FakeHub, FakeRepo, assert_fails, assert_succeeds, assert_usage_error, fixture};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A study made from the golden French case, whose tokenizer is a pair of vocab.json and merges.txt.
struct Toy {
    folder: TempDir,
    expected: Value,
}

impl Toy {
    fn new() -> Self {
        let mut text = String::new();
        let file = fs::File::open(fixture("text/fr_opt.json.gz")).unwrap();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap();
        let toy = Self {
            folder: tempfile::tempdir().unwrap(),
            expected: serde_json::from_str(&text).unwrap(),
        };
        toy.write(
            "annotation/FR/lppFR_word_information.csv",
            toy.expected["annotation"].as_str().unwrap(),
        );
        for (name, text) in toy.expected["tokenizer"].as_object().unwrap() {
            toy.write(&format!("models/toy/{name}"), text.as_str().unwrap());
        }
        for (run, text) in toy.expected["texts"].as_array().unwrap().iter().enumerate() {
            toy.write(
                &format!("text/lpp_fr_text/text_fr_run{}.txt", run + 1),
                text.as_str().unwrap(),
            );
        }
        toy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The program on this study; later flags overrule earlier ones.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-align"));
        // The made-up corpus has the rows that the published corrections drop.
        command.arg("--study").arg(self.folder.path()).args([
            "--lang",
            "fr",
            "--max-len",
            "112",
            "--corrections",
            "published",
        ]);
        command.arg("-o").arg(self.path("align.csv"));
        command
    }

    fn aligned(&self) -> Command {
        let mut command = self.command();
        command.arg("--tokenizer").arg(self.path("models/toy"));
        command
    }
}

fn starts(table: &Path) -> Vec<Vec<[usize; 2]>> {
    let mut runs: Vec<Vec<[usize; 2]>> = Vec::new();
    for line in fs::read_to_string(table).unwrap().lines().skip(1) {
        // No word of the made-up corpus holds a comma.
        let cells: Vec<&str> = line.split(',').collect();
        let number = |column: usize| cells[column].parse::<usize>().unwrap();
        runs.resize(runs.len().max(number(0) + 1), Vec::new());
        assert_eq!(runs[number(0)].len(), number(1), "words count up from 0");
        runs[number(0)].push([number(5), number(6)]);
    }
    runs
}

#[test]
fn table_has_the_starts_of_the_reference_and_is_made_once() {
    let toy = Toy::new();
    assert!(assert_succeeds(&mut toy.aligned()).contains("written"));
    let table = toy.path("align.csv");
    let header = "run,word_index,word,onset,offset,window,token_start,token_end_window,token_end,tokens\n";
    assert!(fs::read_to_string(&table).unwrap().starts_with(header));
    assert_eq!(json!(starts(&table)), toy.expected["positions"]);
    assert!(assert_succeeds(&mut toy.aligned()).contains("up to date"));
    assert!(assert_succeeds(toy.aligned().arg("--force")).contains("written"));
}

/// A study of nine short runs with one word of run 4 replaced, and a tokenizer of single letters or of whole words.
fn short_study(word: &str, whole_words: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let words = ["every", "once", "and", "do", "sleep", "was", "there"];
    let mut annotation = String::from("word,onset,offset,section\n");
    fs::create_dir_all(folder.path().join("text")).unwrap();
    for run in 1..=9 {
        for (i, &right) in words.iter().enumerate() {
            let word = if (run, i) == (5, 4) { word } else { right };
            let row = format!("\"{word}\",{i}.1,{i}.6,{run}\n");
            annotation.push_str(&row);
        }
        let file = folder.path().join(format!("text/text_en_run{run}.txt"));
        fs::write(file, format!("{}.", words.join(" "))).unwrap();
    }
    fs::write(folder.path().join("words.csv"), annotation).unwrap();
    let tokens: Vec<String> = if whole_words {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .chain([".".to_owned()])
            .collect()
    } else {
        ('a'..='z').chain(['.']).map(String::from).collect()
    };
    let vocab: serde_json::Map<String, Value> = tokens
        .into_iter()
        .chain(["[UNK]".to_owned()])
        .zip(0..)
        .map(|(t, i)| (t, json!(i)))
        .collect();
    let model = if whole_words {
        json!({"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"})
    } else {
        json!({"type": "BPE", "vocab": vocab, "merges": [], "unk_token": "[UNK]"})
    };
    let tokenizer = json!({"version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": null,
        "truncation": null, "padding": null, "pre_tokenizer": {"type": "Whitespace"}, "model": model});
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    folder
}

fn align_short(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-align"));
    command.current_dir(folder.path()).args([
        "--lang",
        "en",
        "--max-len",
        "128",
        "--tokenizer",
        "tokenizer.json",
    ]);
    command.args(["--text", "text", "--annotation", "words.csv", "-o", "align.csv"]);
    command
}

#[test]
fn words_that_the_text_lacks_are_refused_and_those_cut_at_a_neighbour_are_told() {
    for whole_words in [true, false] {
        for word in ["elephant", "saxophone", "step", "sleeping beauty"] {
            let folder = short_study(word, whole_words);
            let says = assert_fails(&mut align_short(&folder), &[word]);
            let knows_where = says.contains("words.csv") && says.contains("where the text has");
            assert!(
                knows_where || says.contains("do text and annotation agree?"),
                "{word}: {says}"
            );
            assert!(!folder.path().join("align.csv").exists());
        }
        for word in ["sleep", "Sleep,", "slee-p"] {
            let done = align_short(&short_study(word, whole_words)).output().unwrap();
            let says = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{word}: {says}");
            // The d of "and" begins like "do".
            assert_eq!(
                says.contains("begin or end in a neighbour"),
                !whole_words,
                "{word}: {says}"
            );
        }
    }
}

#[test]
fn the_tokenizer_of_a_model_comes_from_the_hub() {
    let toy = Toy::new();
    let mut repo = FakeRepo::new("org/toy", 'a', &["main"]).file("config.json", "{}");
    for (name, text) in toy.expected["tokenizer"].as_object().unwrap() {
        repo.files.insert(name.clone(), text.as_str().unwrap().into());
    }
    let hub = FakeHub::start(vec![repo]);
    let run = |flags: &[&str]| {
        let mut command = toy.command();
        command.args(flags);
        hub.serve(&mut command, toy.path("hf").as_ref());
        command
    };
    fs::remove_dir_all(toy.path("models")).unwrap();
    assert!(assert_succeeds(&mut run(&["--model", "org/toy"])).contains("written"));
    assert_eq!(json!(starts(&toy.path("align.csv"))), toy.expected["positions"]);
    assert!(assert_succeeds(&mut run(&["--model", "org/toy", "--offline"])).contains("up to date"));
    assert_fails(
        &mut run(&["--model", "org/other", "--offline"]),
        &["org/other", "not in the cache"],
    );
}

#[test]
fn texts_of_other_systems_give_the_same_table() {
    let toy = Toy::new();
    let table = toy.path("align.csv");
    assert_succeeds(&mut toy.aligned());
    let whole = fs::read(&table).unwrap();
    let texts: Vec<String> = toy.expected["texts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t.as_str().unwrap().into())
        .collect();
    assert!(texts.iter().all(|text| text.contains('\n')));
    let utf16 = |text: &str| {
        [
            &[0xff, 0xfe][..],
            &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        ]
        .concat()
    };
    let forms: [(&str, &dyn Fn(&str) -> Vec<u8>); 5] = [
        ("line ends", &|text| text.replace('\n', "\r\n").into()),
        ("line ends", &|text| text.replace('\n', "\r").into()),
        ("line ends", &|text| text.replacen('\n', "\r\n", 2).into()),
        ("byte order mark", &|text| format!("\u{feff}{text}").into()),
        ("UTF-16", &utf16),
    ];
    for (note, form) in forms {
        for (run, text) in texts.iter().enumerate() {
            let name = format!("text/lpp_fr_text/text_fr_run{}.txt", run + 1);
            fs::write(toy.path(&name), form(text)).unwrap();
        }
        let output = toy.aligned().output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.contains(note), "{said}");
        assert_eq!(fs::read(&table).unwrap(), whole, "{note}");
    }
}

#[test]
fn windows_that_are_too_short_say_how_long_they_must_be() {
    let toy = Toy::new();
    for length in ["1", "10", "64"] {
        let mut command = toy.aligned();
        // The last flag counts in a program that takes it once; here it is given once.
        let mut args: Vec<_> = command.get_args().map(std::ffi::OsStr::to_os_string).collect();
        let at = args.iter().position(|arg| arg == "--max-len").unwrap();
        args[at + 1] = length.into();
        command = Command::new(env!("CARGO_BIN_EXE_lpp-align"));
        assert_fails(command.args(args), &["windows of", "at least 65"]);
    }
}

#[test]
fn unalignable_words_are_named_with_their_neighbours() {
    let toy = Toy::new();
    let annotation = toy.expected["annotation"].as_str().unwrap();
    let (first, rest) = annotation.split_once('\n').unwrap();
    toy.write(
        "annotation/FR/lppFR_word_information.csv",
        &format!("{first}\nxylophone,0,0.1,1\n{rest}"),
    );
    assert_fails(
        &mut toy.aligned(),
        &["run 0, word 0 \"xylophone\"", "between", "the text around"],
    );
    assert!(!toy.path("align.csv").exists());
}

#[test]
fn bad_files_are_named() {
    let toy = Toy::new();
    assert_fails(
        toy.command().arg("--tokenizer").arg(toy.path("nowhere")),
        &["nowhere", "tokenizer.json"],
    );
    toy.write("bad/tokenizer.json", "{\"version\": \"1.0\", ");
    assert_fails(
        toy.command().arg("--tokenizer").arg(toy.path("bad")),
        &["bad/tokenizer.json"],
    );
    toy.write("empty.csv", "");
    assert_fails(
        toy.aligned().arg("--annotation").arg(toy.path("empty.csv")),
        &["empty.csv", "an empty file"],
    );
    toy.write("text.zip", "PK\u{3}\u{4} but not much more");
    assert_fails(
        toy.aligned().arg("--text").arg(toy.path("text.zip")),
        &["text.zip", "complete zip archive"],
    );
    assert_fails(
        toy.aligned().arg("--text").arg(toy.path("absent.zip")),
        &["cannot read", "absent.zip"],
    );
    fs::write(toy.path("text/lpp_fr_text/text_fr_run4.txt"), b"caf\xe9").unwrap();
    assert_fails(&mut toy.aligned(), &["text_fr_run4.txt", "UTF-8"]);
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let toy = Toy::new();
    assert_usage_error(toy.command().args(["--corrections", "some"]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-align"));
    assert_usage_error(command.args([
        "--lang",
        "x_x",
        "--tokenizer",
        "t",
        "--max-len",
        "9",
        "-o",
        "o.csv",
    ]));
}
