//! The program from flags to files, and how it fails.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::process::Command;

use lpp_testkit::{Tolerance, assert_close, assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::ArrayD;

fn fixture(name: &str) -> String {
    lpp_testkit::fixture("fmri").join(name).display().to_string()
}

fn program(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-resample"));
    command.current_dir(folder.path()).args(arguments);
    command
}

const GRID: [&str; 4] = [
    "--affine",
    "4,0,0,-8,0,4,0,-8,0,0,4,-4,0,0,0,1",
    "--shape",
    "5,4,5",
];

#[test]
fn the_images_of_nilearn_come_out() {
    let folder = tempfile::tempdir().unwrap();
    for (name, interpolation) in [
        ("diagonal_f4", "cubic"),
        ("permuted_i2", "continuous"),
        ("nearest_u2", "nearest"),
    ] {
        let image = fixture(&format!("resample/{name}.nii"));
        let flags = ["--out", "out", "--interpolation", interpolation];
        let command = &mut program(&folder, &[&[image.as_str()][..], &flags, &GRID].concat());
        assert!(assert_succeeds(command).contains(&format!("{name}.nii: written")));
        assert!(assert_succeeds(command).contains(&format!("{name}.nii: up to date")));
        let found = lpp_fmri::Image::load(&folder.path().join(format!("out/{name}.nii"))).unwrap();
        let expected: ArrayD<f64> = load_npy(fixture(&format!("resample/{name}.npy")));
        // The same operations in the same order, stored in the same type; an inverse may differ in its last bit.
        assert_close(&found.values().to_f64(), &expected, Tolerance::absolute(1e-10));
    }
    // The grid can come from an image.
    let like = folder.path().join("out/nearest_u2.nii").display().to_string();
    let image = fixture("resample/nearest_u2.nii");
    let flags = [
        image.as_str(),
        "--out",
        "like",
        "--like",
        &like,
        "--interpolation",
        "nearest",
    ];
    assert_succeeds(&mut program(&folder, &flags));
    let read = |name: &str| lpp_fmri::Image::load(&folder.path().join(name)).unwrap();
    assert_eq!(read("like/nearest_u2.nii"), read("out/nearest_u2.nii"));
}

#[test]
fn a_study_is_resampled_to_the_working_grid() {
    let folder = tempfile::tempdir().unwrap();
    let subject = folder.path().join("derivatives/sub-EN057/func");
    std::fs::create_dir_all(&subject).unwrap();
    let run = subject.join("sub-EN057_run-15_desc-preproc_bold.nii");
    std::fs::copy(fixture("resample/scaled_i2.nii"), run).unwrap();
    assert_succeeds(&mut program(&folder, &["--study", "."]));
    let result = "resampled/en/sub-EN057/sub-EN057_run-15_res-4mm_desc-preproc_bold.nii";
    let image = lpp_fmri::Image::load(&folder.path().join(result)).unwrap();
    assert_eq!(image.grid(), &lpp_fmri::Grid::working());
    assert_eq!(image.n_volumes(), 2);
    assert_fails(
        &mut program(&folder, &["--lang", "cn"]),
        &["derivatives", "no subject", "sub-CN"],
    );
    let chosen = ["--study", ".", "--subject", "sub-EN057"];
    assert!(assert_succeeds(&mut program(&folder, &chosen)).contains("up to date"));
    assert_fails(
        &mut program(&folder, &["--subject", "EN058"]),
        &["sub-EN058", "no such subject"],
    );
}

#[test]
fn only_runs_of_one_kind_are_resampled() {
    let folder = tempfile::tempdir().unwrap();
    let subject = folder.path().join("derivatives/sub-EN01/func");
    std::fs::create_dir_all(&subject).unwrap();
    let add = |name: &str| {
        std::fs::copy(
            fixture("resample/scaled_i2.nii"),
            subject.join(format!("sub-EN01_{name}.nii")),
        )
        .unwrap();
    };
    for name in ["run-1_space-A_bold", "run-10_space-A_bold", "run-2_space-A_bold"] {
        add(name);
    }
    for name in [
        "run-1_space-A_boldref",
        "run-1_space-A_desc-brain_mask",
        "run-1_space-A_desc-aseg_dseg",
        "run-1_sbref",
    ] {
        add(name);
    }
    let said = assert_succeeds(&mut program(&folder, &["--study", "."]));
    let place = |run: &str| said.find(&format!("run-{run}_space-A_bold_res-4mm")).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(place("1") < place("2") && place("2") < place("10"), "{said}");
    for (name, kind) in [
        ("run-1_space-B_bold", "spaces: space-A, space-B"),
        ("run-1_space-A_res-2_bold", "resolutions (res): no res-, res-2"),
        ("run-01_space-A_bold", "a second run 1"),
    ] {
        add(name);
        assert_fails(&mut program(&folder, &["--study", "."]), &["sub-EN01", kind]);
        std::fs::remove_file(subject.join(format!("sub-EN01_{name}.nii"))).unwrap();
    }
    add("run-1_space-B_bold");
    let said = assert_succeeds(&mut program(&folder, &["--only", "space-B"]));
    assert!(said.lines().count() == 1 && said.contains("space-B"), "{said}");
}

#[test]
fn no_result_replaces_another_or_an_input() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/run.nii", "b/run.nii", "b/other.nii"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(fixture("resample/diagonal_f4.nii"), path).unwrap();
    }
    for (arguments, parts) in [
        (
            vec!["a/run.nii", "b/run.nii", "--out", "o"],
            vec!["o/run.nii", "a/run.nii", "b/run.nii"],
        ),
        (
            vec!["a/run.nii", "./a/../a/run.nii", "--out", "o"],
            vec!["o/run.nii"],
        ),
        (
            vec!["b/other.nii", "a/run.nii", "--out", "b"],
            vec!["b/other.nii", "input"],
        ),
        (vec!["a/run.nii", "b/run.nii", "--out", "b"], vec!["b/run.nii"]),
    ] {
        assert_fails(
            &mut program(&folder, &arguments),
            &[&parts[..], &["nothing was written"]].concat(),
        );
        assert!(!folder.path().join("o").exists());
    }
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let image = fixture("resample/diagonal_f4.nii");
    let whole = std::fs::read(&image).unwrap();
    std::fs::write(folder.path().join("cut.nii"), &whole[..whole.len() - 9]).unwrap();
    let flat = "4,0,0,0,0,4,0,0,0,0,0,0,0,0,0,1";
    for (arguments, parts) in [
        (vec!["none.nii", "--out", "out"], vec!["none.nii", "No such file"]),
        (vec!["cut.nii", "--out", "out"], vec!["cut.nii", "too small"]),
        (vec![&image], vec!["--out"]),
        (
            vec!["cut.nii", "--out", "."],
            vec!["cut.nii", "give another output file"],
        ),
        (
            vec![&image, "--out", "out", "--affine", flat, "--shape", "2,2,2"],
            vec!["cannot be inverted"],
        ),
        (
            vec![&image, "--out", "out", "--affine", "1,2", "--shape", "2,2,2"],
            vec!["sixteen numbers"],
        ),
        (
            vec![
                &image,
                "--out",
                "out",
                GRID[0],
                GRID[1],
                "--shape",
                "999999,999999,999999",
            ],
            vec!["number of voxels"],
        ),
        (
            vec![&image, "--out", "out", "--like", "none.nii"],
            vec!["none.nii"],
        ),
    ] {
        assert_fails(&mut program(&folder, &arguments), &parts);
    }
    assert!(!folder.path().join("out").exists());
    assert_usage_error(&mut program(
        &folder,
        &[&image, "--out", "out", "--shape", "2,2,2"],
    ));
    assert_usage_error(&mut program(
        &folder,
        &[&image, "--out", "out", "--interpolation", "magic"],
    ));
}
