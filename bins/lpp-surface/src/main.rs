//! `lpp-surface`: volumes on cortical surfaces.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lpp_cli::{CommonArgs, Outcome, Program};
use lpp_preparation::ProjectJob;
use lpp_steps::ProjectStep;

/// Takes values of volumes to the vertices of cortical surfaces.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-surface project bold.nii.gz --white lh.white --pial lh.pial -o hemi-L_bold.func.gii"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: CommonArgs,
}

/// The doc comments of the arguments are the help texts.
#[derive(Debug, Subcommand)]
enum Command {
    Project(ProjectArgs),
}

/// Writes the mean between the white and the pial surface at each vertex
///
/// Ten points are taken between the surfaces, and interpolated linearly, as in nilearn. A volume of several scans gives a map
/// per scan. Volume and surfaces must be in the same space. Vertices outside the volume are NaN.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
struct ProjectArgs {
    /// The volume: a run or a map
    #[arg(value_name = "NII")]
    volume: PathBuf,
    /// The white surface of a hemisphere: GIFTI or FreeSurfer
    #[arg(long, value_name = "SURF")]
    white: PathBuf,
    /// Its pial surface
    #[arg(long, value_name = "SURF")]
    pial: PathBuf,
    /// Output values
    #[arg(short, long, value_name = "GII", value_parser = lpp_cli::output_file(&[".func.gii", ".shape.gii"]))]
    output: PathBuf,
    /// Recompute even if the output is up to date
    #[arg(long)]
    force: bool,
}

impl Program for Cli {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl ProjectArgs {
    fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let job = ProjectJob {
            step: ProjectStep {
                volume: self.volume,
                white: self.white,
                pial: self.pial,
                output: self.output,
            },
            force: self.force,
        };
        let report = job.run(lpp_cli::software!())?;
        let mut outcome = Outcome::new(&job.step.output, report.is_none());
        if let Some(report) = report {
            outcome = outcome
                .count("maps", report.n_maps)
                .count("vertices", report.n_vertices)
                .count("outside the volume", report.n_outside);
        }
        lpp_cli::print_outcomes(common, &[outcome])
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|cli: Cli| match cli.command {
        Command::Project(args) => args.run(&cli.common),
    })
}
