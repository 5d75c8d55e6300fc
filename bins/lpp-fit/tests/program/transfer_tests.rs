//! Weights that are kept, and applied to other words and scans.

use super::*;

use lpp_fmri::surface::{Cifti, Grayordinates, SurfaceMask};
use lpp_study::KeptModel;
use ndarray::{Array3, Axis, s};

/// Another story of the toy: other words, fewer runs, other scans, voxels of `inside`.
fn other_story(folder: &Path, inside: std::ops::Range<usize>, n_hidden: usize) {
    let study = Study::open(folder).unwrap();
    let n_voxels = inside.len();
    let shapes = [0, 1].map(|layer| LayerShape {
        run: 0,
        layer,
        n_words: N_WORDS,
        n_hidden,
    });
    let facts = [("family", "gpt2"), ("n_parameters", "123")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let path = study.activations("toy", Language::English);
    let mut writer = ActivationsWriter::create(&path, &shapes, &BTreeMap::from(facts)).unwrap();
    for s in &shapes {
        let values = Array2::from_shape_fn((N_WORDS, n_hidden), |(i, j)| noise(i + 900, j, s.layer));
        writer.write(s.run, s.layer, &values).unwrap();
    }
    writer.commit().unwrap();
    let words = (0..N_WORDS).map(|word_index| TimedWord {
        run: 0,
        word_index,
        word: "w".into(),
        onset_s: 1.2 * word_index as f64,
        offset_s: 1.2 * word_index as f64 + 0.5,
    });
    let path = study.words(Language::English);
    WordTable::new(words.collect(), &path)
        .unwrap()
        .save(&path)
        .unwrap();
    let scans = Array2::from_shape_fn((N_SCANS, n_voxels), |(i, j)| noise(i, j, 77));
    npy::save(&study.average_run(Language::English, 0), &scans).unwrap();
    let inside = Array3::from_shape_fn(Grid::working().shape(), |(i, j, k)| {
        j == 20 && k == 20 && inside.contains(&i)
    });
    Mask::new(Grid::working(), inside)
        .unwrap()
        .save(&folder.join("mask.nii.gz"))
        .unwrap();
}

fn kept(study: &Path) -> String {
    study.join("scores/toy_en_model").to_string_lossy().into_owned()
}

/// A study whose model is kept, in a folder of this name.
fn source(name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path().join(name);
    fs::create_dir(&study).unwrap();
    toy_study(&study);
    assert_succeeds(fit(&study).args(["--keep-model", "--no-canary", "--precision", "f64"]));
    dir
}

#[test]
fn a_model_is_kept_once_and_describes_itself() {
    let dir = source("first");
    let study = dir.path().join("first");
    let model = KeptModel::load(&study.join("scores/toy_en_model/model.json")).unwrap();
    assert_eq!(
        (model.source.study.as_str(), model.model.as_str(), model.n_voxels),
        ("first", "toy", N_VOXELS)
    );
    assert_eq!(model.layers.len(), 2);
    assert!(
        model
            .layers
            .iter()
            .all(|layer| layer.n_features == 3 && layer.alpha.is_some())
    );
    let words = WordTable::load(&study.join("words_en.csv")).unwrap();
    assert_eq!(model.source.words_sha256, Some(words.sha256()));
    let scores = Scores::load_info(&study.join("scores/toy_en.npy")).unwrap();
    assert_eq!(scores.words_sha256, Some(words.sha256()));
    let said = assert_succeeds(fit(&study).args(["--keep-model", "--no-canary", "--precision", "f64"]));
    assert!(said.contains("model.json: up to date, 2 layers"), "{said}");
}

#[test]
fn the_weights_of_all_runs_score_a_run_as_lpp_ridge_predicts_it() {
    let dir = source("first");
    let other = tempfile::tempdir().unwrap();
    other_story(other.path(), 16..22, 3);
    let model = kept(&dir.path().join("first"));
    let said = assert_succeeds(fit(other.path()).args(["--apply", &model]));
    assert!(
        said.contains("scores/transfer-first-en/toy_en.npy: written, 2 layers, 6 voxels"),
        "{said}"
    );
    let path = other.path().join("scores/transfer-first-en/toy_en.npy");
    let scores = Scores::load(&path).unwrap();
    let transfer = scores.info.transfer.as_ref().unwrap();
    assert_eq!(
        (transfer.source.study.as_str(), transfer.n_common_voxels),
        ("first", N_VOXELS)
    );
    assert!(transfer.validation_means.iter().all(Option::is_some));
    // One run: its scores are those of the run.
    let runs = npy::load_f32_matrix(&other.path().join("scores/transfer-first-en/toy_en_runs.npy")).unwrap();
    let best = scores.values.fold_axis(Axis(0), f32::NAN, |a, b| a.max(*b));
    assert_eq!(runs.row(0), best);
    assert_eq!(scores.info.test_folds, ["0"]);
    let weights = lpp_ridge::RidgeModel::<f64>::load(&Path::new(&model).join("layer-1.safetensors")).unwrap();
    let predicted = weights.predict(&features_of_run(other.path())).unwrap();
    let observed = npy::load_f64_matrix(&other.path().join("average_subject/en/run-0.npy")).unwrap();
    let observed = observed.slice(s![10..N_SCANS - 10, ..]);
    for voxel in 0..N_VOXELS {
        let (a, b) = (predicted.column(voxel), observed.column(voxel));
        let (a, b) = (&a - a.mean().unwrap(), &b - b.mean().unwrap());
        let r = a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt();
        // Scores are stored in single precision, and scans are standardised in it.
        assert!((f64::from(scores.values[[1, voxel]]) - r).abs() < 1e-6, "{voxel}");
    }
    assert!(assert_succeeds(fit(other.path()).args(["--apply", &model])).contains("up to date"));
}

/// Standardised features of the second layer.
fn features_of_run(folder: &Path) -> Array2<f64> {
    let study = Study::open(folder).unwrap();
    let words = WordTable::load(&study.words(Language::English)).unwrap();
    let times = |of: fn(&TimedWord) -> f64| words.words().iter().map(of).collect::<Vec<_>>();
    let activations = lpp_files::Activations::open(&study.activations("toy", Language::English)).unwrap();
    let operator = lpp_fmri::RegressorOperator::new(
        &times(|word| word.onset_s),
        &times(|word| word.offset_s),
        N_SCANS,
        2.0,
        &lpp_fmri::Hrf::default(),
    );
    let scans = operator
        .unwrap()
        .apply(&activations.layer(0, 1).unwrap())
        .unwrap();
    lpp_ridge::trim_and_standardise(&scans, 10).unwrap()
}

#[test]
fn voxels_are_those_at_the_same_place_and_others_have_no_score() {
    let dir = source("first");
    let model = kept(&dir.path().join("first"));
    let (same, wider) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    other_story(same.path(), 16..22, 3);
    other_story(wider.path(), 14..22, 3);
    let run = wider.path().join("average_subject/en/run-0.npy");
    let mut scans = npy::load_f32_matrix(&run).unwrap();
    let own = npy::load_f32_matrix(&same.path().join("average_subject/en/run-0.npy")).unwrap();
    scans.slice_mut(s![.., 2..]).assign(&own);
    npy::save(&run, &scans).unwrap();
    for folder in [&same, &wider] {
        assert_succeeds(fit(folder.path()).args(["--apply", &model, "--variant", "it"]));
    }
    let of = |folder: &tempfile::TempDir| {
        Scores::load(&folder.path().join("scores/transfer-it/toy_en.npy")).unwrap()
    };
    let (same, wider) = (of(&same), of(&wider));
    assert_eq!(wider.values.slice(s![.., 2..]), same.values);
    assert!(wider.values.slice(s![.., ..2]).iter().all(|r| r.is_nan()));
    assert_eq!(wider.info.n_nan_voxels, [2, 2]);
}

const ON_MESH: &str = "mask_space-fsLR.dscalar.nii";

/// A mask of these vertices of a left hemisphere; both meshes have `n_mesh`.
fn surface_mask(file: &Path, n_mesh: usize, inside: std::ops::Range<usize>) {
    let whole = Grayordinates::of_hemispheres([n_mesh; 2], file).unwrap();
    let inside: Vec<bool> = (0..whole.len()).map(|vertex| inside.contains(&vertex)).collect();
    SurfaceMask::new(whole, &inside, file)
        .unwrap()
        .save(file)
        .unwrap();
}

#[test]
fn weights_on_a_surface_know_their_mesh() {
    let (first, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    toy_study(first.path());
    surface_mask(&first.path().join(ON_MESH), 30, 16..22);
    assert_succeeds(fit_in(first.path(), ON_MESH).args(["--keep-model", "--no-canary"]));
    let model = kept(first.path());
    assert!(Path::new(&model).join(ON_MESH).exists());
    other_story(other.path(), 14..22, 3);
    surface_mask(&other.path().join(ON_MESH), 30, 14..22);
    let apply = |mask| {
        let mut command = fit_in(other.path(), mask);
        command.args(["--apply", &model, "--variant", "it"]);
        command
    };
    assert_succeeds(&mut apply(ON_MESH));
    let scores = Scores::load(&other.path().join("scores/transfer-it/toy_en.npy")).unwrap();
    assert!(scores.values.slice(s![.., ..2]).iter().all(|r| r.is_nan()));
    assert!(scores.values.slice(s![.., 2..]).iter().all(|r| r.is_finite()));
    let map = Cifti::load(&other.path().join("scores/transfer-it/toy_en.dscalar.nii")).unwrap();
    let best = scores.values.fold_axis(Axis(0), f32::NAN, |a, b| a.max(*b));
    assert_eq!(map.values.slice(s![0, 16..22]), best.slice(s![2..]));
    surface_mask(&other.path().join(ON_MESH), 31, 14..22);
    assert_fails(
        &mut apply(ON_MESH),
        &[
            "fsLR.dscalar.nii: found a mesh of 31 vertices",
            "bring both on one grid",
            "or one mesh",
        ],
    );
    assert_fails(
        &mut apply("mask.nii.gz"),
        &["mask.nii.gz: found a mask of a volume"],
    );
}

#[test]
fn what_does_not_fit_the_model_is_refused() {
    let dir = source("first");
    let model = kept(&dir.path().join("first"));
    let other = tempfile::tempdir().unwrap();
    let apply = || {
        let mut command = fit(other.path());
        command.args(["--apply", &model]);
        command
    };
    other_story(other.path(), 0..3, 3);
    assert_fails(
        &mut apply(),
        &["a mask without a place in common, expected the places of"],
    );
    other_story(other.path(), 16..22, 4);
    assert_fails(
        &mut apply(),
        &["features have 4 columns, the model was fitted on 3"],
    );
    other_story(other.path(), 16..22, 3);
    let coarse = Grid::new([40, 30, 30], diagonal_affine([5.0; 3], [0.0; 3])).unwrap();
    let inside = Array3::from_shape_fn((40, 30, 30), |(i, j, k)| {
        j == 20 && k == 20 && (16..22).contains(&i)
    });
    Mask::new(coarse, inside)
        .unwrap()
        .save(&other.path().join("mask.nii.gz"))
        .unwrap();
    assert_fails(
        &mut apply(),
        &["mask.nii.gz: found another grid", "bring both on one grid"],
    );
    other_story(other.path(), 16..22, 3);
    assert_fails(
        apply().args([
            "--activations",
            dir.path().join("first/words_en.csv").to_str().unwrap(),
        ]),
        &["words_en.csv"],
    );
    // Scores of other weights under the same name are not replaced.
    assert_succeeds(&mut apply());
    let second = source("first");
    let study = second.path().join("first");
    let mut words = fs::read_to_string(study.join("words_en.csv")).unwrap();
    words = words.replacen("0,0,w,", "0,0,owl,", 1);
    fs::write(study.join("words_en.csv"), words).unwrap();
    assert_succeeds(fit(&study).args(["--keep-model", "--no-canary"]));
    assert_fails(
        fit(other.path()).args(["--apply", &kept(&study)]),
        &["it has the scores of other weights", "--variant"],
    );
    assert_succeeds(fit(other.path()).args(["--apply", &kept(&study), "--force"]));
    // Weights that were changed by hand.
    let layer = dir.path().join("first/scores/toy_en_model/layer-0.safetensors");
    let mut bytes = fs::read(&layer).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&layer, bytes).unwrap();
    assert_fails(
        apply().arg("--force"),
        &[
            "layer-0.safetensors: found a file with the hash",
            "--keep-model --force",
        ],
    );
    fs::remove_file(&layer).unwrap();
    assert_fails(apply().arg("--force"), &["layer-0.safetensors"]);
    assert_usage_error(apply().args(["--hrf", "spm"]));
    assert_fails(
        fit(other.path()).args(["--apply", other.path().to_str().unwrap()]),
        &["model.json"],
    );
}

#[test]
fn responses_that_count_scans_need_the_same_repetition_time() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let other = tempfile::tempdir().unwrap();
    other_story(other.path(), 16..22, 3);
    let model = kept(dir.path());
    assert_succeeds(fit(dir.path()).args(["--keep-model", "--no-canary", "--hrf", "fir:1,2"]));
    assert_succeeds(fit(other.path()).args(["--apply", &model]));
    assert_fails(
        fit(other.path()).args(["--apply", &model, "--tr", "1.9"]),
        &[
            "a repetition time of 1.9 s, expected 2 s",
            "its features count scans",
        ],
    );
    assert_succeeds(fit(dir.path()).args(["--keep-model", "--no-canary"]));
    let said = fit(other.path())
        .args(["--apply", &model, "--tr", "1.9"])
        .output()
        .unwrap();
    assert!(said.status.success());
    assert!(String::from_utf8_lossy(&said.stderr).contains("the response is in seconds"));
}

#[test]
fn features_of_other_words_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let study = Study::open(dir.path()).unwrap();
    let path = study.activations("toy", Language::English);
    let old = lpp_files::Activations::open(&path).unwrap();
    let layers: Vec<(LayerShape, Array2<f32>)> = (0..N_RUNS)
        .flat_map(|run| [(run, 0), (run, 1)])
        .map(|(run, layer)| {
            let values = old.layer(run, layer).unwrap();
            let (n_words, n_hidden) = values.dim();
            (
                LayerShape {
                    run,
                    layer,
                    n_words,
                    n_hidden,
                },
                values,
            )
        })
        .collect();
    let words = WordTable::load(&study.words(Language::English)).unwrap().sha256();
    let write = |hash: &str| {
        let shapes: Vec<LayerShape> = layers.iter().map(|(shape, _)| *shape).collect();
        let metadata = BTreeMap::from([(WordTable::HASH_KEY.to_owned(), hash.to_owned())]);
        let mut writer = ActivationsWriter::create(&path, &shapes, &metadata).unwrap();
        for (shape, values) in &layers {
            writer.write(shape.run, shape.layer, values).unwrap();
        }
        writer.commit().unwrap();
    };
    write(&"0".repeat(64));
    assert_fails(
        fit(dir.path()).arg("--no-canary"),
        &[
            "toy_en.safetensors: found features of other words (words_sha256 000000000000)",
            "make the features again",
        ],
    );
    write(&words);
    assert_succeeds(fit(dir.path()).arg("--no-canary"));
}
