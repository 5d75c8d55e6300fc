//! The table of all pairs of weights and words.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::ToyStudy;
use lpp_analysis::TransfersJob;
use lpp_files::npy;
use lpp_steps::Software;
use lpp_study::{Language, ModelKind, ModelSource, Scores, Study, Transfer};
use lpp_tables::Transfers;
use ndarray::{Array2, array};

const SOFTWARE: Software = Software {
    program: "test",
    version: "1",
    commit: None,
};
const NAN: f32 = f32::NAN;

fn rows(studies: Vec<Study>) -> Vec<Transfers> {
    let job = TransfersJob {
        studies,
        force: false,
    };
    job.run(SOFTWARE).unwrap().rows().unwrap()
}

/// Scores in `scores/transfer-FOLDER` of weights from `study`, whose validation means are these.
fn add(toy: &ToyStudy, folder: &str, values: Array2<f32>, study: &str, means: [Option<f64>; 2]) -> PathBuf {
    let mut info = Scores::load_info(&toy.study().scores("toy", Language::English)).unwrap();
    info.transfer = Some(Transfer {
        source: ModelSource {
            study: study.to_owned(),
            lang: Language::French,
            subject: "average".to_owned(),
            words_sha256: None,
        },
        model_sha256: "00".to_owned(),
        validation_means: means.to_vec(),
        n_common_voxels: 4,
    });
    let path = toy.path().join(format!("scores/transfer-{folder}/toy_en.npy"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    Scores { values, info }.save(&path).unwrap();
    npy::save(&path.with_file_name("toy_en_runs.npy"), &array![[0.5_f32]]).unwrap();
    path
}

fn toy() -> ToyStudy {
    let own = array![[0.1_f32, 0.2, 0.3, 0.4], [0.2, NAN, 0.4, 0.6]];
    ToyStudy::new().with_scores("toy", ModelKind::Model, Some(12), own)
}

#[test]
fn the_source_chooses_the_layer_and_means_are_over_the_same_voxels() {
    let toy = toy();
    add(
        &toy,
        "one",
        array![[0.4, 0.4, 0.4, 0.4], [0.1, 0.3, NAN, 0.2]],
        "one",
        [Some(0.05), Some(0.06)],
    );
    add(
        &toy,
        "two",
        array![[0.4, 0.4, 0.4, 0.4], [0.1, 0.3, NAN, 0.2]],
        "two",
        [None, None],
    );
    let found = rows(vec![toy.study()]);
    let sources: Vec<&str> = found.iter().map(|row| row.source_study.as_str()).collect();
    let own = ModelSource::name_of(&toy.study());
    assert!(sources.contains(&"one") && sources.contains(&"two") && sources.contains(&own.as_str()));
    assert_eq!(found.len(), 3);
    let of = |name: &str| found.iter().find(|row| row.source_study == name).unwrap();
    let one = of("one");
    // Voxels 0 and 3 have both scores in layer 1.
    assert_eq!((one.layer, one.n_voxels, one.best_layer), (Some(1), 2, Some(0)));
    let close = |a: f64, b: f64| (a - b).abs() < 1e-7; // scores are stored in single precision
    assert!(close(one.score, 0.15) && close(one.own_score, 0.4) && close(one.share, 0.375));
    assert!(close(one.best_layer_score, 0.4));
    assert_eq!(
        (
            one.source_lang.as_str(),
            one.target_lang.as_str(),
            one.metric.as_str()
        ),
        ("fr", "en", "pearson")
    );
    let two = of("two");
    assert!(two.layer.is_none() && two.score.is_nan() && two.best_layer == Some(0));
    let own = of(&own);
    assert!(own.layer.is_none() && own.best_layer == Some(1) && close(own.best_layer_score, 0.4));
    assert!(toy.path().join("results/transfer.csv").exists());
}

#[test]
fn other_studies_are_rows_of_the_same_table() {
    let (first, second) = (toy(), toy());
    add(
        &first,
        "b",
        array![[0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]],
        "b",
        [Some(0.2), Some(0.1)],
    );
    let path = add(
        &second,
        "a",
        array![[0.2, 0.2, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1]],
        "a",
        [Some(0.2), Some(0.1)],
    );
    let found = rows(vec![first.study(), second.study()]);
    assert_eq!(found.len(), 4);
    let target = |source: &str| {
        &found
            .iter()
            .find(|row| row.source_study == source)
            .unwrap()
            .target_study
    };
    assert_eq!(*target("a"), ModelSource::name_of(&second.study()));
    assert_eq!(*target("b"), ModelSource::name_of(&first.study()));
    // Own scores that lpp-fit --apply did not write are refused there.
    let mut plain = Scores::load(&path).unwrap();
    plain.info.transfer = None;
    plain.save(&path).unwrap();
    let job = TransfersJob {
        studies: vec![second.study()],
        force: false,
    };
    let error = job.run(SOFTWARE).unwrap_err().to_string();
    assert!(
        error.contains("found scores of a fit, expected scores of kept weights"),
        "{error}"
    );
}

#[test]
fn a_study_without_transfers_says_what_makes_them() {
    let toy = toy();
    let job = TransfersJob {
        studies: vec![toy.study()],
        force: false,
    };
    let error = job.run(SOFTWARE).unwrap_err().to_string();
    assert!(
        error.contains("no scores in folders transfer-NAME") && error.contains("lpp-fit --apply"),
        "{error}"
    );
}
