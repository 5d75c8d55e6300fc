//! `lpp-random` from flags to files.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lpp_files::{Activations, WordTable};
use lpp_testkit::{Tolerance, assert_close, assert_fails, assert_succeeds, assert_usage_error};
use ndarray::array;
use tempfile::TempDir;

struct Toy(TempDir);

impl Toy {
    /// The words of the first run are sheep, box, sheep.
    fn new() -> Self {
        let toy = Self(tempfile::tempdir().unwrap());
        let rest = (2..=9)
            .map(|section| format!("box,0,1,{section}\n"))
            .collect::<Vec<_>>()
            .concat();
        let path = toy.path("annotation/EN/lppEN_word_information.csv");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            path,
            format!("word,onset,offset,section\nsheep,0,1,1\nbox,1,2,1\nsheep,2,3,1\n{rest}"),
        )
        .unwrap();
        fs::write(toy.path("lpp.toml"), "annotation_corrections = \"none\"\n").unwrap();
        toy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, kind: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-random"));
        command
            .arg("--study")
            .arg(self.0.path())
            .args(["--type", kind, "--dims", "2", "--seed", "1"]);
        command
    }
}

#[test]
fn embeddings_are_numpys_uniform_draws_one_a_word() {
    let toy = Toy::new();
    assert!(assert_succeeds(&mut toy.command("embedding")).contains("written, 11 words"));
    let file = toy.path("activations/random_embedding_2d_seed1_en.safetensors");
    let activations = Activations::open(&file).unwrap();
    // numpy.random.seed(1); numpy.random.rand(4), rounded to f32.
    let (sheep, a) = ([0.417_022, 0.720_324_5], [0.000_114_374_82, 0.302_332_58]);
    // Half of the last bit of f32 is lost in writing the numbers down.
    let tolerance = Tolerance::relative(1e-7);
    assert_close(
        &activations.layer(0, 0).unwrap(),
        &array![sheep, a, sheep],
        tolerance,
    );
    assert_close(&activations.layer(4, 0).unwrap(), &array![a], tolerance);
    assert_eq!(activations.metadata()["seed"], "1");
    let words = WordTable::load(&toy.path("words_en.csv")).unwrap();
    assert_eq!(words.words().len(), 11);
    assert_eq!(activations.metadata()[WordTable::HASH_KEY], words.sha256());
    assert!(assert_succeeds(&mut toy.command("embedding")).contains("up to date"));
    assert!(assert_succeeds(toy.command("embedding").arg("--force")).contains("written"));
}

#[test]
fn vectors_are_numpys_normal_draws_one_a_word_spoken() {
    let toy = Toy::new();
    assert_succeeds(&mut toy.command("vector"));
    let activations =
        Activations::open(&toy.path("activations/random_vector_2d_seed1_en.safetensors")).unwrap();
    // numpy.random.seed(1); numpy.random.randn(6), rounded to f32.
    let expected = array![
        [1.624_345_4, -0.611_756_4],
        [-0.528_171_75, -1.072_968_6],
        [0.865_407_6, -2.301_538_7]
    ];
    assert_close(
        &activations.layer(0, 0).unwrap(),
        &expected,
        Tolerance::relative(1e-7),
    );
}

#[test]
fn bad_inputs_are_named() {
    let toy = Toy::new();
    assert_fails(
        toy.command("vector").args(["--annotation", "absent.csv"]),
        &["cannot read", "absent.csv"],
    );
    fs::write(toy.path("empty.csv"), "").unwrap();
    assert_fails(
        toy.command("vector")
            .arg("--annotation")
            .arg(toy.path("empty.csv")),
        &["empty.csv", "an empty file"],
    );
    fs::write(toy.path("bad.csv"), "word,onset,offset,section\na,soon,2,1\n").unwrap();
    assert_fails(
        toy.command("vector").arg("--annotation").arg(toy.path("bad.csv")),
        &["bad.csv, row 0", "\"soon\""],
    );
    assert_fails(
        toy.command("vector").args(["--corrections", "published"]),
        &["drop row", "--corrections none"],
    );
    let mut without = Command::new(env!("CARGO_BIN_EXE_lpp-random"));
    without
        .arg("--study")
        .arg(toy.path(""))
        .args(["--type", "vector", "--dims", "0"]);
    assert_fails(&mut without, &["dimensions", "found 0"]);
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let toy = Toy::new();
    assert_usage_error(&mut toy.command("matrix"));
    assert_usage_error(toy.command("vector").args(["--lang", "x_x"]));
}

/// A study with an annotation of its own of 13,000 rows at the place of the published one, and no choice of corrections.
fn own_study(lang: &str) -> TempDir {
    let study = tempfile::tempdir().unwrap();
    let folder = study.path().join("annotation").join(lang.to_uppercase());
    fs::create_dir_all(&folder).unwrap();
    let row = |i: usize| {
        format!(
            "wort{},{},{},{}\n",
            i % 37,
            i % 1444,
            i % 1444 + 1,
            1 + 9 * i / 13_000
        )
    };
    let rows: String = (0..13_000).map(row).collect();
    let name = format!("lpp{}_word_information.csv", lang.to_uppercase());
    fs::write(folder.join(name), format!("word,onset,offset,section\n{rows}")).unwrap();
    fs::write(
        study.path().join("lpp.toml"),
        "languages = [\"en\", \"fr\", \"cn\"]\n",
    )
    .unwrap();
    study
}

/// Words written, those that the annotation does not hold, and what stood on stderr.
fn words_of(study: &TempDir, lang: &str, flags: &[&str]) -> (usize, Vec<String>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-random"));
    command
        .arg("--study")
        .arg(study.path())
        .args(["--type", "vector", "--dims", "1", "--lang", lang, "--force"]);
    let output = command.args(flags).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let table = WordTable::load(&study.path().join(format!("words_{lang}.csv"))).unwrap();
    let words = table.words();
    let foreign = words.iter().filter(|word| !word.word.starts_with("wort"));
    (words.len(), foreign.map(|word| word.word.clone()).collect(), said)
}

#[test]
fn corrections_touch_no_file_but_the_published_one() {
    for (lang, dropped, replaced) in [("en", 3, 0), ("fr", 3, 9), ("cn", 0, 0)] {
        let study = own_study(lang);
        for flags in [&[][..], &["--corrections", "auto"]] {
            let (n_words, foreign, said) = words_of(&study, lang, flags);
            assert_eq!((n_words, foreign), (13_000, Vec::new()), "{lang}");
            assert!(
                said.contains("warning") && said.contains("--corrections published"),
                "{said}"
            );
        }
        let (n_words, foreign, said) = words_of(&study, lang, &["--corrections", "published"]);
        assert_eq!((n_words, foreign.len()), (13_000 - dropped, replaced), "{lang}");
        assert!(said.contains("not the published annotation"), "{said}");
        fs::write(
            study.path().join("lpp.toml"),
            "annotation_corrections = \"published\"\n",
        )
        .unwrap();
        assert_eq!(words_of(&study, lang, &[]).0, 13_000 - dropped, "{lang}");
        let (n_words, _, said) = words_of(&study, lang, &["--corrections", "none"]);
        assert_eq!(n_words, 13_000);
        assert!(!said.contains("published"), "{said}");
    }
}

#[test]
fn times_that_cannot_be_are_named() {
    let toy = Toy::new();
    let file = toy.path("annotation/EN/lppEN_word_information.csv");
    let whole = fs::read_to_string(&file).unwrap();
    let said = |annotation: &str| {
        fs::write(&file, annotation).unwrap();
        let output = toy.command("vector").arg("--force").output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (done, notes) = said(&whole);
    assert!(done && !notes.contains("warning"), "{notes}");
    for (from, to, parts) in [
        ("sheep,0,1,1", "sheep,-4,1,1", ["row 0", "before the start"]),
        (
            "box,1,2,1\nsheep,2,3,1",
            "box,2,3,1\nsheep,1,2,1",
            ["row 2", "previous"],
        ),
        ("sheep,2,3,1", "sheep,2000,3000,1", ["milliseconds", "medians"]),
        (
            "sheep,2,3,1\n",
            "sheep,2,3,1\n,3,4,1\n,4,5,1\n",
            ["2 rows without a word", "row 3"],
        ),
    ] {
        assert!(whole.contains(from));
        let (done, said) = said(&whole.replace(from, to));
        assert!(
            done && said.contains("warning") && parts.iter().all(|part| said.contains(part)),
            "{said}"
        );
    }
    for (from, to, parts) in [
        ("sheep,0,1,1", "sheep,1,0,1", ["row 0", "\"offset\""]),
        ("sheep,0,1,1", "sheep,nan,1,1", ["row 0", "\"onset\""]),
        ("sheep,0,1,1", "sheep,\"0,5\",1,1", ["row 0", "12.5"]),
    ] {
        let (done, said) = said(&whole.replace(from, to));
        assert!(
            !done && said.starts_with("error: ") && parts.iter().all(|part| said.contains(part)),
            "{said}"
        );
    }
}
