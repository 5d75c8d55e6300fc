//! `lpp-report`: figures and the page.

use std::path::PathBuf;

use lpp_study::Language;

use super::{place_of, with_subject, words};
use crate::{Artefact, Completion, Cost, Estimator, Step};

/// The figures and the page of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportStep {
    /// The subject in place of the average subject.
    pub subject: Option<String>,
    /// Language.
    pub lang: Language,
    /// The mask.
    pub mask: PathBuf,
    /// The table that represents all tables.
    pub summary: PathBuf,
    /// Number of fits, for the cost.
    pub n_fits: usize,
    /// The page.
    pub page: PathBuf,
}

impl Step for ReportStep {
    const PROGRAM: &'static str = "lpp-report";

    fn id(&self) -> String {
        format!(
            "{}:{}",
            with_subject("report", self.subject.as_deref()),
            self.lang
        )
    }

    fn arguments(&self) -> Vec<String> {
        let page = self.page.display().to_string();
        [place_of(self.lang, self.subject.as_deref()), words(["-o", &page])].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![Artefact::new(&self.page)]
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        [&self.mask].into_iter().chain([&self.summary]).cloned().collect()
    }

    fn completion(&self) -> Completion {
        Completion::Record
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.analyse(self.n_fits)
    }
}
