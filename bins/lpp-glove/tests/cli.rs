//! `lpp-glove` from flags to files.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_files::{Activations, WordTable};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::array;
use tempfile::TempDir;

const VECTORS: &str = "the 1 2\nnaive 3 -4\nthree 3 3\ntwo 0 3\nfive 0 0.75\n";

struct Toy(TempDir);

impl Toy {
    /// Three words in the first run, one in each other.
    fn new() -> Self {
        let toy = Self(tempfile::tempdir().unwrap());
        let rest = (2..=9)
            .map(|section| format!("the,0,1,{section}\n"))
            .collect::<Vec<_>>()
            .concat();
        let first = "NA\\IVE;,0.5,1,1\nthree two five,1,2.25,1\n,2,3,1\nsnake's,2,3,1\n";
        let path = toy.path("annotation/EN/lppEN_word_information.csv");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("word,onset,offset,section\n{first}{rest}")).unwrap();
        fs::write(toy.path("lpp.toml"), "annotation_corrections = \"none\"\n").unwrap();
        fs::write(toy.path("glove.txt"), VECTORS).unwrap();
        toy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, glove: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-glove"));
        command
            .arg("--study")
            .arg(self.0.path())
            .arg("--glove")
            .arg(glove);
        command
    }

    fn gzipped(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let mut writer =
            flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::best());
        writer.write_all(VECTORS.as_bytes()).unwrap();
        writer.finish().unwrap();
        path
    }
}

#[test]
fn vectors_and_words_are_written_once() {
    let toy = Toy::new();
    assert!(assert_succeeds(&mut toy.command(&toy.path("glove.txt"))).contains("written, 11 words"));
    let activations = Activations::open(&toy.path("activations/glove_en.safetensors")).unwrap();
    assert_eq!((activations.n_runs(), activations.n_layers()), (9, 1));
    // The mean of three, two and five; nothing for the word that GloVe lacks.
    let expected = array![[3.0, -4.0], [1.0, 2.25], [0.0, 0.0]];
    assert_eq!(activations.layer(0, 0).unwrap(), expected);
    assert_eq!(activations.layer(8, 0).unwrap(), array![[1.0, 2.0]]);
    let words = WordTable::load(&toy.path("words_en.csv")).unwrap();
    assert_eq!(
        (words.n_runs(), words.run(0).len(), words.run(0)[1].offset_s),
        (9, 3, 2.25)
    );
    assert!(assert_succeeds(&mut toy.command(&toy.path("glove.txt"))).contains("up to date"));
}

#[test]
fn compressed_vectors_are_the_same_and_cut_ones_are_refused() {
    let toy = Toy::new();
    let gzip = toy.gzipped("glove.txt.gz");
    assert_succeeds(toy.command(&gzip).arg("-o").arg(toy.path("out/gz.safetensors")));
    assert_succeeds(
        toy.command(&toy.path("glove.txt"))
            .arg("-o")
            .arg(toy.path("out/plain.safetensors")),
    );
    let layer = |name: &str| Activations::open(&toy.path(name)).unwrap().layer(0, 0).unwrap();
    assert_eq!(layer("out/gz.safetensors"), layer("out/plain.safetensors"));

    let whole = fs::read(&gzip).unwrap();
    fs::write(&gzip, &whole[..whole.len() / 2]).unwrap();
    assert_fails(&mut toy.command(&gzip), &["glove.txt.gz, line", "damaged"]);
    assert!(!toy.path("activations/glove_en.safetensors").exists());
}

#[test]
fn words_with_blanks_in_them_are_passed_over() {
    let toy = Toy::new();
    let layer = |file: &Path, out: &str| {
        assert_succeeds(toy.command(file).arg("-o").arg(toy.path(out)));
        Activations::open(&toy.path(out)).unwrap().layer(0, 0).unwrap()
    };
    let plain = fs::read_to_string(toy.path("glove.txt")).unwrap();
    fs::write(
        toy.path("blanks.txt"),
        format!("{plain}. . . 7 8\nat name@domain.com 7 8\n"),
    )
    .unwrap();
    assert_eq!(
        layer(&toy.path("blanks.txt"), "blanks.safetensors"),
        layer(&toy.path("glove.txt"), "plain.safetensors")
    );
}

#[test]
fn bad_vector_files_are_named_by_line() {
    let toy = Toy::new();
    for (text, part) in [
        ("the 1 2\nof 1\n", "line 2: found 1 numbers, expected 2"),
        ("the 1 2\nof 1 x\n", "line 2: found \"x\""),
        ("the 1 nan\n", "line 1: found \"nan\""),
        ("the 1 2\nof 1 2 3\n", "line 2: found 3 numbers, expected 2"),
        ("the\n", "line 1: found 0 numbers"),
        ("", "an empty file"),
    ] {
        fs::write(toy.path("bad.txt"), text).unwrap();
        assert_fails(&mut toy.command(&toy.path("bad.txt")), &["bad.txt", part]);
    }
    fs::write(toy.path("bad.txt"), b"caf\xe9 1 2\n").unwrap();
    assert_fails(
        &mut toy.command(&toy.path("bad.txt")),
        &["bad.txt, line 1", "UTF-8"],
    );
}

#[test]
fn bad_inputs_are_named() {
    let toy = Toy::new();
    assert_fails(
        &mut toy.command(&toy.path("absent.txt")),
        &["cannot read", "absent.txt"],
    );
    fs::write(toy.path("empty.csv"), "").unwrap();
    let glove = toy.path("glove.txt");
    assert_fails(
        toy.command(&glove).arg("--annotation").arg(toy.path("empty.csv")),
        &["empty.csv", "an empty file"],
    );
    assert_fails(
        toy.command(&glove).args(["--corrections", "published"]),
        &["drop row", "--corrections none"],
    );
    assert_fails(
        toy.command(&glove).args(["--lang", "fr"]),
        &["lppFR_word_information.csv"],
    );
    assert_usage_error(toy.command(&glove).args(["--lang", "x_x"]));
}
