//! The program from flags to files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_study::{
    ActivationsWriter, Language, LayerShape, Provenance, Scores, Study, TimedWord, WordTable, npy,
};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::Array2;

const N_RUNS: usize = 4;
const N_WORDS: usize = 70;
const N_SCANS: usize = 50;
const N_VOXELS: usize = 6;

fn fit(study: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    command
        .args(["--study".as_ref(), study.as_os_str()])
        .arg("--mask");
    command.arg(study.join("mask.nii.gz")).args(["--model", "toy"]);
    command
}

/// A pseudo-random number in −1..1 that depends on its place alone.
fn noise(a: usize, b: usize, c: usize) -> f32 {
    (((a * 7919 + b * 104_729 + c * 1_299_709) as f32) * 0.618).sin()
}

/// Two layers of three features, a mask of six voxels, and scans that follow nothing in particular.
fn toy_study(folder: &Path) {
    let study = Study::open(folder).unwrap();
    let shapes: Vec<LayerShape> = (0..N_RUNS)
        .flat_map(|run| {
            (0..2).map(move |layer| LayerShape {
                run,
                layer,
                n_words: N_WORDS,
                n_hidden: 3,
            })
        })
        .collect();
    let facts = [("family", "gpt2"), ("n_parameters", "123")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let path = study.activations("toy", Language::English);
    let mut writer = ActivationsWriter::create(&path, &shapes, &BTreeMap::from(facts)).unwrap();
    for s in &shapes {
        let values = Array2::from_shape_fn((N_WORDS, 3), |(i, j)| noise(i + 100 * s.run, j, s.layer));
        writer.write(s.run, s.layer, &values).unwrap();
    }
    writer.commit().unwrap();
    let words = (0..N_RUNS).flat_map(|run| {
        (0..N_WORDS).map(move |word_index| {
            let onset_s = word_index as f64;
            TimedWord {
                run,
                word_index,
                word: "w".into(),
                onset_s,
                offset_s: onset_s + 0.5,
            }
        })
    });
    let path = study.words(Language::English);
    WordTable::new(words.collect(), &path)
        .unwrap()
        .save(&path)
        .unwrap();
    for run in 0..N_RUNS {
        let scans = Array2::from_shape_fn((N_SCANS, N_VOXELS), |(i, j)| noise(i, j, run + 5));
        npy::save(&study.average_run(Language::English, run), &scans).unwrap();
    }
    let grid = lpp_fmri::Grid::working();
    let inside = ndarray::Array3::from_shape_fn((37, 46, 38), |(i, j, k)| {
        j == 20 && k == 20 && (16..22).contains(&i)
    });
    lpp_fmri::Mask::new(grid, inside)
        .unwrap()
        .save(&folder.join("mask.nii.gz"))
        .unwrap();
}

#[test]
fn scores_sidecar_map_and_provenance_are_written_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let said = assert_succeeds(&mut fit(dir.path()));
    assert!(said.contains("written, 2 layers, 6 voxels"), "{said}");
    let path = dir.path().join("scores/toy_en.npy");
    let scores = Scores::load(&path).unwrap();
    assert_eq!(scores.values.dim(), (2, N_VOXELS));
    assert!(scores.values.iter().all(|r| r.abs() <= 1.0));
    assert_eq!(
        (scores.info.n_parameters, scores.info.alpha_index[1].len()),
        (Some(123), N_RUNS)
    );
    assert!(dir.path().join("scores/toy_en.nii.gz").exists());
    assert_eq!(Provenance::load(&path).unwrap().inputs.len(), 2 + N_RUNS + 1);
    assert!(assert_succeeds(&mut fit(dir.path())).contains("up to date"));
    assert!(assert_succeeds(fit(dir.path()).args(["--precision", "f64"])).contains("written"));
    let double = Scores::load(&path).unwrap();
    // Single against double precision: the bound that the fit promises.
    lpp_testkit::assert_close(
        &scores.values,
        &double.values,
        lpp_testkit::Tolerance::absolute(1e-4),
    );
}

#[test]
fn a_dead_voxel_is_nan_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    assert_succeeds(&mut fit(dir.path()));
    let path = dir.path().join("scores/toy_en.npy");
    let whole = Scores::load(&path).unwrap();
    let run = dir.path().join("average_subject/en/run-2.npy");
    let mut scans = npy::load_f32_matrix(&run).unwrap();
    scans.column_mut(3).fill(1.0);
    npy::save(&run, &scans).unwrap();
    assert_succeeds(&mut fit(dir.path()));
    let harmed = Scores::load(&path).unwrap();
    assert_eq!(harmed.info.n_nan_voxels, [1, 1]);
    assert!(harmed.values.column(3).iter().all(|r| r.is_nan()));
    assert!(
        harmed
            .values
            .column(2)
            .iter()
            .zip(whole.values.column(2))
            .all(|(a, b)| (a - b).abs() < 0.5)
    );
}

#[test]
fn broken_input_gives_one_line_and_no_scores() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = dir.path();
    let run = study.join("average_subject/en/run-1.npy");
    let (words, activations) = (
        study.join("words_en.csv"),
        study.join("activations/toy_en.safetensors"),
    );
    let spoil = |path: &Path, bytes: &[u8], parts: &[&str]| {
        let whole = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        assert_fails(&mut fit(study), parts);
        fs::write(path, whole).unwrap();
    };
    let cut = |path: &Path| {
        let whole = fs::read(path).unwrap();
        whole[..whole.len() * 2 / 3].to_vec()
    };
    spoil(&run, &cut(&run), &["run-1.npy", "cut short"]);
    spoil(&words, b"", &["words_en.csv", "no words"]);
    spoil(&activations, &cut(&activations), &["toy_en.safetensors"]);
    let mask = study.join("mask.nii.gz");
    spoil(&mask, &cut(&mask), &["mask.nii.gz"]);
    npy::save(&study.join("narrow.npy"), &Array2::<f32>::ones((N_SCANS, 2))).unwrap();
    spoil(
        &run,
        &fs::read(study.join("narrow.npy")).unwrap(),
        &["run-1.npy", "2 voxels", "6 as in"],
    );
    npy::save(&study.join("short.npy"), &Array2::<f32>::ones((20, N_VOXELS))).unwrap();
    spoil(
        &run,
        &fs::read(study.join("short.npy")).unwrap(),
        &["run-1.npy", "20"],
    );
    let mut unheard = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    assert_fails(
        unheard.arg("--study").arg(study).args(["--model", "unheard-of"]),
        &["unheard-of_en.safetensors"],
    );
    fs::remove_file(&run).unwrap();
    assert_fails(&mut fit(study), &["run-1.npy", "No such file"]);
    assert!(!study.join("scores").exists());
    assert_usage_error(fit(study).args(["--alphas", "zero"]));
    assert_usage_error(fit(study).args(["--threads", "0"]));
}
