//! The program from flags to files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_files::{ActivationsWriter, LayerShape, TimedWord, WordTable, npy};
use lpp_fmri::{CleaningParams, Grid, Image, Mask, Signals, diagonal_affine};
use lpp_steps::Provenance;
use lpp_study::{
    CanaryInfo, JointInfo, Language, ModelKind, NestedInfo, NullsInfo, Scores, Study, load_sidecar,
};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::{Array2, ArrayD};

const N_RUNS: usize = 4;
const N_WORDS: usize = 70;
const N_SCANS: usize = 50;
const N_VOXELS: usize = 6;

fn fit(study: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    command
        .args(["--study".as_ref(), study.as_os_str()])
        .arg("--mask");
    command.arg(study.join("mask.nii.gz")).args(["--model", "toy"]);
    command
}

/// A pseudo-random number in −1..1 that depends on its place alone.
fn noise(a: usize, b: usize, c: usize) -> f32 {
    (((a * 7919 + b * 104_729 + c * 1_299_709) as f32) * 0.618).sin()
}

/// Two layers of three features, a mask of six voxels, and scans that follow nothing in particular.
fn toy_study(folder: &Path) {
    let study = Study::open(folder).unwrap();
    let shapes: Vec<LayerShape> = (0..N_RUNS)
        .flat_map(|run| {
            (0..2).map(move |layer| LayerShape {
                run,
                layer,
                n_words: N_WORDS,
                n_hidden: 3,
            })
        })
        .collect();
    let facts = [("family", "gpt2"), ("n_parameters", "123")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let path = study.activations("toy", Language::English);
    let mut writer = ActivationsWriter::create(&path, &shapes, &BTreeMap::from(facts)).unwrap();
    for s in &shapes {
        let values = Array2::from_shape_fn((N_WORDS, 3), |(i, j)| noise(i + 100 * s.run, j, s.layer));
        writer.write(s.run, s.layer, &values).unwrap();
    }
    writer.commit().unwrap();
    let words = (0..N_RUNS).flat_map(|run| {
        (0..N_WORDS).map(move |word_index| {
            let onset_s = word_index as f64;
            TimedWord {
                run,
                word_index,
                word: "w".into(),
                onset_s,
                offset_s: onset_s + 0.5,
            }
        })
    });
    let path = study.words(Language::English);
    WordTable::new(words.collect(), &path)
        .unwrap()
        .save(&path)
        .unwrap();
    for run in 0..N_RUNS {
        let scans = Array2::from_shape_fn((N_SCANS, N_VOXELS), |(i, j)| noise(i, j, run + 5));
        npy::save(&study.average_run(Language::English, run), &scans).unwrap();
    }
    let grid = lpp_fmri::Grid::working();
    let inside = ndarray::Array3::from_shape_fn((37, 46, 38), |(i, j, k)| {
        j == 20 && k == 20 && (16..22).contains(&i)
    });
    lpp_fmri::Mask::new(grid, inside)
        .unwrap()
        .save(&folder.join("mask.nii.gz"))
        .unwrap();
}

#[test]
fn scores_sidecar_map_and_provenance_are_written_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let said = assert_succeeds(&mut fit(dir.path()));
    assert!(said.contains("written, 2 layers, 6 voxels"), "{said}");
    let path = dir.path().join("scores/toy_en.npy");
    let scores = Scores::load(&path).unwrap();
    assert_eq!(scores.values.dim(), (2, N_VOXELS));
    assert!(scores.values.iter().all(|r| r.abs() <= 1.0));
    assert_eq!(
        (scores.info.n_parameters, scores.info.alpha_index[1].len()),
        (Some(123), N_RUNS)
    );
    assert!(dir.path().join("scores/toy_en.nii.gz").exists());
    assert_eq!(Provenance::load(&path).unwrap().inputs.len(), 2 + N_RUNS + 1);
    assert!(assert_succeeds(&mut fit(dir.path())).contains("up to date"));
    assert!(assert_succeeds(fit(dir.path()).args(["--precision", "f64"])).contains("written"));
    let double = Scores::load(&path).unwrap();
    // Single against double precision: the bound that the fit promises.
    lpp_testkit::assert_close(
        &scores.values,
        &double.values,
        lpp_testkit::Tolerance::absolute(1e-4),
    );
}

#[test]
fn a_dead_voxel_is_nan_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    assert_succeeds(&mut fit(dir.path()));
    let path = dir.path().join("scores/toy_en.npy");
    let whole = Scores::load(&path).unwrap();
    let run = dir.path().join("average_subject/en/run-2.npy");
    let mut scans = npy::load_f32_matrix(&run).unwrap();
    scans.column_mut(3).fill(1.0);
    npy::save(&run, &scans).unwrap();
    assert_succeeds(&mut fit(dir.path()));
    let harmed = Scores::load(&path).unwrap();
    assert_eq!(harmed.info.n_nan_voxels, [1, 1]);
    assert!(harmed.values.column(3).iter().all(|r| r.is_nan()));
    assert!(
        harmed
            .values
            .column(2)
            .iter()
            .zip(whole.values.column(2))
            .all(|(a, b)| (a - b).abs() < 0.5)
    );
}

/// Resampled runs of a subject: a ball of brain that follows nothing in particular in a dim head.
fn toy_subject(study: &Path, name: &str, seed: usize) {
    let n = 15;
    let grid = Grid::new([n; 3], diagonal_affine([4.0; 3], [-28.0; 3])).unwrap();
    for run in 0..N_RUNS {
        let values = ArrayD::from_shape_fn(vec![n, n, n, N_SCANS], |p| {
            let radius: usize = (0..3).map(|axis| p[axis].abs_diff(n / 2).pow(2)).sum();
            let noise = noise(p[3] + 7 * p[0], p[1] + 17 * p[2], run + seed);
            if radius < 30 {
                1000.0 + 20.0 * noise
            } else {
                10.0 + noise
            }
        });
        let path = study.join(format!("resampled/en/{name}/func/{name}_run-{run}_bold.nii.gz"));
        Image::new(grid, values).unwrap().save(&path).unwrap();
    }
}

#[test]
fn subjects_have_masks_of_their_own_and_share_factorisations() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path();
    toy_study(study);
    for (name, seed) in [("sub-EN1", 3), ("sub-EN2", 40)] {
        toy_subject(study, name, seed);
    }
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.args(["--model", "toy", "--study"]).arg(study);
        command
    };
    let said = assert_succeeds(program().args(["--subject", "EN2"]));
    assert!(said.contains("sub-EN2/toy_en.npy: written, 2 layers"), "{said}");
    let scores = |name: &str| Scores::load(&study.join(format!("scores/{name}/toy_en.npy"))).unwrap();
    let alone = scores("sub-EN2");
    assert_eq!(alone.info.subject, "sub-EN2");
    assert!(alone.info.n_voxels > 50 && alone.values.iter().all(|r| r.abs() <= 1.0));
    // The subject's scans by hand: smoothed, cleaned, and fitted like any others.
    let mask = study.join("masks/sub-EN2.nii.gz");
    let cleaner = CleaningParams::reference().check().unwrap();
    let mut by_hand = program();
    by_hand.arg("--mask").arg(&mask).arg("--y");
    for run in 0..N_RUNS {
        let image = study.join(format!("resampled/en/sub-EN2/func/sub-EN2_run-{run}_bold.nii.gz"));
        let raw = Signals::extract(&image, &Mask::load(&mask).unwrap(), Some(4.0)).unwrap();
        let path = study.join(format!("y-{run}.npy"));
        raw.clean(&cleaner).unwrap().save(&path).unwrap();
        by_hand.arg(path);
    }
    assert_succeeds(by_hand.arg("-o").arg(study.join("by_hand.npy")));
    assert_eq!(
        Scores::load(&study.join("by_hand.npy")).unwrap().values,
        alone.values
    );
    // Together with others, and in whatever order, a subject scores the same.
    let said = assert_succeeds(program().args(["--all-subjects", "--force"]));
    assert!(
        said.find("sub-EN1").unwrap() < said.find("sub-EN2").unwrap(),
        "{said}"
    );
    assert_eq!(scores("sub-EN2").values, alone.values);
    assert_ne!(scores("sub-EN1").values, alone.values);
    assert!(study.join("scores/sub-EN1/toy_en.nii.gz").exists());
    let said = assert_succeeds(program().arg("--all-subjects"));
    assert_eq!(said.matches("up to date").count(), 2, "{said}");
}

#[test]
fn a_subject_that_does_not_fit_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path();
    toy_study(study);
    toy_subject(study, "sub-EN1", 3);
    let fit = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command
            .args(["--model", "toy", "--study"])
            .arg(study)
            .args(arguments);
        command
    };
    assert_fails(&mut fit(&["--subject", "EN9"]), &["sub-EN9", "No such file"]);
    assert_usage_error(&mut fit(&[
        "--subject",
        "EN1",
        "--all-subjects",
        "--output",
        "x.npy",
    ]));
    let last = study.join("resampled/en/sub-EN1/func/sub-EN1_run-3_bold.nii.gz");
    fs::rename(&last, study.join("kept.nii.gz")).unwrap();
    assert_fails(
        &mut fit(&["--subject", "EN1"]),
        &["toy_en.safetensors", "3 runs of scans", "expected 4"],
    );
    let whole = fs::read(study.join("kept.nii.gz")).unwrap();
    fs::write(&last, &whole[..whole.len() / 2]).unwrap();
    assert_fails(
        &mut fit(&["--subject", "EN1"]),
        &["sub-EN1_run-3_bold.nii.gz", "truncated"],
    );
    assert!(!study.join("scores").exists());
}

#[test]
fn broken_input_gives_one_line_and_no_scores() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = dir.path();
    let run = study.join("average_subject/en/run-1.npy");
    let (words, activations) = (
        study.join("words_en.csv"),
        study.join("activations/toy_en.safetensors"),
    );
    let spoil = |path: &Path, bytes: &[u8], parts: &[&str]| {
        let whole = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        assert_fails(&mut fit(study), parts);
        fs::write(path, whole).unwrap();
    };
    let cut = |path: &Path| {
        let whole = fs::read(path).unwrap();
        whole[..whole.len() * 2 / 3].to_vec()
    };
    spoil(&run, &cut(&run), &["run-1.npy", "truncated"]);
    spoil(&words, b"", &["words_en.csv", "no words"]);
    spoil(&activations, &cut(&activations), &["toy_en.safetensors"]);
    let mask = study.join("mask.nii.gz");
    spoil(&mask, &cut(&mask), &["mask.nii.gz"]);
    npy::save(&study.join("narrow.npy"), &Array2::<f32>::ones((N_SCANS, 2))).unwrap();
    spoil(
        &run,
        &fs::read(study.join("narrow.npy")).unwrap(),
        &["run-1.npy", "2 voxels", "6 as in"],
    );
    npy::save(&study.join("short.npy"), &Array2::<f32>::ones((20, N_VOXELS))).unwrap();
    spoil(
        &run,
        &fs::read(study.join("short.npy")).unwrap(),
        &["run-1.npy", "20"],
    );
    let mut unheard = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    assert_fails(
        unheard.arg("--study").arg(study).args(["--model", "unheard-of"]),
        &["unheard-of_en.safetensors"],
    );
    fs::remove_file(&run).unwrap();
    assert_fails(&mut fit(study), &["run-2.npy instead of run-1.npy"]);
    assert!(!study.join("scores").exists());
    assert_usage_error(fit(study).args(["--alphas", "zero"]));
    assert_usage_error(fit(study).args(["--threads", "0"]));
}

/// A study of scans as scikit-learn saw it, `fixtures/encoding/make.py`; features are of scans, nothing is trimmed.
fn golden_study(folder: &Path) -> serde_json::Value {
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

fn golden_fit(study: &Path) -> Command {
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
        command.args(["--controls", "wordrate,b", "--candidates", "1", "--layer", "1"]);
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
        (vec![4, 1, 2], "unique_r2")
    );
    assert!(assert_succeeds(&mut joint()).contains("golden_en_joint.npy: up to date"));
    let said = assert_succeeds(golden_fit(study).args(["--controls", "all", "--candidates", "3"]));
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
            said.contains("golden_en_nulls.npy: written, layer 1, 99 nulls"),
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
        assert_eq!((info.n_nulls, info.layer, info.rows.len()), (99, 1, 6));
        assert!(info.mean_score.p <= 0.05 && info.l_minus_r.pairs.is_some());
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

#[test]
fn no_name_leads_out_of_the_study() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path().join("a/study");
    fs::create_dir_all(&study).unwrap();
    toy_study(&study);
    let activations = study.join("activations/toy_en.safetensors");
    fs::copy(activations, dir.path().join("a/evil_en.safetensors")).unwrap();
    let call = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.arg("--study").arg(&study).args(flags);
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {stderr}");
        assert!(stderr.contains("cannot be the name of a"), "{flags:?}: {stderr}");
    };
    for model in ["../../evil", "/evil", "..", "a/../evil", "evil/"] {
        call(&["--model", model]);
    }
    call(&["--model", "toy", "--subject", "../evil"]);
    call(&["--model", "toy", "--controls", "wordrate,../../evil"]);
    for config in [
        "[models]\nen = [\"../../evil\"]",
        "[baselines]\nen = [\"/evil\"]",
        "[subjects]\nen = [\"../evil\"]",
    ] {
        fs::write(study.join("lpp.toml"), config).unwrap();
        assert_fails(
            &mut fit(&study),
            &["lpp.toml", "evil", "line 2", "cannot be the name"],
        );
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 2);
    assert!(!study.join("scores").exists());
}

#[test]
fn a_model_of_an_organisation_has_one_file_in_both_spellings() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let activations = dir.path().join("activations");
    for name in ["org1--tiny", "org2--tiny"] {
        let copy = activations.join(format!("{name}_en.safetensors"));
        fs::copy(activations.join("toy_en.safetensors"), copy).unwrap();
    }
    let call = |model: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command
            .arg("--study")
            .arg(dir.path())
            .args(["--model", model, "--mask"]);
        command.arg(dir.path().join("mask.nii.gz"));
        assert_succeeds(&mut command)
    };
    assert!(call("org1/tiny").contains("scores/org1--tiny_en.npy: written"));
    assert!(call("org1--tiny").contains("scores/org1--tiny_en.npy: up to date"));
    assert!(call("org2/tiny").contains("scores/org2--tiny_en.npy: written"));
    let info = Scores::load_info(&dir.path().join("scores/org1--tiny_en.npy")).unwrap();
    assert_eq!(info.model, "org1/tiny");
}

#[test]
fn what_is_missing_comes_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let call = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.arg("--study").arg(dir.path()).args(flags);
        command
    };
    for (flags, parts) in [
        (
            &["--model", "nix"][..],
            &["nix_en.safetensors", "lpp-extract --model nix", "there is toy"][..],
        ),
        (&["--model", "tyo"], &["tyo_en.safetensors", "did you mean toy?"]),
        (&["--model", "glove"], &["glove_en.safetensors", "lpp-glove"]),
        (&["--model", "random_vector_3d_seed1"], &["lpp-random"]),
        (
            &["--model", "toy"],
            &["mask_lpp_en.nii.gz", "lpp-mask", "lpp-fetch"],
        ),
        (
            &["--model", "toy", "--subject", "01"],
            &["sub-01", "lpp-resample"],
        ),
        (
            &["--model", "toy", "--all-subjects"],
            &["resampled/en", "lpp-resample"],
        ),
    ] {
        assert_fails(&mut call(flags), parts);
    }
    assert_fails(
        fit(dir.path()).args(["--controls", "wordrate"]),
        &["control_wordrate_en", "lpp-controls --controls wordrate"],
    );
    let run = dir.path().join("average_subject/en/run-2.npy");
    let scans = fs::read(&run).unwrap();
    fs::remove_file(&run).unwrap();
    assert_fails(&mut fit(dir.path()), &["run-2.npy", "lpp-average"]);
    fs::write(&run, scans).unwrap();
    fs::remove_file(dir.path().join("words_en.csv")).unwrap();
    assert_fails(&mut fit(dir.path()), &["words_en.csv", "lpp-extract"]);
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    nowhere
        .args(["--model", "toy", "--study"])
        .arg(dir.path().join("nowhere"));
    assert_fails(&mut nowhere, &["nowhere", "no such folder", "lpp-run init"]);
}

#[test]
fn files_of_the_user_are_not_overwritten() {
    for name in ["scores/toy_en.npy", "scores/toy_en.json", "scores/toy_en.nii.gz"] {
        let dir = tempfile::tempdir().unwrap();
        toy_study(dir.path());
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "precious").unwrap();
        assert_fails(
            &mut fit(dir.path()),
            &[name, "was not made by lpp-fit", "--force"],
        );
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        assert_eq!(fs::read_dir(dir.path().join("scores")).unwrap().count(), 1);
        assert_succeeds(fit(dir.path()).arg("--force"));
        assert_ne!(fs::read(&path).unwrap(), b"precious");
        assert_succeeds(fit(dir.path()).args(["--precision", "f64"]));
    }
}

#[test]
fn a_name_without_the_ending_of_its_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    for name in ["scores.txt", "scores", "folder/", ".npy"] {
        let mut command = fit(dir.path());
        command.arg("-o").arg(dir.path().join(name));
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains("a name that ends in .npy"), "{name}: {stderr}");
    }
}

#[test]
fn a_flag_replaces_a_bad_setting() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    for alphas in ["alphas = \"ten\"", "alphas = 10", "alphas = \"1,-1\""] {
        fs::write(dir.path().join("lpp.toml"), format!("trim_scans = 4\n{alphas}\n")).unwrap();
        assert_fails(&mut fit(dir.path()), &["lpp.toml", "line 2"]);
        assert_succeeds(fit(dir.path()).args(["--alphas", "1,10"]));
    }
}

#[test]
fn folders_that_are_not_utf8_are_as_good_as_others() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    for name in [&b"n\xff"[..], b"\xc3\x28", b"it's $'here'"] {
        let study = dir.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir(&study).unwrap();
        toy_study(&study);
        assert!(assert_succeeds(&mut fit(&study)).contains("written"));
        assert!(assert_succeeds(&mut fit(&study)).contains("up to date"));
        let made = Provenance::load(&study.join("scores/toy_en.npy")).unwrap();
        assert!(
            made.inputs.iter().all(|input| input.path.exists()),
            "{:?}",
            made.inputs
        );
    }
}

#[test]
fn stdout_that_is_full_is_one_line() {
    for flags in [
        &["--completions", "bash"][..],
        &["--help"],
        &["--man"],
        &["--version"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.args(flags);
        command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
        assert_fails(&mut command, &["cannot write to stdout"]);
    }
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let mut command = fit(dir.path());
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    assert_fails(&mut command, &["cannot write to stdout"]);
}

#[test]
fn help_is_plain_and_quiet_is_quiet() {
    let help = assert_succeeds(Command::new(env!("CARGO_BIN_EXE_lpp-fit")).arg("--help"));
    assert!(
        !help.contains('`') && help.contains("MODEL_LANG_nested.npy"),
        "{help}"
    );
    assert!(help.contains("--man") && help.contains("--completions"), "{help}");
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let output = fit(dir.path()).arg("-q").output().unwrap();
    assert!(
        output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    let json = assert_succeeds(fit(dir.path()).arg("--json"));
    let summary: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(summary["outputs"][0]["n_layers"], 2);
    let output = fit(dir.path()).arg("-v").output().unwrap();
    assert!(!output.stderr.is_empty());
}
