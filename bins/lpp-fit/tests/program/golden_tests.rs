//! Scores, nested layers, joint fits, nulls and the time-only control against reference libraries.

use super::*;

/// A study of scans as scikit-learn saw it, `fixtures/encoding/make.py`; features are of scans, nothing is trimmed.
pub(super) fn golden_study(folder: &Path) -> serde_json::Value {
    let load =
        |name: &str| npy::load_f32_matrix(&lpp_testkit::fixture(&format!("encoding/{name}.npy"))).unwrap();
    let study = Study::open(folder).unwrap();
    fs::write(folder.join("lpp.toml"), "trim_scans = 0\n").unwrap();
    let n_scans = 40;
    let of_run = |values: &Array2<f32>, run: usize| {
        values
            .slice(ndarray::s![run * n_scans..(run + 1) * n_scans, ..])
            .to_owned()
    };
    let activations = |model: &str, layers: &[Array2<f32>]| {
        let shape = |(run, layer): (usize, usize)| LayerShape {
            run,
            layer,
            n_words: n_scans,
            n_hidden: layers[layer].ncols(),
        };
        let places = || (0..N_RUNS).flat_map(|run| (0..layers.len()).map(move |layer| (run, layer)));
        let facts = [("rows".to_owned(), "scans".to_owned())].into();
        let path = study.activations(model, Language::English);
        let shapes: Vec<LayerShape> = places().map(shape).collect();
        let mut writer = ActivationsWriter::create(&path, &shapes, &facts).unwrap();
        for (run, layer) in places() {
            writer.write(run, layer, &of_run(&layers[layer], run)).unwrap();
        }
        writer.commit().unwrap();
    };
    activations("golden", &["layer-0", "layer-1", "layer-2"].map(load));
    activations("control_wordrate", &[load("control-a")]);
    activations("b", &[load("control-b")]);
    let words = (0..N_RUNS).map(|run| TimedWord {
        run,
        word_index: 0,
        word: "w".into(),
        onset_s: 0.0,
        offset_s: 0.5,
    });
    let path = study.words(Language::English);
    WordTable::new(words.collect(), &path)
        .unwrap()
        .save(&path)
        .unwrap();
    for run in 0..N_RUNS {
        npy::save(
            &study.average_run(Language::English, run),
            &of_run(&load("y"), run),
        )
        .unwrap();
    }
    let text = fs::read_to_string(lpp_testkit::fixture("encoding/expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(super) fn golden_fit(study: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    command.args([
        "--model",
        "golden",
        "--alphas",
        "logspace:-1:3:9",
        "--precision",
        "f64",
        "--mask",
    ]);
    command.arg(study.join("mask.nii.gz")).arg("--study").arg(study);
    command
}

fn matrix(value: &serde_json::Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

/// Scores are stored in single precision.
fn stored() -> lpp_testkit::Tolerance {
    lpp_testkit::Tolerance::absolute(1e-7)
}

#[test]
fn nested_layers_and_joint_fits_are_those_of_scikit_learn() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = dir.path();
    let expected = golden_study(study);
    assert_succeeds(golden_fit(study).arg("--nested-layer"));
    let scores = Scores::load(&study.join("scores/golden_en.npy")).unwrap();
    lpp_testkit::assert_close(
        &scores.values.mapv(f64::from),
        &matrix(&expected["scores"]),
        stored(),
    );
    let path = study.join("scores/golden_en_nested.npy");
    let nested = npy::load_f64_vector(&path).unwrap();
    let numbers: Vec<f64> = serde_json::from_value(expected["nested"].clone()).unwrap();
    lpp_testkit::assert_close(&nested, &ndarray::Array1::from(numbers), stored());
    let info: NestedInfo = load_sidecar(&path).unwrap();
    let close = |found: f64, key: &str| {
        let expected = expected[key].as_f64().unwrap();
        // Stored scores go into the mean of the best layer.
        assert!(
            (found - expected).abs() < 1e-7,
            "{key}: {found}, expected {expected}"
        );
    };
    close(info.score_mean, "score_mean");
    close(info.best_of_test_mean, "best_of_test_mean");
    close(info.optimism, "optimism");
    close(info.shared_score_mean, "shared_score_mean");
    close(info.best_layer_mean, "best_layer_mean");
    assert_eq!(serde_json::json!(info.layer_per_fold), expected["layer_per_fold"]);
    assert_eq!(serde_json::json!(info.layer), expected["layer"]);

    let joint = || {
        let mut command = golden_fit(study);
        command.args(["--controls", "wordrate,b", "--layer", "1"]);
        command
    };
    let said = assert_succeeds(&mut joint());
    assert!(said.contains("golden_en_joint.npy: written, layer 1"), "{said}");
    let path = study.join("scores/golden_en_joint.npy");
    let found = npy::load_f64_matrix(&path).unwrap();
    // R² is a difference of two numbers near 1, rounded when stored.
    lpp_testkit::assert_close(&found, &matrix(&expected["joint"]), stored());
    let info: JointInfo = load_sidecar(&path).unwrap();
    assert_eq!(info.controls, ["control_wordrate", "b"]);
    assert_eq!(
        (info.band_widths, info.rows[5].as_str()),
        (vec![4, 3], "unique_r2")
    );
    let ratios = [
        (info.ratio_per_fold, "ratio_per_fold"),
        (info.ratio_per_fold_r2, "ratio_per_fold_r2"),
    ];
    for (found, key) in ratios {
        let expected: Vec<f64> = serde_json::from_value(expected[key].clone()).unwrap();
        // Powers of ten differ by rounding.
        let close = lpp_testkit::Tolerance::relative(1e-12);
        lpp_testkit::assert_close(
            &ndarray::Array1::from(found),
            &ndarray::Array1::from(expected),
            close,
        );
    }
    assert_eq!(info.layer_choice, "given");
    let of_folds = npy::load_f64_stack(&study.join("scores/golden_en_joint_runs.npy")).unwrap();
    assert_eq!(of_folds.dim(), (N_RUNS, 6, N_VOXELS));
    lpp_testkit::assert_close(&of_folds.mean_axis(ndarray::Axis(0)).unwrap(), &found, stored());
    assert!(assert_succeeds(&mut joint()).contains("golden_en_joint.npy: up to date"));
    let mut old = joint();
    assert_usage_error(old.args(["--candidates", "3"]));
    let error = String::from_utf8(old.output().unwrap().stderr).unwrap();
    assert!(error.contains("--ratios"), "{error}");
    let said = assert_succeeds(golden_fit(study).args(["--controls", "all", "--ratios", "1"]));
    assert!(said.contains("golden_en_joint.npy: written"), "{said}");
    assert_fails(
        golden_fit(study).args(["--controls", "envelope"]),
        &["control_envelope_en.safetensors"],
    );
    assert_fails(
        golden_fit(study).args(["--controls", "b", "--layer", "7"]),
        &["golden_en.safetensors"],
    );
}

#[test]
fn nulls_are_tested_per_voxel_over_the_map_and_left_against_right() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = dir.path();
    golden_study(study);
    let nulls = |more: &[&str]| {
        let mut command = golden_fit(study);
        command.args(["--layer", "1", "--nulls", "99"]).args(more);
        command
    };
    let path = study.join("scores/golden_en_nulls.npy");
    let mut shown = Vec::new();
    for more in [
        &[][..],
        &["--null", "blocks", "--null-block", "5"],
        &["--null-refit"],
    ] {
        let said = assert_succeeds(&mut nulls(more));
        assert!(
            said.contains("golden_en_nulls.npy: written, layer 1 (given), 99 nulls"),
            "{said}"
        );
        let values = npy::load_f64_matrix(&path).unwrap();
        let scores = Scores::load(&study.join("scores/golden_en.npy")).unwrap().values;
        // Correlations by inner products of parts against those of predictions.
        lpp_testkit::assert_close(
            &values.row(0).to_owned(),
            &scores.row(1).mapv(f64::from),
            stored(),
        );
        // Voxels 1 and 2 follow the layer, voxel 5 follows nothing.
        assert!(
            values[[1, 1]] <= 0.02 && values[[2, 2]] <= 0.05 && values[[1, 5]] > 0.05,
            "{values}"
        );
        assert!((0..6).all(|v| values[[2, v]] >= values[[1, v]]));
        // The mask has voxels at x = −8 … 12 mm: two pairs, the others lack a partner or lie on the midline.
        assert_eq!(values.row(3).iter().filter(|d| !d.is_nan()).count(), 2);
        let info: NullsInfo = load_sidecar(&path).unwrap();
        assert_eq!((info.n_nulls, info.layer, info.rows.len()), (99, 1, 7));
        let pairs = info.l_minus_r.pairs.unwrap();
        assert!(info.gate_p.unwrap() <= 0.05 && pairs.runs_p.is_some());
        // Four runs have eight patterns.
        assert!(pairs.swap_p.is_none() && info.swaps.starts_with("not testable: 8 patterns"));
        assert_eq!(
            (info.layer_choice.as_str(), info.null_layers),
            ("given", vec![0, 99, 0])
        );
        shown.push(info.null);
    }
    assert_eq!(shown[0], "circular shifts, penalties fixed");
    assert_eq!(shown[2], "circular shifts, penalties chosen anew");
    assert!(assert_succeeds(&mut nulls(&["--null-refit"])).contains("golden_en_nulls.npy: up to date"));
    assert_fails(
        &mut nulls(&["--null", "blocks", "--null-block", "60"]),
        &["blocks of a run"],
    );
    assert_usage_error(&mut nulls(&["--nulls", "0"]));
    // A length of blocks without blocks.
    assert_usage_error(&mut nulls(&["--null-block", "5"]));
}

#[test]
fn sides_of_runs_are_exchanged_for_slopes() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = dir.path();
    golden_study(study);
    let said = assert_succeeds(golden_fit(study).args(["--layer", "1", "--swaps"]));
    assert!(
        said.contains("golden_en_swaps.npy: written, layer 1, 4 runs, 2 pairs"),
        "{said}"
    );
    let path = study.join("scores/golden_en_swaps.npy");
    let values = npy::load_f64_matrix(&path).unwrap();
    let info: SwapsInfo = load_sidecar(&path).unwrap();
    assert_eq!(
        info.measures,
        ["all", "all/run-0", "all/run-1", "all/run-2", "all/run-3"]
    );
    assert_eq!(values.dim(), (8, 5));
    // The mask has voxels at x = −8 … 12 mm.
    let scores = Scores::load(&study.join("scores/golden_en.npy"))
        .unwrap()
        .values
        .mapv(f64::from);
    let expected = (scores[[1, 0]] - scores[[1, 4]] + scores[[1, 1]] - scores[[1, 3]]) / 2.0;
    assert!(
        (values[[0, 0]] - expected).abs() < 1e-6,
        "{} {expected}",
        values[[0, 0]]
    );
    for row in values.rows() {
        assert!((row[0] - row.slice(ndarray::s![1..]).mean().unwrap()).abs() < 1e-6);
    }
    assert_fails(
        golden_fit(study).args(["--layer", "1", "--swaps", "--metric", "r2"]),
        &["--swaps needs correlations"],
    );
}

#[test]
fn a_canary_is_fitted_along_and_scores_when_runs_share_a_course() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = dir.path();
    golden_study(study);
    assert_succeeds(golden_fit(study).arg("--no-canary"));
    let path = study.join("scores/canary_en.npy");
    assert!(!path.exists());
    assert_succeeds(&mut golden_fit(study));
    let silent = Scores::load(&path).unwrap();
    assert_eq!(silent.info.kind, ModelKind::Canary);
    assert_eq!(
        (silent.info.n_hidden.as_slice(), silent.info.n_voxels),
        (&[16, 32][..], 6)
    );
    let p = || -> Vec<f64> {
        let info: CanaryInfo = load_sidecar(&study.join("scores/canary_en_nulls.npy")).unwrap();
        info.layers.iter().map(|test| test.p).collect()
    };
    assert!(p().iter().all(|p| *p > 0.05), "{:?}", p());
    // The same drift in every run.
    for run in 0..N_RUNS {
        let file = study.join(format!("average_subject/en/run-{run}.npy"));
        let mut scans = npy::load_f32_matrix(&file).unwrap();
        for (i, mut scan) in scans.rows_mut().into_iter().enumerate() {
            scan += (i as f32 / 6.0).sin() * 4.0;
        }
        npy::save(&file, &scans).unwrap();
    }
    assert_succeeds(&mut golden_fit(study));
    let sings = Scores::load(&path).unwrap();
    assert!(sings.values.row(0).mean().unwrap() > 0.5, "{}", sings.values);
    assert!(p()[0] <= 0.01, "{:?}", p());
}
