//! One study, stored in several orders and directions of axes: the tables say the same of left and right.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::cast_possible_truncation,
    reason = "made values become f32, as in files"
)]

mod common;

use common::ToyStudy;
use lpp_analysis::{Analysis, AnalysisJob, AnalysisReport, HemisphereRule};
use lpp_files::{Silent, npy};
use lpp_fmri::Grid;
use lpp_steps::Software;
use lpp_study::{Language, ModelKind};
use ndarray::Array2;
use serde_json::Value;

const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};
/// Voxels along x, y and z, 4 mm apart: none at x = 0.
const SHAPE: [usize; 3] = [10, 9, 8];

/// The grid whose axis n runs along world axis `order[n]`, backwards if `back[n]`.
fn stored(order: [usize; 3], back: [bool; 3]) -> Grid {
    let mut affine = [[0.0; 4]; 4];
    affine[3][3] = 1.0;
    for (column, (&world, &back)) in order.iter().zip(&back).enumerate() {
        let reach = 2.0 * (SHAPE[world] as f64 - 1.0);
        affine[world][column] = if back { -4.0 } else { 4.0 };
        affine[world][3] = if back { reach } else { -reach };
    }
    Grid::new(order.map(|world| SHAPE[world]), affine).unwrap()
}

fn brain([x, y, z]: [f64; 3]) -> bool {
    (x / 19.0).powi(2) + (y / 18.0).powi(2) + (z / 15.0).powi(2) <= 1.0
}

/// A pattern that differs from voxel to voxel.
fn ripple([x, y, z]: [f64; 3]) -> f64 {
    (0.37 * x.abs() + 0.11 * y + 0.23 * z).sin()
}

/// Scores that grow with size, more on the left; an ISC that is higher there; a region drawn on the right; odd parcels on the right.
fn study(grid: Grid) -> ToyStudy {
    let mut toy = ToyStudy::on(grid, brain)
        .with_image("roi_masks/mine.nii.gz", |[x, y, _]| {
            f64::from(u8::from(x > 3.0 && y > 0.0))
        })
        .with_image("roi_masks/left_back.nii.gz", |[x, y, _]| {
            f64::from(u8::from(x < -3.0 && y < 0.0))
        })
        .with_image("atlas/atlas.nii.gz", |[x, y, _]| {
            2.0 * (1.0 + f64::from(u8::from(y > 0.0))) - f64::from(u8::from(x > 0.0))
        });
    let places = toy.places();
    let isc = Array2::from_shape_fn((3, places.len()), |(trial, v)| {
        let side = if places[v][0] < 0.0 { 0.6 } else { 0.4 };
        (side + 0.05 * ripple(places[v]) + 0.001 * trial as f64) as f32
    });
    npy::save(&toy.study().isc(Language::English), &isc).unwrap();
    for (name, n) in [
        ("gpt2-a", 1_000_u64),
        ("gpt2-b", 9_000),
        ("opt-a", 50_000),
        ("opt-b", 400_000),
        ("llama-a", 2_000_000),
    ] {
        let size = (n as f64).ln();
        let values = Array2::from_shape_fn((2, places.len()), |(layer, v)| {
            let side = if places[v][0] < 0.0 { 0.004 } else { 0.0 };
            let noise = 0.01 * (ripple(places[v]) * (n % 7 + 1) as f64).cos();
            ((0.01 + side) * size + noise - 0.01 * layer as f64) as f32
        });
        toy = toy.with_scores(name, ModelKind::Model, Some(n), values);
    }
    let glove = Array2::from_shape_fn((1, places.len()), |(_, v)| (0.02 - 0.001 * places[v][0]) as f32);
    toy.with_scores("glove", ModelKind::Baseline, None, glove)
}

fn analysed(toy: &ToyStudy, hemisphere: HemisphereRule) -> AnalysisReport {
    let job = AnalysisJob {
        hemisphere,
        ..AnalysisJob::new(toy.study(), Language::English, Analysis::All)
    };
    job.run(SOFTWARE, &Silent).unwrap()
}

/// Whether a cell is of the halves of the array, which other storage does not have.
fn is_of_halves(table: &str, row: &Value, column: &str) -> bool {
    let text = |key: &str| row[key].as_str().unwrap_or_default();
    match table {
        "isc" | "corrected_ceilings" => text("hemisphere_rule") == "halves",
        "corrected_laterality" => column == "l_minus_r_halves",
        "corrected_families" => ["l_minus_r_all", "l_minus_r_reliable"].contains(&text("outcome")),
        "corrected_random_effects" => text("outcome").contains("halves"),
        "delta" => {
            let of_sides = ["A1", "A2", "A3", "A4", "B2", "ISC L-R"];
            column != "corrected" && of_sides.iter().any(|id| text("result").starts_with(id))
        }
        _ => false,
    }
}

/// Whether a number is drawn at random, in the order of the voxels.
fn is_drawn(table: &str, column: &str) -> bool {
    column.contains("ci_")
        || column.contains("band")
        || column.contains("std_err")
        || table == "corrected_voxels"
        || table == "corrected_parcels"
}

#[test]
fn an_identical_study_gives_the_same_signed_numbers_however_it_is_stored() {
    let reference = analysed(&study(stored([0, 1, 2], [false; 3])), HemisphereRule::Halves);
    let sides = reference.table("lateralization").unwrap();
    assert!(
        sides
            .numbers("l_minus_r_all")
            .iter()
            .all(|difference| difference.unwrap() > 0.01)
    );
    for (order, back) in [
        ([0, 1, 2], [true, false, false]),
        ([1, 2, 0], [false, false, false]),
        ([1, 0, 2], [true, true, true]),
        ([2, 1, 0], [true, false, true]),
    ] {
        let grid = stored(order, back);
        let toy = study(grid);
        let found = analysed(&toy, HemisphereRule::Halves);
        let record = std::fs::read_to_string(toy.path().join("results/lateralization_en.csv.json")).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["parameters"]["hemisphere"], "x");
        let mut n_compared = 0;
        for table in &reference.tables {
            let name = table.name();
            let other = found.table(name).unwrap();
            let (rows, others) = (table.json_rows(), other.json_rows());
            let (rows, others) = (rows.as_array().unwrap(), others.as_array().unwrap());
            // Rows of the halves are not there; a row a voxel, in the order of the array.
            if ["corrected_random_effects", "voxel_slopes"].contains(&name) {
                continue;
            }
            assert_eq!(rows.len(), others.len(), "{name}");
            for (row, other) in rows.iter().zip(others) {
                for (column, cell) in row.as_object().unwrap() {
                    let there = &other[column];
                    // The note says that numbers of the halves are empty.
                    if is_drawn(name, column) || column == "note" {
                        continue;
                    }
                    if is_of_halves(name, row, column) {
                        let untouched = there.is_string() || column == "n_models" || column == "n_families";
                        assert!(there.is_null() || untouched, "{name} {column}: {there} in {row}");
                        continue;
                    }
                    match (cell.as_f64(), there.as_f64()) {
                        (Some(a), Some(b)) => {
                            assert!(
                                (a - b).abs() <= 1e-6 * (1e-3 + a.abs()),
                                "{} {name} {column}: {a}, {b}",
                                grid.orientation()
                            );
                            n_compared += 1;
                        }
                        _ => assert_eq!(cell, there, "{name} {column}"),
                    }
                }
            }
        }
        assert!(n_compared > 500, "{n_compared}");
    }
}

#[test]
fn regions_and_parcels_are_named_by_where_they_lie() {
    let toy = study(stored([0, 1, 2], [true, false, false]));
    let report = analysed(&toy, HemisphereRule::Halves);
    let rois = report.table("rois_isc").unwrap();
    for (row, side) in rois.texts("hemisphere").iter().enumerate() {
        let isc = rois.numbers("isc")[row].unwrap();
        assert_eq!(isc > 0.5, side == "left", "{isc} {side}");
    }
    let atlas = report.table("atlas").unwrap();
    assert_eq!(atlas.n_rows(), 2);
    assert!(
        atlas
            .numbers("isc_l_minus_r")
            .iter()
            .all(|d| (d.unwrap() - 0.2).abs() < 0.02)
    );
    // Names that tell another side than the voxels.
    for (path, word) in [("right_back", "right"), ("rh.back", "rh"), ("back_R", "R")] {
        let toy = study(stored([0, 1, 2], [false; 3]))
            .with_image(&format!("roi_masks/{path}.nii.gz"), |[x, ..]| {
                f64::from(u8::from(x < -3.0))
            });
        let job = AnalysisJob::new(toy.study(), Language::English, Analysis::Rois);
        let error = job.run(SOFTWARE, &Silent).unwrap_err().to_string();
        assert!(error.contains(path) && error.contains("left"), "{word}: {error}");
    }
    let toy = study(stored([1, 0, 2], [false; 3]));
    let labels = "label,name\n1,Left Front\n2,Right Front\n3,Left Back\n4,Right Back\n";
    std::fs::write(toy.path().join("atlas/labels.csv"), labels).unwrap();
    let job = AnalysisJob::new(toy.study(), Language::English, Analysis::Atlas);
    let error = job.run(SOFTWARE, &Silent).unwrap_err().to_string();
    assert!(
        error.contains("labels.csv") && error.contains("Left Front"),
        "{error}"
    );
}

#[test]
fn regions_off_the_mask_or_on_both_sides_are_said_and_handled() {
    let toy = study(stored([0, 1, 2], [false; 3]))
        .with_image("roi_masks/away.nii.gz", |[x, y, _]| {
            f64::from(u8::from(x > 17.0 && y > 14.0))
        })
        .with_image("roi_masks/wide.nii.gz", |[x, y, _]| {
            f64::from(u8::from(x < 9.0 && x > -17.0 && y > 3.0))
        });
    let report = analysed(&toy, HemisphereRule::Halves);
    let rois = report.table("rois_isc").unwrap();
    let n_voxels = |name: &str, side: &str| {
        let row = (0..rois.n_rows())
            .find(|&row| rois.texts("roi")[row] == name && rois.texts("hemisphere")[row] == side);
        row.and_then(|row| rois.numbers("n_voxels")[row])
    };
    assert_eq!(n_voxels("away", "left"), None);
    assert!(n_voxels("wide", "left") > Some(10.0) && n_voxels("wide", "left") == n_voxels("wide", "right"));
    assert_eq!(n_voxels("mine", "left"), n_voxels("mine", "right"));
}
