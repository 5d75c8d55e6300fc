//! A folder of derivatives becomes the runs table of a study.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, sha256_of_bytes};
use lpp_fmri::ImageReader;
use lpp_fmri::surface::{cifti_scans, gifti_length};
use lpp_preparation::{RepetitionTime, in_sidecar};
use lpp_steps::{ImportRunsStep, Software, run_if_stale};
use lpp_study::{PairRuns, RunKind, RunsTable, TableRun};
use serde_json::Value;

use super::beside::{confounds, mask};
use super::choice::BidsChoice;
use super::found::{Found, paired, scans};
use crate::ImportError;

/// Finds the runs of a folder in BIDS form and writes the runs table of a study.
#[derive(Debug, Clone, Default)]
pub struct BidsJob {
    /// The folder of derivatives.
    pub folder: PathBuf,
    /// The subjects, without prefix; empty for all.
    pub subjects: Vec<String>,
    /// Which scans are the runs.
    pub choice: BidsChoice,
    /// The language of the stories; empty for that of the study.
    pub lang: String,
    /// How runs of subjects are paired.
    pub pair_runs: Option<PairRuns>,
    /// Whether stories that a subject lacks are left out for all.
    pub allow_missing: bool,
    /// The runs table.
    pub output: PathBuf,
    /// Write it even if it is up to date.
    pub force: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct BidsReport {
    /// The runs.
    pub runs: RunsTable,
    /// Stories that were left out because a subject lacks them.
    pub left_out: Vec<String>,
    /// Whether the table was up to date; `None` if nothing was to be written.
    pub up_to_date: Option<bool>,
}

impl BidsJob {
    /// The runs by their names and sidecars; no image is opened.
    ///
    /// # Errors
    /// [`ImportError`] naming the folder and the choices to make, a hemisphere without the other, a run that is there twice,
    /// or the subject and the run that is missing or extra.
    pub fn list(&self) -> Result<BidsReport, ImportError> {
        self.report(|found| {
            let tr_s = RepetitionTime::of_sidecar(&found.path)?;
            Ok((None, tr_s))
        })
    }

    /// The runs with their numbers of scans, and the table, unless it is up to date.
    ///
    /// # Errors
    /// As [`list`](Self::list); also naming an image that holds no data or no time series, or whose repetition time
    /// contradicts its sidecar.
    pub fn run(&self, software: Software) -> Result<BidsReport, ImportError> {
        let mut report = self.report(measured)?;
        let step = ImportRunsStep {
            folder: self.folder.clone(),
            // What is in the table tells all that the images, sidecars and settings decide.
            content: self.content(&report.runs)?,
            left_out: report.left_out.clone(),
            output: self.output.clone(),
        };
        let save = || report.runs.save(&self.output);
        let done = run_if_stale(software, vec![step.artefact()], self.force, save)?;
        report.up_to_date = Some(done.is_up_to_date());
        Ok(report)
    }

    fn report(
        &self,
        measure: impl Fn(&Found) -> Result<(Option<usize>, Option<f64>), ImportError>,
    ) -> Result<BidsReport, ImportError> {
        let scans = scans(&self.folder, &self.subjects)?;
        let scans = paired(self.choice.among(&self.folder, scans)?)?;
        check_each_once(&scans)?;
        let rows: Result<Vec<TableRun>, ImportError> = scans
            .iter()
            .map(|found| {
                let (n_scans, tr_s) = measure(found)?;
                self.row(found, n_scans, tr_s)
            })
            .collect();
        let runs = RunsTable::new(rows?, &self.folder)?;
        let runs = if self.pair_runs == Some(PairRuns::Place) {
            runs.by_place()
        } else {
            runs
        };
        let (runs, left_out) = if self.allow_missing {
            runs.only_paired()
        } else {
            (runs, Vec::new())
        };
        if runs.runs().is_empty() {
            let expected = "at least one run that all subjects have";
            return Err(FileError::malformed(&self.folder, "no such run", expected).into());
        }
        runs.check_paired()?;
        Ok(BidsReport {
            runs,
            left_out,
            up_to_date: None,
        })
    }

    fn row(&self, found: &Found, n_scans: Option<usize>, tr_s: Option<f64>) -> Result<TableRun, ImportError> {
        let whole = |path: &Path| std::path::absolute(path).map_err(FileError::read(path));
        let beside = |path: Option<PathBuf>| path.as_deref().map(whole).transpose();
        Ok(TableRun {
            subject: found.label("sub"),
            session: found.label("ses"),
            task: found.label("task"),
            run: found.label("run"),
            lang: self.lang.clone(),
            story: String::new(),
            kind: found.kind,
            space: found.label("space"),
            path: whole(&found.path)?,
            n_scans,
            tr_s,
            start_s: start_s(&found.path)?,
            confounds: beside(confounds(found)?)?,
            mask: beside(mask(found)?)?,
        })
    }

    /// A hash of what is to be written, with whole paths.
    fn content(&self, runs: &RunsTable) -> Result<String, ImportError> {
        let text = runs.to_csv(Path::new(""));
        Ok(sha256_of_bytes(&text.map_err(FileError::write(&self.output))?))
    }
}

/// Number of scans and repetition time of a run by its header and sidecar, which must agree.
fn measured(found: &Found) -> Result<(Option<usize>, Option<f64>), ImportError> {
    let path = &found.path;
    let tr_s = RepetitionTime::default().agreed(std::slice::from_ref(path))?;
    let n_scans = match found.kind {
        RunKind::Volume => ImageReader::open(path)?.n_volumes(),
        RunKind::Surface => {
            let n_scans = gifti_length(path)?;
            if let Some(right) = &found.right
                && gifti_length(right)? != n_scans
            {
                let expected = format!("{n_scans} scans as in {}", path.display());
                return Err(FileError::malformed(right, "another number of scans", expected).into());
            }
            n_scans
        }
        RunKind::Cifti => cifti_scans(path)?.0,
    };
    if n_scans < 2 {
        return Err(FileError::malformed(path, "one scan", "a run of several scans").into());
    }
    Ok((Some(n_scans), tr_s))
}

/// The time of the first scan, if the sidecar gives it.
fn start_s(image: &Path) -> Result<Option<f64>, FileError> {
    let Some((file, value)) = in_sidecar(image, "StartTime")? else {
        return Ok(None);
    };
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite());
    let wrong =
        |value: &Value| FileError::malformed(&file, format!("StartTime {value}"), "a number of seconds");
    seconds.map(Some).ok_or_else(|| wrong(&value))
}

/// A run of a subject may be there in one file only.
fn check_each_once(scans: &[Found]) -> Result<(), FileError> {
    let key = |found: &Found| {
        ["sub", "ses", "task", "run"].map(|key| lpp_files::without_leading_zeros(&found.label(key)))
    };
    let mut sorted: Vec<&Found> = scans.iter().collect();
    sorted.sort_by_key(|found| key(found));
    match sorted.windows(2).find(|pair| key(pair[0]) == key(pair[1])) {
        Some(pair) => {
            let found = format!("the same run as in {}", pair[0].path.display());
            Err(FileError::malformed(
                &pair[1].path,
                found,
                "each run of a subject once",
            ))
        }
        None => Ok(()),
    }
}
