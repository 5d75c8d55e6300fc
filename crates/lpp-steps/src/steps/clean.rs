//! `lpp-clean`: the cleaned time courses of a run.

use std::path::PathBuf;

use lpp_files::FileError;
use lpp_fmri::{CleaningParams, Scrub};
use lpp_study::{Study, SubjectRuns};

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

/// The confounds that are removed from each run of a subject; empty if the study removes none.
///
/// # Errors
/// [`FileError::Malformed`] naming a run without a table of confounds.
pub fn confounds_of(study: &Study, subject: &SubjectRuns) -> Result<Vec<ConfoundColumns>, FileError> {
    let columns = &study.config().clean.columns;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let of_run = |(place, run): (usize, &PathBuf)| {
        let table = subject.confounds.get(place).cloned().flatten().ok_or_else(|| {
            let expected =
                "one in the column confounds of runs.csv, for the columns under [clean] in lpp.toml";
            FileError::malformed(run, "no table of confounds", expected)
        })?;
        Ok(ConfoundColumns {
            table,
            columns: columns.clone(),
            scrub: None,
        })
    };
    subject.runs.iter().enumerate().map(of_run).collect()
}

/// Adds the parameters of a cleaning.
pub(super) fn with_cleaning(artefact: Artefact, cleaning: &CleaningParams, tr_s: Option<f64>) -> Artefact {
    artefact
        .with("detrend", cleaning.detrend)
        .with("high_pass_hz", cleaning.high_pass_hz)
        .with("standardise", cleaning.standardise)
        .if_known("tr_s", tr_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_its_table_of_confounds_or_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("lpp.toml"),
            "[clean]\ncolumns = [\"trans_*\", \"csf\"]\n",
        )
        .unwrap();
        let study = Study::open(folder.path()).unwrap();
        let mut subject = SubjectRuns {
            name: "sub-01".into(),
            runs: vec!["a.nii".into(), "b.nii".into()],
            labels: vec!["1".into(), "2".into()],
            stories: None,
            confounds: vec![Some("a.tsv".into()), None],
        };
        let error = confounds_of(&study, &subject).unwrap_err().to_string();
        assert!(error.contains("b.nii") && error.contains("runs.csv"), "{error}");
        subject.confounds[1] = Some("b.tsv".into());
        let found = confounds_of(&study, &subject).unwrap();
        assert_eq!(found[1].table, PathBuf::from("b.tsv"));
        assert_eq!(found[0].columns, ["trans_*", "csf"]);
        assert!(confounds_of(&Study::planned("s"), &subject).unwrap().is_empty());
    }
}
