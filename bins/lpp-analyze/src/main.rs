//! `lpp-analyze`: the numbers of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lpp_analysis::{Analysis, AnalysisJob, HemisphereRule, IscSummary};
use lpp_cli::{CommonArgs, Program, StudyArgs};

/// Computes the numbers of a study from its scores, as CSV and Parquet tables.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-analyze all --study my-study --lang en\n  \
                  lpp-analyze isc --mask mask_lpp_en.nii.gz --isc isc_10trials_en.gz --json"
)]
struct Command {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Voxels, hemispheres and reliability of a mask; needs no study
    Isc {
        /// The brain mask
        #[arg(long, value_name = "NIFTI")]
        mask: PathBuf,
        /// The inter-subject correlation: .npy or a joblib dump, (trials, voxels)
        #[arg(long, value_name = "FILE")]
        isc: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Brain score against model size
    Scaling(Study),
    /// Left against right, and how the difference grows with size
    Lateralization(Study),
    /// The score of each layer
    Layers(Study),
    /// Word vectors, random vectors, untrained models
    Baselines(Study),
    /// Regions of interest and their mirror images
    Rois(Study),
    /// Corrected definitions and tests beside the paper's: the delta table, families, ceilings, many voxels, subjects
    Corrected(Study),
    /// All of the above
    All(Study),
}

#[derive(Debug, Args)]
struct Study {
    #[command(flatten)]
    place: StudyArgs,
    /// How left is told from right: halves (of the array, the paper's) or x (the midline left out)
    #[arg(long, value_name = "RULE", default_value_t)]
    hemisphere: HemisphereRule,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NIFTI")]
    mask: Option<PathBuf>,
    /// The inter-subject correlation [default: the study's, if there is one]
    #[arg(long, value_name = "FILE")]
    isc: Option<PathBuf>,
    /// Print the tables as one JSON object instead of their paths
    #[arg(long)]
    json: bool,
}

impl Program for Command {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|command: Command| {
        let (analysis, study) = match command.what {
            What::Isc { mask, isc, json } => return summarise(&IscSummary::load(&mask, &isc)?, json),
            What::Scaling(study) => (Analysis::Scaling, study),
            What::Lateralization(study) => (Analysis::Lateralization, study),
            What::Layers(study) => (Analysis::Layers, study),
            What::Baselines(study) => (Analysis::Baselines, study),
            What::Rois(study) => (Analysis::Rois, study),
            What::Corrected(study) => (Analysis::Corrected, study),
            What::All(study) => (Analysis::All, study),
        };
        analyse(analysis, study, &command.common)
    })
}

fn summarise(summary: &IscSummary, json: bool) -> anyhow::Result<()> {
    if json {
        lpp_cli::print_json(summary)
    } else {
        lpp_cli::print_line(summary.to_string())
    }
}

fn analyse(analysis: Analysis, args: Study, common: &CommonArgs) -> anyhow::Result<()> {
    let job = AnalysisJob {
        study: args.place.open()?,
        lang: args.place.lang,
        analysis,
        hemisphere: args.hemisphere,
        isc: args.isc,
        mask: args.mask,
        force: args.place.force,
    };
    let report = job.run(lpp_cli::software!(), &lpp_cli::progress(common))?;
    if args.json {
        return lpp_cli::print_json(&report.json());
    }
    let done = if report.up_to_date {
        "up to date"
    } else {
        "written"
    };
    report
        .files
        .iter()
        .try_for_each(|file| lpp_cli::print_line(format!("{}: {done}", file.display())))
}
