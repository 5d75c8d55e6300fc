//! The program from flags to files, and how it fails.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]
#![allow(clippy::type_complexity, reason = "a table of cases")]

use std::process::Command;

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array3, Array4, Axis};

fn fixture(name: &str) -> String {
    lpp_testkit::fixture("fmri").join(name).display().to_string()
}

fn program(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-mask"));
    command.current_dir(folder.path()).args(arguments);
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

/// A run with a bright ball of `radius` mm around x = 0, its first axis stepping by `step` mm from `origin`.
fn ball(
    folder: &tempfile::TempDir,
    name: &str,
    (step, origin): (f64, f64),
    radius: f64,
    change: impl Fn(&[usize], bool) -> f32,
) {
    let affine = lpp_fmri::diagonal_affine([step, 4.0, 4.0], [origin, -26.0, -26.0]);
    let grid = lpp_fmri::Grid::new([16, 14, 14], affine).unwrap();
    let values = ndarray::Array4::from_shape_fn((16, 14, 14, 5), |(i, j, k, t)| {
        let distance = grid.world([i, j, k]).iter().map(|mm| mm * mm).sum::<f64>().sqrt();
        change(&[i, j, k, t], distance < radius)
    });
    let image = lpp_fmri::Image::new(grid, values.into_dyn()).unwrap();
    image.save(&folder.path().join(name)).unwrap();
}

fn noisy(p: &[usize], inside: bool) -> f32 {
    (if inside { 900.0 } else { 40.0 }) + ((p[0] * 7 + p[1] * 13 + p[2] * 29 + p[3] * 31) % 17) as f32
}

/// What the program says on stderr, if it succeeds.
fn warnings(folder: &tempfile::TempDir, run: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-mask"));
    let done = command
        .current_dir(folder.path())
        .args([run, "-o", "m.nii.gz", "--force"])
        .output()
        .unwrap();
    let says = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{says}");
    says
}

#[test]
fn a_brain_too_small_for_the_threshold_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for share in [2, 3, 4] {
        // More background around the same ball.
        let n = 12 * share;
        let affine = lpp_fmri::diagonal_affine([4.0; 3], [-2.0 * (n as f64 - 1.0); 3]);
        let grid = lpp_fmri::Grid::new([n; 3], affine).unwrap();
        let values = ndarray::Array4::from_shape_fn((n, n, n, 5), |(i, j, k, t)| {
            let radius = grid.world([i, j, k]).iter().map(|mm| mm * mm).sum::<f64>();
            noisy(&[i, j, k, t], radius < 22.0 * 22.0)
        });
        let image = lpp_fmri::Image::new(grid, values.into_dyn()).unwrap();
        image.save(&folder.path().join("small.nii")).unwrap();
        let says = warnings(&folder, "small.nii");
        assert!(
            says.contains("small.nii") && says.contains("noise around a brain"),
            "{share}: {says}"
        );
    }
}

#[test]
fn masks_are_symmetric_about_x_0_wherever_the_array_lies() {
    let folder = tempfile::tempdir().unwrap();
    for (name, step, origin) in [
        ("centred.nii", 4.0, -30.0),
        ("off.nii", 4.0, -22.0),
        ("from_right.nii", -4.0, 34.0),
        ("at_a_voxel.nii", 4.0, -24.0),
    ] {
        ball(&folder, name, (step, origin), 22.0, noisy);
        assert_eq!(warnings(&folder, name), "");
        let mask = lpp_fmri::Mask::load(&folder.path().join("m.nii.gz")).unwrap();
        assert!(
            mask.is_symmetric().unwrap() && mask.n_voxels() > 300,
            "{name}: {}",
            mask.n_voxels()
        );
    }
    ball(&folder, "between.nii", (4.0, -29.0), 22.0, noisy);
    assert_fails(
        &mut program(&folder, &["between.nii", "-o", "m.nii.gz"]),
        &["x = 0", "lpp-resample", "--asymmetric"],
    );
    assert_succeeds(&mut program(
        &folder,
        &["between.nii", "-o", "m.nii.gz", "--asymmetric"],
    ));
}

#[test]
fn what_makes_a_mask_doubtful_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let stripped = |p: &[usize], inside: bool| if inside { noisy(p, true) } else { 0.0 };
    let covered =
        |p: &[usize], inside: bool| noisy(&[p[0], p[1], p[2], if p[2] > 7 { 0 } else { p[3] }], inside);
    // Dark edges only, which the erosion at the border takes away anyway: nilearn 0.10.4 has 1192 voxels too, of 1200 at most.
    let full = |p: &[usize], _: bool| {
        let n_near = p[..3]
            .iter()
            .zip([16, 14, 14])
            .filter(|&(&i, n)| i < 2 || i + 2 >= n);
        noisy(p, n_near.count() < 2)
    };
    let cases: [(&str, &dyn Fn(&[usize], bool) -> f32, &str); 3] = [
        ("stripped.nii", &stripped, "never vary"),
        ("covered.nii", &covered, "never vary"),
        ("full.nii", &full, "nearly the whole image"),
    ];
    for (name, change, part) in cases {
        // So small that smoothing carries the mask into the background.
        ball(&folder, name, (4.0, -30.0), 18.0, change);
        let says = warnings(&folder, name);
        assert!(says.contains("warning") && says.contains(part), "{name}: {says}");
    }
}
