//! What a study with planted effects gives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::ToyStudy;
use lpp_analysis::{Analysis, AnalysisJob, AnalysisReport, HemisphereRule};
use lpp_files::Silent;
use lpp_steps::Software;
use lpp_study::{Language, ModelKind};
use lpp_tables::Table;
use ndarray::Array2;

const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};

fn job(toy: &ToyStudy) -> AnalysisJob {
    AnalysisJob::new(toy.study(), Language::English, Analysis::All)
}

fn run(toy: &ToyStudy) -> AnalysisReport {
    job(toy).run(SOFTWARE, &Silent).unwrap()
}

fn table<'a>(report: &'a AnalysisReport, name: &str) -> &'a Table {
    report.tables.iter().find(|table| table.name() == name).unwrap()
}

fn isc_path(toy: &ToyStudy) -> std::path::PathBuf {
    toy.study().isc(Language::English)
}

fn value(table: &Table, outcome: &str, column: &str) -> f64 {
    let row = table
        .texts("outcome")
        .iter()
        .position(|found| found == outcome)
        .unwrap();
    table.numbers(column)[row].unwrap()
}

#[test]
fn planted_slopes_come_back() {
    let toy = ToyStudy::full();
    let report = run(&toy);
    let size = table(&report, "scaling_regression");
    // Half the voxels carry the asymmetry, so the mean grows by 0.01 + 0.004/2; scores are stored in f32.
    assert!((value(size, "score_all", "slope_per_ln_parameter") - 0.012).abs() < 1e-5);
    assert!(value(size, "score_all", "r") > 0.999_999);
    let sides = table(&report, "lateralization_regression");
    assert!((value(sides, "l_minus_r_all", "slope_per_ln_parameter") - 0.004).abs() < 1e-6);
    let slopes = table(&report, "rois_voxel_slopes");
    assert!((slopes.numbers("slope_left_per_ln_parameter")[0].unwrap() - 0.014).abs() < 1e-6);
    assert!((slopes.numbers("slope_right_per_ln_parameter")[0].unwrap() - 0.010).abs() < 1e-6);
}

#[test]
fn baselines_stay_out_of_the_regressions_and_seeds_are_grouped() {
    let report = run(&ToyStudy::full());
    assert_eq!(table(&report, "scaling").n_rows(), 5);
    assert_eq!(
        table(&report, "scaling_regression").numbers("n_models"),
        [Some(5.0), Some(5.0)]
    );
    let groups = table(&report, "baseline_groups");
    assert_eq!(groups.texts("group"), ["glove", "random_vector_8d"]);
    assert_eq!(groups.numbers("n_seeds"), [Some(1.0), Some(2.0)]);
}

#[test]
fn the_middle_layer_is_best() {
    let report = run(&ToyStudy::full());
    assert!(
        table(&report, "scaling")
            .numbers("best_layer")
            .iter()
            .all(|layer| *layer == Some(1.0))
    );
    assert_eq!(table(&report, "layers").n_rows(), 8 * 3);
}

/// Scores of `level` in each layer, `peak` in its place in the voxels where the correlation of [`ToyStudy::with_isc`] is highest.
fn peaked(toy: &ToyStudy, layers: [(f32, f32); 2]) -> Array2<f32> {
    let isc = lpp_files::npy::load_f64_matrix(&isc_path(toy)).unwrap();
    let mean: Vec<f64> = isc
        .columns()
        .into_iter()
        .map(|voxel| voxel.mean().unwrap())
        .collect();
    let threshold = lpp_stats::percentile(&mean, 75.0).unwrap();
    Array2::from_shape_fn((2, toy.n_voxels()), |(layer, v)| {
        let (level, peak) = layers[layer];
        if mean[v] > threshold { peak } else { level }
    })
}

#[test]
fn the_best_layer_is_that_of_the_reliable_voxels_where_they_are_known() {
    // The second layer is better in a quarter of the voxels only, so that its mean over all voxels is lower.
    let layers = [(0.5, 0.5), (0.3, 0.6)];
    let best = |toy: &ToyStudy| {
        let scaling = table(&run(toy), "scaling").clone();
        (
            scaling.numbers("best_layer")[0],
            scaling.texts("voxels_of_best_layer")[0].clone(),
        )
    };
    let toy = ToyStudy::new().with_isc();
    let scores = peaked(&toy, layers);
    let toy = toy.with_scores("m", ModelKind::Model, Some(10), scores.clone());
    assert_eq!(best(&toy), (Some(1.0), "reliable".to_owned()));
    let report = run(&toy);
    let depths = table(&report, "scaling").numbers("best_layer_relative_depth");
    assert_eq!(depths, [Some(0.5)]);

    let without = ToyStudy::new().with_scores("m", ModelKind::Model, Some(10), scores.clone());
    assert_eq!(best(&without), (Some(0.0), "all".to_owned()));

    // A correlation that is the same everywhere has no voxel above its percentile.
    let flat = ToyStudy::new().with_scores("m", ModelKind::Model, Some(10), scores);
    let isc = Array2::from_elem((2, flat.n_voxels()), 0.25_f32);
    std::fs::create_dir_all(flat.path().join("isc")).unwrap();
    lpp_files::npy::save(&isc_path(&flat), &isc).unwrap();
    assert_eq!(best(&flat), (Some(0.0), "all".to_owned()));
}

#[test]
fn the_best_and_the_worst_model_are_those_of_the_reliable_voxels_where_they_are_known() {
    let toy = ToyStudy::new().with_isc();
    let [even, peak, low] = [(0.5, 0.5), (0.4, 0.6), (0.45, 0.3)].map(|layer| peaked(&toy, [layer; 2]));
    let full = |toy: ToyStudy| {
        toy.with_scores("even", ModelKind::Model, Some(10), even.clone())
            .with_scores("peak", ModelKind::Model, Some(20), peak.clone())
            .with_scores("low", ModelKind::Model, Some(30), low.clone())
            .with_model("random_embedding_8d_seed1", ModelKind::Baseline, None, 0.02, 0.0)
    };
    let chosen = |toy: &ToyStudy| {
        let maps = table(&run(toy), "baseline_maps").clone();
        (maps.texts("model"), maps.texts("chosen_over_voxels")[0].clone())
    };
    let names = |best: &str, worst: &str| vec![best.to_owned(), worst.to_owned()];
    assert_eq!(chosen(&full(toy)), (names("peak", "low"), "reliable".to_owned()));
    assert_eq!(
        chosen(&full(ToyStudy::new())),
        (names("even", "low"), "all".to_owned())
    );
}

#[test]
fn finished_tables_are_read_back_until_something_changes() {
    let toy = ToyStudy::full();
    let first = run(&toy);
    let second = run(&toy);
    assert!(!first.up_to_date && second.up_to_date);
    assert_eq!(first.json(), second.json());
    let by_x = AnalysisJob {
        hemisphere: HemisphereRule::WorldX,
        ..job(&toy)
    }
    .run(SOFTWARE, &Silent)
    .unwrap();
    assert!(!by_x.up_to_date);
    let forced = AnalysisJob {
        force: true,
        hemisphere: HemisphereRule::WorldX,
        ..job(&toy)
    };
    assert!(!forced.run(SOFTWARE, &Silent).unwrap().up_to_date);
    let toy = toy.with_model("new", ModelKind::Model, Some(7), 0.1, 0.0);
    assert!(
        !AnalysisJob {
            hemisphere: HemisphereRule::WorldX,
            ..job(&toy)
        }
        .run(SOFTWARE, &Silent)
        .unwrap()
        .up_to_date
    );
}

#[test]
fn one_model_alone_gives_empty_cells() {
    let toy = ToyStudy::new().with_model("only", ModelKind::Model, Some(1_000), 0.1, 0.01);
    let report = run(&toy);
    assert_eq!(table(&report, "scaling").n_rows(), 1);
    assert_eq!(table(&report, "scaling").numbers("score_reliable"), [None]);
    assert_eq!(table(&report, "scaling_regression").numbers("r"), [None, None]);
    assert_eq!(table(&report, "rois").n_rows(), 0);
    assert!(report.tables.iter().all(|table| table.name() != "isc"));
}

#[test]
fn voxels_without_a_score_are_left_out_and_counted() {
    let toy = ToyStudy::new();
    let mut values = Array2::from_elem((2, toy.n_voxels()), 0.25_f32);
    values.column_mut(3).fill(f32::NAN);
    values[[0, 5]] = f32::NAN;
    let report = run(&toy.with_scores("holes", ModelKind::Model, Some(10), values));
    assert_eq!(table(&report, "scaling").numbers("score_all"), [Some(0.25)]);
    assert_eq!(table(&report, "scaling").numbers("n_nan_voxels"), [Some(1.0)]);
}

#[test]
fn the_midline_is_left_out_by_x() {
    let toy = ToyStudy::full();
    let report = AnalysisJob {
        hemisphere: HemisphereRule::WorldX,
        ..job(&toy)
    }
    .run(SOFTWARE, &Silent)
    .unwrap();
    let summary = table(&report, "summary");
    let quantity = |name: &str| {
        let row = summary
            .texts("quantity")
            .iter()
            .position(|found| found == name)
            .unwrap();
        summary.numbers("value")[row].unwrap()
    };
    assert!((quantity("n_left") - quantity("n_right")).abs() < 0.5);
    assert!(quantity("n_midline_left_out") > 0.0);
    let sum = quantity("n_left") + quantity("n_right") + quantity("n_midline_left_out");
    assert!((sum - quantity("n_voxels")).abs() < 0.5);
}

#[test]
fn a_canary_is_no_model_and_is_flagged_when_it_scores() {
    let toy = ToyStudy::full();
    assert_eq!(table(&run(&toy), "canary").n_rows(), 0);
    let scaling = table(&run(&toy), "baselines").n_rows();
    let toy = toy.with_model("canary", ModelKind::Canary, None, 0.3, 0.0);
    let test = |observed, p| lpp_study::NullTest { observed, p };
    let info = lpp_study::CanaryInfo {
        subject: "average".to_owned(),
        n_nulls: 199,
        n_voxels: 10,
        layers: vec![test(0.3, 0.005), test(0.01, 0.5)],
        thresholds_05: vec![0.04, 0.05],
    };
    let path = lpp_study::beside_scores(&toy.study().scores("canary", Language::English), "nulls");
    lpp_study::save_with_sidecar(&path, &Array2::<f32>::zeros((2, 200)), &info).unwrap();
    let report = run(&toy);
    let canary = table(&report, "canary");
    assert_eq!(canary.texts("features"), ["slow waves", "slow noise"]);
    assert_eq!(canary.texts("flag"), ["scores", "silent"]);
    assert_eq!(canary.numbers("threshold_p05"), [Some(0.04), Some(0.05)]);
    assert_eq!(table(&report, "baselines").n_rows(), scaling);
}
