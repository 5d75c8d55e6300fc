//! The corrected tables against values computed in Python, by `fixtures/corrected/make.py`.
//!
//! `LPP_CORRECTED` names another file of cases, for checks with fresh seeds.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::ToyStudy;
use lpp_analysis::corrected::{
    Ceiling, Geometry, LayerChoice, Measure, Sample, SampleModel, SlopeTests, Voxels, tables,
};
use lpp_analysis::{Analysis, AnalysisJob};
use lpp_files::{Silent, npy};
use lpp_stats::{Hemispheres, HomotopicPairs, ReliableVoxels};
use lpp_steps::Software;
use lpp_study::{
    CanaryInfo, JointInfo, Language, NullLateral, NullTest, NullsInfo, SidesTest, beside_scores,
    save_with_sidecar,
};
use lpp_tables::Table;
use ndarray::{Array1, Array2, Array3, Axis};
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

fn table<'a>(tables: &'a [Table], name: &str) -> &'a Table {
    tables.iter().find(|table| table.name() == name).unwrap()
}

/// The row of the delta table for a result, a correction and a statistic: paper's value and corrected one.
fn delta(table: &Table, result: &str, correction: &str, statistic: &str) -> (f64, f64) {
    let columns = ["result", "correction", "statistic"].map(|name| table.texts(name));
    let row = (0..table.n_rows())
        .find(|&row| {
            columns[0][row] == result && columns[1][row] == correction && columns[2][row] == statistic
        })
        .unwrap_or_else(|| panic!("no row {result}, {correction}, {statistic}"));
    let value = |name: &str| table.numbers(name)[row].unwrap_or(f64::NAN);
    let (difference, expected) = (value("difference"), value("corrected") - value("paper"));
    assert!(difference.is_nan() && expected.is_nan() || (difference - expected).abs() < 1e-15);
    (value("paper"), value("corrected"))
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

fn run(toy: &ToyStudy) -> Vec<Table> {
    let job = AnalysisJob {
        force: false,
        ..AnalysisJob::new(toy.study(), Language::English, Analysis::Corrected)
    };
    let software = Software {
        program: "lpp-test",
        version: "0.0.0",
        commit: None,
    };
    let report = job.run(software, &Silent).unwrap();
    let again = job.run(software, &Silent).unwrap();
    assert!(again.up_to_date);
    report.tables
}

#[test]
fn a_study_is_corrected_from_its_files() {
    let toy = ToyStudy::full();
    let tables = run(&toy);
    let found = table(&tables, "delta");
    // The toy's asymmetry of 0.004 per unit fills the left half of the array, so pairs have all of it.
    let (paper, pairs) = delta(
        found,
        "A1 L-R all voxels",
        "homotopic voxel pairs",
        "slope_per_ln_parameter",
    );
    assert!((paper - 0.004).abs() < 1e-6 && (pairs - 0.004).abs() < 1e-6);
    assert!(found.texts("result").iter().any(|result| result == "R2 L-R TP"));
    assert!(
        found
            .texts("result")
            .iter()
            .any(|result| result == "B2 L-R glove reliable voxels")
    );
    assert_eq!(table(&tables, "corrected_optimism").n_rows(), 0);
    // Nested scores beside the others give the optimism.
    for model in ["gpt2-s", "gpt2-m", "llama-s", "gpt2-l", "llama-l"] {
        let path = toy.study().scores_dir().join(format!("{model}_en_nested.npy"));
        npy::save(&path, &Array1::<f32>::from_elem(toy.n_voxels(), 0.05)).unwrap();
    }
    let tables = run(&toy);
    assert_eq!(table(&tables, "corrected_optimism").n_rows(), 5);
    let (_, nested) = delta(
        table(&tables, "delta"),
        "S1 all voxels",
        "layer chosen on inner data",
        "mean_over_models",
    );
    assert!((nested - 0.05).abs() < 1e-7);
}

#[test]
fn joint_fits_and_nulls_are_tabulated() {
    let toy = ToyStudy::full();
    let tables = run(&toy);
    for name in ["corrected_joint", "corrected_nulls"] {
        assert_eq!(table(&tables, name).n_rows(), 0);
    }
    let scores = toy.study().scores_dir().join("gpt2-m_en.npy");
    // The left half of the array has 3 more than the right one.
    let n_voxels = toy.n_voxels();
    let values = Array2::<f32>::from_shape_fn((2, n_voxels), |(row, voxel)| {
        [0.5, 0.25][row] + if voxel < n_voxels / 2 { 3.0 } else { 0.0 }
    });
    let joint = JointInfo {
        model: "gpt2-m".to_owned(),
        subject: "average".to_owned(),
        layer: 2,
        layer_choice: "given".to_owned(),
        controls: vec!["wordrate".to_owned(), "envelope".to_owned()],
        rows: vec!["joint_r".to_owned(), "unique_r".to_owned()],
        means: vec![2.0, 1.75],
        band_widths: vec![4, 2],
        ratio_per_fold: vec![1.0, 0.1],
        ratio_per_fold_r2: vec![0.0, 0.0],
    };
    save_with_sidecar(&beside_scores(&scores, "joint"), &values, &joint).unwrap();
    let test = |observed, no_encoding_p| SidesTest {
        observed,
        no_encoding_p,
        runs_p: Some(0.125),
        swap_p: None,
    };
    let nulls = NullsInfo {
        model: "gpt2-m".to_owned(),
        subject: "average".to_owned(),
        layer: 1,
        layer_choice: "in each null".to_owned(),
        null_layers: vec![90, 9],
        null: "circular shifts, penalties fixed".to_owned(),
        n_nulls: 99,
        rows: vec![],
        threshold_fwe_05: Some(0.2),
        n_significant: 7,
        mean_score: NullTest {
            observed: 0.1,
            p: 0.01,
        },
        gate_p: Some(0.01),
        l_minus_r: NullLateral {
            halves: Some(test(0.02, 0.03)),
            x: None,
            pairs: Some(test(0.04, 0.5)),
        },
        swaps: "256 patterns of 9 runs".to_owned(),
    };
    save_with_sidecar(
        &beside_scores(&scores, "nulls"),
        &Array2::<f32>::zeros((1, n_voxels)),
        &nulls,
    )
    .unwrap();
    let tables = run(&toy);
    let found = table(&tables, "corrected_joint");
    assert_eq!(found.texts("score"), ["joint_r", "unique_r"]);
    assert_eq!(found.texts("controls")[0], "wordrate envelope");
    assert_eq!(found.numbers("l_minus_r_all"), [Some(3.0), Some(3.0)]);
    let share = (n_voxels / 2) as f64 / n_voxels as f64;
    assert!((found.numbers("mean_all")[1].unwrap() - (0.25 + 3.0 * share)).abs() < 1e-9);
    let found = table(&tables, "corrected_nulls");
    assert_eq!(found.texts("model"), ["gpt2-m"]);
    assert_eq!(found.numbers("n_significant"), [Some(7.0)]);
    assert_eq!(
        (found.numbers("score_mean_p"), found.numbers("l_minus_r_x")),
        (vec![Some(0.01)], vec![None])
    );
    assert_eq!(found.numbers("l_minus_r_pairs_no_encoding_p"), [Some(0.5)]);
    assert_eq!(
        (
            found.numbers("l_minus_r_pairs_runs_p"),
            found.numbers("l_minus_r_x_runs_p")
        ),
        (vec![Some(0.125)], vec![None])
    );
}

#[test]
fn the_canary_of_a_subject_is_no_model_of_it() {
    let toy = ToyStudy::full().with_model("canary", lpp_study::ModelKind::Canary, None, 0.0, 0.0);
    let study = toy.study();
    let canary = CanaryInfo {
        subject: "sub-EN001".to_owned(),
        n_nulls: 199,
        n_voxels: 8,
        layers: vec![],
        thresholds_05: vec![],
    };
    let nulls = beside_scores(&study.scores("canary", Language::English), "nulls");
    save_with_sidecar(&nulls, &Array2::<f32>::zeros((2, 200)), &canary).unwrap();
    let folder = study.scores_dir().join("sub-EN001");
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(study.scores_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    std::fs::copy(study.mask(Language::English), study.subject_mask("sub-EN001")).unwrap();
    let tables = run(&toy);
    assert_eq!(table(&tables, "corrected_nulls").n_rows(), 0);
    assert!(
        !table(&tables, "delta")
            .texts("result")
            .iter()
            .any(|result| result.contains("canary"))
    );
}

#[test]
fn a_nested_file_of_another_mask_is_refused_by_name() {
    let toy = ToyStudy::full();
    let path = toy.study().scores_dir().join("gpt2-s_en_nested.npy");
    npy::save(&path, &Array1::<f32>::zeros(3)).unwrap();
    let job = AnalysisJob {
        force: true,
        ..AnalysisJob::new(toy.study(), Language::English, Analysis::Corrected)
    };
    let software = Software {
        program: "lpp-test",
        version: "0.0.0",
        commit: None,
    };
    let error = job.run(software, &Silent).unwrap_err().to_string();
    assert!(
        error.contains("gpt2-s_en_nested.npy") && error.contains("found 3 voxels"),
        "{error}"
    );
}

#[test]
fn one_model_alone_leaves_cells_empty() {
    let toy = ToyStudy::new().with_model("only", lpp_study::ModelKind::Model, Some(1_000), 0.1, 0.01);
    let tables = run(&toy);
    let (paper, _) = delta(
        table(&tables, "delta"),
        "A1 L-R all voxels",
        "homotopic voxel pairs",
        "r",
    );
    assert!(paper.is_nan());
    assert_eq!(table(&tables, "corrected_random_effects").n_rows(), 0);
    assert_eq!(table(&tables, "corrected_parcels").n_rows(), 0);
}
