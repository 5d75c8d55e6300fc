//! The program from flags to files.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_fmri::surface::load_gifti;
use lpp_fmri::{Grid, Image, diagonal_affine};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::Array4;

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-surface"));
    command.arg("project").args(arguments).current_dir(folder);
    command
}

/// A triangle at a height, as GIFTI.
fn surface(folder: &Path, name: &str, z_mm: f64, n_vertices: usize) {
    let places = [[-20.0, 4.0], [-16.0, 4.0], [-20.0, 8.0], [900.0, 0.0]];
    let points: Vec<String> = places[..n_vertices]
        .iter()
        .map(|[x, y]| format!("{x} {y} {z_mm}"))
        .collect();
    let array = |intent: &str, kind: &str, rows: usize, data: &str| {
        format!(
            "<DataArray Intent=\"NIFTI_INTENT_{intent}\" DataType=\"NIFTI_TYPE_{kind}\" Dim0=\"{rows}\" Dim1=\"3\" \
             Encoding=\"ASCII\"><Data>{data}</Data></DataArray>"
        )
    };
    let text =
        array("POINTSET", "FLOAT32", n_vertices, &points.join(" ")) + &array("TRIANGLE", "INT32", 1, "0 1 2");
    fs::write(folder.join(name), format!("<GIFTI>{text}</GIFTI>")).unwrap();
}

/// Two scans that rise along z by 1 and by 2 per mm.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let grid = Grid::new([12, 8, 8], diagonal_affine([4.0; 3], [-30.0, -4.0, 0.0])).unwrap();
    let values = Array4::from_shape_fn((12, 8, 8, 2), |(_, _, k, scan)| (4 * k * (scan + 1)) as f32);
    let image = Image::new(grid, values.into_dyn()).unwrap();
    image.save(&folder.path().join("bold.nii.gz")).unwrap();
    surface(folder.path(), "white.gii", 8.0, 4);
    surface(folder.path(), "pial.gii", 11.0, 4);
    folder
}

const FLAGS: [&str; 7] = [
    "bold.nii.gz",
    "--white",
    "white.gii",
    "--pial",
    "pial.gii",
    "-o",
    "v.func.gii",
];

#[test]
fn the_mean_between_the_surfaces_is_written_once() {
    let study = study();
    let said = assert_succeeds(&mut program(study.path(), &FLAGS));
    assert!(
        said.contains("written, 2 maps, 4 vertices, 1 outside the volume"),
        "{said}"
    );
    let values = load_gifti(&study.path().join("v.func.gii")).unwrap();
    assert!(
        (values[[0, 0]] - 9.5).abs() < 1e-5
            && (values[[1, 2]] - 19.0).abs() < 1e-5
            && values[[0, 3]].is_nan()
    );
    assert!(assert_succeeds(&mut program(study.path(), &FLAGS)).contains("up to date"));
}

#[test]
fn what_does_not_belong_is_refused() {
    let study = study();
    let folder = study.path();
    surface(folder, "white.gii", 8.0, 3);
    assert_fails(
        &mut program(folder, &FLAGS),
        &["white.gii: found 3 vertices, expected 4 as in pial.gii"],
    );
    surface(folder, "white.gii", 800.0, 4);
    surface(folder, "pial.gii", 803.0, 4);
    assert_fails(&mut program(folder, &FLAGS), &["bold.nii.gz: found no value"]);
    fs::write(folder.join("pial.gii"), "no surface").unwrap();
    assert_fails(&mut program(folder, &FLAGS), &["pial.gii"]);
    let mut flags = FLAGS;
    flags[6] = "v.nii";
    assert_usage_error(&mut program(folder, &flags));
}
