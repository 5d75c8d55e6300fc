//! The program from flags to files, and how it fails.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_fmri::{CleaningParams, Grid, Image, Mask, Signals, diagonal_affine, standardise_plainly};
use lpp_ridge::RidgeCv;
use lpp_testkit::{Tolerance, assert_close, assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array2, Array3, ArrayD, s};
use serde_json::Value;

const N_RUNS: usize = 3;

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-average"));
    command.current_dir(folder).args(arguments);
    command
}

/// A signal that subjects share, and noise of their own.
fn signals(subject: usize, run: usize) -> Array2<f32> {
    let raw = Array2::from_shape_fn((44 + run, 60), |(t, v)| {
        let shared = ((t * (v % 7 + 2)) as f32 * 0.21 + run as f32).sin();
        let own = ((t * 37 + v * 101 + subject * 53 + run * 11) % 97) as f32 / 97.0;
        shared + 1.5 * own
    });
    standardise_plainly(&raw)
}

/// Subjects as folders of arrays.
fn arrays(folder: &Path, n_subjects: usize) -> Vec<String> {
    let write = |subject: usize| {
        let name = format!("sub-{subject}");
        std::fs::create_dir_all(folder.join(&name)).unwrap();
        for run in 0..N_RUNS {
            ndarray_npy::write_npy(
                folder.join(format!("{name}/run-{run}.npy")),
                &signals(subject, run),
            )
            .unwrap();
        }
        name
    };
    (0..n_subjects).map(write).collect()
}

fn mean(subjects: &[usize], run: usize) -> Array2<f32> {
    let sum = subjects
        .iter()
        .fold(Array2::<f32>::zeros((44 + run, 60)), |sum, &subject| {
            sum + signals(subject, run)
        });
    sum / subjects.len() as f32
}

#[test]
fn average_and_correlations_are_what_the_definition_says() {
    let folder = tempfile::tempdir().unwrap();
    let subjects = arrays(folder.path(), 5);
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let flags = ["-o", "out", "--isc-trials", "2", "--json"];
    let arguments = [&["--subject"][..], &subjects, &flags].concat();
    let said: Value =
        serde_json::from_str(&assert_succeeds(&mut program(folder.path(), &arguments))).unwrap();
    let isc: Array2<f32> = load_npy(folder.path().join("out/isc.npy"));
    for run in 0..N_RUNS {
        let average: Array2<f32> = load_npy(folder.path().join(format!("out/run-{run}.npy")));
        // The same sums in the same order.
        assert_close(
            &average,
            &standardise_plainly(&mean(&[0, 1, 2, 3, 4], run)),
            Tolerance::exact(),
        );
    }
    let model = RidgeCv::params().check().unwrap();
    for trial in 0..2 {
        let order: Vec<usize> = serde_json::from_value(said["permutations"][trial].clone()).unwrap();
        let half = |group: &[usize]| -> Vec<Array2<f32>> {
            (0..N_RUNS)
                .map(|run| mean(group, run).slice(s![10..34 + run, ..]).to_owned())
                .collect()
        };
        let fit = model.fit(&half(&order[..2]), &half(&order[2..])).unwrap();
        // Group means are rounded once here and thrice there.
        assert_close(&isc.row(trial), &fit.scores, Tolerance::absolute(1e-5));
        assert!(fit.scores.mean().unwrap() > 0.3);
    }
    let again = program(folder.path(), &arguments)
        .arg("--force")
        .output()
        .unwrap();
    assert!(again.status.success());
    assert_eq!(isc, load_npy::<f32, _>(folder.path().join("out/isc.npy")));
    let says = assert_succeeds(&mut program(folder.path(), &arguments));
    assert!(says.contains("\"up_to_date\": true"), "{says}");
    // Nothing but results and their provenance is left.
    assert_eq!(
        std::fs::read_dir(folder.path().join("out")).unwrap().count(),
        2 * (N_RUNS + 3)
    );
    let shape = |what: &str| {
        let file = folder.path().join(format!("out/isc_{what}.npy"));
        load_npy::<f32, ndarray::Ix3>(file).dim()
    };
    assert_eq!(shape("voxelwise"), (2, N_RUNS, 60));
    assert_eq!(shape("jackknife"), (5, N_RUNS, 60));
}

/// A study of subjects with images, and its mask.
fn study(folder: &Path, n_subjects: usize, n_runs: usize) -> PathBuf {
    let grid = Grid::new([5, 4, 3], diagonal_affine([4.0; 3], [-8.0, 0.0, 0.0])).unwrap();
    for subject in 0..n_subjects {
        for run in 0..n_runs {
            let signals = signals(subject, run);
            let values = ArrayD::from_shape_fn(vec![5, 4, 3, signals.nrows()], |p| {
                900.0 + 20.0 * signals[[p[3], p[0] * 12 + p[1] * 3 + p[2]]]
            });
            let path = folder.join(format!("resampled/en/sub-EN{subject}/run-{run}.nii.gz"));
            Image::new(grid, values).unwrap().save(&path).unwrap();
        }
    }
    let mask = folder.join("masks/mask_lpp_en.nii.gz");
    let inside = Array3::from_shape_fn((5, 4, 3), |(_, j, _)| j > 0);
    Mask::new(grid, inside).unwrap().save(&mask).unwrap();
    mask
}

#[test]
fn a_study_is_averaged_from_its_images() {
    let folder = tempfile::tempdir().unwrap();
    let mask = Mask::load(&study(folder.path(), 3, N_RUNS)).unwrap();
    let says = assert_succeeds(&mut program(
        folder.path(),
        &["--study", ".", "--isc-trials", "1"],
    ));
    assert!(
        says.contains("3 runs of 3 subjects, 45 voxels") && says.contains("isc_en.npy: written"),
        "{says}"
    );
    let cleaner = CleaningParams::reference().check().unwrap();
    let sum = (0..3).fold(Array2::<f32>::zeros((45, 45)), |sum, subject| {
        let path = folder
            .path()
            .join(format!("resampled/en/sub-EN{subject}/run-1.nii.gz"));
        sum + Signals::extract(&path, &mask, None)
            .unwrap()
            .clean(&cleaner)
            .unwrap()
            .into_single()
    });
    let average: Array2<f32> = load_npy(folder.path().join("average_subject/en/run-1.npy"));
    assert_close(&average, &standardise_plainly(&(sum / 3.0)), Tolerance::exact());
    let isc: Array2<f32> = load_npy(folder.path().join("isc/isc_en.npy"));
    assert_eq!(isc.dim(), (1, 45));
    // One subject less is another result; without trials one subject will do.
    std::fs::remove_dir_all(folder.path().join("resampled/en/sub-EN2")).unwrap();
    let says = assert_succeeds(&mut program(folder.path(), &["--isc-trials", "0"]));
    assert!(
        says.contains("written, 3 runs of 2 subjects") && !says.contains("isc"),
        "{says}"
    );
}

#[test]
fn raw_signals_are_told_and_a_new_folder_once() {
    let folder = tempfile::tempdir().unwrap();
    let subjects = arrays(folder.path(), 3);
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let stderr = || {
        let arguments = [
            &["--subject"][..],
            &subjects,
            &["-o", "out", "--isc-trials", "0", "--force"],
        ]
        .concat();
        let output = program(folder.path(), &arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = stderr();
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(said.matches("a new folder").count(), 1, "{said}");
    let raw = signals(1, 2) * 30.0 + 900.0;
    ndarray_npy::write_npy(folder.path().join("sub-1/run-2.npy"), &raw).unwrap();
    let said = stderr();
    assert!(
        said.contains("warning: sub-1/run-2.npy: the mean of a voxel is 30.0"),
        "{said}"
    );
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path(), 2, N_RUNS);
    let at = |name: &str| folder.path().join(name);
    arrays(folder.path(), 2);
    std::fs::create_dir_all(at("empty")).unwrap();
    let explicit = |subjects: &[&str], parts: &[&str]| {
        let arguments = [&["--subject"][..], subjects, &["-o", "out"]].concat();
        assert_fails(&mut program(folder.path(), &arguments), parts);
    };
    explicit(&["sub-0", "none"], &["none", "No such file"]);
    explicit(&["sub-0", "empty"], &["empty", "0 images and 0 arrays"]);
    explicit(&["sub-0"], &["1 subjects", "two or more"]);
    explicit(
        &["resampled/en/sub-EN0", "resampled/en/sub-EN1"],
        &["run-0.nii.gz", "--mask"],
    );
    explicit(
        &["sub-0", "sub-1", "--mask", "masks/mask_lpp_en.nii.gz"],
        &["run-0.npy", "60 voxels", "45 as in"],
    );
    std::fs::remove_file(at("sub-1/run-2.npy")).unwrap();
    explicit(&["sub-0", "sub-1"], &["sub-1", "2 runs", "3 as of sub-0"]);
    ndarray_npy::write_npy(at("sub-1/run-2.npy"), &Array2::<f32>::ones((46, 59))).unwrap();
    explicit(
        &["sub-0", "sub-1"],
        &["run-2.npy", "46 scans of 59 voxels", "46 of 60"],
    );
    let mut bad = signals(1, 2);
    bad[[3, 4]] = f32::NAN;
    ndarray_npy::write_npy(at("sub-1/run-2.npy"), &bad).unwrap();
    explicit(&["sub-0", "sub-1"], &["run-2.npy", "NaN"]);
    for subject in 0..2 {
        ndarray_npy::write_npy(
            at(&format!("sub-{subject}/run-2.npy")),
            &Array2::<f32>::ones((20, 60)),
        )
        .unwrap();
    }
    explicit(&["sub-0", "sub-1"], &["run-2.npy"]);
    let cut = at("resampled/en/sub-EN1/run-1.nii.gz");
    let whole = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert_fails(
        &mut program(folder.path(), &[]),
        &["sub-EN1/run-1.nii.gz", "truncated"],
    );
    assert!(!at("isc/isc_en.npy").exists());
    assert_usage_error(&mut program(folder.path(), &["--subject", "sub-0"]));
}
