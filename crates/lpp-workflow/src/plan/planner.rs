//! The steps of one language.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use lpp_fmri::Grid;
use lpp_steps::{Estimator, FitSettings, Step, StudySize};
use lpp_study::{Language, Study};

use super::options::PlanOptions;
use crate::call::Call;
use crate::given::{Given, is_own};
use crate::place::relative;

/// The steps of one language.
pub(super) struct Planner<'a> {
    pub(super) study: &'a Study,
    pub(super) lang: Language,
    pub(super) options: &'a PlanOptions,
    pub(super) size: StudySize,
    /// The grid to which scans are resampled; `None` if they stay on their own.
    pub(super) grid: Option<Grid>,
    /// How features are fitted.
    pub(super) settings: FitSettings,
    /// Time of the first scan of each run, if the study says it.
    pub(super) start_s: Vec<Option<f64>>,
    /// Names of the stories, if the study has them.
    pub(super) story_names: Vec<String>,
    /// Whether it is the first language of the plan.
    pub(super) first: bool,
    /// Whether there is no average subject, once that is known.
    pub(super) no_average: OnceCell<bool>,
}

impl Planner<'_> {
    /// A path as a program that runs in the study folder sees it.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        relative(self.study, path)
    }

    pub(super) fn paths(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    /// Notes which of `paths`, as programs see them, are the study's own; returns whether one is.
    pub(super) fn note(&self, given: &mut Given, program: &str, paths: &[PathBuf]) -> bool {
        given.note(self.study, program, paths.iter().map(PathBuf::as_path))
    }

    /// Notes words, mask, scans and correlation that are the study's own: many a study has no step that would make them.
    pub(super) fn own_inputs(&self, given: &mut Given) {
        let mut paths = vec![self.study.words(self.lang), self.study.mask(self.lang)];
        paths.extend((0..self.size.n_runs()).map(|run| self.study.average_run(self.lang, run)));
        paths.push(self.study.isc(self.lang));
        paths.retain(|path| is_own(self.study, path));
        self.note(given, "", &paths);
    }

    /// The call that runs a step.
    pub(super) fn call<S: Step>(&self, step: &S) -> Call {
        Call::of(step, self.study, &self.estimator())
    }

    pub(super) fn estimator(&self) -> Estimator<'_> {
        Estimator {
            study: self.study,
            size: &self.size,
            threads: self.options.threads,
        }
    }

    pub(super) fn mask(&self) -> PathBuf {
        self.path(&self.study.mask(self.lang))
    }

    pub(super) fn average_runs(&self) -> Vec<PathBuf> {
        let runs = 0..self.size.n_runs();
        runs.map(|run| self.path(&self.study.average_run(self.lang, run)))
            .collect()
    }
}
