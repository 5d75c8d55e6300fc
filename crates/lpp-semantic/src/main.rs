//! A semantic fuzz test: small intact studies are damaged in many ways, and the programs must give the right answer to each,
//! a refusal or warning that names the damage, or the intact result.
//!
//! Anything else, a wrong number in silence above all, fails the trial. [`kinds`] lists the damages, [`scenes`] the programs and what
//! is read from their outputs, [`study`] makes the intact studies. Files are written byte by byte in [`files`], since the programs'
//! own writers are among what is tested.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "files of a few kilobytes are written byte by byte"
)]
#![allow(clippy::assigning_clones, reason = "cells of tiny tables")]
#![allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the names are those that this test gives"
)]

mod answer;
mod bench;
mod figures;
mod files;
mod kind;
mod kinds;
mod random;
mod ridge_twin;
mod scenes;
mod study;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use clap::Parser;

use crate::answer::Verdict;
use crate::kind::Kind;
use crate::trial::{Lab, Outcome};

/// Damages small studies in many ways and asks the programs for the right answer, a refusal or a warning.
#[derive(Debug, Parser)]
#[command(version, name = "semantic-fuzz")]
struct Args {
    /// Folder of the built programs
    programs: PathBuf,
    /// Seeds of every kind
    #[arg(long, default_value_t = 5, value_name = "N")]
    seeds: u64,
    /// This seed alone
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Only kinds whose names contain this; may be repeated
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Keep the studies, and say where
    #[arg(long)]
    keep: bool,
    /// List the kinds and do nothing
    #[arg(long)]
    list: bool,
    /// Say how every trial ended
    #[arg(short, long)]
    verbose: bool,
    /// Trials at once [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// One kind and one seed.
struct Job<'a> {
    kind: &'a Kind,
    seed: u64,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<bool> {
    let chosen = |kind: &Kind| args.only.is_empty() || args.only.iter().any(|part| kind.name.contains(part));
    let kinds: Vec<Kind> = kinds::all().into_iter().filter(chosen).collect();
    if args.list {
        for kind in &kinds {
            say(&format!("{:40} {}", kind.name, kind.scene.name))?;
        }
        return Ok(true);
    }
    if kinds.is_empty() {
        bail!("no kind is called {}", args.only.join(" or "));
    }
    let programs = args
        .programs
        .canonicalize()
        .with_context(|| args.programs.display().to_string())?;
    let work = tempfile::Builder::new().prefix("lpp-semantic-").tempdir()?;
    let lab = Lab::new(programs, work.path().to_owned(), args.keep);
    check_itself(&lab, args)?;
    let seeds = args.seed.map_or(1..=args.seeds, |seed| seed..=seed);
    let jobs: Vec<Job> = seeds
        .flat_map(|seed| kinds.iter().map(move |kind| Job { kind, seed }))
        .collect();
    let outcomes = all(&lab, &jobs, args, |job, outcome| {
        if let Some(line) = ending(job, outcome, args.verbose) {
            // A closed pipe is no reason to stop.
            let _ = say(&line);
        }
    })?;
    summarise(&jobs, &outcomes)?;
    if args.keep {
        say(&format!("studies: {}", work.keep().display()))?;
    }
    Ok(outcomes.iter().all(|outcome| outcome.verdict.is_right()))
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Runs the planted faults, each of which must be reported.
fn check_itself(lab: &Lab, args: &Args) -> anyhow::Result<()> {
    let kinds = kinds::planted();
    let jobs: Vec<Job> = kinds.iter().map(|kind| Job { kind, seed: 1 }).collect();
    for (job, outcome) in jobs.iter().zip(all(lab, &jobs, args, |_, _| {})?) {
        if outcome.verdict.is_right() {
            bail!(
                "{}: this test has not noticed a fault that was planted in it",
                job.kind.name
            );
        }
    }
    Ok(())
}

/// Carries out all trials, several at a time; `ended` hears of each as it ends.
fn all(
    lab: &Lab,
    jobs: &[Job],
    args: &Args,
    ended: impl Fn(&Job, &Outcome) + Sync,
) -> anyhow::Result<Vec<Outcome>> {
    let workers = args
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| {
                while let Some((at, job)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(at).map(|job| (at, job))
                } {
                    let outcome = lab.trial(job.kind, job.seed);
                    ended(job, &outcome);
                    if let Ok(mut done) = done.lock() {
                        done.insert(at, outcome);
                    }
                }
            });
        }
    });
    let done = done
        .into_inner()
        .map_err(|_| anyhow::anyhow!("a trial panicked"))?;
    Ok(done.into_values().collect())
}

/// What is said of a trial that has ended: always of a failure.
fn ending(job: &Job, outcome: &Outcome, verbose: bool) -> Option<String> {
    let trial = format!("{} --seed {}", job.kind.name, job.seed);
    match &outcome.verdict {
        Verdict::Wrong(what) => Some(format!("FAILED {trial}: {}: {what}", outcome.command)),
        _ if !verbose => None,
        Verdict::Same => Some(format!("same {trial}")),
        Verdict::Refused(line) => Some(format!("refused {trial}: {line}")),
        Verdict::Warned(line) => Some(format!("warned {trial}: {line}")),
    }
}

fn summarise(jobs: &[Job], outcomes: &[Outcome]) -> anyhow::Result<()> {
    let count = |is: fn(&Verdict) -> bool| outcomes.iter().filter(|o| is(&o.verdict)).count();
    let kinds: BTreeSet<&str> = jobs.iter().map(|job| job.kind.name).collect();
    say(&format!(
        "{} kinds of damage, {} damaged studies: {} gave the right result, {} were refused by name, {} warned of",
        kinds.len(),
        jobs.len(),
        count(|v| matches!(v, Verdict::Same)),
        count(|v| matches!(v, Verdict::Refused(_))),
        count(|v| matches!(v, Verdict::Warned(_)))
    ))?;
    let failed = count(|v| matches!(v, Verdict::Wrong(_)));
    say(&format!("{} passed, {failed} failed", jobs.len() - failed))?;
    Ok(())
}
