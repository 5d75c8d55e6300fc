//! `lpp-analyze`: the numbers of a study.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand};
use lpp_analysis::{
    Analysis, AnalysisJob, AnalysisOptions, AnalysisReport, CompareJob, HemisphereRule, IscSummary,
    LanguagesJob, LayerRule, TransfersJob,
};
use lpp_cli::{CommonArgs, Program, SubjectArgs};
use lpp_study::Language;

/// Computes the results of a study from its scores and writes them as CSV and Parquet tables.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-analyze all --study my-study --lang en\n  \
                  lpp-analyze compare --study my-study\n  \
                  lpp-analyze isc --mask mask_lpp_en.nii.gz --isc isc_10trials_en.gz --json"
)]
struct Command {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    common: CommonArgs,
}

/// The study, before or after the name of the analysis.
#[derive(Debug, Args)]
struct Place {
    /// Study folder, with lpp.toml and all files of the study [default: the current folder]
    #[arg(long, value_name = "DIR", global = true)]
    study: Option<PathBuf>,
    /// Language of the story [default: en]
    #[arg(long, value_name = "LANG", global = true, value_parser = lpp_cli::language(), hide_possible_values = true)]
    lang: Option<Language>,
    /// Recompute even if the output is up to date
    #[arg(long, global = true)]
    force: bool,
}

impl Place {
    fn lang(&self) -> Language {
        self.lang.unwrap_or(Language::English)
    }

    fn open(&self) -> anyhow::Result<lpp_study::Study> {
        let folder = self.study.as_deref().unwrap_or(Path::new("."));
        lpp_study::Study::open(folder).context("cannot open the study (--study)")
    }

    /// Whether a flag was given that means nothing without a study.
    fn is_given(&self) -> bool {
        self.study.is_some() || self.lang.is_some() || self.force
    }
}

#[derive(Debug, Subcommand)]
enum What {
    /// Voxels, hemispheres and reliability of a mask (needs no study)
    Isc {
        /// The brain mask
        #[arg(long, value_name = "NIFTI")]
        mask: PathBuf,
        /// The inter-subject correlation: .npy or a joblib dump, (trials, voxels)
        #[arg(long, value_name = "FILE")]
        isc: PathBuf,
    },
    /// Tables of one language
    #[command(flatten)]
    Single(Single),
    /// All of the above for every language that has scores, with a comparison of languages
    Languages(Study),
    /// The numbers printed in the paper's notebooks next to those of this study
    Compare(Study),
    /// Kept weights on the words of this study and others (lpp-fit --apply): all pairs of source and target
    Transfer {
        /// Another study whose transferred scores are rows of the same table; may be repeated
        #[arg(long, value_name = "DIR")]
        also: Vec<PathBuf>,
    },
}

/// One analysis, or all of them: a subcommand for each that the library has.
#[derive(Debug)]
struct Single {
    analysis: Analysis,
    study: Study,
}

impl Single {
    fn each() -> impl Iterator<Item = Analysis> {
        Analysis::EACH.iter().copied().chain([Analysis::All])
    }
}

impl FromArgMatches for Single {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let analysis = Self::each().find(|analysis| analysis.command().0 == name);
        Ok(Self {
            analysis: analysis.ok_or_else(missing)?,
            study: Study::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Single {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        Self::each().fold(command, |command, analysis| {
            let (name, about) = analysis.command();
            command.subcommand(Study::augment_args(clap::Command::new(name)).about(about))
        })
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Self::each().any(|analysis| analysis.command().0 == name)
    }
}

#[derive(Debug, Args)]
struct Study {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Definition of left and right: halves (of the masked array, as in the paper; x if the halves are not the two
    /// sides) or x (sign of x, without the midline); of scans on surfaces, always the structures
    #[arg(long, value_name = "RULE", default_value_t)]
    hemisphere: HemisphereRule,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NIFTI")]
    mask: Option<PathBuf>,
    /// Inter-subject correlation [default: the study's, if it exists]
    #[arg(long, value_name = "FILE")]
    isc: Option<PathBuf>,
    /// Table of perplexity, `HellaSwag` accuracy and size of models, CSV [default: the study's `model_info_LANG.csv`, if it exists]
    #[arg(long, value_name = "CSV")]
    model_info: Option<PathBuf>,
    /// Atlas: label image of any numbering [default: the study's atlas/atlas.nii.gz, if it exists]
    #[arg(long, value_name = "NIFTI")]
    atlas: Option<PathBuf>,
    /// Names of the labels [default: the study's atlas/labels.xml or .csv]
    #[arg(long, value_name = "XML|CSV")]
    atlas_labels: Option<PathBuf>,
    /// Layers to use: all, or published (without the last layer of French and Chinese models, as in the paper's notebook)
    #[arg(long, value_name = "RULE", default_value_t)]
    layers: LayerRule,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = AnalysisOptions::default().seed)]
    seed: u64,
}

impl Program for Command {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|command: Command| {
        let place = &command.place;
        let Single { analysis, study } = match command.what {
            What::Isc { .. } if place.is_given() => {
                anyhow::bail!("isc does not use a study: remove --study, --lang and --force")
            }
            What::Isc { mask, isc } => {
                return summarise(&IscSummary::load(&mask, &isc)?, command.common.json());
            }
            What::Single(single) => single,
            What::Languages(study) => {
                let job = languages(&study, place)?;
                let report = job.run(lpp_cli::software!(), &lpp_cli::progress(&command.common))?;
                return show(
                    &report,
                    &["id", "quantity", "en", "cn", "fr"],
                    command.common.json(),
                );
            }
            What::Transfer { also } => {
                let columns = [
                    "model",
                    "source_study",
                    "source_lang",
                    "target_study",
                    "target_lang",
                    "layer",
                    "score",
                    "own_score",
                ];
                let report = transfers(also, place)?.run(lpp_cli::software!())?;
                return show(&report, &columns, command.common.json());
            }
            What::Compare(study) => {
                let job = CompareJob {
                    languages: languages(&study, place)?,
                };
                let report = job.run(lpp_cli::software!(), &lpp_cli::progress(&command.common))?;
                let columns = [
                    "id",
                    "language",
                    "voxels",
                    "quantity",
                    "published",
                    "ours",
                    "agrees",
                ];
                return show(&report, &columns, command.common.json());
            }
        };
        analyse(analysis, study, place, &command.common)
    })
}

fn summarise(summary: &IscSummary, json: bool) -> anyhow::Result<()> {
    if json {
        lpp_cli::print_json(summary)
    } else {
        lpp_cli::print_results(summary.to_string().lines())
    }
}

fn analyse(analysis: Analysis, args: Study, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
    let options = args.options();
    let job = AnalysisJob {
        study: args.subject.choose(place.open()?),
        lang: place.lang(),
        analysis,
        hemisphere: args.hemisphere,
        isc: args.isc,
        mask: args.mask,
        force: place.force,
        options,
    };
    let report = job.run(lpp_cli::software!(), &lpp_cli::progress(common))?;
    print(&report, common.json())
}

fn languages(args: &Study, place: &Place) -> anyhow::Result<LanguagesJob> {
    let single = [&args.mask, &args.isc, &args.model_info];
    if single.iter().any(|path| path.is_some()) || args.subject.subject.is_some() {
        anyhow::bail!(
            "--mask, --isc, --model-info and --subject are for one language; this command uses what the study has"
        );
    }
    Ok(LanguagesJob {
        study: place.open()?,
        hemisphere: args.hemisphere,
        options: args.options(),
        force: place.force,
    })
}

fn transfers(also: Vec<PathBuf>, place: &Place) -> anyhow::Result<TransfersJob> {
    anyhow::ensure!(
        place.lang.is_none(),
        "transfer is over all languages: remove --lang"
    );
    let others = also.into_iter().map(lpp_study::Study::open);
    let studies = std::iter::once(place.open())
        .chain(others.map(|study| study.context("cannot open the study (--also)")));
    Ok(TransfersJob {
        studies: studies.collect::<Result<_, _>>()?,
        force: place.force,
    })
}

/// The rows, as JSON or as text with the file that they were written to.
fn show(report: &AnalysisReport, columns: &[&str], json: bool) -> anyhow::Result<()> {
    if !json {
        for table in &report.tables {
            lpp_cli::print_results(table.aligned(columns))?;
        }
    }
    print(report, json)
}

/// The rows as JSON, or the files that were written.
fn print(report: &AnalysisReport, json: bool) -> anyhow::Result<()> {
    if json {
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
        .chain(&report.maps)
        .try_for_each(|file| lpp_cli::print_line(format!("{}: {done}", file.display())))
}

impl Study {
    fn options(&self) -> AnalysisOptions {
        AnalysisOptions {
            model_info: self.model_info.clone(),
            atlas: self.atlas.clone(),
            atlas_labels: self.atlas_labels.clone(),
            layers: self.layers,
            seed: self.seed,
        }
    }
}
