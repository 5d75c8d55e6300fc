//! The corrected tables against values computed in Python, by `fixtures/corrected/make.py`.
//!
//! `LPP_CORRECTED` names another file of cases, for checks with fresh seeds.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/tables.rs"]
mod common;

use std::path::PathBuf;

use common::{delta, table};
use lpp_analysis::corrected::{
    Ceiling, Geometry, LayerChoice, Measure, Sample, SampleModel, SlopeTests, Voxels, tables,
};
use lpp_stats::{Hemispheres, HomotopicPairs, ReliableVoxels};
use ndarray::{Array2, Array3, Axis};
use serde_json::Value;

const MEASURES: [(&str, Measure); 11] = [
    ("Mean", Measure::Mean),
    ("MeanOverCeiling", Measure::MeanOverCeiling),
    ("Halves", Measure::Halves),
    ("ByX", Measure::ByX),
    ("Pairs", Measure::Pairs),
    ("AveLi", Measure::AveLi),
    ("Percentile90", Measure::Percentile90),
    ("Percentile90ByX", Measure::Percentile90ByX),
    ("OverIsc", Measure::OverIsc),
    ("OverCeiling", Measure::OverCeiling),
    ("MatchedCeiling", Measure::MatchedCeiling),
];

fn case() -> Value {
    let usual = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/corrected/cases.json");
    let path = std::env::var_os("LPP_CORRECTED").map_or(usual, PathBuf::from);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn vector(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(vector).collect()
}

/// Matrices one above the other.
fn stack(value: &Value) -> Array3<f64> {
    let matrices: Vec<Vec<Vec<f64>>> = value.as_array().unwrap().iter().map(rows).collect();
    let shape = (matrices.len(), matrices[0].len(), matrices[0][0].len());
    Array3::from_shape_vec(shape, matrices.concat().concat()).unwrap()
}

fn indices(value: &Value) -> Vec<usize> {
    let all = value.as_array().unwrap().iter();
    all.map(|v| usize::try_from(v.as_u64().unwrap()).unwrap())
        .collect()
}

fn sample(case: &Value) -> Sample {
    let inputs = &case["inputs"];
    let places_mm: Vec<[f64; 3]> = rows(&inputs["places_mm"])
        .into_iter()
        .map(|place| place.try_into().unwrap())
        .collect();
    let x_mm: Vec<f64> = places_mm.iter().map(|place| place[0]).collect();
    let trials = rows(&inputs["trials"]);
    let trials = Array2::from_shape_vec((trials.len(), places_mm.len()), trials.concat()).unwrap();
    let mean = lpp_stats::mean_over_trials(&trials).unwrap().to_vec();
    let reliable = ReliableVoxels::above_percentile(&mean, 75.0).unwrap();
    let families: Vec<&str> = inputs["family"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f.as_str().unwrap())
        .collect();
    let (sizes, widths) = (vector(&inputs["ln_parameters"]), vector(&inputs["ln_width"]));
    let (best, nested) = (rows(&inputs["best"]), rows(&inputs["nested"]));
    let runs = stack(&inputs["runs"]);
    let models = (0..sizes.len()).map(|i| SampleModel {
        name: format!("model{i}"),
        family: families[i].to_owned(),
        ln_parameters: sizes[i],
        ln_width: widths[i],
        best: best[i].clone(),
        nested: Some(nested[i].clone()),
        best_runs: Some(runs.index_axis(Axis(0), i).to_owned()),
        nested_runs: None,
        joint: None,
        nulls: None,
        swaps: None,
        run_scores: vec![],
    });
    let by_x = Hemispheres::by_world_x(&x_mm);
    let pairs = HomotopicPairs::new(indices(&inputs["pairs"][0]), indices(&inputs["pairs"][1])).unwrap();
    let geometry = Geometry {
        pairs: &pairs,
        by_x: &by_x,
    };
    let (r_half, without) = (stack(&inputs["r_half"]), stack(&inputs["without"]));
    let ceiling = Ceiling::voxelwise(&trials, reliable.voxels, &r_half, Some(&without), geometry);
    Sample {
        models: models.collect(),
        baselines: vec![],
        halves: Hemispheres::array_halves(places_mm.len()),
        ceiling: Some(ceiling.unwrap()),
        by_x,
        pairs,
        parcel_places_mm: places_mm.clone(),
        places_mm,
        regions: vec![],
        subjects: vec![],
    }
}

#[track_caller]
fn assert_near(found: f64, expected: f64, relative: f64, what: &str) {
    assert!(
        (found - expected).abs() <= relative * expected.abs() + 1e-13,
        "{what}: {found:e}, expected {expected:e}"
    );
}

#[test]
fn measures_of_every_model_are_those_of_python() {
    let case = case();
    let sample = sample(&case);
    for (name, measure) in MEASURES {
        for voxels in [Voxels::All, Voxels::Reliable] {
            let expected = &case["expected"]["measures"][name][voxels.name()];
            for (i, model) in sample.models.iter().enumerate() {
                let found = measure.of(&sample, &model.best, voxels).unwrap();
                // Differences of means of some hundred values; the order of sums.
                match expected[i].as_f64() {
                    Some(expected) => assert_near(found, expected, 1e-10, name),
                    None => assert!(found.is_nan(), "{name}: no voxels to match"),
                }
            }
        }
    }
}

#[test]
fn slopes_and_their_tests_are_those_of_python() {
    let case = case();
    let sample = sample(&case);
    for (name, _) in MEASURES {
        for voxels in ["all", "reliable"] {
            let expected = &case["expected"]["slopes"][name][voxels];
            if expected.is_null() {
                continue;
            }
            let values = vector(&case["expected"]["measures"][name][voxels]);
            let found = SlopeTests::of(&sample.sizes(), &values, &sample.families(), &sample.widths());
            let robust = found.robust.unwrap();
            let wide = found.given_width.unwrap();
            for (found, key) in [
                (found.r, "r"),
                (found.p, "p"),
                (found.slope, "slope"),
                (robust.std_err, "robust_se"),
                (robust.df, "robust_df"),
                (robust.p, "robust_p"),
                (wide.estimate, "given_width"),
                (wide.p, "given_width_p"),
                (found.least_without().unwrap().1, "weakest"),
            ] {
                // Two decompositions of designs whose columns are nearly parallel: size and width.
                assert_near(
                    found,
                    expected[key].as_f64().unwrap(),
                    1e-7,
                    &format!("{name} {voxels} {key}"),
                );
            }
        }
    }
}

#[test]
fn slopes_over_runs_are_those_of_python() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    let found = table(&tables, "corrected_families");
    for (end, name) in [
        ("", "Halves"),
        ("_by_x", "ByX"),
        ("_pairs", "Pairs"),
        ("_aveli", "AveLi"),
        ("_matched", "MatchedCeiling"),
        ("_over_ceiling", "OverCeiling"),
    ] {
        for voxels in ["all", "reliable"] {
            let outcome = format!("l_minus_r_{voxels}{end}");
            let row = (0..found.n_rows())
                .find(|&row| {
                    found.texts("outcome")[row] == outcome && found.texts("layer_rule")[row] == "best_of_test"
                })
                .unwrap();
            for (column, key) in [
                ("runs_std_err", "runs_se"),
                ("runs_p", "runs_p"),
                ("two_way_std_err", "two_way_se"),
                ("two_way_p", "two_way_p"),
            ] {
                let expected = case["expected"]["slopes"][name][voxels][key].as_f64().unwrap();
                let value = found.numbers(column)[row].unwrap();
                assert_near(value, expected, 1e-7, &format!("{outcome} {column}"));
            }
        }
    }
    // Nested scores have no runs here.
    let nested = |row: &usize| found.texts("layer_rule")[*row] == LayerChoice::Nested.name();
    let rows: Vec<usize> = (0..found.n_rows()).filter(nested).collect();
    assert_eq!(rows.len(), found.n_rows() / 2);
    assert!(rows.iter().all(|&row| found.numbers("runs_p")[row].is_none()));
}

#[test]
fn slopes_of_single_runs_average_to_the_slope_of_the_mean_over_runs() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    let (families, runs) = (
        table(&tables, "corrected_families"),
        table(&tables, "corrected_runs"),
    );
    // Measures that are linear in the scores; the case names the tests of the others.
    for outcome in [
        "score_all",
        "l_minus_r_all",
        "l_minus_r_all_by_x",
        "l_minus_r_all_pairs",
    ] {
        let rows_of = |of: &lpp_tables::Table| -> Vec<usize> {
            let is_outcome = |row: &usize| {
                of.texts("outcome")[*row] == outcome
                    && of.texts("layer_rule")[*row] == LayerChoice::BestOfTest.name()
            };
            (0..of.n_rows()).filter(is_outcome).collect()
        };
        let single: Vec<f64> = rows_of(runs)
            .iter()
            .map(|&row| runs.numbers("slope_per_ln_parameter")[row].unwrap())
            .collect();
        assert!(single.len() > 2, "{outcome}: {} runs", single.len());
        let spread = single
            .iter()
            .fold(f64::NEG_INFINITY, |top, &slope| top.max(slope))
            - single.iter().fold(f64::INFINITY, |low, &slope| low.min(slope));
        assert!(spread > 0.0, "{outcome}: the same slope in all runs");
        let mean = single.iter().sum::<f64>() / single.len() as f64;
        let together = families.numbers("slope_per_ln_parameter")[rows_of(families)[0]].unwrap();
        assert_near(mean, together, 1e-7, outcome);
    }
}

#[test]
fn the_delta_table_holds_both_definitions() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    let found = table(&tables, "delta");
    let slopes = &case["expected"]["slopes"];
    for (result, voxels, paper, correction, corrected) in [
        (
            "A1 L-R all voxels",
            "all",
            "Halves",
            "hemispheres by x, midline left out",
            "ByX",
        ),
        (
            "A1 L-R all voxels",
            "all",
            "Halves",
            "homotopic voxel pairs",
            "Pairs",
        ),
        (
            "A1 L-R all voxels",
            "all",
            "Halves",
            "AveLI of homotopic pairs",
            "AveLi",
        ),
        (
            "A3 L-R reliable voxels",
            "reliable",
            "Halves",
            "hemispheres by x, midline left out",
            "ByX",
        ),
        (
            "A2 L-R 90th percentile",
            "all",
            "Percentile90",
            "hemispheres by x, midline left out",
            "Percentile90ByX",
        ),
        (
            "A4 L-R over ISC",
            "all",
            "OverIsc",
            "score over noise ceiling, homotopic voxel pairs",
            "OverCeiling",
        ),
        (
            "S1 reliable voxels",
            "reliable",
            "Mean",
            "score over noise ceiling",
            "MeanOverCeiling",
        ),
        (
            "A1 L-R all voxels",
            "all",
            "Halves",
            "voxels matched by noise ceiling, by x",
            "MatchedCeiling",
        ),
    ] {
        for (statistic, key) in [
            ("r", "r"),
            ("p", "p"),
            ("slope_per_ln_parameter", "slope"),
            ("mean_over_models", "mean"),
        ] {
            let (before, after) = delta(found, result, correction, statistic);
            for (value, measure) in [(before, paper), (after, corrected)] {
                let expected = slopes[measure][voxels][key].as_f64().unwrap();
                assert_near(
                    value,
                    expected,
                    1e-8,
                    &format!("{result} {correction} {statistic}"),
                );
            }
        }
    }
    for (result, measure) in [("S1 all voxels", "Mean"), ("A1 L-R all voxels", "Halves")] {
        let (_, r) = delta(found, result, "layer chosen on inner data", "r");
        assert_near(
            r,
            case["expected"]["nested"][measure]["r"].as_f64().unwrap(),
            1e-8,
            result,
        );
        let (_, p) = delta(found, result, "families as units, cluster-robust t", "p");
        assert_near(
            p,
            slopes[measure]["all"]["robust_p"].as_f64().unwrap(),
            1e-7,
            result,
        );
    }
}

#[test]
fn voxels_survive_corrections_as_often_as_in_python() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    let found = table(&tables, "corrected_voxel_tests");
    let (maps, corrections) = (found.texts("map"), found.texts("correction"));
    for (correction, counts) in case["expected"]["voxel_tests"].as_object().unwrap() {
        let row = (0..found.n_rows())
            .find(|&i| maps[i] == "V1 slope" && corrections[i] == *correction)
            .unwrap();
        let value = |name: &str| found.numbers(name)[row];
        assert_eq!(
            [value("n_positive"), value("n_negative")],
            [counts[0].as_f64(), counts[1].as_f64()],
            "{correction}"
        );
    }
    // Two families of two models have no slope of their own with a residual; three have.
    assert!(
        corrections
            .iter()
            .any(|name| name.starts_with("largest t, families flipped"))
    );
}

#[test]
fn ceilings_and_their_equivalence_are_those_of_python() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    let expected = |key: &str| case["expected"]["ceiling"][key].as_f64().unwrap();
    let found = table(&tables, "corrected_ceilings");
    let row = (0..found.n_rows())
        .find(|&i| found.texts("hemisphere_rule")[i] == "x" && found.texts("voxels")[i] == "all")
        .unwrap();
    assert_eq!(found.texts("ceiling_kind")[row], "voxelwise");
    for (column, key) in [
        ("l_minus_r", "l_minus_r"),
        ("l_minus_r_std_err_subjects", "std_err"),
        ("ceiling_left_spread_of_halves", "spread_left"),
    ] {
        assert_near(found.numbers(column)[row].unwrap(), expected(key), 1e-10, column);
    }
    let found = table(&tables, "corrected_equivalence");
    assert_eq!(
        (
            found.texts("model")[0].as_str(),
            found.texts("voxels")[0].as_str()
        ),
        ("model0", "all")
    );
    for (column, key) in [
        ("score_difference_by_ceiling", "by_ceiling"),
        ("equivalence_p", "equivalence_p"),
    ] {
        assert_near(found.numbers(column)[0].unwrap(), expected(key), 1e-9, column);
    }
}

/// Rows with an empty number and no reason for it.
fn unexplained(tables: &[lpp_tables::Table]) -> Vec<String> {
    let mut rows = Vec::new();
    for table in tables.iter().filter(|table| table.name() != "growth_law") {
        let notes = table.texts("note");
        for (row, cells) in table.cells().iter().enumerate() {
            let is_empty = cells
                .iter()
                .any(|cell| !cell.is_text() && cell.number().is_none());
            if is_empty && notes.get(row).is_none_or(String::is_empty) {
                rows.push(format!("{} {cells:?}", table.name()));
            }
        }
    }
    rows
}

#[test]
fn a_row_with_an_empty_number_says_why() {
    let case = case();
    let mut sample = sample(&case);
    let whole = tables(&sample).unwrap();
    assert_eq!(unexplained(&whole), [""; 0]);
    let families = table(&whole, "corrected_families");
    let note = |outcome: &str, rule: &str| {
        let is_row = |row: &usize| {
            families.texts("outcome")[*row] == outcome && families.texts("layer_rule")[*row] == rule
        };
        let row = (0..families.n_rows()).find(is_row).unwrap();
        families.texts("note")[row].clone()
    };
    assert!(note("l_minus_r_all", "nested").contains("runs.npy"));
    assert!(!note("l_minus_r_all", "best_of_test").contains("runs.npy"));
    // The least that a study may have: two models of one family, no ceilings, no pairs, no halves.
    sample.models.truncate(2);
    for model in &mut sample.models {
        model.family = "one".to_owned();
        model.best_runs = None;
    }
    sample.ceiling = None;
    sample.halves = Hemispheres::default();
    sample.pairs = HomotopicPairs::new(vec![], vec![]).unwrap();
    let least = tables(&sample).unwrap();
    assert_eq!(unexplained(&least), [""; 0]);
    assert!(
        table(&least, "delta")
            .texts("note")
            .iter()
            .any(|note| note.starts_with("halves"))
    );
}

/// The row of a table in which some columns read some texts.
fn row_of(table: &lpp_tables::Table, wanted: &[(&str, &str)]) -> Value {
    let rows = table.json_rows();
    let is_number = |number: f64, text: &str| {
        text.parse()
            .is_ok_and(|wanted: f64| (wanted - number).abs() <= 0.0)
    };
    let reads = |cell: &Value, text: &str| match cell.as_f64() {
        Some(number) => is_number(number, text),
        None => cell.as_str() == Some(text),
    };
    let is_wanted = |row: &&Value| wanted.iter().all(|(column, text)| reads(&row[*column], text));
    let found = rows.as_array().unwrap().iter().find(is_wanted);
    found
        .unwrap_or_else(|| panic!("{} has no row {wanted:?}", table.name()))
        .clone()
}

/// The numbers of a row that Python has too.
fn assert_row(row: &Value, expected: &Value) {
    for (column, expected) in expected.as_object().unwrap() {
        match expected.as_f64() {
            // Least squares by two decompositions.
            Some(expected) => assert_near(row[column].as_f64().unwrap(), expected, 1e-7, column),
            None => assert_eq!(row[column], *expected),
        }
    }
}

#[test]
fn laws_of_growth_and_offset_pairs_are_those_of_python() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    let expected = &case["expected"];
    for (name, expected) in expected["growth"].as_object().unwrap() {
        let (outcome, left_out) = name.split_once(' ').unwrap();
        let row = row_of(
            table(&tables, "growth_law"),
            &[
                ("outcome", outcome),
                ("left_out", left_out),
                ("layer_rule", "best_of_test"),
            ],
        );
        assert_row(&row, expected);
    }
    for (offset, expected) in expected["mirror_offsets"].as_object().unwrap() {
        let row = row_of(
            table(&tables, "corrected_mirror_offsets"),
            &[("offset_mm", offset), ("layer_rule", "best_of_test")],
        );
        assert_row(&row, expected);
    }
}

#[test]
fn slopes_of_single_runs_are_those_of_python() {
    let case = case();
    let tables = tables(&sample(&case)).unwrap();
    for (outcome, slopes) in case["expected"]["single_runs"].as_object().unwrap() {
        for (run, expected) in vector(slopes).into_iter().enumerate() {
            let row = row_of(
                table(&tables, "corrected_runs"),
                &[
                    ("outcome", outcome),
                    ("run", &run.to_string()),
                    ("layer_rule", "best_of_test"),
                ],
            );
            assert_near(
                row["slope_per_ln_parameter"].as_f64().unwrap(),
                expected,
                1e-7,
                outcome,
            );
        }
    }
}
