//! Scores of each fold, other folds, and settings side by side.

use super::*;

use ndarray::Axis;

fn largest_of_layers(study: &Path, name: &str) -> Vec<f64> {
    let scores = Scores::load(&study.join(format!("scores/{name}_en.npy"))).unwrap();
    scores
        .values
        .fold_axis(Axis(0), f32::NAN, |a, b| a.max(*b))
        .mapv(f64::from)
        .to_vec()
}

fn means_of_runs(path: &Path) -> Vec<f64> {
    npy::load_f64_matrix(path)
        .unwrap()
        .mean_axis(Axis(0))
        .unwrap()
        .to_vec()
}

fn assert_alike(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        // Means of numbers that are stored in single precision.
        assert!(
            (found - expected).abs() < 1e-7 || (found.is_nan() && expected.is_nan()),
            "{found} {expected}"
        );
    }
}

#[test]
fn scores_of_runs_average_to_those_of_the_best_layer() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    // A voxel without signal in one run has no score, and none per run either.
    let path = Study::open(dir.path()).unwrap().average_run(Language::English, 2);
    let mut run = npy::load_f32_matrix(&path).unwrap();
    run.column_mut(4).fill(1.5);
    npy::save(&path, &run).unwrap();
    assert_succeeds(fit(dir.path()).args(["--nested-layer", "--keep-folds"]));
    let scores = |what: &str| dir.path().join(format!("scores/toy_en_{what}.npy"));
    let runs = npy::load_f64_matrix(&scores("runs")).unwrap();
    assert_eq!(runs.dim(), (N_RUNS, N_VOXELS));
    assert!(runs.column(4).iter().all(|r| r.is_nan()));
    assert_alike(
        &means_of_runs(&scores("runs")),
        &largest_of_layers(dir.path(), "toy"),
    );
    let nested = npy::load_f64_vector(&scores("nested")).unwrap();
    assert_alike(&means_of_runs(&scores("nested_runs")), &nested.to_vec());
    let npy::NpyArray::F32(folds) = npy::load(&scores("folds")).unwrap() else {
        panic!("half precision is read as single");
    };
    assert_eq!(folds.shape(), [N_RUNS, 2, N_VOXELS]);
    let voxel = |run: usize, layer: usize| f64::from(folds[[run, layer, 0]]);
    let best = (0..2).max_by(|a, b| {
        let mean = |layer: &usize| (0..N_RUNS).map(|run| voxel(run, *layer)).sum::<f64>();
        mean(a).total_cmp(&mean(b))
    });
    for run in 0..N_RUNS {
        // Eleven bits of half precision.
        assert!((voxel(run, best.unwrap()) - runs[[run, 0]]).abs() < 5e-4);
    }
    for what in ["runs", "nested_runs", "folds"] {
        assert!(Provenance::load(&scores(what)).is_ok(), "{what}");
    }
    let info = Scores::load_info(&dir.path().join("scores/toy_en.npy")).unwrap();
    assert_eq!(info.test_folds, ["0", "1", "2", "3"]);
}

#[test]
fn scores_of_an_older_version_stay_until_they_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    assert_succeeds(&mut fit(dir.path()));
    let runs = dir.path().join("scores/toy_en_runs.npy");
    let record = Provenance::path_of(&runs);
    let whole = (fs::read(&runs).unwrap(), fs::read(&record).unwrap());
    // Only the array is gone: somebody removed it, and it is made again.
    fs::remove_file(&runs).unwrap();
    assert!(assert_succeeds(&mut fit(dir.path())).contains("written"));
    assert_eq!(fs::read(&runs).unwrap(), whole.0);
    // Neither is there, and the records do not know of responses and folds: an older version made the scores.
    fs::remove_file(&runs).unwrap();
    fs::remove_file(&record).unwrap();
    for name in ["toy_en.npy", "toy_en.json", "toy_en.nii.gz"] {
        let path = Provenance::path_of(&dir.path().join("scores").join(name));
        let mut made: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let parameters = made["parameters"].as_object_mut().unwrap();
        for key in ["hrf", "metric", "alpha_scope", "folds", "gap_scans"] {
            assert!(parameters.remove(key).is_some(), "{key}");
        }
        fs::write(&path, made.to_string()).unwrap();
    }
    assert!(assert_succeeds(&mut fit(dir.path())).contains("up to date"));
    assert!(!runs.exists());
    assert!(assert_succeeds(fit(dir.path()).args(["--hrf", "spm"])).contains("written"));
    assert!(assert_succeeds(fit(dir.path()).arg("--force")).contains("written"));
    assert_eq!(fs::read(&runs).unwrap(), whole.0);
}

#[test]
fn a_single_run_is_fitted_in_chunks_with_gaps_and_variants_lie_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    fs::write(dir.path().join("lpp.toml"), "trim_scans = 2\n").unwrap();
    let chunks = [
        "--folds",
        "chunks:4",
        "--gap",
        "3",
        "--metric",
        "r2",
        "--alpha-scope",
        "target",
    ];
    let run = |extra: &[&str]| {
        let mut command = fit(dir.path());
        command.args(chunks).args(["--variant", "gaps"]).args(extra);
        command
    };
    assert_succeeds(&mut run(&[]));
    let scores = Scores::load(&dir.path().join("scores/variant-gaps/toy_en.npy")).unwrap();
    assert_eq!(scores.info.test_folds.len(), 4 * N_RUNS);
    assert_eq!(
        scores.info.test_folds[..2],
        ["0, scans 2 to 13", "0, scans 14 to 25"]
    );
    assert!(scores.info.alpha_index.is_empty());
    let n_choices: usize = scores.info.alpha_counts[0][0].iter().sum();
    assert_eq!(n_choices, N_VOXELS);
    assert!(!dir.path().join("scores/toy_en.npy").exists());
    assert!(
        dir.path()
            .join("scores/variant-gaps/canary_en_nulls.npy")
            .exists()
    );
    assert!(assert_succeeds(&mut run(&[])).contains("up to date"));
    assert_fails(
        fit(dir.path()).args(["--gap", "3"]),
        &["expected --folds chunks:K"],
    );
    assert_usage_error(fit(dir.path()).args(["--folds", "chunks:1"]));
    assert_usage_error(fit(dir.path()).args(["--variant", "../x"]));
    assert_fails(
        fit(dir.path()).args(["--folds", "test:9"]),
        &["found the test story 9, expected stories among 0, 1, 2, 3"],
    );
    assert_succeeds(fit(dir.path()).args(["--folds", "test:3", "--inner", "all"]));
    let tested = npy::load_f32_matrix(&dir.path().join("scores/toy_en_runs.npy")).unwrap();
    assert_eq!(tested.dim(), (1, N_VOXELS));
}

#[test]
fn scrubbed_scans_leave_fit_and_score() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let path = Study::open(dir.path()).unwrap().average_run(Language::English, 1);
    let mut run = npy::load_f32_matrix(&path).unwrap();
    run.row_mut(20).fill(1e6);
    npy::save(&path, &run).unwrap();
    assert_succeeds(&mut fit(dir.path()));
    let spiked = largest_of_layers(dir.path(), "toy");
    run.row_mut(20).fill(f32::NAN);
    npy::save(&path, &run).unwrap();
    let said = fit(dir.path()).output().unwrap();
    let warned = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(
        warned.contains("average: 1 scans are NaN in every voxel (scrubbed)"),
        "{warned}"
    );
    let scrubbed = largest_of_layers(dir.path(), "toy");
    assert!(scrubbed.iter().all(|r| r.is_finite()) && scrubbed != spiked);
    // NaN in a single voxel does not mark the scan as scrubbed: the voxel has no score.
    run.row_mut(20).fill(0.5);
    run[[20, 3]] = f32::NAN;
    npy::save(&path, &run).unwrap();
    assert_succeeds(&mut fit(dir.path()));
    let broken = largest_of_layers(dir.path(), "toy");
    assert!(broken[3].is_nan() && broken[2].is_finite());
}
