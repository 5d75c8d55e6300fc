//! The downloads before a plan can run: the missing inputs that no step makes.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use lpp_steps::{
    Estimator, FetchGloveStep, FetchModelStep, FetchPrecomputedStep, FetchScansStep, FetchWordsStep,
    StudySize,
};
use lpp_study::{Language, Study};

use crate::call::Call;
use crate::given::own_data;
use crate::place::relative;

/// The steps that download the missing inputs of `steps`; steps that run a model that is not in the study will wait for
/// it.
pub(crate) fn steps(study: &Study, steps: &mut [Call], languages: &[Language]) -> Vec<Call> {
    let Some(first) = languages.first() else {
        return Vec::new();
    };
    let size = StudySize::of(study, *first);
    let estimator = Estimator {
        study,
        size: &size,
        threads: 1,
    };
    let models = models(study, steps, &estimator);
    let mut known: HashSet<&PathBuf> = steps
        .iter()
        .flat_map(|s| s.outputs.iter().map(|o| &o.path))
        .collect();
    let inputs = steps.iter().flat_map(|step| &step.inputs);
    let missing: Vec<PathBuf> = inputs
        .filter(|input| known.insert(input) && !study.root().join(input).exists())
        .cloned()
        .collect();
    let mut fetched: Vec<Call> = Vec::new();
    // Of any other study nothing is published.
    let is_published = |lang: &&Language| lang.is_published() && !study.runs_table().exists();
    for lang in languages.iter().filter(is_published) {
        let steps = of_language(study, *lang, &missing);
        match own_data(study, *lang).filter(|_| !steps.is_empty()) {
            Some(own) => tracing::warn!(
                "{} belongs to the study: nothing of the published data set is downloaded for {lang}",
                own.display()
            ),
            None => fetched.extend(steps),
        }
    }
    fetched.extend(glove(study, &missing, &estimator));
    fetched.retain(|call| stays_inside(study, call));
    fetched.extend(models);
    fetched
}

/// Whether all that a download writes is inside of the study, by name. A configuration may name other places, but it may be
/// somebody else's: there nothing is written without being asked for.
fn stays_inside(study: &Study, call: &Call) -> bool {
    let outputs = call.outputs.iter().map(|output| output.path.as_path());
    let outside = outputs.into_iter().find(|path| !is_inside(path));
    if let Some(path) = outside {
        tracing::warn!(
            "{}: outside of the study, where lpp-run downloads nothing; run `{} {}` in {} if this place is meant ({})",
            path.display(),
            call.program,
            call.arguments.join(" "),
            study.root().display(),
            study.config_file().display()
        );
    }
    outside.is_none()
}

/// Whether a path from the study folder leads to a place in it.
fn is_inside(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Annotation, text, scans of subjects, or the authors' average subject.
fn of_language(study: &Study, lang: Language, missing: &[PathBuf]) -> Vec<Call> {
    let size = StudySize::of(study, lang);
    let estimator = Estimator {
        study,
        size: &size,
        threads: 1,
    };
    let lacks = |path: &Path| missing.iter().find(|m| **m == relative(study, path)).cloned();
    let mut steps = Vec::new();
    if let Some(output) = lacks(&study.annotation(lang)) {
        steps.push(Call::of(&FetchWordsStep { lang, output }, study, &estimator));
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
        let folder = |subject: &String| Path::new("derivatives").join(subject).join("func");
        let mut step = Call::of(
            &FetchScansStep {
                lang,
                outputs: subjects.iter().map(folder).collect(),
                subjects: subjects
                    .iter()
                    .map(|s| s.strip_prefix("sub-").unwrap_or(s).to_owned())
                    .collect(),
            },
            study,
            &estimator,
        );
        step.brings_inputs = true;
        steps.push(step);
    }
    // The authors' commit has all of these together.
    let runs = (0..size.n_runs()).map(|run| study.average_run(lang, run));
    let others = [study.text(lang), study.mask(lang), study.isc(lang)];
    let mut given: Vec<PathBuf> = runs.chain(others).filter_map(|path| lacks(&path)).collect();
    if !given.is_empty() {
        // The text comes along even if no step needs it.
        let text = relative(study, &study.text(lang));
        if !is_inside(&text) && !study.root().join(&text).exists() && !given.contains(&text) {
            given.push(text);
        }
        let mut step = Call::of(&FetchPrecomputedStep { lang, outputs: given }, study, &estimator);
        // The regions come along, and then need not be made.
        step.brings_inputs = true;
        steps.push(step);
    }
    steps
}

fn glove(study: &Study, missing: &[PathBuf], estimator: &Estimator<'_>) -> Option<Call> {
    let output = relative(study, &study.glove());
    let step = FetchGloveStep {
        output,
        archive_sha256: None,
    };
    missing
        .contains(&step.output)
        .then(|| Call::of(&step, study, estimator))
}

/// Models that are not in the study, downloaded into the cache of the hub; the study has only a record of them.
fn models(study: &Study, steps: &mut [Call], estimator: &Estimator<'_>) -> Vec<Call> {
    let mut fetched: Vec<FetchModelStep> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for step in steps {
        let Some(FetchModelStep { model, weights }) = step.needs_model.clone() else {
            continue;
        };
        if study.model_dir(&model).join("config.json").exists() {
            continue;
        }
        step.after.push(FetchModelStep::id_of(&model));
        let place = *places.entry(model.clone()).or_insert(fetched.len());
        match fetched.get_mut(place) {
            Some(known) => known.weights |= weights,
            None => fetched.push(FetchModelStep { model, weights }),
        }
    }
    fetched
        .iter()
        .map(|step| Call::of(step, study, estimator))
        .collect()
}
