//! The corrected tables of studies on the disk: what lies beside the scores, and what does not fit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tables.rs"]
mod tables;

use common::ToyStudy;
use lpp_analysis::{Analysis, AnalysisJob};
use lpp_files::{Silent, npy};
use lpp_steps::Software;
use lpp_study::{
    CanaryInfo, JointInfo, Language, NullLateral, NullTest, NullsInfo, SidesTest, beside_scores,
    save_with_sidecar,
};
use lpp_tables::Table;
use ndarray::{Array1, Array2};
use tables::{delta, table};

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
