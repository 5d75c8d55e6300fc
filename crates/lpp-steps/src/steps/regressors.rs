//! `lpp-regressors`: features of the scans of one run.

use std::path::PathBuf;

use lpp_fmri::Hrf;

use crate::Artefact;

/// Activations of words, convolved with a haemodynamic response and sampled at the scans of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressorsStep {
    /// The words and their times.
    pub events: PathBuf,
    /// The run to use, if the events have several.
    pub run: Option<String>,
    /// Activations, (`n_words`, `n_features`).
    pub activations: PathBuf,
    /// Scans of the run.
    pub n_scans: usize,
    /// Repetition time, seconds.
    pub tr_s: f64,
    /// Time of the first scan on the clock of the words, seconds; `None` for half a repetition time.
    pub start_s: Option<f64>,
    /// The haemodynamic response.
    pub hrf: Hrf,
    /// The features.
    pub output: PathBuf,
}

impl RegressorsStep {
    /// The features.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .inputs([&self.events, &self.activations])
            .with("run", &self.run)
            .with("n_scans", self.n_scans)
            .with("tr_s", self.tr_s)
            .if_known("start_s", self.start_s)
            .with("hrf", self.hrf.to_string())
    }
}
