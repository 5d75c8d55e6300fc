//! The preparation for a fit to an individual subject: its own mask and cleaned runs.

use std::path::PathBuf;

use lpp_fmri::CleaningParams;
use lpp_study::{Language, RunKind, Study};

use crate::{Artefact, CleanStep, ConfoundColumns, MaskStep, cleaning_of, has_symmetric_masks, smoothing_of};

/// A subject's own mask and cleaned runs.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectStep {
    /// Name of its folder, `sub-EN057`.
    pub name: String,
    /// Language.
    pub lang: Language,
    /// Its runs on the working grid.
    pub runs: Vec<PathBuf>,
    /// Whether the mask is symmetric.
    pub symmetric: bool,
    /// The run of the words that each run heard, if it is not the run at the same place.
    pub stories: Option<Vec<usize>>,
    /// The confounds that are removed from each run; empty for none.
    pub confounds: Vec<ConfoundColumns>,
    /// FWHM of the smoothing, in mm.
    pub smoothing_fwhm_mm: Option<f64>,
    /// The cleaning of the time courses, without the repetition time.
    pub cleaning: CleaningParams,
    /// Repetition time in seconds, once known.
    pub tr_s: Option<f64>,
    /// The mask to write.
    pub mask: PathBuf,
    /// The cleaned runs to write.
    pub cleaned: Vec<PathBuf>,
}

impl SubjectStep {
    /// Smoothing of the reference study, mm.
    pub const REFERENCE_FWHM_MM: f64 = 4.0;

    /// The subject `name` of a study with `n_runs` cleaned runs, with default paths and the settings of `lpp.toml`.
    #[must_use]
    pub fn of_study(study: &Study, lang: Language, name: &str, runs: Vec<PathBuf>, n_runs: usize) -> Self {
        let clean = &study.config().clean;
        // Surfaces are smoothed along the surface, or not at all.
        let usual_mm = (study.kind() == RunKind::Volume).then_some(Self::REFERENCE_FWHM_MM);
        Self {
            lang,
            symmetric: has_symmetric_masks(study, &runs),
            stories: None,
            confounds: Vec::new(),
            smoothing_fwhm_mm: smoothing_of(clean, usual_mm),
            cleaning: cleaning_of(clean),
            tr_s: study.config().tr_s,
            mask: study.subject_mask(name),
            cleaned: (0..n_runs)
                .map(|run| study.subject_run(name, lang, run))
                .collect(),
            name: name.to_owned(),
            runs,
        }
    }

    /// The mask.
    #[must_use]
    pub fn mask(&self) -> MaskStep {
        MaskStep {
            lang: self.lang,
            runs: self.runs.clone(),
            symmetric: self.symmetric,
            output: self.mask.clone(),
        }
    }

    /// The cleaned runs.
    pub fn cleanings(&self) -> impl Iterator<Item = CleanStep> + '_ {
        let run_of = |run: usize| (self.runs.len() == self.cleaned.len()).then(|| self.runs[run].clone());
        self.cleaned
            .iter()
            .enumerate()
            .map(move |(run, output)| CleanStep {
                image: run_of(run),
                mask: self.mask.clone(),
                smoothing_fwhm_mm: self.smoothing_fwhm_mm,
                cleaning: self.cleaning,
                confounds: self.confounds.get(run).cloned(),
                tr_s: self.tr_s,
                output: output.clone(),
            })
    }

    /// The mask, then the cleaned runs.
    #[must_use]
    pub fn artefacts(&self) -> Vec<Artefact> {
        let cleaned = self.cleanings().map(|clean| clean.artefact());
        [self.mask().artefact()].into_iter().chain(cleaned).collect()
    }
}
