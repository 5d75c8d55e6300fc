//! What has to be downloaded before a plan can run: the inputs that are missing and that no step makes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lpp_study::{Language, Study};

use crate::estimate::{Cost, Estimator};
use crate::features::Features;
use crate::plan::relative;
use crate::size::{StudySize, model_size};
use crate::step::{Check, Parameters, Step};

/// Bytes a second of a connection, for the estimate: 100 Mbit/s.
const BYTES_PER_S: f64 = 12.5e6;
/// The archive of GloVe vectors, bytes.
const GLOVE_BYTES: u64 = 862_182_613;

/// The steps that bring what `steps` lack.
pub(crate) fn steps(study: &Study, steps: &[Step], languages: &[Language]) -> Vec<Step> {
    let made: BTreeSet<&PathBuf> = steps.iter().flat_map(|s| s.outputs.iter().map(|o| &o.path)).collect();
    let mut missing: Vec<PathBuf> = Vec::new();
    for input in steps.iter().flat_map(|step| &step.inputs) {
        if !made.contains(input) && !missing.contains(input) && !study.root().join(input).exists() {
            missing.push(input.clone());
        }
    }
    let mut fetched: Vec<Step> = languages.iter().flat_map(|lang| of_language(study, *lang, &missing)).collect();
    fetched.extend(glove(study, &missing));
    fetched.extend(models(study, steps, &missing));
    fetched
}

fn fetch(id: String, bytes: u64, arguments: &[&str], outputs: Vec<PathBuf>) -> Step {
    let cost = Cost {
        seconds: bytes as f64 / BYTES_PER_S,
        memory_bytes: 64 << 20,
        disk_bytes: bytes,
        scratch_bytes: 0,
    };
    let mut step = Step::new(id, "lpp-fetch", cost).arguments(arguments.iter().copied());
    step.check = Check::Presence;
    outputs.into_iter().fold(step, |step, path| step.output(path, &[], &Parameters::default()))
}

/// Annotation, text, scans of subjects, or the authors' average subject.
fn of_language(study: &Study, lang: Language, missing: &[PathBuf]) -> Vec<Step> {
    let size = StudySize::of(study, lang);
    let lacks = |path: &Path| missing.iter().find(|m| **m == relative(study, path)).cloned();
    let code = lang.code();
    let mut steps = Vec::new();
    if let Some(annotation) = lacks(&study.annotation(lang)) {
        let arguments = ["annotation", "--study", ".", "--lang", code];
        steps.push(fetch(format!("fetch:annotation:{lang}"), 1_100_000, &arguments, vec![annotation]));
    }
    if let Some(text) = lacks(&study.text(lang)) {
        let arguments = ["text", "--study", ".", "--lang", code];
        steps.push(fetch(format!("fetch:text:{lang}"), 50_000, &arguments, vec![text]));
    }
    let prefix = format!("sub-{}", lang.folder());
    let of_subject = |path: &PathBuf| {
        let mut parts = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        (parts.next()? == "derivatives").then_some(())?;
        parts.next().filter(|name| name.starts_with(&prefix))
    };
    let subjects: Vec<String> = missing.iter().filter_map(of_subject).collect();
    if !subjects.is_empty() {
        let estimator = Estimator { size: &size, threads: 1 };
        let bytes = estimator.derivative_bytes() * subjects.len() as u64;
        let mut arguments = vec!["scans", "--study", ".", "--lang", code];
        for subject in &subjects {
            arguments.extend(["--subject", subject.strip_prefix("sub-").unwrap_or(subject)]);
        }
        let folders = subjects.iter().map(|s| Path::new("derivatives").join(s).join("func"));
        let mut step = fetch(format!("fetch:scans:{lang}"), bytes, &arguments, folders.collect());
        step.brings_inputs = true;
        steps.push(step);
    }
    let runs = (0..size.n_runs()).map(|run| study.average_run(lang, run));
    let given: Vec<PathBuf> =
        runs.chain([study.mask(lang), study.isc(lang)]).filter_map(|path| lacks(&path)).collect();
    if !given.is_empty() {
        let bytes = size.n_scans.iter().sum::<u64>() * size.n_voxels * 4;
        let arguments = ["average", "--study", ".", "--lang", code];
        steps.push(fetch(format!("fetch:average:{lang}"), bytes, &arguments, given));
    }
    steps
}

fn glove(study: &Study, missing: &[PathBuf]) -> Option<Step> {
    let file = relative(study, &study.glove());
    missing
        .contains(&file)
        .then(|| fetch("fetch:glove".to_owned(), GLOVE_BYTES, &["glove", "--study", "."], vec![file]))
}

fn models(study: &Study, steps: &[Step], missing: &[PathBuf]) -> Vec<Step> {
    let mut fetched: Vec<Step> = Vec::new();
    for step in steps.iter().filter(|step| step.program == "lpp-extract") {
        let Some(place) = step.arguments.iter().position(|argument| argument == "--model") else {
            continue;
        };
        let Some(folder) = step.arguments.get(place + 1) else {
            continue;
        };
        let configuration = relative(study, &study.model_dir(folder).join("config.json"));
        let id = format!("fetch:model:{folder}");
        if missing.contains(&configuration) && !fetched.iter().any(|step| step.id == id) {
            let arguments = ["model", Features::published_name(folder), "--study", "."];
            let mut step = fetch(id, weights_bytes(study, folder), &arguments, vec![configuration]);
            if let Some((_, moment)) = folder.rsplit_once("_step") {
                let revision = format!("step{moment}");
                step = step.arguments(["--revision", &revision, "--name", folder]);
            }
            fetched.push(step);
        }
    }
    fetched
}

/// Weights as they are mostly published: small models in f32, large ones in 16 bits.
fn weights_bytes(study: &Study, folder: &str) -> u64 {
    let n_parameters = model_size(study, folder).map_or(0, |size| size.n_parameters);
    n_parameters * if n_parameters < 2_000_000_000 { 4 } else { 2 }
}
