//! The program from flags to files, and how it fails.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::process::Command;

use lpp_testkit::{Tolerance, assert_close, assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::Array2;

fn fixture(name: &str) -> String {
    lpp_testkit::fixture("fmri").join(name).display().to_string()
}

fn program(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-clean"));
    command.current_dir(folder.path()).args(arguments);
    command
}

#[test]
fn the_signals_of_nilearn_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let (image, mask) = (fixture("clean/f4_smooth.nii"), fixture("clean/mask.nii"));
    let common = [
        image.as_str(),
        "--mask",
        &mask,
        "--smoothing-fwhm",
        "4",
        "-o",
        "ts.npy",
    ];
    let found = || -> Array2<f32> { load_npy(folder.path().join("ts.npy")) };
    let raw: Array2<f64> = load_npy(fixture("clean/f4_smooth_raw.npy"));
    assert!(assert_succeeds(&mut program(&folder, &common)).contains("40 scans"));
    // One sum in f64 and one rounding per axis, in the reference's order.
    assert_close(&found(), &raw, Tolerance::relative(1e-6));
    let cleaning = [
        "--detrend",
        "--standardize",
        "--high-pass",
        "0.0078125",
        "--tr",
        "2",
    ];
    let command = &mut program(&folder, &[&common[..], &cleaning].concat());
    assert!(assert_succeeds(command).contains("ts.npy: written"));
    assert!(assert_succeeds(command).contains("ts.npy: up to date"));
    let clean: Array2<f64> = load_npy(fixture("clean/f4_smooth_clean.npy"));
    // Two spacings of a mean of 1000 over standard deviations that smoothing makes as small as 3.
    assert_close(&found(), &clean, Tolerance::absolute(1.3e-4));
}

#[test]
fn the_repetition_time_is_that_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let mask = fixture("clean/mask.nii");
    // Step, code of its unit (`nifti1.h`), the repetition time in s; the published study's where the header says nothing.
    for (step, unit, tr) in [
        (1.5_f32, 8, "1.5"),
        (1500.0, 16, "1.5"),
        (720e3, 24, "0.72"),
        (1.0, 0, "2"),
        (0.0, 8, "2"),
    ] {
        let mut bytes = std::fs::read(fixture("clean/f4.nii")).unwrap();
        bytes[92..96].copy_from_slice(&step.to_le_bytes());
        bytes[123] = 2 | unit;
        std::fs::write(folder.path().join("bold.nii"), bytes).unwrap();
        let clean = |output: &str, more: &[&str]| {
            let fixed = [
                "bold.nii",
                "--mask",
                &mask,
                "--high-pass",
                "0.0078125",
                "--force",
                "-o",
                output,
            ];
            program(&folder, &[&fixed, more].concat())
        };
        assert_succeeds(&mut clean("header.npy", &[]));
        assert_succeeds(&mut clean("flag.npy", &["--tr", tr]));
        let read = |name: &str| load_npy::<f32, ndarray::Ix2>(folder.path().join(name));
        // Headers hold single precision.
        assert_close(
            &read("header.npy"),
            &read("flag.npy").mapv(f64::from),
            Tolerance::absolute(1e-2),
        );
        if tr != "2" {
            assert_fails(
                &mut clean("other.npy", &["--tr", "2"]),
                &["bold.nii", tr, "2 s as in --tr"],
            );
            std::fs::write(folder.path().join("lpp.toml"), "tr_s = 2.0\n").unwrap();
            assert_fails(
                &mut clean("other.npy", &[]),
                &["bold.nii", tr, "tr_s of lpp.toml"],
            );
            std::fs::remove_file(folder.path().join("lpp.toml")).unwrap();
            std::fs::write(folder.path().join("bold.json"), r#"{"RepetitionTime": 2.0}"#).unwrap();
            assert_fails(&mut clean("other.npy", &[]), &["bold.json", tr]);
            std::fs::remove_file(folder.path().join("bold.json")).unwrap();
        }
    }
    assert!(!folder.path().join("other.npy").exists());
}

#[test]
fn values_that_are_not_finite_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mask = fixture("clean/mask.nii");
    let whole = std::fs::read(fixture("clean/f4.nii")).unwrap();
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut bytes = whole.clone();
        let n = bytes.len();
        bytes[n - 4000..]
            .chunks_exact_mut(4)
            .for_each(|v| v.copy_from_slice(&value.to_le_bytes()));
        std::fs::write(folder.path().join("bold.nii"), bytes).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-clean"));
        command
            .current_dir(folder.path())
            .args(["bold.nii", "--mask", &mask, "-o", "ts.npy", "--force"]);
        let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(
            said.contains("warning: bold.nii:") && said.contains("NaN or infinite"),
            "{said}"
        );
    }
}

#[test]
fn a_lost_volume_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(fixture("clean/f4.nii")).unwrap();
    let n_scans = usize::from(bytes[48]); // dim[4] of the header
    let volume = (bytes.len() - 352) / n_scans;
    let last = bytes.len() - volume;
    bytes[last..].fill(0);
    std::fs::write(folder.path().join("bold.nii"), bytes).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lpp-clean"))
        .current_dir(folder.path())
        .args(["bold.nii", "--mask", &fixture("clean/mask.nii"), "-o", "ts.npy"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "bold.nii: 1 scans have one value in all voxels of the mask (the first is scan {}",
        n_scans - 1
    );
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (image, mask) = (fixture("clean/f4.nii"), fixture("clean/mask.nii"));
    let whole = std::fs::read(&image).unwrap();
    std::fs::write(folder.path().join("cut.nii"), &whole[..whole.len() / 2]).unwrap();
    let other = fixture("mask/single_0.nii");
    for (arguments, parts) in [
        (
            vec!["none.nii", "--mask", &mask],
            vec!["none.nii", "No such file"],
        ),
        (vec!["cut.nii", "--mask", &mask], vec!["cut.nii", "too small"]),
        (vec![&image, "--mask", &image], vec!["f4.nii", "expected a mask"]),
        (vec![&image], vec!["masks/mask_lpp_en.nii.gz", "No such file"]),
        (
            vec![&other, "--mask", &mask],
            vec!["single_0.nii", "another grid"],
        ),
        (
            vec![&other, "--mask", &mask, "--high-pass", "-1"],
            vec!["cut-off", "-1"],
        ),
        (
            vec![&image, "--mask", &mask, "--high-pass", "0.01", "--tr", "0"],
            vec!["repetition time"],
        ),
        (
            vec![&image, "--mask", &mask, "--smoothing-fwhm", "nan"],
            vec!["smoothing width"],
        ),
    ] {
        let arguments = [&arguments[..], &["-o", "out/ts.npy"]].concat();
        assert_fails(&mut program(&folder, &arguments), &parts);
    }
    assert!(!folder.path().join("out").exists());
    assert_usage_error(&mut program(&folder, &[&image, "--mask", &mask]));
}
