//! `lpp-analyze`: tables of a study.

use std::path::PathBuf;

use lpp_study::Language;

use super::{place_of, with_subject, words};
use crate::{Artefact, Completion, Cost, Estimator, Step};

/// All tables of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalyzeStep {
    /// The subject in place of the average subject.
    pub subject: Option<String>,
    /// Language.
    pub lang: Language,
    /// The mask.
    pub mask: PathBuf,
    /// The inter-subject correlation, if there is or will be one.
    pub isc: Option<PathBuf>,
    /// Images of regions that may be there.
    pub regions: Vec<PathBuf>,
    /// Brain scores and their additional files.
    pub scores: Vec<PathBuf>,
    /// What `lpp-score` writes.
    pub competence: Vec<PathBuf>,
    /// Number of fits, for the cost.
    pub n_fits: usize,
    /// The table that is always written.
    pub summary: PathBuf,
}

impl Step for AnalyzeStep {
    const PROGRAM: &'static str = "lpp-analyze";

    fn id(&self) -> String {
        format!(
            "{}:{}",
            with_subject("analyze", self.subject.as_deref()),
            self.lang
        )
    }

    fn arguments(&self) -> Vec<String> {
        [words(["all"]), place_of(self.lang, self.subject.as_deref())].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![Artefact::new(&self.summary)]
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        [&self.mask]
            .into_iter()
            .chain(&self.isc)
            .chain(&self.scores)
            .chain(&self.competence)
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

/// The table of scores of kept weights, of all languages of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalyzeTransferStep {
    /// Scores of kept weights.
    pub scores: Vec<PathBuf>,
    /// The table.
    pub table: PathBuf,
}

impl Step for AnalyzeTransferStep {
    const PROGRAM: &'static str = "lpp-analyze";

    fn id(&self) -> String {
        "analyze-transfer".to_owned()
    }

    fn arguments(&self) -> Vec<String> {
        words(["transfer", "--study", "."])
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![Artefact::new(&self.table)]
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.scores.clone()
    }

    fn completion(&self) -> Completion {
        Completion::Record
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.analyse(self.scores.len())
    }
}
