//! `lpp-mask`: the brain mask that runs share.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Program, ScanArgs, StudyArgs};
use lpp_fmri::{MaskJob, averaged_runs};

/// Finds the brain in every run, keeps the voxels that more than half of the runs share, and of these the ones whose
/// mirror image is inside too.
///
/// Without runs, those of the study's resampled/LANG are taken.
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
    /// The mask to write [default: the study's]
    #[arg(short, long, value_name = "NII", value_parser = lpp_cli::output_file(&[".nii.gz", ".nii"]))]
    output: Option<PathBuf>,
    /// Keep voxels whose mirror image is not inside
    #[arg(long)]
    asymmetric: bool,
    /// Also write the mask of each run, under its name, to this folder
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
    fn into_job(self) -> anyhow::Result<MaskJob> {
        let study = self.scans.choose(self.study.open()?);
        let runs = if self.runs.is_empty() {
            averaged_runs(&study, self.study.lang)?
                .into_iter()
                .flat_map(|subject| subject.runs)
                .collect()
        } else {
            self.runs
        };
        Ok(MaskJob {
            runs,
            symmetric: !self.asymmetric,
            run_masks: self.run_masks,
            output: self.output.unwrap_or_else(|| study.mask(self.study.lang)),
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let progress = lpp_cli::progress(args.common());
        let job = args.into_job()?;
        let report = job.run(lpp_cli::software!(), &progress)?;
        for run in &report.empty_runs {
            tracing::warn!(
                "{}: no brain was found in this run; it counts as empty",
                run.display()
            );
        }
        let state = if report.up_to_date {
            "up to date"
        } else {
            "written"
        };
        lpp_cli::print_line(format!(
            "{}: {state}, {} voxels",
            job.output.display(),
            report.mask.n_voxels()
        ))
    })
}
