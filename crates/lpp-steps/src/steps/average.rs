//! `lpp-average`: the average subject and the inter-subject correlation.

use std::path::{Path, PathBuf};

use lpp_fmri::CleaningParams;
use lpp_study::{Language, Study, VOXELWISE_ISC, beside_isc};

use super::clean::with_cleaning;
use super::{place, words};
use crate::{
    AlphaSearch, Artefact, Choice, ConfoundColumns, Cost, Estimator, Step, cleaning_of, smoothing_of,
};

/// The average of subjects, and the inter-subject correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct AverageStep {
    /// Language.
    pub lang: Language,
    /// Name of each subject, with its runs if known.
    pub subjects: Vec<(String, Vec<PathBuf>)>,
    /// The run of the words that each run heard, if it is not the run at the same place; the same for all subjects.
    pub stories: Option<Vec<usize>>,
    /// The confounds that are removed from each run of each subject; empty for none.
    pub confounds: Vec<Vec<ConfoundColumns>>,
    /// The mask; not needed for arrays.
    pub mask: Option<PathBuf>,
    /// The cleaning of the time courses, without the repetition time.
    pub cleaning: CleaningParams,
    /// FWHM of the smoothing, in mm.
    pub smoothing_fwhm_mm: Option<f64>,
    /// Repetition time in seconds, once known.
    pub tr_s: Option<f64>,
    /// The runs to write.
    pub averages: Vec<PathBuf>,
    /// The correlation to write.
    pub isc: PathBuf,
    /// Number of random splits of the subjects into halves; 0 for no correlation.
    pub n_trials: usize,
    /// Seed of the random splits.
    pub seed: u32,
    /// Scans cut from both ends of each run before halves are compared.
    pub trim_scans: usize,
    /// Penalties.
    pub alphas: Vec<f64>,
    /// The search over penalties.
    pub alpha_search: AlphaSearch,
}

impl AverageStep {
    /// Number of splits in the reference study.
    pub const REFERENCE_TRIALS: usize = 10;
    /// Seed of the reference study.
    pub const REFERENCE_SEED: u32 = 1234;

    /// The average of subjects of a study, each with its runs, without a mask.
    #[must_use]
    pub fn of_study(study: &Study, lang: Language, subjects: Vec<(String, Vec<PathBuf>)>) -> Self {
        let config = study.config();
        Self {
            lang,
            subjects,
            stories: None,
            confounds: Vec::new(),
            mask: None,
            cleaning: cleaning_of(&config.clean),
            smoothing_fwhm_mm: smoothing_of(&config.clean, None),
            tr_s: None,
            averages: Vec::new(),
            isc: study.isc(lang),
            n_trials: Self::REFERENCE_TRIALS,
            seed: Self::REFERENCE_SEED,
            trim_scans: config.trim_scans,
            alphas: config.alphas.values().to_vec(),
            alpha_search: AlphaSearch::default(),
        }
    }

    /// The runs of a subject, by their places, in which the run `story` of the words was heard.
    pub fn heard<'a>(&'a self, runs: &'a [PathBuf], story: usize) -> impl Iterator<Item = usize> + 'a {
        let heard = move |place: usize| self.stories.as_ref().map_or(place, |stories| stories[place]);
        (0..runs.len()).filter(move |place| heard(*place) == story)
    }

    /// The confounds of a run of a subject, both by their places.
    #[must_use]
    pub fn confounds_of(&self, subject: usize, run: usize) -> Option<&ConfoundColumns> {
        self.confounds.get(subject)?.get(run)
    }

    /// The runs of the average subject.
    #[must_use]
    pub fn average_artefacts(&self) -> Vec<Artefact> {
        let average = |(run, path): (usize, &PathBuf)| {
            let subjects = self.subjects.iter().enumerate();
            let heard = subjects
                .flat_map(|(subject, (_, runs))| self.heard(runs, run).map(move |place| (subject, place)));
            let heard: Vec<(usize, usize)> = heard.collect();
            let confounds: Vec<&ConfoundColumns> = heard
                .iter()
                .filter_map(|&(subject, place)| self.confounds_of(subject, place))
                .collect();
            let average = Artefact::new(path)
                .inputs(
                    heard
                        .iter()
                        .map(|&(subject, place)| &self.subjects[subject].1[place]),
                )
                .inputs(&self.mask)
                .inputs(confounds.iter().map(|confounds| &confounds.table));
            with_cleaning(average, &self.cleaning, self.tr_s)
                .if_known("smoothing_fwhm_mm", self.smoothing_fwhm_mm)
                .if_known("confounds", confounds.first().map(|confounds| &confounds.columns))
        };
        self.averages.iter().enumerate().map(average).collect()
    }

    /// The correlation, if it is computed. Its inputs are the averages, whose records list the files of the subjects.
    #[must_use]
    pub fn isc_artefact(&self) -> Option<Artefact> {
        let isc = self.of_halves(&self.isc)?;
        let isc = isc.with("alphas", &self.alphas);
        Some(isc.with("alpha_search", self.alpha_search.name()))
    }

    /// The correlations of halves in each voxel, of all subjects and without each, if they are computed.
    #[must_use]
    pub fn voxelwise_artefacts(&self) -> Vec<Artefact> {
        let files = VOXELWISE_ISC.map(|what| beside_isc(&self.isc, what));
        let artefacts = files.iter().filter_map(|path| self.of_halves(path));
        artefacts.map(Artefact::added_later).collect()
    }

    /// An output made of random halves of the subjects.
    fn of_halves(&self, path: &Path) -> Option<Artefact> {
        let names: Vec<&String> = self.subjects.iter().map(|(name, _)| name).collect();
        let output = Artefact::new(path)
            .inputs(&self.averages)
            .with("subjects", names)
            .with("n_trials", self.n_trials)
            .with("seed", self.seed)
            .with("trim_scans", self.trim_scans);
        (self.n_trials > 0).then_some(output)
    }
}

impl Step for AverageStep {
    const PROGRAM: &'static str = "lpp-average";

    fn id(&self) -> String {
        format!("average:{}", self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = place(self.lang);
        if self.n_trials != Self::REFERENCE_TRIALS {
            arguments.extend(words(["--isc-trials", &self.n_trials.to_string()]));
        }
        arguments
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let mut artefacts = self.average_artefacts();
        artefacts.extend(self.isc_artefact());
        artefacts.extend(self.voxelwise_artefacts());
        artefacts
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.subjects.iter().flat_map(|(_, runs)| runs.clone()).collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.average()
    }
}
