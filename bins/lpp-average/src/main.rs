//! `lpp-average`: the average subject and the inter-subject correlation.

#![expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Program, ScanArgs, StudyArgs};
use lpp_encoding::{AverageJob, AverageReport};
use lpp_files::natural_path_order;
use lpp_steps::{AlphaSearch, AverageStep, Choice};
use lpp_study::{Penalties, SubjectRuns};
use serde::Serialize;

/// Averages the cleaned signals of subjects run by run, and computes the inter-subject correlation by predicting one
/// random half of the subjects from the other.
///
/// Images are masked, detrended, high-pass filtered at 1/128 Hz and standardised. Arrays (.npy, as written by
/// lpp-clean) are used as they are. By default the subjects are those in the study's resampled/LANG.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-average --study DIR --lang en\n  lpp-average --mask mask.nii.gz --subject sub-1 --subject sub-2 --subject sub-3 -o averages"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    scans: ScanArgs,
    /// Brain mask [default: the study's; not needed for arrays]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Folder with the runs of a subject; give one per subject. Subjects are sorted by name [default: the study's]
    #[arg(long = "subject", value_name = "DIR", num_args = 1.., requires = "output")]
    subjects: Vec<PathBuf>,
    /// Output folder for run-0.npy ... and isc.npy [default: the study's average_subject/LANG and isc]
    #[arg(short, long, value_name = "DIR", requires = "subjects")]
    output: Option<PathBuf>,
    /// Repetition time of images in s [default: that of the study or the images; all must agree]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    tr: Option<f64>,
    /// Number of random splits into halves; 0 for no inter-subject correlation
    #[arg(long, value_name = "N", default_value_t = AverageStep::REFERENCE_TRIALS)]
    isc_trials: usize,
    /// Seed of the random splits
    #[arg(long, value_name = "N", default_value_t = AverageStep::REFERENCE_SEED)]
    seed: u32,
    /// Penalties: logspace:FIRST:LAST:COUNT (powers of ten) or a list like 1,10,100 [default: the study's]
    #[arg(long, value_name = "GRID")]
    alphas: Option<Penalties>,
    /// Search over penalties
    #[arg(long, value_name = "SEARCH", default_value = AlphaSearch::default().name(), value_parser = lpp_cli::choice::<AlphaSearch>())]
    alpha_search: AlphaSearch,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<AverageJob> {
        let replaced = [("alphas", self.alphas.is_some()), ("tr_s", self.tr.is_some())];
        let replaced: Vec<&str> = replaced
            .iter()
            .filter(|(_, given)| *given)
            .map(|(key, _)| *key)
            .collect();
        let study = self.scans.choose(self.study.open_without(&replaced)?);
        let lang = self.study.lang;
        let mut job = match &self.output {
            None => AverageJob::of_study(&study, lang)?,
            Some(output) => {
                let only = &study.config().corpus.only;
                let folders = in_order(&self.subjects);
                let subjects = folders.iter().map(|folder| SubjectRuns::find(folder, only));
                AverageJob::new(subjects.collect::<Result<_, _>>()?, lang, output, &study)
            }
        };
        job.tr = job.tr.or_flag(self.tr);
        job.step.mask = self.mask.or(job.step.mask);
        job.step.n_trials = self.isc_trials;
        job.step.seed = self.seed;
        if let Some(alphas) = &self.alphas {
            job.step.alphas = alphas.values().to_vec();
        }
        job.step.alpha_search = self.alpha_search;
        job.force = self.study.force;
        Ok(job)
    }
}

/// Folders in the order of their names, which decides the halves; a shell lists sub-10 before sub-2.
fn in_order(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut sorted = folders.to_vec();
    sorted.sort_by(|a, b| natural_path_order(a, b));
    if sorted != folders {
        tracing::warn!("subjects are sorted by name (the order determines the halves)");
    }
    sorted
}

/// What `--json` prints. NaN becomes null.
#[derive(Serialize)]
struct Summary<'a> {
    n_subjects: usize,
    n_runs: usize,
    n_voxels: usize,
    averages: &'a [PathBuf],
    up_to_date: bool,
    mean_isc: &'a [f64],
    /// Subjects of the first half of each trial, then those of the second, by position.
    permutations: Vec<Vec<usize>>,
    alpha_index: &'a [Vec<usize>],
}

impl<'a> Summary<'a> {
    fn new(report: &'a AverageReport) -> Self {
        Self {
            n_subjects: report.n_subjects,
            n_runs: report.averages.len(),
            n_voxels: report.n_voxels,
            averages: &report.averages,
            up_to_date: report.up_to_date,
            mean_isc: &report.mean_isc,
            permutations: report
                .halves
                .iter()
                .map(|half| [half.features.as_slice(), &half.targets].concat())
                .collect(),
            alpha_index: &report.alpha_index,
        }
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let job = args.job()?;
        let report = job.run(lpp_cli::software!(), &lpp_cli::progress(&common))?;
        if common.json() {
            return lpp_cli::print_json(&Summary::new(&report));
        }
        let folder = job
            .step
            .averages
            .first()
            .and_then(|run| run.parent())
            .unwrap_or(Path::new("."));
        let state = if report.up_to_date {
            "up to date"
        } else {
            "written"
        };
        lpp_cli::print_line(format!(
            "{}: {state}, {} runs of {} subjects, {} voxels",
            folder.display(),
            report.averages.len(),
            report.n_subjects,
            report.n_voxels
        ))?;
        if report.mean_isc.is_empty() {
            return Ok(());
        }
        let mean = report.mean_isc.iter().sum::<f64>() / report.mean_isc.len() as f64;
        lpp_cli::print_line(format!(
            "{}: {state}, {} trials, mean correlation {mean:.4}",
            job.step.isc.display(),
            report.mean_isc.len()
        ))
    })
}
