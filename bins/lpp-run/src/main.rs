//! `lpp-run`: plans and runs all steps of a study.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Parser, Subcommand};
use lpp_cli::{CommonArgs, Outcome, Program, print_json, print_line, print_outcomes, print_results};
use lpp_files::{human_bytes, write_atomically};
use lpp_study::{Language, Study};
use lpp_workflow::{
    Lineage, Machine, MissingRuns, PAPER, PlanOptions, PlanReport, RunJob, StopRequest, Verification,
    WorkflowError, human_seconds, initial_config,
};

/// Runs all missing steps of a study, from scans and text to the report.
///
/// The steps are set in lpp.toml. A step is done if the provenance next to its outputs says so. Finished steps are not
/// repeated, and a changed parameter or input reruns only the steps that depend on it. To resume a killed run, start it
/// again. The log is run/log.jsonl in the study; each step logs to run/steps/STEP.log.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-run --study my-study --dry-run\n  lpp-run --study my-study --jobs 2 --memory 16G\n  \
                  lpp-run why scores/gpt2_en.npy --study my-study"
)]
struct Args {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    run: RunFlags,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Shows which command made a file and from which inputs, back to the original files
    Why {
        /// File of the study, relative to the study folder or the current folder
        artefact: PathBuf,
    },
    /// Hashes all files and their inputs again and lists those that differ from their records
    Verify,
    /// Writes an initial lpp.toml, from the runs, words, models and features in the study folder
    Init {
        /// Use the configuration of the published study: 28 English models, baselines, untrained controls, Pythia,
        /// French, Chinese, individual subjects
        #[arg(long)]
        paper: bool,
        /// Also fit this model of the hub, for example gpt2; may be repeated
        #[arg(long = "model", value_name = "NAME", value_parser = lpp_cli::model, conflicts_with = "paper")]
        models: Vec<String>,
    },
}

#[derive(Debug, ClapArgs)]
struct Place {
    /// Study folder, with lpp.toml and all files of the study
    #[arg(long, value_name = "DIR", default_value = ".", global = true)]
    study: PathBuf,
}

/// A tenth of a shared factorisation is little beside a fit.
const SUBJECTS_PER_STEP: u16 = 10;

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, ClapArgs)]
struct RunFlags {
    /// Show the plan: steps, outputs, estimated time, memory and disk, and what does not fit
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run, also list commands, inputs and all outputs
    #[arg(long, requires = "dry_run")]
    full: bool,
    /// With --dry-run, do not check which steps are done, so that no file is hashed
    #[arg(long, requires = "dry_run")]
    no_check: bool,
    /// Languages, instead of those in lpp.toml
    #[arg(long, value_name = "LANG", value_delimiter = ',', value_parser = lpp_cli::language(), hide_possible_values = true)]
    lang: Vec<Language>,
    /// Run only steps whose names contain this text, and the steps they need; may be repeated
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Number of steps to run in parallel; they share the threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Memory limit for all running steps together, for example 16G [default: nine tenths of the machine's memory]
    #[arg(long, value_name = "SIZE")]
    memory: Option<Memory>,
    /// If a step fails, continue with steps that do not depend on it
    #[arg(long)]
    keep_going: bool,
    /// Leave runs that some subject lacks out of runs.csv for all subjects; the whole table is kept beside it
    #[arg(long, conflicts_with = "dry_run")]
    allow_missing: bool,
    /// Do not download; a missing input is an error
    #[arg(long)]
    no_fetch: bool,
    /// Largest number of individual subjects per step; they share a factorisation, and all are refitted if the step is
    /// killed
    #[arg(long, value_name = "N", default_value_t = SUBJECTS_PER_STEP, value_parser = clap::value_parser!(u16).range(1..))]
    subjects_per_step: u16,
    /// Folder with the programs [default: that of lpp-run]
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

/// Bytes, written as 500M, 16G or 16GiB.
#[derive(Debug, Clone, Copy)]
struct Memory(u64);

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let shift = match text[digits.len()..]
            .to_ascii_lowercase()
            .trim_end_matches("ib")
            .trim_end_matches('b')
        {
            "" => 0,
            "k" => 10,
            "m" => 20,
            "g" => 30,
            "t" => 40,
            _ => return Err("expected a number and K, M, G or T".to_owned()),
        };
        let number: u64 = digits
            .trim()
            .parse()
            .map_err(|_| "expected a number and K, M, G or T".to_owned())?;
        number
            .checked_mul(1 << shift)
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| "out of range".to_owned())
    }
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl RunFlags {
    /// A flag that was given, though a subcommand does not run anything.
    fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--dry-run", self.dry_run),
            ("--lang", !self.lang.is_empty()),
            ("--only", !self.only.is_empty()),
            ("--jobs", self.jobs != 1),
            ("--memory", self.memory.is_some()),
            ("--keep-going", self.keep_going),
            ("--allow-missing", self.allow_missing),
            ("--no-fetch", self.no_fetch),
            ("--subjects-per-step", self.subjects_per_step != SUBJECTS_PER_STEP),
            ("--programs", self.programs.is_some()),
        ];
        given.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }

    fn job(&self, place: &Place, common: &CommonArgs) -> anyhow::Result<RunJob> {
        let jobs = usize::from(self.jobs);
        let all = Machine::here(&place.study).memory_bytes;
        let memory_bytes = self.memory.map_or(all / 10 * 9, |memory| memory.0);
        let programs = if let Some(folder) = &self.programs {
            folder.clone()
        } else {
            let own = std::env::current_exe().context("cannot find the folder of lpp-run (--programs)")?;
            own.parent().map(PathBuf::from).unwrap_or_default()
        };
        Ok(RunJob {
            plan: PlanOptions {
                languages: self.lang.clone(),
                threads: (common.threads() / jobs).max(1),
                memory_bytes,
                fetch: !self.no_fetch,
                subjects_per_step: Some(self.subjects_per_step.into()),
            },
            programs,
            jobs,
            memory_bytes,
            only: self.only.clone(),
            keep_going: self.keep_going,
            commit: lpp_cli::COMMIT,
            stop: StopRequest::default(),
        })
    }
}

fn open(place: &Place) -> anyhow::Result<Study> {
    Study::open(&place.study).context("cannot open the study (--study)")
}

/// Opens the study to look at its records, for which no setting of the fits matters.
fn open_records(place: &Place) -> anyhow::Result<Study> {
    Study::open_without(&place.study, &["alphas"]).context("cannot open the study (--study)")
}

fn run(args: &RunFlags, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
    let study = open(place)?;
    let job = args.job(place, common)?;
    if args.allow_missing {
        leave_out_missing(&study, &args.lang)?;
    }
    if args.dry_run {
        let mut report = PlanReport::of(&study, &job, !args.no_check)?;
        report.with_inputs = args.full;
        return if common.json() {
            print_json(&report)
        } else {
            print_results(report.lines())
        };
    }
    let stop = StopRequest::on_signals().context("cannot take signals")?;
    let report = RunJob { stop, ..job }.run(&study);
    if let Err(error @ WorkflowError::Stopped { signal, .. }) = &report {
        tracing::error!("{error}");
        // As a shell reports a program that a signal has ended.
        std::process::exit(128 + signal);
    }
    let report = report?;
    if common.json() {
        return print_json(&report);
    }
    let memory = match report.peak_memory_bytes {
        0 => String::new(),
        bytes => format!(", at most {} of memory in a step", human_bytes(bytes)),
    };
    print_line(format!(
        "{}: {} steps, {} run, {}{memory}",
        study.root().display(),
        report.n_steps,
        report.n_run,
        human_seconds(report.wall_s),
    ))
}

/// Leaves out runs that some subject lacks, and says so.
fn leave_out_missing(study: &Study, languages: &[Language]) -> anyhow::Result<()> {
    let all = if languages.is_empty() {
        &study.config().languages
    } else {
        languages
    };
    let Some(missing) = MissingRuns::of(study, all)? else {
        return Ok(());
    };
    let stories = missing.left_out.join(", ");
    missing.leave_out(lpp_cli::software!())?;
    tracing::warn!(
        "{}: left out for all subjects, as some subject lacks them: {stories}; words are renumbered, features and texts of \
         the study's own must be of the remaining stories (lpp-import)",
        study.runs_table().display()
    );
    Ok(())
}

fn why(artefact: &std::path::Path, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
    let lineage = Lineage::of(&open_records(place)?, artefact)?;
    if common.json() {
        print_json(&lineage)
    } else {
        print_results(lineage.lines())
    }
}

fn verify(place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
    let found = Verification::of(&open_records(place)?)?;
    if common.json() {
        print_json(&found)?;
    } else {
        print_results(found.lines())?;
    }
    if let Some(first) = found.differences.first() {
        bail!("{} differences, the first: {first}", found.differences.len());
    }
    Ok(())
}

fn init(study: &std::path::Path, paper: bool, models: &[String], common: &CommonArgs) -> anyhow::Result<()> {
    let file = study.join("lpp.toml");
    if file.exists() {
        bail!(
            "{}: a configuration already exists; move or rename it first",
            file.display()
        );
    }
    let text = if paper {
        PAPER.to_owned()
    } else {
        initial_config(study, models)?.to_toml()
    };
    write_atomically(&file, text.as_bytes())?;
    print_outcomes(common, &[Outcome::new(&file, false)])
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let Some(other) = &args.other else {
            return run(&args.run, &args.place, &args.common);
        };
        if let Some(flag) = args.run.first_given() {
            bail!("{flag} is only for a run: remove it when using a subcommand");
        }
        match other {
            Other::Why { artefact } => why(artefact, &args.place, &args.common),
            Other::Verify => verify(&args.place, &args.common),
            Other::Init { paper, models } => init(&args.place.study, *paper, models, &args.common),
        }
    })
}
