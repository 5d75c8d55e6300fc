//! `lpp-simulate`: synthetic studies with planted effects.

mod training;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as ClapArgs, Parser, Subcommand};
use lpp_cli::{CommonArgs, Outcome, Program, StudyArgs, SubjectArgs, print_outcomes};
use lpp_sim::{BidsSettings, Comparison, ModelSpec, StudySimulation, SubjectSimulation};
use lpp_steps::Choice;
use lpp_study::{Asymmetry, Group, Plant, StudyConfig};

/// Makes a complete synthetic study with planted effects: story, word times, small language models, brain mask,
/// inter-subject correlation and scans of an average subject or of a group.
///
/// simulation/truth.json says what was planted. The same settings give the same files.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  lpp-simulate --study demo-study --asymmetry growth\n  lpp-simulate --study group --asymmetry ceiling --ceiling-left 0.3 --subjects 12 --gain-sd 0.05\n  lpp-simulate --study stories --bids --runs 12 --tr 1.5 --lang de --subjects 3\n  lpp-simulate compare --study demo-study"
)]
struct Args {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    whole: WholeStudy,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Simulates scans of an average subject for real words, with a real mask and noise level
    Subject(Subject),
    /// Compares planted and recovered effects; fails if they differ in sign or order
    Compare(Compare),
    Training(training::TrainingArgs),
}

#[derive(Debug, ClapArgs)]
struct WholeStudy {
    #[command(flatten)]
    study: StudyArgs,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Smallest number of words per run
    #[arg(long, value_name = "N", default_value_t = 600)]
    words_per_run: usize,
    /// Models, as ARCHITECTURE:WIDTH; wider models explain more of the planted signal
    #[arg(long, value_name = "SPEC", value_delimiter = ',', default_values = ModelSpec::DEMO)]
    models: Vec<ModelSpec>,
    /// Width of the random baselines in lpp.toml
    #[arg(long, value_name = "N", default_value_t = 32)]
    baseline_dims: usize,
    /// Number of runs
    #[arg(long, value_name = "N", default_value_t = StudySimulation::DEFAULT_RUNS)]
    runs: usize,
    /// Repetition time in s
    #[arg(long, value_name = "S", default_value_t = StudyConfig::REFERENCE_TR_S)]
    tr: f64,
    #[command(flatten)]
    plant: PlantArgs,
    /// Write scans of subjects as fMRIPrep leaves them, to the folder fmriprep of the study: two sessions, two spaces,
    /// masks, confounds and events. Writes no lpp.toml and no average subject
    #[arg(long)]
    bids: bool,
    /// Write cleaned scans of this many subjects on a coarse grid, and no average subject: lpp-average makes it and the
    /// inter-subject correlation. With --bids: number of subjects there [default: 3]
    #[arg(long, value_name = "N")]
    subjects: Option<usize>,
    /// Spread of the gains of subjects: standard deviation of their natural logarithm, drawn for each side
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0.0,
        requires = "subjects",
        conflicts_with = "bids"
    )]
    gain_sd: f64,
    /// A story that each subject hears again at the end of each session, from 1
    #[arg(long, value_name = "K", requires = "bids")]
    test_story: Option<usize>,
}

/// What is planted in the brain.
#[derive(Debug, ClapArgs)]
struct PlantArgs {
    /// How the left side differs from the right
    #[arg(long, value_name = "KIND", default_value = Asymmetry::default().name(), value_parser = lpp_cli::choice::<Asymmetry>())]
    asymmetry: Asymmetry,
    /// With --asymmetry ceiling: by how much ceilings are higher on the left, in the centres of the language regions
    /// [default: 0.12 to 0.20 by region]
    #[arg(long, value_name = "X")]
    ceiling_left: Option<f64>,
    /// Ceiling of the voxels between the sides, in the back half of the brain [default: that of their neighbours]
    #[arg(long, value_name = "X")]
    midline: Option<f64>,
    /// Smoothness of the noise in space: full width at half maximum in mm
    #[arg(long, value_name = "MM", default_value_t = 0.0)]
    noise_fwhm: f64,
    /// Share of the variance of the noise that the voxels of a side have in common
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    noise_shared: f64,
}

impl WholeStudy {
    fn plant(&self) -> Plant {
        let n_subjects = self.subjects.filter(|_| !self.bids);
        Plant {
            asymmetry: self.plant.asymmetry,
            ceiling_left: self.plant.ceiling_left,
            midline: self.plant.midline,
            noise_fwhm_mm: self.plant.noise_fwhm,
            noise_shared: self.plant.noise_shared,
            group: n_subjects.map(|n_subjects| Group {
                n_subjects,
                gain_sd: self.gain_sd,
            }),
        }
    }
}

#[derive(Debug, ClapArgs)]
struct Subject {
    #[command(flatten)]
    study: StudyArgs,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The words and their times [default: the study's]
    #[arg(long, value_name = "CSV")]
    words: Option<PathBuf>,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Inter-subject correlation (trials, voxels), .npy or joblib: the noise level
    #[arg(long, value_name = "FILE")]
    isc: PathBuf,
    /// Number of scans of each run
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', required = true)]
    n_scans: Vec<usize>,
}

#[derive(Debug, ClapArgs)]
struct Compare {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Also fail if a corrected slope or ceiling does not show what was planted
    #[arg(long)]
    corrected: bool,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

fn make_study(args: WholeStudy, common: &CommonArgs) -> anyhow::Result<()> {
    let job = StudySimulation {
        plant: args.plant(),
        root: args.study.study,
        seed: args.seed,
        lang: args.study.lang,
        words_per_run: args.words_per_run,
        models: args.models,
        baseline_dims: args.baseline_dims,
        n_runs: args.runs,
        tr_s: args.tr,
        bids: args.bids.then_some(BidsSettings {
            n_subjects: args.subjects.unwrap_or(3),
            test_story: args.test_story,
        }),
    };
    let made = job.run(lpp_cli::software!(), args.study.force, &lpp_cli::progress(common))?;
    print_outcomes(common, &[Outcome::new(&job.root, !made)])
}

fn make_subject(args: Subject, common: &CommonArgs) -> anyhow::Result<()> {
    let study = args.study.open()?;
    let lang = args.study.lang;
    let job = SubjectSimulation {
        root: args.study.study,
        seed: args.seed,
        lang,
        words: args.words.unwrap_or_else(|| study.words(lang)),
        mask: args.mask.unwrap_or_else(|| study.mask(lang)),
        isc: args.isc,
        n_scans: args.n_scans,
    };
    let made = job.run(lpp_cli::software!(), args.study.force, &lpp_cli::progress(common))?;
    print_outcomes(common, &[Outcome::new(&job.root, !made)])
}

fn compare(args: &Compare, common: &CommonArgs) -> anyhow::Result<()> {
    let comparison = Comparison::of(&args.subject.choose(args.study.open()?), args.study.lang)?;
    if common.json() {
        lpp_cli::print_json(&comparison)?;
    } else {
        lpp_cli::print_results(comparison.lines())?;
    }
    Ok(comparison.verdict(args.corrected)?)
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| match args.other {
        None => make_study(args.whole, &args.common),
        Some(Other::Subject(subject)) => make_subject(subject, &args.common),
        Some(Other::Training(training)) => training.run(&args.common),
        Some(Other::Compare(ref arguments)) => compare(arguments, &args.common),
    })
}
