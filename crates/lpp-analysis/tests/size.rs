//! Tables of size: projections, dimensions, the law of growth, and subjects, runs and models crossed.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; scores are stored in single precision"
)]

mod common;

use common::ToyStudy;
use lpp_analysis::corrected::{LayerChoice, Sample, SampleModel, tables};
use lpp_analysis::{Analysis, AnalysisJob};
use lpp_files::{Silent, npy};
use lpp_stats::{Hemispheres, HomotopicPairs, RunTest};
use lpp_steps::Software;
use lpp_study::{DimensionsInfo, Language, ModelKind, Projection, Scores, beside_scores, save_with_sidecar};
use lpp_tables::Table;
use ndarray::{Array2, array};
use serde_json::Value;

const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};

fn rows(tables: &[Table], name: &str) -> Vec<Value> {
    let table = tables.iter().find(|table| table.name() == name).unwrap();
    table.json_rows().as_array().unwrap().clone()
}

fn number(row: &Value, column: &str) -> f64 {
    row[column].as_f64().unwrap_or(f64::NAN)
}

/// Marks the scores of a model as those of projected features, and writes its runs.
fn projected(toy: &ToyStudy, name: &str, projection: Projection) {
    let path = toy.study().scores(name, Language::English);
    let mut scores = Scores::load(&path).unwrap();
    scores.info.terms.projection = Some(projection);
    scores.save(&path).unwrap();
    let best = scores.values.row(1).to_owned();
    let runs = Array2::from_shape_fn((3, best.len()), |(run, voxel)| best[voxel] * [0.9, 1.0, 1.1][run]);
    npy::save(&beside_scores(&path, "runs"), &runs).unwrap();
}

#[test]
fn projected_models_are_compared_with_each_other_only() {
    let mut toy = ToyStudy::full();
    let sizes = [
        ("gpt2-s", 1_000_u64),
        ("gpt2-m", 5_000),
        ("llama-s", 20_000),
        ("gpt2-l", 100_000),
    ];
    for (seed, slope) in [(1, 0.004), (2, 0.006)] {
        for (name, n) in sizes {
            let projection = Projection { dims: 4, seed };
            let name = projection.name_of(name);
            toy = toy.with_model(&name, ModelKind::Model, Some(n), slope * (n as f64).ln(), 0.0);
            projected(&toy, &name, projection);
        }
    }
    let dims = array![[8.0_f32, 2.0, 3.0], [8.0, 3.0, 3.0], [8.0, 1.5, f32::NAN]];
    for (place, name) in ["gpt2-s", "gpt2-m", "llama-s", "gpt2-l", "llama-l"]
        .iter()
        .enumerate()
    {
        let path = beside_scores(&toy.study().scores(name, Language::English), "dimensions");
        let info = DimensionsInfo {
            model: (*name).to_owned(),
            columns: DimensionsInfo::COLUMNS.map(str::to_owned).to_vec(),
            n_words: 100,
        };
        save_with_sidecar(&path, &(&dims + [0.0_f32, 0.5, 0.2, 0.9, 0.4][place]), &info).unwrap();
    }
    let job = AnalysisJob::new(toy.study(), Language::English, Analysis::All);
    let made = job.run(SOFTWARE, &Silent).unwrap().tables;
    let found = rows(&made, "corrected_projection");
    let all = found.iter().find(|row| row["outcome"] == "score_all").unwrap();
    assert_eq!(
        (
            all["dims"].as_u64(),
            all["n_models"].as_u64(),
            all["n_seeds"].as_u64()
        ),
        (Some(4), Some(4), Some(2))
    );
    // Slopes of 0.004 and 0.006: mean 0.005, standard error 0.001; with all features 0.01.
    assert!((number(all, "slope") - 0.005).abs() < 1e-6, "{all}");
    assert!((number(all, "std_err_over_seeds") - 0.001).abs() < 1e-6, "{all}");
    assert!(
        (number(all, "ci_high") - 0.005 - 12.706_204_736 * 0.001).abs() < 1e-5,
        "{all}"
    );
    let with_half = 0.01 + 0.002;
    assert!(
        (number(all, "slope_of_all_features") - with_half).abs() < 1e-3,
        "{all}"
    );
    let expected = RunTest::of(&[0.9 * 0.005, 0.005, 1.1 * 0.005]).unwrap().p;
    assert!((number(all, "runs_p") / expected - 1.0).abs() < 1e-3, "{all}");
    // They are no models of the study.
    let scaling = rows(&made, "scaling");
    assert_eq!(
        scaling
            .iter()
            .filter(|row| row["model"].as_str().unwrap().contains("proj"))
            .count(),
        0
    );
    let layers = rows(&made, "layer_dimensions");
    assert_eq!(layers.len(), 15);
    assert!(layers[2]["two_nn"].is_null() && number(&layers[0], "n_features") >= 8.0);
    let given = rows(&made, "score_given_dimension");
    let ratio = given
        .iter()
        .find(|row| row["dimension"] == "participation_ratio")
        .unwrap();
    assert!(
        number(ratio, "r_with_size") > 0.99 && number(ratio, "r_with_size_given_dimension") > 0.99,
        "{ratio}"
    );
    // Scores are a line in ln(parameters), and a line has no error.
    let growth = rows(&made, "growth_law");
    let by_model = growth.iter().find(|row| row["outcome"] == "score_all").unwrap();
    assert_eq!(
        (by_model["preferred"].as_str(), by_model["n_models"].as_u64()),
        (Some("logarithm"), Some(5))
    );
    assert!(number(by_model, "error_of_logarithm") < 1e-12);
}

/// A subject of eight voxels whose scores grow by `slopes` per unit of ln(parameters) in each run.
fn subject(slopes: &[f64]) -> Sample {
    let model = |place: usize| {
        let ln_parameters = 18.0 + place as f64;
        let runs = Array2::from_shape_fn((slopes.len(), 8), |(run, voxel)| {
            let left = if voxel < 4 { 0.5 } else { 0.0 };
            (1.0 + left) * slopes[run] * ln_parameters
        });
        SampleModel {
            name: format!("m{place}"),
            family: ["a", "b", "c"][place % 3].to_owned(),
            ln_parameters,
            ln_width: f64::NAN,
            best: runs.mean_axis(ndarray::Axis(0)).unwrap().to_vec(),
            nested: None,
            best_runs: Some(runs),
            nested_runs: None,
            joint: None,
            nulls: None,
            swaps: None,
            run_scores: Vec::new(),
        }
    };
    let halves = Hemispheres::array_halves(8);
    let places_mm: Vec<[f64; 3]> = (0..8).map(|voxel| [f64::from(voxel) - 3.5, 0.0, 0.0]).collect();
    Sample {
        models: (0..6).map(model).collect(),
        baselines: Vec::new(),
        by_x: halves.clone(),
        halves,
        pairs: HomotopicPairs::new(vec![0, 1, 2, 3], vec![7, 6, 5, 4]).unwrap(),
        parcel_places_mm: places_mm.clone(),
        places_mm,
        ceiling: None,
        regions: Vec::new(),
        subjects: Vec::new(),
    }
}

#[test]
fn slopes_of_subjects_and_runs_are_crossed() {
    let effects = array![
        [0.010, 0.012, 0.011],
        [0.007, 0.013, 0.009],
        [0.012, 0.011, 0.015],
        [0.008, 0.009, 0.010]
    ];
    let mut study = subject(&[0.01, 0.01, 0.01]);
    study.subjects = effects
        .rows()
        .into_iter()
        .map(|runs| subject(&runs.to_vec()))
        .collect();
    let made = tables(&study).unwrap();
    let found = rows(&made, "corrected_crossed");
    assert_eq!(found.len(), 4);
    assert!(
        found
            .iter()
            .all(|row| row["layer_rule"] == LayerChoice::BestOfTest.name())
    );
    let test = |scale: f64| RunTest::of_crossed(&(&effects * scale)).unwrap();
    // The left side grows by half more: the mean over both by a quarter more than the right.
    for (outcome, scale) in [("score", 1.25), ("l_minus_r_by_x", 0.5), ("l_minus_r_pairs", 0.5)] {
        let row = found.iter().find(|row| row["outcome"] == outcome).unwrap();
        let expected = test(scale);
        for (column, value) in [
            ("slope_per_ln_parameter", expected.estimate),
            ("std_err", expected.std_err),
            ("p", expected.p),
            ("df", 2.0),
        ] {
            assert!((number(row, column) / value - 1.0).abs() < 1e-9, "{row}");
        }
    }
    // Other models in one subject: nothing is crossed.
    study.subjects[0].models.pop();
    assert!(rows(&tables(&study).unwrap(), "corrected_crossed").is_empty());
}
