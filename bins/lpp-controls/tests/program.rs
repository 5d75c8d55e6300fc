//! The program from flags to files.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_files::{Activations, WordTable};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use tempfile::TempDir;

/// Three words in the first run, one in the others.
fn toy() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let rest = [2, 3, 4, 5, 6, 7, 8, 9]
        .map(|section| format!("box,0,1,{section}\n"))
        .concat();
    let path = dir.path().join("annotation/EN/lppEN_word_information.csv");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(
        path,
        format!("word,onset,offset,section\nSheep,0,0.5,1\nbox,1,1.5,1\nsheep,1.5,2,1\n{rest}"),
    )
    .unwrap();
    fs::write(dir.path().join("lpp.toml"), "annotation_corrections = \"none\"\n").unwrap();
    dir
}

fn program(study: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-controls"));
    command.arg("--study").arg(study);
    command
}

/// Two seconds of a recording that is silent, then loud.
fn record(path: &Path, spec: hound::WavSpec, seconds: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..seconds * spec.sample_rate {
        let loud = i >= spec.sample_rate;
        for _ in 0..spec.channels {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            match spec.sample_format {
                hound::SampleFormat::Float => {
                    let value: f32 = if loud { 0.5 } else { 0.0 };
                    writer.write_sample(sign * value).unwrap();
                }
                hound::SampleFormat::Int => {
                    let half = if loud { 1 << (spec.bits_per_sample - 2) } else { 0 };
                    writer
                        .write_sample(if i % 2 == 0 { half } else { -half })
                        .unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
}

fn recordings(folder: &Path) -> PathBuf {
    use hound::SampleFormat::{Float, Int};
    let formats = [
        (16, Int),
        (24, Int),
        (32, Float),
        (32, Int),
        (16, Int),
        (16, Int),
        (16, Int),
        (16, Int),
        (16, Int),
    ];
    for (run, (bits_per_sample, sample_format)) in formats.into_iter().enumerate() {
        let spec = hound::WavSpec {
            channels: 1 + u16::from(run == 1),
            sample_rate: 1000,
            bits_per_sample,
            sample_format,
        };
        record(&folder.join(format!("wav/run{}.wav", run + 1)), spec, 2);
    }
    folder.join("wav")
}

fn values(study: &Path, name: &str, run: usize) -> Vec<f32> {
    let path = study.join(format!("activations/control_{name}_en.safetensors"));
    let activations = Activations::open(&path).unwrap();
    assert_eq!(activations.metadata()["kind"], "control");
    let words = WordTable::load(&study.join("words_en.csv")).unwrap();
    assert_eq!(activations.metadata()[WordTable::HASH_KEY], words.sha256());
    activations.layer(run, 0).unwrap().into_iter().collect()
}

#[test]
fn controls_of_the_text_are_written_and_kept() {
    let dir = toy();
    let said = assert_succeeds(&mut program(dir.path()));
    assert_eq!(said.matches("written, 11 words").count(), 4, "{said}");
    assert_eq!(values(dir.path(), "wordrate", 0), [1.0; 3]);
    assert_eq!(values(dir.path(), "wordlength", 0), [5.0, 3.0, 5.0]);
    assert_eq!(values(dir.path(), "position", 0), [0.0, 0.5, 1.0]);
    // Two sheep in the story, nine boxes.
    assert_eq!(
        values(dir.path(), "frequency", 0),
        [3_f32.ln(), 10_f32.ln(), 3_f32.ln()]
    );
    assert_eq!(
        WordTable::load(&dir.path().join("words_en.csv"))
            .unwrap()
            .words()
            .len(),
        11
    );
    assert_eq!(
        assert_succeeds(&mut program(dir.path()))
            .matches("up to date")
            .count(),
        4
    );
    // A table of counts concerns the frequency alone.
    let table = dir.path().join("counts.tsv");
    fs::write(&table, "word\tcount\nsheep\t99\n").unwrap();
    let said = assert_succeeds(program(dir.path()).arg("--frequencies").arg(&table));
    assert_eq!(said.matches("written").count(), 1, "{said}");
    assert_eq!(
        values(dir.path(), "frequency", 0),
        [100_f32.ln(), 0.0, 100_f32.ln()]
    );
}

#[test]
fn the_envelope_is_the_loudness_of_each_word_whatever_the_format() {
    let dir = toy();
    let wav = recordings(dir.path());
    let said = assert_succeeds(
        program(dir.path())
            .args(["--controls", "envelope", "--wav"])
            .arg(&wav),
    );
    assert_eq!(said.matches("written").count(), 1, "{said}");
    let first = values(dir.path(), "envelope", 0);
    // Silent for a second, then 0.5; the filter blurs some 50 ms of the edge.
    assert!(
        first[0].abs() < 1e-3 && (first[2] - 0.5).abs() < 0.01,
        "{first:?}"
    );
    let second = values(dir.path(), "envelope", 1);
    for run in 2..9 {
        // Rounding to 16 bits at most.
        assert!((values(dir.path(), "envelope", run)[0] - second[0]).abs() < 1e-4);
    }
}

#[test]
fn bad_inputs_are_named() {
    let dir = toy();
    let study = dir.path();
    let wav = recordings(study);
    assert_fails(program(study).args(["--frequencies", "none.csv"]), &["none.csv"]);
    assert_fails(
        program(study).arg("--wav").arg(wav.join("run1.wav")),
        &["recordings", "found 1", "each run of the words"],
    );
    assert_fails(
        program(study).args(["--controls", "envelope"]),
        &["recordings", "found 0"],
    );
    assert_fails(
        program(study).args(["--cutoff", "600", "--wav"]).arg(&wav),
        &["run1.wav", "cut-off"],
    );
    let run = wav.join("run3.wav");
    let whole = fs::read(&run).unwrap();
    for (bytes, part) in [
        (&whole[..whole.len() / 2], "run3.wav"),
        (b"RIFF".as_slice(), "run3.wav"),
    ] {
        fs::write(&run, bytes).unwrap();
        assert_fails(program(study).arg("--wav").arg(&wav), &[part]);
    }
    assert_fails(
        program(study).arg("--wav").arg(study.join("annotation")),
        &["no WAV file"],
    );
    assert_usage_error(program(study).args(["--controls", "loudness"]));
}
