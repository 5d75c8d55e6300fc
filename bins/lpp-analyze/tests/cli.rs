//! How `lpp-analyze` ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error, data_folder};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-analyze"));
    command.env_remove("RUST_BACKTRACE");
    command
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/report")
        .join(name)
}

fn isc(mask: &Path, isc: &Path) -> Command {
    let mut command = program();
    command.arg("isc").arg("--mask").arg(mask).arg("--isc").arg(isc);
    command
}

#[test]
fn isc_of_a_toy_mask() {
    let text = assert_succeeds(isc(&fixture("mask.nii.gz"), &fixture("isc.gz")).arg("--json"));
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(fixture("expected.json")).unwrap()).unwrap();
    for (name, value) in expected["numbers"].as_object().unwrap() {
        let path = format!("/{}", name.replace('.', "/"));
        let (found, expected) = (
            found.pointer(&path).unwrap().as_f64().unwrap(),
            value.as_f64().unwrap(),
        );
        // Means of the same f64 values in another order.
        assert!((found - expected).abs() <= 1e-14, "{name}: {found} != {expected}");
    }
}

#[test]
fn broken_input_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (mask, good) = (fixture("mask.nii.gz"), fixture("isc.gz"));
    assert_fails(&mut isc(&mask, Path::new("nowhere.gz")), &["nowhere.gz"]);
    assert_fails(&mut isc(Path::new("nowhere.nii.gz"), &good), &["nowhere.nii.gz"]);

    let truncated = folder.path().join("short.gz");
    let bytes = std::fs::read(&good).unwrap();
    std::fs::write(&truncated, &bytes[..bytes.len() / 2]).unwrap();
    assert_fails(&mut isc(&mask, &truncated), &["short.gz"]);

    let wrong = folder.path().join("wrong.npy");
    lpp_files::npy::save(&wrong, &ndarray::Array2::<f32>::zeros((10, 7))).unwrap();
    assert_fails(
        &mut isc(&mask, &wrong),
        &["wrong.npy", "found 7 voxels", "mask.nii.gz"],
    );
}

#[test]
fn an_empty_study_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_fails(program().args(["all", "--study"]).arg(folder.path()), &["scores"]);
    assert_fails(
        program().args(["all", "--study", "no/such/study"]),
        &["no/such/study"],
    );
    std::fs::create_dir(folder.path().join("scores")).unwrap();
    assert_fails(
        program().args(["scaling", "--study"]).arg(folder.path()),
        &["scores", "lpp-fit"],
    );
}

/// The study of `fixtures/analysis`, unpacked.
fn simulated_study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = std::fs::File::open(lpp_testkit::fixture("analysis/study.zip")).unwrap();
    zip::ZipArchive::new(archive)
        .unwrap()
        .extract(folder.path())
        .unwrap();
    folder
}

#[test]
fn every_subcommand_prints_its_tables() {
    let folder = simulated_study();
    for (command, table) in [
        ("scaling", "performance_regression"),
        ("lateralization", "lateralization_lines"),
        ("layers", "best_layer_regression"),
        ("baselines", "score_densities"),
        ("rois", "rois_isc"),
        ("atlas", "atlas_regression"),
        ("training", "checkpoints"),
        ("individuals", "individuals_regression"),
        ("languages", "languages"),
        ("compare", "compare"),
    ] {
        let text = assert_succeeds(
            program()
                .args([command, "--json", "-q", "--study"])
                .arg(folder.path()),
        );
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(!found[table].as_array().unwrap().is_empty(), "{command}");
    }
}

#[test]
fn what_an_analysis_needs_is_named() {
    let folder = simulated_study();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command
            .args(arguments)
            .arg("-q")
            .arg("--study")
            .arg(folder.path());
        command
    };
    assert_fails(&mut run(&["atlas", "--atlas", "no.nii.gz"]), &["no.nii.gz"]);
    assert_fails(&mut run(&["atlas", "--atlas-labels", "no.xml"]), &["no.xml"]);
    assert_fails(&mut run(&["scaling", "--model-info", "no.csv"]), &["no.csv"]);
    assert_fails(
        &mut run(&["compare", "--mask", "m.nii.gz"]),
        &["--mask", "one language"],
    );
    assert_fails(&mut run(&["all", "--lang", "fr"]), &["scores", "_fr.npy"]);
    std::fs::write(folder.path().join("model_info_en.csv"), "model\ngpt2\n").unwrap();
    assert_fails(&mut run(&["all"]), &["model_info_en.csv", "no column model_name"]);
    std::fs::remove_file(folder.path().join("model_info_en.csv")).unwrap();
    std::fs::remove_dir_all(folder.path().join("atlas")).unwrap();
    let text = assert_succeeds(&mut run(&["atlas", "--json"]));
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["atlas"], serde_json::json!([]));
}

#[test]
fn wrong_usage_is_status_2() {
    assert_usage_error(&mut program());
    assert_usage_error(program().args(["isc", "--mask", "m.nii.gz"]));
    assert_usage_error(program().args(["all", "--lang", "klingon"]));
    assert_usage_error(program().args(["all", "--hemisphere", "up"]));
    assert_usage_error(program().args(["all", "--layers", "some"]));
}

#[test]
fn the_published_english_files() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("reference_en");
    let text = assert_succeeds(
        isc(
            &folder.join("mask_lpp_en.nii.gz"),
            &folder.join("isc_10trials_en.gz"),
        )
        .arg("--json"),
    );
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let number = |path: &str| found.pointer(path).unwrap().as_f64().unwrap();
    for (path, expected) in [
        ("/n_voxels", 25_870.0),
        ("/n_midline", 1_020.0),
        ("/n_reliable", 6_468.0),
        ("/halves/n_reliable_left", 3_297.0),
        ("/halves/n_reliable_right", 3_171.0),
        ("/by_x/n_reliable_left", 3_159.0),
        ("/by_x/n_reliable_right", 3_015.0),
        ("/isc_percentile_75", 0.487_300_577_913_772_46),
        ("/isc_mean", 0.364_960_178_188_716_2),
        ("/isc_max", 0.855_688_087_618_766_6),
        ("/halves/isc_left", 0.367_701_080_218_640_6),
        ("/halves/isc_right", 0.362_219_276_158_791_56),
    ] {
        // Sums of 25,870 values in another order than NumPy's.
        assert!(
            (number(path) - expected).abs() < 1e-13,
            "{path}: {}",
            number(path)
        );
    }
    // To the digits that the change of definition is quoted with.
    for (path, expected) in [
        ("/halves/isc_left_minus_right", 0.00548),
        ("/by_x/isc_left_minus_right", 0.00665),
        ("/halves/isc_reliable_left_minus_right", 0.01616),
        ("/by_x/isc_reliable_left_minus_right", 0.01430),
    ] {
        assert!(
            (number(path) - expected).abs() < 5.1e-6,
            "{path}: {}",
            number(path)
        );
    }
}

#[test]
fn the_study_may_stand_before_the_analysis() {
    let dir = tempfile::tempdir().unwrap();
    let call = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-analyze"));
        command.current_dir(dir.path()).args(arguments);
        command
    };
    for arguments in [
        &["--study", ".", "--lang", "en", "scaling"][..],
        &["--study", ".", "all", "--lang", "en"],
        &["all", "--study", ".", "--force", "--json"],
        &["--json", "languages", "--study", "."],
        &["all"],
    ] {
        // Both orders are understood; what is missing is the scores.
        assert_fails(&mut call(arguments), &["scores", "make it with lpp-fit"]);
    }
    assert_fails(
        &mut call(&["isc", "--mask", "m.nii.gz", "--isc", "i.npy", "--study", "."]),
        &["isc does not use a study"],
    );
}
