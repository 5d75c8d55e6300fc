//! From the configuration of a study to its steps.

mod features;
mod fits;
mod results;
mod scans;

use std::path::{Path, PathBuf};

use lpp_ridge::AlphaGrid;
use lpp_study::{Language, Study};

use crate::WorkflowError;
use crate::estimate::Estimator;
use crate::fetch;
use crate::size::StudySize;
use crate::step::Step;

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

/// The steps of `study` in an order in which they can run one after the other.
///
/// # Errors
/// [`WorkflowError::Alphas`] if the study's penalties are wrong.
pub fn plan(study: &Study, options: &PlanOptions) -> Result<Vec<Step>, WorkflowError> {
    let config = study.config();
    let languages = if options.languages.is_empty() {
        &config.languages
    } else {
        &options.languages
    };
    let of_regions = region_language(languages);
    let alphas: AlphaGrid = config.alphas.parse().map_err(WorkflowError::Alphas)?;
    let mut steps = Vec::new();
    for &lang in languages {
        let size = StudySize::of(study, lang);
        let planner = Planner {
            study,
            lang,
            options,
            alphas: alphas.values(),
            size: &size,
            of_regions,
            first: Some(lang) == languages.first().copied(),
        };
        planner.scans(&mut steps);
        if Some(lang) == of_regions {
            steps.push(planner.rois());
        }
        planner.features(&mut steps);
        planner.fits(&mut steps);
        planner.individuals(&mut steps);
        planner.results(&mut steps);
    }
    if options.fetch {
        let fetched = fetch::steps(study, &mut steps, languages);
        steps.splice(0..0, fetched);
    }
    Ok(steps)
}

/// The language whose mask the regions are made from: the regions of the English mask serve all languages.
fn region_language(languages: &[Language]) -> Option<Language> {
    let english = languages.iter().find(|lang| **lang == Language::English);
    english.or(languages.first()).copied()
}

/// The steps of one language.
struct Planner<'a> {
    study: &'a Study,
    lang: Language,
    options: &'a PlanOptions,
    alphas: &'a [f64],
    size: &'a StudySize,
    /// The language whose mask the regions are made from.
    of_regions: Option<Language>,
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

    fn estimator(&self) -> Estimator<'_> {
        Estimator {
            size: self.size,
            threads: self.options.threads,
        }
    }

    fn id(&self, step: &str) -> String {
        format!("{step}:{}", self.lang)
    }

    fn place(&self) -> [String; 4] {
        ["--study", ".", "--lang", self.lang.code()].map(str::to_owned)
    }

    fn mask(&self) -> PathBuf {
        self.path(&self.study.mask(self.lang))
    }

    /// The mask that the regions are made from.
    fn region_mask(&self) -> PathBuf {
        self.path(&self.study.mask(self.of_regions.unwrap_or(self.lang)))
    }

    fn average_runs(&self) -> Vec<PathBuf> {
        let runs = 0..self.size.n_runs();
        runs.map(|run| self.path(&self.study.average_run(self.lang, run)))
            .collect()
    }
}

/// `path` from the study folder, if it lies inside.
pub(crate) fn relative(study: &Study, path: &Path) -> PathBuf {
    path.strip_prefix(study.root()).unwrap_or(path).to_owned()
}
