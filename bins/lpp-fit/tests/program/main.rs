//! The program from flags to files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fold_tests;
mod golden_tests;
mod refusal_tests;
mod spaces_tests;
mod transfer_tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_files::{ActivationsWriter, LayerShape, TimedWord, WordTable, npy};
use lpp_fmri::{CleaningParams, Grid, Image, Mask, Signals, diagonal_affine};
use lpp_steps::Provenance;
use lpp_study::{
    CanaryInfo, JointInfo, Language, ModelKind, NestedInfo, NullsInfo, Scores, Study, SwapsInfo, load_sidecar,
};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::{Array2, ArrayD};

const N_RUNS: usize = 4;
const N_WORDS: usize = 70;
const N_SCANS: usize = 50;
const N_VOXELS: usize = 6;

fn fit(study: &Path) -> Command {
    fit_in(study, "mask.nii.gz")
}

/// The same in another mask of the study.
fn fit_in(study: &Path, mask: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    command
        .args(["--study".as_ref(), study.as_os_str()])
        .arg("--mask");
    command.arg(study.join(mask)).args(["--model", "toy"]);
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

/// Resampled runs of a subject: a ball of brain that follows nothing in particular in a dim head.
fn toy_subject(study: &Path, name: &str, seed: usize) {
    let n = 15;
    let grid = Grid::new([n; 3], diagonal_affine([4.0; 3], [-28.0; 3])).unwrap();
    for run in 0..N_RUNS {
        let values = ArrayD::from_shape_fn(vec![n, n, n, N_SCANS], |p| {
            let radius: usize = (0..3).map(|axis| p[axis].abs_diff(n / 2).pow(2)).sum();
            let noise = noise(p[3] + 7 * p[0], p[1] + 17 * p[2], run + seed);
            if radius < 30 {
                1000.0 + 20.0 * noise
            } else {
                10.0 + noise
            }
        });
        let path = study.join(format!("resampled/en/{name}/func/{name}_run-{run}_bold.nii.gz"));
        Image::new(grid, values).unwrap().save(&path).unwrap();
    }
}

#[test]
fn subjects_have_masks_of_their_own_and_share_factorisations() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path();
    toy_study(study);
    for (name, seed) in [("sub-EN1", 3), ("sub-EN2", 40)] {
        toy_subject(study, name, seed);
    }
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.args(["--model", "toy", "--study"]).arg(study);
        command
    };
    let said = assert_succeeds(program().args(["--subject", "EN2"]));
    assert!(said.contains("sub-EN2/toy_en.npy: written, 2 layers"), "{said}");
    let scores = |name: &str| Scores::load(&study.join(format!("scores/{name}/toy_en.npy"))).unwrap();
    let alone = scores("sub-EN2");
    assert_eq!(alone.info.subject, "sub-EN2");
    assert!(alone.info.n_voxels > 50 && alone.values.iter().all(|r| r.abs() <= 1.0));
    // The subject's scans by hand: smoothed, cleaned, and fitted like any others.
    let mask = study.join("masks/sub-EN2.nii.gz");
    let cleaner = CleaningParams::reference().check().unwrap();
    let mut by_hand = program();
    by_hand.arg("--mask").arg(&mask).arg("--y");
    for run in 0..N_RUNS {
        let image = study.join(format!("resampled/en/sub-EN2/func/sub-EN2_run-{run}_bold.nii.gz"));
        let raw = Signals::extract(&image, &Mask::load(&mask).unwrap(), Some(4.0)).unwrap();
        let path = study.join(format!("y-{run}.npy"));
        raw.clean(&cleaner).unwrap().save(&path).unwrap();
        by_hand.arg(path);
    }
    assert_succeeds(by_hand.arg("-o").arg(study.join("by_hand.npy")));
    assert_eq!(
        Scores::load(&study.join("by_hand.npy")).unwrap().values,
        alone.values
    );
    assert!(study.join("by_hand.nii.gz").exists());
    // Arrays need no brain: without a mask there is no map, and a warning says so.
    let mut bare = program();
    bare.arg("--y")
        .args((0..N_RUNS).map(|run| study.join(format!("y-{run}.npy"))));
    let output = bare.arg("-o").arg(study.join("bare.npy")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("no map"), "{said}");
    assert_eq!(
        Scores::load(&study.join("bare.npy")).unwrap().values,
        alone.values
    );
    assert!(!study.join("bare.nii.gz").exists());
    // Together with others, and in whatever order, a subject scores the same.
    let said = assert_succeeds(program().args(["--all-subjects", "--force"]));
    assert!(
        said.find("sub-EN1").unwrap() < said.find("sub-EN2").unwrap(),
        "{said}"
    );
    assert_eq!(scores("sub-EN2").values, alone.values);
    assert_ne!(scores("sub-EN1").values, alone.values);
    assert!(study.join("scores/sub-EN1/toy_en.nii.gz").exists());
    let said = assert_succeeds(program().arg("--all-subjects"));
    assert_eq!(said.matches("up to date").count(), 2, "{said}");
}

#[test]
fn a_subject_that_does_not_fit_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path();
    toy_study(study);
    toy_subject(study, "sub-EN1", 3);
    let fit = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command
            .args(["--model", "toy", "--study"])
            .arg(study)
            .args(arguments);
        command
    };
    assert_fails(&mut fit(&["--subject", "EN9"]), &["sub-EN9", "No such file"]);
    assert_usage_error(&mut fit(&[
        "--subject",
        "EN1",
        "--all-subjects",
        "--output",
        "x.npy",
    ]));
    let last = study.join("resampled/en/sub-EN1/func/sub-EN1_run-3_bold.nii.gz");
    fs::rename(&last, study.join("kept.nii.gz")).unwrap();
    assert_fails(
        &mut fit(&["--subject", "EN1"]),
        &["toy_en.safetensors", "3 runs of scans", "expected 4"],
    );
    let whole = fs::read(study.join("kept.nii.gz")).unwrap();
    fs::write(&last, &whole[..whole.len() / 2]).unwrap();
    assert_fails(
        &mut fit(&["--subject", "EN1"]),
        &["sub-EN1_run-3_bold.nii.gz", "truncated"],
    );
    assert!(!study.join("scores").exists());
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
    spoil(&run, &cut(&run), &["run-1.npy", "truncated"]);
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
    assert_fails(&mut fit(study), &["run-2.npy instead of run-1.npy"]);
    assert!(!study.join("scores").exists());
    assert_usage_error(fit(study).args(["--alphas", "zero"]));
    assert_usage_error(fit(study).args(["--threads", "0"]));
}
