//! What has to be downloaded before a plan can run: the inputs that are missing and that no step makes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lpp_study::{Language, Study};

use crate::estimate::{Cost, Estimator};
use crate::given::own_data;
use crate::plan::relative;
use crate::size::{StudySize, model_size};
use crate::step::{Check, Parameters, Step};

/// Bytes a second of a connection, for the estimate: 100 Mbit/s.
const BYTES_PER_S: f64 = 12.5e6;
/// The archive of GloVe vectors, bytes.
const GLOVE_BYTES: u64 = 862_182_613;

/// Configuration and tokenizer of a model, bytes.
const CONFIGURATION_BYTES: u64 = 3_000_000;

/// The steps that bring what `steps` lack; those that run a model that is not in the study will wait for it.
pub(crate) fn steps(study: &Study, steps: &mut [Step], languages: &[Language]) -> Vec<Step> {
    let models = models(study, steps);
    let made: BTreeSet<&PathBuf> = steps
        .iter()
        .flat_map(|s| s.outputs.iter().map(|o| &o.path))
        .collect();
    let mut missing: Vec<PathBuf> = Vec::new();
    for input in steps.iter().flat_map(|step| &step.inputs) {
        if !made.contains(input) && !missing.contains(input) && !study.root().join(input).exists() {
            missing.push(input.clone());
        }
    }
    let mut fetched: Vec<Step> = Vec::new();
    for lang in languages {
        let steps = of_language(study, *lang, &missing);
        match own_data(study, *lang).filter(|_| !steps.is_empty()) {
            Some(own) => tracing::warn!(
                "{} is the study's own: nothing of the published data set is fetched for {lang}",
                own.display()
            ),
            None => fetched.extend(steps),
        }
    }
    fetched.extend(glove(study, &missing));
    fetched.extend(models);
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
    outputs
        .into_iter()
        .fold(step, |step, path| step.output(path, &[], &Parameters::default()))
}

/// Annotation, text, scans of subjects, or the authors' average subject.
fn of_language(study: &Study, lang: Language, missing: &[PathBuf]) -> Vec<Step> {
    let size = StudySize::of(study, lang);
    let lacks = |path: &Path| missing.iter().find(|m| **m == relative(study, path)).cloned();
    let code = lang.code();
    let mut steps = Vec::new();
    if let Some(annotation) = lacks(&study.annotation(lang)) {
        let arguments = ["data", "--study", ".", "--lang", code, "--kind", "words"];
        steps.push(fetch(
            format!("fetch:words:{lang}"),
            1_100_000,
            &arguments,
            vec![annotation],
        ));
    }
    let prefix = format!("sub-{}", lang.folder());
    let of_subject = |path: &PathBuf| {
        let mut parts = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned());
        (parts.next()? == "derivatives").then_some(())?;
        parts.next().filter(|name| name.starts_with(&prefix))
    };
    let subjects: Vec<String> = missing.iter().filter_map(of_subject).collect();
    if !subjects.is_empty() {
        let estimator = Estimator {
            size: &size,
            threads: 1,
        };
        let bytes = estimator.derivative_bytes() * subjects.len() as u64;
        let names: Vec<&str> = subjects
            .iter()
            .map(|s| s.strip_prefix("sub-").unwrap_or(s))
            .collect();
        let names = names.join(",");
        let arguments = [
            "data",
            "--study",
            ".",
            "--lang",
            code,
            "--kind",
            "derivatives",
            "--subject",
            &names,
        ];
        let folders = subjects
            .iter()
            .map(|s| Path::new("derivatives").join(s).join("func"));
        let mut step = fetch(
            format!("fetch:scans:{lang}"),
            bytes,
            &arguments,
            folders.collect(),
        );
        step.brings_inputs = true;
        steps.push(step);
    }
    // The authors' commit has all of these together.
    let runs = (0..size.n_runs()).map(|run| study.average_run(lang, run));
    let others = [study.text(lang), study.mask(lang), study.isc(lang)];
    let given: Vec<PathBuf> = runs.chain(others).filter_map(|path| lacks(&path)).collect();
    if !given.is_empty() {
        let bytes = size.n_scans.iter().sum::<u64>() * size.n_voxels * 4;
        let arguments = ["precomputed", "--study", ".", "--lang", code];
        let mut step = fetch(format!("fetch:precomputed:{lang}"), bytes, &arguments, given);
        // The regions come along, and then need not be made.
        step.brings_inputs = true;
        steps.push(step);
    }
    steps
}

fn glove(study: &Study, missing: &[PathBuf]) -> Option<Step> {
    let file = relative(study, &study.glove());
    missing.contains(&file).then(|| {
        fetch(
            "fetch:glove".to_owned(),
            GLOVE_BYTES,
            &["glove", "--study", "."],
            vec![file],
        )
    })
}

/// Models that are not in the study: into the cache of the hub, of which only a record in the study tells.
fn models(study: &Study, steps: &mut [Step]) -> Vec<Step> {
    let mut fetched: Vec<Step> = Vec::new();
    let mut trained = BTreeSet::new();
    for step in steps.iter_mut().filter(|step| step.program == "lpp-extract") {
        let after = |flag: &str| {
            let place = step.arguments.iter().position(|argument| argument == flag)?;
            step.arguments.get(place + 1).cloned()
        };
        let Some(model) = after("--model") else { continue };
        if study.model_dir(&model).join("config.json").exists() {
            continue;
        }
        if after("--seed").is_none() {
            trained.insert(model.clone());
        }
        let id = format!("fetch:model:{model}");
        step.after.push(id.clone());
        if !fetched.iter().any(|step| step.id == id) {
            let mut step = fetch(id, weights_bytes(study, &model), &["model", &model], Vec::new());
            step.check = Check::Record;
            fetched.push(step);
        }
    }
    for step in &mut fetched {
        if !trained.contains(&step.arguments[1]) {
            step.arguments.push("--without-weights".to_owned());
            step.cost.disk_bytes = CONFIGURATION_BYTES;
            step.cost.seconds = CONFIGURATION_BYTES as f64 / BYTES_PER_S;
        }
    }
    fetched
}

/// Weights as they are mostly published: small models in f32, large ones in 16 bits.
fn weights_bytes(study: &Study, model: &str) -> u64 {
    let n_parameters = model_size(study, model).map_or(0, |size| size.n_parameters);
    n_parameters * if n_parameters < 2_000_000_000 { 4 } else { 2 }
}
