//! `lpp-clean`: the cleaned time courses of a run.

use std::path::PathBuf;

use lpp_fmri::{CleaningParams, Scrub};

use crate::Artefact;

/// The cleaned time courses of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanStep {
    /// The run; unknown until it is made.
    pub image: Option<PathBuf>,
    /// The mask.
    pub mask: PathBuf,
    /// FWHM of the smoothing, in mm.
    pub smoothing_fwhm_mm: Option<f64>,
    /// The cleaning of the time courses, without the repetition time.
    pub cleaning: CleaningParams,
    /// Confounds that are removed.
    pub confounds: Option<ConfoundColumns>,
    /// Repetition time in seconds, once known.
    pub tr_s: Option<f64>,
    /// The array.
    pub output: PathBuf,
}

impl CleanStep {
    /// The array.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        let array = Artefact::new(&self.output).inputs(&self.image).input(&self.mask);
        let array =
            with_cleaning(array, &self.cleaning, self.tr_s).with("smoothing_fwhm_mm", self.smoothing_fwhm_mm);
        match &self.confounds {
            None => array,
            Some(confounds) => array
                .input(&confounds.table)
                .with("confounds", &confounds.columns)
                .with("scrub", confounds.scrub.as_ref().map(ToString::to_string)),
        }
    }
}

/// Columns of a table of confounds.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfoundColumns {
    /// The table, with a row per scan.
    pub table: PathBuf,
    /// Shell patterns of the columns that are removed.
    pub columns: Vec<String>,
    /// Scans that are left out.
    pub scrub: Option<Scrub>,
}

/// Adds the parameters of a cleaning.
pub(super) fn with_cleaning(artefact: Artefact, cleaning: &CleaningParams, tr_s: Option<f64>) -> Artefact {
    artefact
        .with("detrend", cleaning.detrend)
        .with("high_pass_hz", cleaning.high_pass_hz)
        .with("standardise", cleaning.standardise)
        .if_known("tr_s", tr_s)
}
