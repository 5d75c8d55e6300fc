//! From the configuration of a study to its steps.

mod features;
mod fits;
mod results;
mod scans;

use std::path::{Path, PathBuf};

use lpp_steps::{Estimator, Step, StudySize};
use lpp_study::{Language, Study};

use crate::WorkflowError;
use crate::call::Call;
use crate::fetch;
use crate::given::{Given, is_own};
use crate::place::relative;

/// What a plan depends on besides the study.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// Languages to plan for; none: those of the study.
    pub languages: Vec<Language>,
    /// Threads that a step gets.
    pub threads: usize,
    /// Memory that a step may take, bytes: larger models are streamed.
    pub memory_bytes: u64,
    /// Whether missing inputs are fetched.
    pub fetch: bool,
    /// Most subjects of a step that fits individual ones; they share a factorisation. `None`: all of them.
    pub subjects_per_step: Option<usize>,
}

/// What a study takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The steps, in an order in which they can run one after the other.
    pub steps: Vec<Call>,
    /// Artefacts that are the study's own: no step makes them.
    pub given: Given,
}

/// The steps of `study`, and what it has of its own in place of them.
///
/// # Errors
/// [`WorkflowError::Scans`] if there are scans that are not runs of one kind.
pub fn plan(study: &Study, options: &PlanOptions) -> Result<Plan, WorkflowError> {
    let config = study.config();
    let languages = if options.languages.is_empty() {
        &config.languages
    } else {
        &options.languages
    };
    // The regions of the English mask serve all languages.
    let of_regions = languages.iter().find(|lang| **lang == Language::English);
    let of_regions = of_regions.or(languages.first()).copied();
    let mut steps = Vec::new();
    let mut given = Given::default();
    for &lang in languages {
        scans::check(study, lang)?;
        let size = StudySize::of(study, lang);
        let planner = Planner {
            study,
            lang,
            options,
            size: &size,
            first: Some(lang) == languages.first().copied(),
        };
        planner.own_inputs(&mut given);
        planner.scans(&mut steps, &mut given);
        if Some(lang) == of_regions {
            steps.extend(planner.rois(&mut given));
        }
        planner.features(&mut steps, &mut given);
        planner.fits(&mut steps, &mut given);
        planner.individuals(&mut steps);
        planner.results(&mut steps);
    }
    if options.fetch {
        let fetched = fetch::steps(study, &mut steps, languages);
        steps.splice(0..0, fetched);
    }
    Ok(Plan { steps, given })
}

/// The steps of one language.
struct Planner<'a> {
    study: &'a Study,
    lang: Language,
    options: &'a PlanOptions,
    size: &'a StudySize,
    /// Whether it is the first language of the plan.
    first: bool,
}

impl Planner<'_> {
    /// A path as a program that runs in the study folder sees it.
    fn path(&self, path: &Path) -> PathBuf {
        relative(self.study, path)
    }

    fn paths(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    /// Notes which of `paths`, as programs see them, are the study's own; returns whether one is.
    fn note(&self, given: &mut Given, program: &str, paths: &[PathBuf]) -> bool {
        given.note(self.study, program, paths.iter().map(PathBuf::as_path))
    }

    /// Notes words, mask, scans and correlation that are the study's own: many a study has no step that would make them.
    fn own_inputs(&self, given: &mut Given) {
        let mut paths = vec![self.study.words(self.lang), self.study.mask(self.lang)];
        paths.extend((0..self.size.n_runs()).map(|run| self.study.average_run(self.lang, run)));
        paths.push(self.study.isc(self.lang));
        paths.retain(|path| is_own(self.study, path));
        self.note(given, "", &paths);
    }

    /// The call that runs a step.
    fn call<S: Step>(&self, step: &S) -> Call {
        Call::of(step, self.study, &self.estimator())
    }

    fn estimator(&self) -> Estimator<'_> {
        Estimator {
            study: self.study,
            size: self.size,
            threads: self.options.threads,
        }
    }

    fn mask(&self) -> PathBuf {
        self.path(&self.study.mask(self.lang))
    }

    fn average_runs(&self) -> Vec<PathBuf> {
        let runs = 0..self.size.n_runs();
        runs.map(|run| self.path(&self.study.average_run(self.lang, run)))
            .collect()
    }
}
