//! `lpp-report`: the figures and the page of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Program, Software, StudyArgs};
use lpp_report::ReportJob;

/// Draws the figures of a study and writes them, with its tables, into one self-contained page.
///
/// Needs the tables that `lpp-analyze all` writes. The page makes no network request and can be mailed.
#[derive(Debug, Parser)]
#[command(
    name = "lpp-report",
    version,
    after_help = "Example:\n  lpp-report --study my-study --lang en"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    /// The page to write [default: the study's report/report.html]
    #[arg(short, long, value_name = "HTML")]
    output: Option<PathBuf>,
    /// Folder for the figures [default: the study's figures/]
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NIFTI")]
    mask: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn into_job(self) -> anyhow::Result<ReportJob> {
        Ok(ReportJob {
            study: self.study.open()?,
            lang: self.study.lang,
            output: self.output,
            figures: self.figures,
            mask: self.mask,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        // The package has another name than the program.
        let software = Software {
            program: env!("CARGO_BIN_NAME"),
            ..lpp_cli::software!()
        };
        let progress = lpp_cli::progress(args.common());
        let made = args.into_job()?.run(software, &progress)?;
        let done = if made.up_to_date { " (up to date)" } else { "" };
        lpp_cli::print_line(format!("{}{done}", made.page.display()))
    })
}
