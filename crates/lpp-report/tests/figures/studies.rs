//! Toy studies and their figures.

use lpp_analysis::{Analysis, AnalysisJob};
use lpp_files::Silent;
use lpp_report::{Format, ReportJob, Theme};
use lpp_steps::Software;
use lpp_study::{Language, ModelKind};
use ndarray::Array2;

use crate::common::ToyStudy;

const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};

pub(crate) fn job(toy: &ToyStudy) -> ReportJob {
    AnalysisJob {
        force: true,
        ..AnalysisJob::new(toy.study(), Language::English, Analysis::All)
    }
    .run(SOFTWARE, &Silent)
    .unwrap();
    ReportJob {
        study: toy.study(),
        lang: Language::English,
        output: None,
        figures: None,
        mask: None,
        formats: vec![Format::Svg],
        theme: Theme::Light,
        dpi: 300,
        surface: None,
        force: true,
    }
}

/// Names and drawings of all figures.
pub(crate) fn figures(toy: &ToyStudy) -> Vec<(String, String)> {
    let files = job(toy).run(SOFTWARE, &Silent).unwrap().figures;
    files
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap();
            let id = name.strip_suffix("_en.svg").unwrap().to_owned();
            (id, std::fs::read_to_string(file).unwrap())
        })
        .collect()
}

pub(crate) fn files(toy: &ToyStudy, formats: Vec<Format>) -> Vec<std::path::PathBuf> {
    let job = ReportJob {
        formats,
        dpi: 40,
        theme: Theme::Dark,
        ..job(toy)
    };
    job.run(SOFTWARE, &Silent).unwrap().figures
}

pub(crate) fn full() -> Vec<(String, String)> {
    figures(&ToyStudy::full())
}

pub(crate) fn one_model() -> Vec<(String, String)> {
    figures(&ToyStudy::new().with_model("only", ModelKind::Model, Some(1_000), 0.1, 0.01))
}

/// One voxel in three has no score, and a whole layer has none.
pub(crate) fn with_nan() -> Vec<(String, String)> {
    let toy = ToyStudy::full();
    let n = toy.n_voxels();
    let values = Array2::from_shape_fn((3, n), |(layer, voxel)| {
        if layer == 1 || voxel % 3 == 0 {
            f32::NAN
        } else {
            0.1 + 0.01 * (voxel % 7) as f32
        }
    });
    figures(&toy.with_scores("holes", ModelKind::Model, Some(50_000), values))
}

pub(crate) fn without_baselines() -> Vec<(String, String)> {
    let mut toy = ToyStudy::new();
    for (i, size) in [1_000_u64, 10_000, 100_000].into_iter().enumerate() {
        let level = 0.1 + 0.01 * i as f64;
        toy = toy.with_model(&format!("gpt2-{size}"), ModelKind::Model, Some(size), level, 0.01);
    }
    figures(&toy)
}

/// Two hundred models of 67 families, many of nearly the same size and score.
pub(crate) fn two_hundred() -> Vec<(String, String)> {
    let mut toy = ToyStudy::new().with_isc();
    for i in 0..200_u64 {
        let name = format!("family{}-instruct-{i}b-chat-v0.1", i % 67);
        let size = 1_000_000 + 40_000_000 * (i % 23);
        let level = 0.05 + 0.0004 * (i % 31) as f64 + 1e-10 * size as f64;
        toy = toy.with_model(&name, ModelKind::Model, Some(size), level, 0.001 * (i % 5) as f64);
    }
    for seed in 1..=3 {
        let name = format!("random_embedding_300d_seed{seed}");
        toy = toy.with_model(&name, ModelKind::Baseline, None, 0.02, 0.0);
    }
    figures(&toy)
}
