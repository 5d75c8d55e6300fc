//! What is unique to a layer, what feature spaces share, projections and dimensions. Their numbers are compared with NumPy by
//! `check_spaces.py`.

use lpp_study::{DimensionsInfo, JointRecord, PartitionInfo};

use super::golden_tests::{golden_fit, golden_study};
use super::*;

fn golden() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    golden_study(dir.path());
    dir
}

#[test]
fn what_is_unique_to_a_given_layer_is_tested() {
    let dir = golden();
    let study = dir.path();
    let joint = |more: &[&str]| {
        let mut command = golden_fit(study);
        command
            .args(["--controls", "wordrate,b", "--ratios", "0.1,1", "--no-canary"])
            .args(more);
        command
    };
    let path = study.join("scores/golden_en_joint.npy");
    let record = || load_sidecar::<JointRecord>(&path).unwrap();
    assert_succeeds(&mut joint(&["--nulls", "39"]));
    assert!(record().unique_p.is_none());
    assert!(
        record().unique_nulls.contains("--layer"),
        "{}",
        record().unique_nulls
    );
    let tested = ["--nulls", "39", "--layer", "1", "--control-bands", "each"];
    assert_succeeds(&mut joint(&tested));
    let found = record();
    let p = found.unique_p.unwrap();
    // The golden scans follow this layer, beyond the controls.
    assert_eq!((p.unique_r.mean, p.unique_r2.mean), (0.025, 0.025), "{p:?}");
    assert!(p.unique_r.left.is_some() && p.unique_r.right.is_some());
    assert!(
        found
            .unique_nulls
            .starts_with("circular shifts of the layer's features")
    );
    assert_eq!(found.fit.band_widths.len(), 3);
    // Each set of weights has the trace of unweighted bands.
    for weights in &found.control_weights_per_fold {
        let sum: f64 = weights
            .iter()
            .zip(&found.fit.band_widths[1..])
            .map(|(w, &n)| w * n as f64)
            .sum();
        let n: usize = found.fit.band_widths[1..].iter().sum();
        assert!((sum - n as f64).abs() < 1e-9, "{weights:?}");
    }
    assert_eq!(found.control_weights_per_fold.len(), N_RUNS);
    let alone = npy::load_f64_stack(&study.join("scores/golden_en_joint_layer_runs.npy")).unwrap();
    assert_eq!(alone.dim(), (N_RUNS, 2, N_VOXELS));
    assert!(assert_succeeds(&mut joint(&tested)).contains("golden_en_joint.npy: up to date"));
}

#[test]
fn explained_variance_is_divided_into_parts_that_add_up() {
    let dir = golden();
    let study = dir.path();
    let divided = |more: &[&str]| {
        let mut command = golden_fit(study);
        command
            .args(["--layer", "1", "--no-canary", "--partition"])
            .args(more);
        command
    };
    assert_succeeds(&mut divided(&[
        "wordrate,b",
        "--nulls",
        "19",
        "--partition-ratios",
        "1",
    ]));
    let path = study.join("scores/golden_en_partition.npy");
    let info: PartitionInfo = load_sidecar(&path).unwrap();
    let names = [
        "golden",
        "wordrate",
        "golden&wordrate",
        "b",
        "golden&b",
        "wordrate&b",
        "golden&wordrate&b",
    ];
    assert_eq!(info.parts, names);
    assert_eq!(info.part_p.len(), 7);
    assert!(info.part_p[0].mean <= 0.05, "{:?}", info.part_p);
    let parts = npy::load_f64_matrix(&path).unwrap();
    let runs = npy::load_f64_stack(&study.join("scores/golden_en_partition_runs.npy")).unwrap();
    let stored = lpp_testkit::Tolerance::absolute(1e-7);
    lpp_testkit::assert_close(&runs.mean_axis(ndarray::Axis(0)).unwrap(), &parts, stored);
    // Two spaces have three parts.
    assert_succeeds(&mut divided(&["b"]));
    let info: PartitionInfo = load_sidecar(&path).unwrap();
    assert_eq!(info.parts, ["golden", "b", "golden&b"]);
    assert!(info.part_p.is_empty() && info.nulls.starts_with("not tested"));
    assert_fails(&mut divided(&["b,wordrate,b"]), &["found 3 names", "one or two"]);
    assert_fails(
        &mut divided(&["golden"]),
        &["golden_en.safetensors", "3 layers", "NAME:LAYER"],
    );
    assert_fails(&mut divided(&["b:1"]), &["b_en.safetensors", "1 layers"]);
    assert_succeeds(&mut divided(&["golden:2"]));
    assert_usage_error(&mut divided(&["golden:x"]));
}

#[test]
fn projected_features_have_scores_of_their_own() {
    let dir = golden();
    let study = dir.path();
    let project = |dims: &str, seed: &str| {
        let mut command = golden_fit(study);
        command.args(["--no-canary", "--project", dims, "--project-seed", seed]);
        command
    };
    assert_succeeds(&mut project("3", "1"));
    assert_succeeds(&mut project("3", "2"));
    let load = |seed| Scores::load(&study.join(format!("scores/golden_proj3_seed{seed}_en.npy"))).unwrap();
    let (one, two) = (load(1), load(2));
    assert_eq!(one.info.n_hidden, [3, 3, 3]);
    assert_eq!(one.info.model, "golden_proj3_seed1");
    let projection = two.info.terms.projection.unwrap();
    assert_eq!((projection.dims, projection.seed), (3, 2));
    assert!(one.values != two.values);
    assert!(!study.join("scores/golden_en.npy").exists());
    assert!(assert_succeeds(&mut project("3", "1")).contains("up to date"));
    assert_fails(
        &mut project("40", "1"),
        &["features in layer 0", "at least the 40 of --project"],
    );
    assert_usage_error(golden_fit(study).args(["--project", "3", "--keep-model"]));
    assert_usage_error(golden_fit(study).args(["--project-seed", "3"]));
}

#[test]
fn dimensions_of_layers_are_written() {
    let dir = golden();
    let study = dir.path();
    let said = assert_succeeds(golden_fit(study).args(["--no-canary", "--dimensions"]));
    assert!(said.contains("golden_en_dimensions.npy: written"), "{said}");
    let path = study.join("scores/golden_en_dimensions.npy");
    let info: DimensionsInfo = load_sidecar(&path).unwrap();
    let values = npy::load_f64_matrix(&path).unwrap();
    assert_eq!((values.dim(), info.n_words), ((3, 3), 160));
    for row in values.rows() {
        assert!(row[1] >= 1.0 && row[1] <= row[0] && row[2] > 0.0, "{row}");
    }
}
