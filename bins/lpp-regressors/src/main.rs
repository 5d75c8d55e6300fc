//! `lpp-regressors`: from activations per word to features per scan.

#![expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Outcome, Program};
use lpp_fmri::Hrf;
use lpp_preparation::RegressorJob;
use lpp_steps::RegressorsStep;

/// Convolves the activations of a run's words with the HRF and samples them at its scans.
///
/// The events are a CSV file with a column onset (or onset_s), and one of offset (offset_s) or duration (duration_s),
/// in seconds from the start of the run; the activations are [words, features], float32 or float64. Writes float64
/// features, [scans, features], neither trimmed nor standardised.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-regressors --events words.csv --run 0 --activations layer-6.npy --n-scans 282 --tr 2 -o x.npy"
)]
struct Args {
    /// Word times
    #[arg(long, value_name = "CSV")]
    events: PathBuf,
    /// Run to use, if the events have a column run (or section) with several runs
    #[arg(long, value_name = "R")]
    run: Option<String>,
    /// Activations of the words of that run
    #[arg(long, value_name = "NPY")]
    activations: PathBuf,
    /// Number of scans of the run
    #[arg(long, value_name = "N")]
    n_scans: usize,
    /// Repetition time in seconds
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS")]
    tr: f64,
    /// Time of the first scan on the clock of the words, in seconds [default: half a TR; 0 is not the same]
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS", value_parser = finite)]
    start: Option<f64>,
    /// Haemodynamic response: glover, spm, glover+derivative, or fir:D1,D2,… with delays in scans
    #[arg(long, value_name = "MODEL", default_value_t)]
    hrf: Hrf,
    /// Output features
    #[arg(short, long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]))]
    output: PathBuf,
    /// Recompute even if the output is up to date
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> RegressorJob {
        let step = RegressorsStep {
            events: self.events,
            run: self.run,
            activations: self.activations,
            n_scans: self.n_scans,
            tr_s: self.tr,
            start_s: self.start,
            hrf: self.hrf,
            output: self.output,
        };
        RegressorJob {
            step,
            force: self.force,
        }
    }
}

/// A finite number.
fn finite(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|error| format!("{error}"))?;
    number
        .is_finite()
        .then_some(number)
        .ok_or_else(|| "expected a finite number of seconds".to_owned())
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let job = args.job();
        let written = job.run(lpp_cli::software!())?;
        lpp_cli::print_outcomes(&common, &[Outcome::new(&job.step.output, !written)])
    })
}
