//! The program from flags to files, and how it fails.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::process::Command;

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array3, Array4, Axis};

fn fixture(name: &str) -> String {
    lpp_testkit::fixture("fmri").join(name).display().to_string()
}

fn program(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-mask"));
    command.current_dir(folder.path()).arg("-q").args(arguments);
    command
}

fn volume(folder: &tempfile::TempDir, name: &str) -> Array3<u8> {
    let image = lpp_fmri::Image::load(&folder.path().join(name)).unwrap();
    image.to_f64_volume().unwrap().mapv(|v| u8::from(v > 0.5))
}

#[test]
fn the_masks_of_nilearn_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [0, 1, 2].map(|run| fixture(&format!("mask/single_{run}.nii")));
    let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
    let command = &mut program(&folder, &[&runs[..], &["-o", "mask.nii.gz"]].concat());
    assert!(assert_succeeds(command).contains("mask.nii.gz: written"));
    assert!(assert_succeeds(command).contains("mask.nii.gz: up to date"));
    let expected: Array3<u8> = load_npy(fixture("mask/single_symmetric.npy"));
    assert_eq!(volume(&folder, "mask.nii.gz"), expected);
    let flags = ["-o", "group.nii.gz", "--asymmetric", "--run-masks", "runs"];
    assert_succeeds(&mut program(&folder, &[&runs[..], &flags].concat()));
    let expected: Array3<u8> = load_npy(fixture("mask/single_group.npy"));
    assert_eq!(volume(&folder, "group.nii.gz"), expected);
    let expected: Array4<u8> = load_npy(fixture("mask/single_runs.npy"));
    assert_eq!(
        volume(&folder, "runs/single_1.nii"),
        expected.index_axis(Axis(0), 1)
    );
}

#[test]
fn each_run_votes_once_and_no_mask_replaces_another() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["c/r.nii", "d/r.nii", "d/s_boldref.nii"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(fixture("mask/single_0.nii"), path).unwrap();
    }
    for (arguments, parts) in [
        (
            vec!["c/r.nii", "d/r.nii", "--run-masks", "rm"],
            vec!["rm/r.nii", "c/r.nii", "d/r.nii"],
        ),
        (vec!["c/r.nii", "--run-masks", "c"], vec!["c/r.nii", "input"]),
        (vec!["c/r.nii", "./c/r.nii"], vec!["c/r.nii", "one file"]),
        (
            vec!["c/r.nii", "d/s_boldref.nii"],
            vec!["s_boldref.nii", "boldref"],
        ),
    ] {
        assert_fails(
            &mut program(&folder, &[&arguments[..], &["-o", "m.nii"]].concat()),
            &parts,
        );
        assert!(!folder.path().join("rm").exists() && !folder.path().join("m.nii").exists());
    }
    assert_fails(
        &mut program(&folder, &["c/r.nii", "-o", "c/r.nii"]),
        &["c/r.nii", "nothing was written"],
    );
}

#[test]
fn a_study_has_its_place_for_runs_and_mask() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..3 {
        let subject = folder.path().join(format!("resampled/en/sub-EN{run}"));
        std::fs::create_dir_all(&subject).unwrap();
        std::fs::copy(
            fixture(&format!("mask/single_{run}.nii")),
            subject.join("run.nii"),
        )
        .unwrap();
    }
    let says = assert_succeeds(&mut program(&folder, &["--study", ".", "--lang", "en"]));
    assert!(says.contains("masks/mask_lpp_en.nii.gz: written"), "{says}");
    assert_fails(
        &mut program(&folder, &["--lang", "fr"]),
        &["resampled/fr", "No such file"],
    );
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let run = fixture("mask/single_0.nii");
    let whole = std::fs::read(&run).unwrap();
    std::fs::write(folder.path().join("cut.nii"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.path().join("empty.nii"), "").unwrap();
    for (other, parts) in [
        ("none.nii", vec!["none.nii", "No such file"]),
        ("cut.nii", vec!["cut.nii", "too small"]),
        ("empty.nii", vec!["empty.nii", "truncated"]),
        (
            &fixture("clean/f4.nii"),
            vec!["f4.nii", "the grid of the first run"],
        ),
    ] {
        assert_fails(
            &mut program(&folder, &[&run, other, "-o", "out/mask.nii.gz"]),
            &parts,
        );
    }
    assert!(!folder.path().join("out").exists());
    assert_usage_error(&mut program(&folder, &["--threshold", "0.5"]));
}
