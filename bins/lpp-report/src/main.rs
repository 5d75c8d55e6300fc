//! `lpp-report`: the figures and the page of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Outcome, Program, Software, StudyArgs, SubjectArgs};
use lpp_report::surface::CorticalSurface;
use lpp_report::{Format, ReportJob, Theme};
use lpp_study::RunKind;

/// Draws the figures of a study and writes them with its tables to one self-contained HTML page.
///
/// Run `lpp-analyze all` first. The page makes no network requests and can be sent by mail.
#[derive(Debug, Parser)]
#[command(
    name = "lpp-report",
    version,
    after_help = "Example:\n  lpp-report --study my-study --lang en --format svg,pdf"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Output page [default: the study's report/report.html]
    #[arg(short, long, value_name = "HTML", value_parser = lpp_cli::output_file(&[".html", ".htm"]))]
    output: Option<PathBuf>,
    /// Folder for the figures [default: the study's figures/]
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NIFTI")]
    mask: Option<PathBuf>,
    /// Formats of the figures, separated by commas: svg, png, pdf
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "svg")]
    format: Vec<Format>,
    /// Colours of the figures: light or dark
    #[arg(long, value_name = "THEME", default_value_t)]
    theme: Theme,
    /// Resolution of PNG figures, in dots per inch
    #[arg(long, value_name = "DPI", default_value_t = 300, value_parser = clap::value_parser!(u32).range(36..=1200))]
    dpi: u32,
    /// Folder with cortical meshes: nilearn's fsaverage5, the surf folder of a `FreeSurfer` subject, or `.surf.gii`
    /// files of both hemispheres. Scans on surfaces need their own mesh [default: surface under [paths] in lpp.toml; for
    /// volumes, fsaverage5 of nilearn or `FreeSurfer` if installed, otherwise the surface of the mask]
    #[arg(long, value_name = "DIR")]
    surface: Option<PathBuf>,
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
        let study = self.subject.choose(self.study.open()?);
        let is_volume = study.kind() == RunKind::Volume;
        let installed = || is_volume.then(CorticalSurface::find).flatten();
        Ok(ReportJob {
            surface: self.surface.or_else(|| study.surface()).or_else(installed),
            study,
            lang: self.study.lang,
            output: self.output,
            figures: self.figures,
            mask: self.mask,
            formats: self.format,
            theme: self.theme,
            dpi: self.dpi,
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
        let common = args.common.clone();
        let made = args.into_job()?.run(software, &lpp_cli::progress(&common))?;
        lpp_cli::print_outcomes(&common, &[Outcome::new(&made.page, made.up_to_date)])
    })
}
