//! `lpp-average`: the average subject and the inter-subject correlation.

use std::path::PathBuf;

use lpp_fmri::CleaningParams;
use lpp_study::Language;

use super::clean::with_cleaning;
use super::{place, words};
use crate::{AlphaSearch, Artefact, Choice, Cost, Estimator, Step};

/// The average of subjects, and the inter-subject correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct AverageStep {
    /// Language.
    pub lang: Language,
    /// Name of each subject, with its runs if known.
    pub subjects: Vec<(String, Vec<PathBuf>)>,
    /// The mask; not needed for arrays.
    pub mask: Option<PathBuf>,
    /// The cleaning of the time courses, without the repetition time.
    pub cleaning: CleaningParams,
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

    /// The runs of the average subject.
    #[must_use]
    pub fn average_artefacts(&self) -> Vec<Artefact> {
        let average = |(run, path): (usize, &PathBuf)| {
            let runs = self.subjects.iter().filter_map(|(_, runs)| runs.get(run));
            let average = Artefact::new(path).inputs(runs).inputs(&self.mask);
            with_cleaning(average, &self.cleaning, self.tr_s)
        };
        self.averages.iter().enumerate().map(average).collect()
    }

    /// The correlation, if it is computed. Its inputs are the averages, whose records list the files of the subjects.
    #[must_use]
    pub fn isc_artefact(&self) -> Option<Artefact> {
        let names: Vec<&String> = self.subjects.iter().map(|(name, _)| name).collect();
        let isc = Artefact::new(&self.isc)
            .inputs(&self.averages)
            .with("subjects", names)
            .with("n_trials", self.n_trials)
            .with("seed", self.seed)
            .with("trim_scans", self.trim_scans)
            .with("alphas", &self.alphas)
            .with("alpha_search", self.alpha_search.name());
        (self.n_trials > 0).then_some(isc)
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
        artefacts
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.subjects.iter().flat_map(|(_, runs)| runs.clone()).collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.average()
    }
}
