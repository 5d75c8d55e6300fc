//! `lpp-clean`: cleaned time courses of the voxels of a mask.

#![expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Outcome, Program, StudyArgs};
use lpp_fmri::{CleaningParams, Scrub};
use lpp_preparation::{CleanJob, RepetitionTime};
use lpp_steps::{CleanStep, ConfoundColumns, smoothing_of};

/// Extracts the time courses of a mask's voxels from a run, cleans them and writes an array (scans, voxels).
///
/// The reference study uses --detrend --high-pass 0.0078125 --standardize, and --smoothing-fwhm 4 for individual
/// subjects. Without flags the time courses are cleaned as the
/// study says in the section clean of lpp.toml, or not at all.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-clean bold.nii.gz --mask mask.nii.gz --detrend --high-pass 0.0078125 --standardize --tr 2 -o ts.npy"
)]
struct Args {
    /// Image of the run, on the grid of the mask
    #[arg(value_name = "NII")]
    image: PathBuf,
    #[command(flatten)]
    study: StudyArgs,
    /// The mask [default: the study's]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Output array
    #[arg(short, long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]))]
    output: PathBuf,
    /// Remove the mean and the linear trend
    #[arg(long)]
    detrend: bool,
    /// Z-score: subtract the mean and divide by the standard deviation
    #[arg(long, visible_alias = "standardise")]
    standardize: bool,
    /// Cut-off of the high-pass filter, in Hz
    #[arg(long, value_name = "HZ", allow_negative_numbers = true)]
    high_pass: Option<f64>,
    /// Repetition time in s [default: that of the study or the image; all must agree]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    tr: Option<f64>,
    /// Smooth with a Gaussian of this FWHM, in mm, before masking
    #[arg(long, value_name = "MM", allow_negative_numbers = true)]
    smoothing_fwhm: Option<f64>,
    /// Table of confounds with a row per scan, such as *_desc-confounds_timeseries.tsv of fMRIPrep
    #[arg(long, value_name = "TSV")]
    confounds: Option<PathBuf>,
    /// Columns of the table to remove: names or shell patterns, for example 'trans_*,rot_*,csf,white_matter,cosine*'
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', requires = "confounds")]
    columns: Vec<String>,
    /// Leave out scans at which a column of the table is above a threshold, for example framewise_displacement:0.5; they are
    /// NaN in the output, and lpp-fit leaves them out of fit and score
    #[arg(long, value_name = "COLUMN:THRESHOLD", requires = "confounds")]
    scrub: Option<Scrub>,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<CleanJob> {
        let replaced: &[&str] = if self.tr.is_some() { &["tr_s"] } else { &[] };
        let study = self.study.open_without(replaced)?;
        let clean = &study.config().clean;
        if let Some(table) = &self.confounds
            && self.columns.is_empty()
            && self.scrub.is_none()
        {
            anyhow::bail!("{}: expected --columns or --scrub too", table.display());
        }
        let step = CleanStep {
            image: Some(self.image),
            mask: self.mask.unwrap_or_else(|| study.mask(self.study.lang)),
            smoothing_fwhm_mm: self.smoothing_fwhm.or(smoothing_of(clean, None)),
            cleaning: CleaningParams {
                detrend: self.detrend || clean.detrend == Some(true),
                high_pass_hz: self.high_pass.or(clean.high_pass_hz.filter(|hz| *hz > 0.0)),
                standardise: self.standardize,
                ..CleaningParams::default()
            },
            confounds: self.confounds.map(|table| ConfoundColumns {
                table,
                columns: self.columns,
                scrub: self.scrub,
            }),
            tr_s: None,
            output: self.output,
        };
        Ok(CleanJob {
            step,
            tr: RepetitionTime::of_study(&study).or_flag(self.tr),
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let (common, image) = (args.common.clone(), args.image.clone());
        let job = args.job()?;
        let report = job.run(lpp_cli::software!())?;
        let mut outcome = Outcome::new(&job.step.output, report.is_none());
        if let Some(report) = report {
            if report.n_constant > 0 {
                tracing::warn!(
                    "{}: {} of {} voxels are constant",
                    image.display(),
                    report.n_constant,
                    report.n_voxels
                );
            }
            outcome = outcome
                .count("scans", report.n_scans)
                .count("voxels", report.n_voxels);
            if job.step.confounds.is_some() {
                outcome = outcome
                    .count("confounds", report.n_confounds)
                    .count("scrubbed", report.n_scrubbed);
            }
        }
        lpp_cli::print_outcomes(&common, &[outcome])
    })
}
