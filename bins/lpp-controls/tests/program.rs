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

/// Scans of nine runs of `n_scans`, as arrays, and as images of four voxels with their mask.
fn scans(study: &Path, n_scans: usize) {
    use lpp_fmri::{Grid, Image, Mask};
    let affine = [
        [4.0, 0.0, 0.0, -2.0],
        [0.0, 4.0, 0.0, 0.0],
        [0.0, 0.0, 4.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ];
    let grid = Grid::new([2, 2, 1], affine).unwrap();
    let mask = Mask::new(grid, ndarray::Array3::from_elem((2, 2, 1), true)).unwrap();
    mask.save(&study.join("masks/mask_lpp_en.nii.gz")).unwrap();
    for run in 0..9 {
        let average = study.join(format!("average_subject/en/run-{run}.npy"));
        lpp_files::npy::save(&average, &ndarray::Array2::<f32>::zeros((n_scans, 4))).unwrap();
        let values = ndarray::Array4::from_shape_fn((2, 2, 1, n_scans), |(i, j, _, t)| {
            1000.0 + ((7 * i + 3 * j + 5 * t) % 11) as f32
        });
        let image = Image::new(grid, values.into_dyn()).unwrap().with_time_step(2.0);
        image
            .save(&study.join(format!("scans/run-{}.nii.gz", run + 1)))
            .unwrap();
    }
}

/// Features of the scans of a run, row by row.
fn of_scans(study: &Path, name: &str, run: usize) -> Vec<f32> {
    let path = study.join(format!("activations/control_{name}_en.safetensors"));
    let features = Activations::open(&path).unwrap().layer(run, 0).unwrap();
    features.into_iter().collect()
}

#[test]
fn pictures_and_dvars_are_features_of_scans() {
    let study = toy();
    let study = study.path();
    scans(study, 60);
    fs::write(
        study.join("pictures.csv"),
        "run,onset_s,offset_s\n0,10,25\n2,35,55\n",
    )
    .unwrap();
    let mut pictures = program(study);
    pictures.args(["--controls", "pictures", "--tr", "2", "--pictures"]);
    assert!(assert_succeeds(pictures.arg(study.join("pictures.csv"))).contains("written"));
    let shown = of_scans(study, "pictures", 0);
    assert_eq!(shown.len(), 60);
    // The response peaks 5 s after the middle of the box, and is over 32 s after its end.
    assert!(
        shown[12] > 0.5 && shown[2].abs() < 1e-6 && shown[45].abs() < 1e-3,
        "{shown:?}"
    );
    assert!(
        of_scans(study, "pictures", 1)
            .iter()
            .all(|value| value.abs() < 1e-9)
    );
    let path = study.join("activations/control_pictures_en.safetensors");
    let activations = Activations::open(&path).unwrap();
    assert_eq!(
        (
            activations.metadata()["rows"].as_str(),
            activations.metadata()["design"].as_str()
        ),
        ("scans", "final")
    );
    assert!(assert_succeeds(&mut pictures).contains("up to date"));
    let mut dvars = program(study);
    dvars.args(["--controls", "dvars", "--scans"]);
    dvars.args((1..10).map(|run| study.join(format!("scans/run-{run}.nii.gz"))));
    assert_succeeds(&mut dvars);
    let found = of_scans(study, "dvars", 3);
    assert_eq!(found.len(), 120);
    // Differences of (7i + 3j + 5t) mod 11 from scan 0 to 1 in the four voxels are 5, 5, −6 and 5.
    let mean = found.iter().step_by(2).skip(1).sum::<f32>() / 59.0;
    assert!((mean - 1.0).abs() < 1e-5 && found[1].abs() < 1e-9, "{found:?}");
}

#[test]
fn what_does_not_fit_the_scans_is_refused_by_name() {
    let study = toy();
    let study = study.path();
    let table = study.join("pictures.csv");
    let with = |text: &str| {
        fs::write(&table, text).unwrap();
        let mut command = program(study);
        command
            .args(["--controls", "pictures", "--tr", "2", "--pictures"])
            .arg(&table);
        command
    };
    let header = "run,onset_s,offset_s\n";
    assert_fails(
        &mut with(&format!("{header}0,10,25\n")),
        &["run-0.npy", "lpp-average"],
    );
    scans(study, 60);
    for (row, part) in [
        ("9,10,25", "run 9"),
        ("0,130,140", "130 s"),
        ("0,25,10", "25 to 10 s"),
        ("0,x,25", "pictures.csv"),
    ] {
        assert_fails(&mut with(&format!("{header}{row}\n")), &["pictures.csv", part]);
    }
    assert_fails(
        program(study).args(["--controls", "pictures", "--tr", "2"]),
        &["pictures", "--pictures"],
    );
    let mut dvars = program(study);
    dvars.args(["--controls", "dvars", "--tr", "2", "--scans"]);
    dvars.args((0..9).map(|run| study.join(format!("average_subject/en/run-{run}.npy"))));
    assert_fails(&mut dvars, &["run-0.npy", "an array"]);
    assert_fails(program(study).args(["--controls", "pwr"]), &["text", "--text"]);
}

#[test]
fn places_in_sentences_come_from_the_text() {
    let study = toy();
    let study = study.path();
    let texts = study.join("text/lpp_en_text");
    fs::create_dir_all(&texts).unwrap();
    for run in 1..10 {
        let text = if run == 1 {
            "“Sheep!” Box, sheep."
        } else {
            "Box."
        };
        fs::write(texts.join(format!("text_en_run{run}.txt")), text).unwrap();
    }
    assert_succeeds(program(study).args(["--controls", "pwr"]));
    assert_eq!(
        values(study, "pwr", 0),
        [0.0, 0.0, 2.0, 0.5, 0.0, 2.0, 1.0, 1.0, 2.0]
    );
    assert_eq!(values(study, "pwr", 1), [0.0, 0.0, 1.0]);
}
