//! The program from flags to files, and how it fails.

use std::process::Command;

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array1, Array3, s};

fn fixture(name: &str) -> String {
    lpp_testkit::fixture("fmri").join(name).display().to_string()
}

fn program(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-rois"));
    command
        .current_dir(folder.path())
        .args(["-o", "rois"])
        .args(arguments);
    command
}

#[test]
fn the_spheres_of_nilearn_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let mask = fixture("roi/upright_mask.nii.gz");
    let manifest = std::fs::read_to_string(fixture("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let centres = manifest["rois"][0]["centres"].as_array().unwrap();
    let rows: String = centres
        .iter()
        .enumerate()
        .fold("name,x,y,z\n".to_owned(), |text, (i, c)| {
            format!("{text}s{i},{},{},{}\n", c[0], c[1], c[2])
        });
    std::fs::write(folder.path().join("coords.csv"), rows).unwrap();
    let command = &mut program(
        &folder,
        &["--mask", &mask, "--coords", "coords.csv", "--radius", "6"],
    );
    assert!(assert_succeeds(command).contains("rois/s4.nii.gz: written"));
    assert!(assert_succeeds(command).contains("rois/s4.nii.gz: up to date"));
    let expected: Array3<bool> = load_npy(fixture("roi/upright_spheres.npy"));
    let mask = lpp_fmri::Mask::load(mask.as_ref()).unwrap();
    for i in 0..centres.len() {
        let image = lpp_fmri::Image::load(&folder.path().join(format!("rois/s{i}.nii.gz"))).unwrap();
        assert_eq!(image.values().element_type().name(), "float64");
        let inside: Array1<bool> = mask.apply_image(&image).unwrap().row(0).mapv(|v| v > 0.5);
        // Radii 1, 6 and 9 were drawn.
        assert_eq!(inside, expected.slice(s![1, i, ..]));
    }
}

#[test]
fn the_published_spheres_come_out() {
    let Some(data) = lpp_testkit::data_folder() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mask = data.join("reference_en/mask_lpp_en.nii.gz").display().to_string();
    let says = assert_succeeds(&mut program(&folder, &["--mask", &mask]));
    for line in [
        "TP.nii.gz: written, 59 voxels",
        "AG_TPJ.nii.gz: written, 56 voxels",
    ] {
        assert!(says.contains(line), "{says}");
    }
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let mask = fixture("roi/upright_mask.nii.gz");
    let whole = std::fs::read(&mask).unwrap();
    std::fs::write(folder.path().join("cut.nii.gz"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.path().join("empty.csv"), "").unwrap();
    std::fs::write(folder.path().join("far.csv"), "name,x,y,z\nMars,9e3,0,0\n").unwrap();
    for (arguments, parts) in [
        (vec!["--mask", "none.nii.gz"], vec!["none.nii.gz", "No such file"]),
        (vec!["--mask", "cut.nii.gz"], vec!["cut.nii.gz", "truncated"]),
        (vec!["--mask", "empty.csv"], vec!["empty.csv", "truncated"]),
        (
            vec!["--mask", &fixture("images/both_f8_4d.nii.gz")],
            vec!["both_f8_4d.nii.gz", "expected a mask"],
        ),
        (
            vec!["--mask", &mask, "--coords", "none.csv"],
            vec!["none.csv", "No such file"],
        ),
        (
            vec!["--mask", &mask, "--coords", "empty.csv"],
            vec!["empty.csv", "no row"],
        ),
        (
            vec!["--mask", &mask, "--coords", "far.csv"],
            vec!["upright_mask.nii.gz", "Mars", "--coords"],
        ),
        (
            vec!["--mask", &mask, "--radius", "-1"],
            vec!["a radius of at least 0"],
        ),
    ] {
        assert_fails(&mut program(&folder, &arguments), &parts);
    }
    assert!(
        !folder.path().join("rois").exists(),
        "nothing is written unless a sphere can be"
    );
}

#[test]
fn a_region_outside_of_the_mask_is_left_out_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mask = fixture("roi/upright_mask.nii.gz");
    for (far, centre) in [
        ("Mars", "9e3,0,0"),
        ("left_out", "-80,60,0"),
        ("below", "0,0,-200"),
    ] {
        std::fs::write(
            folder.path().join("c.csv"),
            format!("name,x,y,z\n{far},{centre}\nhere,0,0,0\n"),
        )
        .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-rois"));
        command
            .current_dir(folder.path())
            .args(["-o", "rois", "--mask", &mask, "--coords", "c.csv", "--force"]);
        let done = command.output().unwrap();
        let says = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success() && says.contains("warning") && says.contains(far),
            "{says}"
        );
        assert!(folder.path().join("rois/here.nii.gz").exists());
        assert!(!folder.path().join(format!("rois/{far}.nii.gz")).exists());
    }
}

#[test]
fn wrong_usage_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    assert_usage_error(&mut program(&folder, &["--radius", "wide"]));
    assert_usage_error(&mut program(&folder, &["--sphere"]));
}
