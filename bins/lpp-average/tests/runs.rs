//! Which runs are averaged with which, in which order, and at which repetition time.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]
#![allow(clippy::maybe_infinite_iter, reason = "the files end")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_fmri::{Grid, Image, Mask, diagonal_affine, standardise_plainly};
use lpp_testkit::{assert_fails, assert_succeeds, load_npy};
use ndarray::{Array2, Array3, ArrayD};

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-average"));
    command
        .current_dir(folder)
        .args(["--isc-trials", "0"])
        .args(arguments);
    command
}

/// A run that all subjects share but for noise; its length tells which one it is.
fn signals(subject: usize, run: usize) -> Array2<f32> {
    standardise_plainly(&Array2::from_shape_fn((40 + run, 4), |(t, v)| {
        ((t * (v + 2)) as f32 * 0.21 + run as f32).sin()
            + ((t * 37 + v * 101 + subject * 53) % 97) as f32 / 97.0
    }))
}

fn array(path: &Path, subject: usize, run: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    ndarray_npy::write_npy(path, &signals(subject, run)).unwrap();
}

/// Lengths of the averages in `out`, less 40: the runs that they are.
fn averaged(folder: &Path) -> Vec<usize> {
    (0..)
        .map(|run| folder.join(format!("out/run-{run}.npy")))
        .take_while(|path| path.exists())
        .map(|path| load_npy::<f32, ndarray::Ix2>(path).nrows() - 40)
        .collect()
}

#[test]
fn runs_are_in_the_order_of_their_numbers() {
    for form in [
        "sub-S_task-a_run-R_bold.npy",
        "run-R.npy",
        "story_R_clean.npy",
        "sub-S_run-R_space-A_desc-x_bold.npy",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for subject in 1..=3 {
            for run in 1..=11 {
                let name = form
                    .replace('S', &subject.to_string())
                    .replace('R', &run.to_string());
                array(&at(&format!("sub-{subject}")).join(name), subject, run);
            }
        }
        let said = assert_succeeds(&mut program(
            folder.path(),
            &["--subject", "sub-1", "sub-2", "sub-3", "-o", "out"],
        ));
        assert!(said.contains("11 runs of 3 subjects"), "{said}");
        assert_eq!(averaged(folder.path()), (1..=11).collect::<Vec<_>>(), "{form}");
    }
}

#[test]
fn subjects_are_sorted_with_a_note_and_each_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for subject in [1, 2, 10] {
        for run in 1..=3 {
            array(
                &at(&format!("sub-{subject}/sub-{subject}_run-{run}_bold.npy")),
                subject,
                run,
            );
        }
    }
    let output = program(
        folder.path(),
        &["--subject", "sub-1", "sub-10", "sub-2", "-o", "out"],
    )
    .output()
    .unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("warning: subjects are sorted by name"));
    let record = fs::read_to_string(at("out/run-0.npy.json")).unwrap();
    assert!(record.find("sub-2/").unwrap() < record.find("sub-10/").unwrap());
    #[cfg(unix)]
    std::os::unix::fs::symlink(at("sub-1"), at("link")).unwrap();
    fs::create_dir(at("copy")).unwrap();
    for run in 1..=3 {
        fs::copy(
            at(&format!("sub-1/sub-1_run-{run}_bold.npy")),
            at(&format!("copy/run-{run}.npy")),
        )
        .unwrap();
    }
    for (subjects, part) in [
        (["sub-1", "sub-1", "sub-2"], "sub-1"),
        (["sub-1", "./sub-1/", "sub-2"], "sub-1"),
        #[cfg(unix)]
        (["sub-1", "link", "sub-2"], "the same files"),
        (["sub-1", "copy", "sub-2"], "the same bytes"),
    ] {
        let arguments = [&["--subject"][..], &subjects, &["-o", "other"]].concat();
        assert_fails(&mut program(folder.path(), &arguments), &[part]);
    }
    assert!(!at("other").exists());
}

#[test]
fn runs_are_paired_by_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let subject = |name: &str, runs: &[usize]| {
        for (place, run) in runs.iter().enumerate() {
            array(
                &at(&format!("{name}/{name}_task-a_run-{run}_bold.npy")),
                name.len(),
                place,
            );
        }
    };
    subject("sub-1", &[1, 2, 3, 4]);
    subject("sub-22", &[1, 3, 4, 5]);
    subject("sub-333", &[1, 2, 3]);
    subject("sub-4444", &[1, 2, 3, 4, 5]);
    subject("sub-55555", &[3, 4, 5, 6]);
    let average = |name: &str, more: &[&str]| {
        program(
            folder.path(),
            &[&["--subject", "sub-1", name, "-o", "out"], more].concat(),
        )
    };
    for (name, parts) in [
        ("sub-22", ["run 2 is missing", "run 5 is extra"]),
        ("sub-333", ["3 runs (1, 2, 3)", "run 4 is missing"]),
        ("sub-4444", ["5 runs", "run 5 is extra"]),
        ("sub-55555", ["3, 4, 5, 6", "1, 2, 3, 4"]),
    ] {
        let error = assert_fails(&mut average(name, &[]), &[&[name], &parts[..]].concat());
        assert!(error.len() < 500, "{error}");
    }
    array(&at("sub-333/sub-333_task-b_run-4_bold.npy"), 7, 3);
    assert_fails(
        &mut average("sub-333", &[]),
        &["sub-333", "tasks: task-a, task-b", "--only task-a"],
    );
    fs::remove_file(at("sub-333/sub-333_task-b_run-4_bold.npy")).unwrap();
    array(&at("sub-333/sub-333_task-a_run-03_bold.npy"), 7, 3);
    assert_fails(&mut average("sub-333", &[]), &["sub-333", "a second run 3"]);
    // A scanner's count, by order.
    fs::write(at("lpp.toml"), "[corpus]\npair_runs = \"place\"\n").unwrap();
    assert_succeeds(&mut average("sub-55555", &[]));
    assert_fails(&mut average("sub-4444", &[]), &["5 runs", "4 as of sub-1"]);
}

#[test]
fn the_published_labels_need_no_setting() {
    let folder = tempfile::tempdir().unwrap();
    for (subject, labels) in [("sub-EN057", [15, 16, 17]), ("sub-EN059", [6, 8, 9])] {
        for (run, label) in labels.iter().enumerate() {
            let name =
                format!("{subject}_task-lppEN_run-{label:02}_space-MNIColin27_res-4mm_desc-preproc_bold.npy");
            array(&folder.path().join(subject).join(name), label % 7, run);
        }
    }
    assert_succeeds(&mut program(
        folder.path(),
        &["--subject", "sub-EN057", "sub-EN059", "-o", "out"],
    ));
    assert_eq!(averaged(folder.path()), [0, 1, 2]);
}

#[test]
fn averages_replace_no_run() {
    let folder = tempfile::tempdir().unwrap();
    for subject in 1..=2 {
        for run in 0..3 {
            array(
                &folder.path().join(format!("sub-{subject}/run-{run}.npy")),
                subject,
                run,
            );
        }
    }
    for output in ["sub-1", "sub-2/", "./sub-2/../sub-1"] {
        let arguments = ["--subject", "sub-1", "sub-2", "-o", output];
        assert_fails(
            &mut program(folder.path(), &arguments),
            &["run-0.npy", "input", "nothing was written"],
        );
    }
}

/// Images of two subjects with this step in their headers, in seconds, and a mask.
fn images(folder: &Path, tr_s: f64, names: &[&str]) -> PathBuf {
    let grid = Grid::new([2; 3], diagonal_affine([4.0; 3], [-2.0; 3])).unwrap();
    for subject in 1..=2_usize {
        for (run, name) in names.iter().enumerate() {
            let values = ArrayD::from_shape_fn(vec![2, 2, 2, 60], |p| {
                let wave = (p[0] + 2 * p[1] + 4 * p[2] + 9 * p[3]) % 11;
                900.0 + (wave + 20 * subject + run) as f32 + 0.1 * p[3] as f32
            });
            let image = Image::new(grid, values).unwrap().with_time_step(tr_s);
            let name = name.replace("SUB", &format!("sub-{subject}"));
            image
                .save(&folder.join(format!("sub-{subject}/func/{name}.nii")))
                .unwrap();
        }
    }
    let mask = folder.join("mask.nii");
    Mask::new(grid, Array3::from_elem((2, 2, 2), true))
        .unwrap()
        .save(&mask)
        .unwrap();
    mask
}

#[test]
fn the_repetition_time_is_that_of_the_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let names = ["SUB_run-1_bold", "SUB_run-2_bold", "SUB_run-10_bold"];
    images(path, 1.5, &names);
    let average = |more: &[&str]| {
        let arguments = [
            "--mask",
            "mask.nii",
            "--subject",
            "sub-1",
            "sub-2",
            "-o",
            "out",
            "--force",
        ];
        program(path, &[&arguments, more].concat())
    };
    let recorded = || -> serde_json::Value {
        let text = fs::read(path.join("out/run-2.npy.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["parameters"]["tr_s"].clone()
    };
    assert_succeeds(&mut average(&[]));
    assert_eq!(recorded(), 1.5);
    assert_fails(
        &mut average(&["--tr", "2"]),
        &["sub-1_run-1_bold.nii", "1.5 s", "2 s as in --tr"],
    );
    fs::write(path.join("lpp.toml"), "tr_s = 2.0\n").unwrap();
    assert_fails(
        &mut average(&[]),
        &["sub-1_run-1_bold.nii", "1.5 s", "2 s as in tr_s of lpp.toml"],
    );
    assert_succeeds(&mut average(&["--tr", "1.5"]));
    fs::remove_file(path.join("lpp.toml")).unwrap();
    fs::write(
        path.join("sub-2/func/sub-2_run-10_bold.json"),
        r#"{"RepetitionTime": 1.4}"#,
    )
    .unwrap();
    assert_fails(&mut average(&[]), &["sub-2_run-10_bold", "1.4 s", "1.5 s"]);
    // A header that says nothing.
    images(path, 0.0, &names);
    fs::remove_file(path.join("sub-2/func/sub-2_run-10_bold.json")).unwrap();
    let output = average(&[]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("warning: sub-1/func/sub-1_run-1_bold.nii: neither its header")
    );
    assert_eq!(recorded(), 2.0);
    fs::write(path.join("bold.json"), r#"{"RepetitionTime": 0.9}"#).unwrap();
    assert_succeeds(&mut average(&[]));
    assert_eq!(recorded(), 0.9);
}

#[test]
fn only_bold_images_of_one_kind_are_averaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    images(
        path,
        2.0,
        &[
            "SUB_run-1_space-A_desc-preproc_bold",
            "SUB_run-1_space-A_boldref",
            "SUB_run-1_space-A_desc-brain_mask",
            "SUB_run-2_space-A_desc-preproc_bold",
            "SUB_run-2_space-A_desc-aparcaseg_dseg",
        ],
    );
    let average = |more: &[&str]| {
        let arguments = [
            "--mask",
            "mask.nii",
            "--subject",
            "sub-1",
            "sub-2",
            "-o",
            "out",
            "--force",
        ];
        program(path, &[&arguments, more].concat())
    };
    assert!(assert_succeeds(&mut average(&[])).contains("2 runs of 2 subjects"));
    images(
        path,
        2.0,
        &[
            "SUB_run-1_space-B_desc-preproc_bold",
            "SUB_run-2_space-B_desc-preproc_bold",
        ],
    );
    assert_fails(
        &mut average(&[]),
        &["sub-1", "spaces: space-A, space-B", "--only space-A"],
    );
    assert!(assert_succeeds(&mut average(&["--only", "space-B"])).contains("2 runs of 2 subjects"));
    fs::write(path.join("lpp.toml"), "[corpus]\nonly = [\"space-A\"]\n").unwrap();
    assert!(assert_succeeds(&mut average(&[])).contains("2 runs of 2 subjects"));
    assert_fails(
        &mut average(&["--only", "space-C"]),
        &["space-A, space-B", "space-C"],
    );
}
