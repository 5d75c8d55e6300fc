//! `lpp-mask`: the brain mask that runs share.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Outcome, Program, ScanArgs, StudyArgs};
use lpp_preparation::MaskJob;
use lpp_steps::{MaskStep, has_symmetric_masks};
use lpp_study::{RunKind, averaged_runs};

/// Computes a brain mask for every run, keeps the voxels that are in more than half of the run masks, and then those
/// whose mirror image is in the mask too.
///
/// By default the runs are those in the study's resampled/LANG.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-mask --study DIR --lang en\n  lpp-mask sub-*/run-*.nii.gz -o mask.nii.gz"
)]
struct Args {
    /// The runs of all subjects, on one grid [default: the study's]
    #[arg(value_name = "NII")]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    scans: ScanArgs,
    /// Output mask [default: the study's]
    #[arg(short, long, value_name = "NII", value_parser = lpp_cli::output_file(&[".nii.gz", ".nii"]))]
    output: Option<PathBuf>,
    /// Do not make the mask symmetric
    #[arg(long)]
    asymmetric: bool,
    /// Also write the mask of each run to this folder
    #[arg(long, value_name = "DIR")]
    run_masks: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<MaskJob> {
        let study = self.scans.choose(self.study.open()?);
        let lang = self.study.lang;
        let (runs, can_be_symmetric) = if self.runs.is_empty() {
            let subjects = averaged_runs(&study, lang)?.into_iter();
            let runs: Vec<PathBuf> = subjects.flat_map(|subject| subject.runs).collect();
            let symmetric = has_symmetric_masks(&study, &runs);
            (runs, symmetric)
        } else {
            let symmetric = !RunKind::have_vertices(&self.runs);
            (self.runs, symmetric)
        };
        let step = MaskStep {
            lang,
            runs,
            symmetric: can_be_symmetric && !self.asymmetric,
            output: self.output.unwrap_or_else(|| study.mask(lang)),
        };
        Ok(MaskJob {
            step,
            run_masks: self.run_masks,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let job = args.job()?;
        let report = job.run(lpp_cli::software!(), &lpp_cli::progress(&common))?;
        for run in &report.empty_runs {
            tracing::warn!("{}: no brain found in this run; its mask is empty", run.display());
        }
        let outcome = Outcome::new(&job.step.output, report.up_to_date);
        lpp_cli::print_outcomes(&common, &[outcome.count("voxels", report.mask.n_voxels())])
    })
}
