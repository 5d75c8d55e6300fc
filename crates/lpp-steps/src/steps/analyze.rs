//! `lpp-analyze`: tables of a study.

use std::path::PathBuf;

use lpp_study::Language;

use super::{place, words};
use crate::{Artefact, Completion, Cost, Estimator, Step};

/// All tables of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalyzeStep {
    /// Language.
    pub lang: Language,
    /// The mask of the average subject, if there is one.
    pub mask: Option<PathBuf>,
    /// The inter-subject correlation, if there is or will be one.
    pub isc: Option<PathBuf>,
    /// Images of regions that may be there.
    pub regions: Vec<PathBuf>,
    /// Brain scores and their additional files.
    pub scores: Vec<PathBuf>,
    /// Number of fits, for the cost.
    pub n_fits: usize,
    /// The table that is always written.
    pub summary: PathBuf,
}

impl Step for AnalyzeStep {
    const PROGRAM: &'static str = "lpp-analyze";

    fn id(&self) -> String {
        format!("analyze:{}", self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        [words(["all"]), place(self.lang)].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![Artefact::new(&self.summary)]
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.mask
            .iter()
            .chain(&self.isc)
            .chain(&self.scores)
            .cloned()
            .collect()
    }

    fn optional_inputs(&self) -> Vec<PathBuf> {
        self.regions.clone()
    }

    fn completion(&self) -> Completion {
        Completion::Record
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.analyse(self.n_fits)
    }
}
