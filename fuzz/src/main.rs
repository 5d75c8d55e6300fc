//! `lpp-fuzz`: damages files until the time is over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use lpp_fuzz::{CountingAllocator, Mutator, Outcome, Seeds, Target, check, targets};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Inputs between two looks at the clock.
const BATCH: u64 = 64;

const USAGE: &str = "usage: lpp-fuzz [--time SECONDS] [--inputs N] [--seed N] [--out FOLDER] [TARGET...]\n\
    Damages the files of each target (all without a name) for SECONDS each (10), or N inputs, and keeps what a reader\n\
    broke on in FOLDER (fuzz-findings). Exit status 1 if there is anything.";

struct Args {
    time: Duration,
    inputs: u64,
    seed: u64,
    out: PathBuf,
    names: Vec<String>,
    /// The folder of a target that runs in this process.
    work: Option<PathBuf>,
}

fn main() -> ExitCode {
    let result = arguments().and_then(|args| match &args.work {
        Some(work) => run_here(&args, work),
        None => supervise(&args),
    });
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn arguments() -> anyhow::Result<Args> {
    let mut args = Args {
        time: Duration::from_secs(10),
        inputs: u64::MAX,
        seed: 1,
        out: PathBuf::from("fuzz-findings"),
        names: Vec::new(),
        work: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} takes a value\n{USAGE}"))
        };
        match word.as_str() {
            "--time" => args.time = Duration::try_from_secs_f64(value()?.parse()?)?,
            "--inputs" => args.inputs = value()?.parse()?,
            "--seed" => args.seed = value()?.parse()?,
            "--out" => args.out = value()?.into(),
            "--work" => args.work = Some(value()?.into()),
            flag if flag.starts_with('-') => bail!("{USAGE}"),
            name => args.names.push(name.to_owned()),
        }
    }
    let known: Vec<&str> = targets().iter().map(|target| target.name).collect();
    match args.names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => bail!("no target {name}; there are {}", known.join(", ")),
        None => Ok(args),
    }
}

fn chosen(args: &Args) -> Vec<Target> {
    let mut targets = targets();
    targets.retain(|target| args.names.is_empty() || args.names.iter().any(|name| name == target.name));
    targets
}

/// A folder for the inputs, in memory if the system offers that: writing to a disk takes longer than reading.
fn work_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

/// Runs each target in a process of its own; returns the number of findings.
fn supervise(args: &Args) -> anyhow::Result<u64> {
    let mut n_findings = 0;
    for target in chosen(args) {
        let work = work_folder()?;
        let status = Command::new(std::env::current_exe()?)
            .args([
                "--seed",
                &args.seed.to_string(),
                "--inputs",
                &args.inputs.to_string(),
            ])
            .args(["--time", &args.time.as_secs_f64().to_string()])
            .arg("--out")
            .arg(&args.out)
            .arg("--work")
            .arg(work.path())
            .arg(target.name)
            // What a reader unpacks lies in memory too, nobody reads the backtraces of refusals, and threads of libtorch would
            // only wait for each other.
            .env("TMPDIR", work.path())
            .env("RUST_BACKTRACE", "0")
            .env("OMP_NUM_THREADS", "1")
            .status()?;
        match status.code() {
            Some(0) => {}
            Some(1) => n_findings += 1,
            Some(2) => bail!("{} could not run", target.name),
            _ => {
                n_findings += 1;
                keep(
                    args,
                    &target,
                    work.path(),
                    &format!("ended the process: {status}"),
                )?;
            }
        }
    }
    Ok(n_findings)
}

/// Runs one target; returns the number of findings.
fn run_here(args: &Args, work: &Path) -> anyhow::Result<u64> {
    quiet_caught_panics();
    let targets = chosen(args);
    let [target] = targets.as_slice() else {
        bail!("one target is run at a time")
    };
    (target.beside)(work)?;
    let seeds = Seeds::of(target);
    if seeds.files().len() == 0 {
        bail!("{} has no files to begin from", target.name);
    }
    let mut mutator = Mutator::new(args.seed);
    let mut files = seeds.files();
    let (mut n, mut n_read, mut n_findings) = (0_u64, 0_u64, 0_u64);
    let started = Instant::now();
    while n < args.inputs && started.elapsed() < args.time {
        for _ in 0..BATCH.min(args.inputs - n) {
            // The files themselves come first.
            let input = match files.next() {
                Some(file) => file.to_vec(),
                None => mutator.damaged(&seeds),
            };
            n += 1;
            match check(target, work, &input) {
                Ok(Outcome::Read) => n_read += 1,
                Ok(Outcome::Refused) => {}
                Err(failure) => {
                    n_findings += 1;
                    keep(args, target, work, &failure.to_string())?;
                }
            }
        }
        if n_findings >= 10 {
            break;
        }
    }
    let rate = n as f64 / started.elapsed().as_secs_f64();
    say(&format!(
        "{:12} seed {}: {n} inputs ({rate:.0} a second), {n_read} read, the others refused, {n_findings} findings",
        target.name, args.seed
    ));
    Ok(n_findings.min(1))
}

/// Keeps the file that a reader broke on.
fn keep(args: &Args, target: &Target, work: &Path, what: &str) -> anyhow::Result<()> {
    fs::create_dir_all(&args.out)?;
    let bytes = fs::read(work.join(target.file))?;
    let hash = lpp_files::sha256_of_bytes(&bytes);
    let path = args
        .out
        .join(format!("{}-{}-{}", target.name, &hash[..12], target.file));
    fs::write(&path, bytes)?;
    say(&format!("{}: {what}: {}", target.name, path.display()));
    Ok(())
}

/// A panic that is caught is a finding and is told as one.
fn quiet_caught_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !lpp_files::panics_are_caught() {
            before(info);
        }
    }));
}
