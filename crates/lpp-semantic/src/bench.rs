//! Runs programs on one study and reads what they wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::files::{self, Array, ReadImage, Tensors};

/// Longest time of one program; studies are tiny.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest message, in characters.
const LONGEST_MESSAGE: usize = 500;

/// Why a study was not carried through.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The program refused, as it may: status 1 or 2 and one line.
    Refused { command: String, line: String },
    /// The program ended as none may: a panic, a signal, a timeout, an error in several lines.
    Broken { command: String, what: String },
    /// This test could not do its work.
    Harness(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Harness(error.into())
    }
}

/// A line that warned, and what was run.
#[derive(Debug, Clone)]
pub(crate) struct Warning {
    pub(crate) command: String,
    pub(crate) line: String,
}

/// One study on disk and the programs.
pub(crate) struct Bench {
    programs: PathBuf,
    folder: PathBuf,
    /// Flags that a kind adds to a program.
    flags: Vec<(&'static str, Vec<String>)>,
    pub(crate) warnings: Vec<Warning>,
    /// The last command, for messages.
    pub(crate) last: String,
}

impl Bench {
    pub(crate) fn new(programs: &Path, folder: &Path, flags: &[(&'static str, Vec<String>)]) -> Self {
        Self {
            programs: programs.to_owned(),
            folder: folder.to_owned(),
            flags: flags.to_vec(),
            warnings: Vec::new(),
            last: String::new(),
        }
    }

    pub(crate) fn path(&self, inner: &str) -> PathBuf {
        self.folder.join(inner)
    }

    /// Runs a program inside the study and returns what it printed.
    pub(crate) fn call<S: AsRef<str>>(&mut self, program: &str, arguments: &[S]) -> Result<String, Stop> {
        let mut all: Vec<String> = arguments.iter().map(|a| a.as_ref().to_owned()).collect();
        for (of, flags) in &self.flags {
            if *of == program {
                all.extend(flags.clone());
            }
        }
        self.last = format!("{program} {}", all.join(" "));
        let place = self.programs.join(program);
        let (outcome, stdout, stderr) = self.outcome(&place, &all)?;
        self.judge(outcome, &stderr)?;
        for line in stderr
            .lines()
            .chain(stdout.lines())
            .filter(|l| l.to_lowercase().contains("warn"))
        {
            let command = self.last.clone();
            self.warnings.push(Warning {
                command,
                line: line.to_owned(),
            });
        }
        Ok(stdout)
    }

    /// Exit status or how it ended otherwise, and what was printed.
    fn outcome(&self, program: &Path, arguments: &[String]) -> anyhow::Result<(Ended, String, String)> {
        let said = tempfile::tempdir()?;
        let (out, err) = (said.path().join("out"), said.path().join("err"));
        let child = Command::new(program)
            .args(arguments)
            .args(["--threads", "1"])
            .current_dir(&self.folder)
            .env("OPENBLAS_NUM_THREADS", "1")
            .env("OMP_NUM_THREADS", "1")
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HOME", self.folder.join("hf"))
            .env_remove("HF_TOKEN")
            .env_remove("HF_ENDPOINT")
            .env_remove("HF_HUB_CACHE")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out)?)
            .stderr(fs::File::create(&err)?)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let ended = wait(child)?;
        let read = |path: &Path| -> anyhow::Result<String> {
            Ok(String::from_utf8_lossy(&fs::read(path)?).replace(&format!("{}/", self.folder.display()), ""))
        };
        Ok((ended, read(&out)?, read(&err)?))
    }

    /// Stops unless the program ended well.
    fn judge(&self, ended: Ended, stderr: &str) -> Result<(), Stop> {
        let command = self.last.clone();
        let broken = |what: String| Stop::Broken {
            command: command.clone(),
            what,
        };
        let status = match ended {
            Ended::Slow => return Err(broken(format!("no end within {} s", PATIENCE.as_secs()))),
            Ended::Signal => return Err(broken("ended by a signal".to_owned())),
            Ended::Status(status) => status,
        };
        if stderr.contains("panicked") || stderr.contains("internal error") || !(0..=2).contains(&status) {
            let line = stderr.lines().next().unwrap_or_default();
            return Err(broken(format!("status {status}: {line}")));
        }
        if let Some(long) = stderr.lines().find(|line| line.chars().count() > LONGEST_MESSAGE) {
            let start: String = long.chars().take(120).collect();
            return Err(broken(format!(
                "a message of {} characters: {start}…",
                long.chars().count()
            )));
        }
        if status == 0 {
            return Ok(());
        }
        let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error:")).collect();
        match errors.as_slice() {
            [line] => Err(Stop::Refused {
                command,
                line: (*line).to_owned(),
            }),
            lines => Err(broken(format!(
                "status {status} with {} lines of error",
                lines.len()
            ))),
        }
    }

    pub(crate) fn array(&self, inner: &str) -> anyhow::Result<Array> {
        files::read_array(&self.path(inner))
    }

    pub(crate) fn image(&self, inner: &str) -> anyhow::Result<ReadImage> {
        ReadImage::load(&self.path(inner))
    }

    pub(crate) fn tensors(&self, inner: &str) -> anyhow::Result<Tensors> {
        files::read_tensors(&self.path(inner))
    }

    /// Rows of a table that a program wrote, each a list of column and cell.
    pub(crate) fn table(&self, inner: &str) -> anyhow::Result<Vec<Vec<(String, String)>>> {
        let mut reader = csv::Reader::from_path(self.path(inner)).with_context(|| inner.to_owned())?;
        let header = reader.headers()?.clone();
        let pairs = |record: csv::StringRecord| {
            header
                .iter()
                .zip(record.iter())
                .map(|(c, v)| (c.to_owned(), v.to_owned()))
                .collect()
        };
        reader.records().map(|record| Ok(pairs(record?))).collect()
    }

    /// Files below a folder, by path inside the study, sorted.
    pub(crate) fn listed_below(&self, inner: &str) -> anyhow::Result<Vec<String>> {
        let mut paths = Vec::new();
        for name in self.listed(inner)? {
            let path = format!("{inner}/{name}");
            if self.path(&path).is_dir() {
                paths.extend(self.listed_below(&path)?);
            } else {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// Files of a folder, by name, sorted.
    pub(crate) fn listed(&self, inner: &str) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(inner)).with_context(|| inner.to_owned())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

#[derive(Clone, Copy)]
enum Ended {
    Status(i32),
    Signal,
    Slow,
}

fn wait(mut child: Child) -> anyhow::Result<Ended> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code().map_or(Ended::Signal, Ended::Status));
        }
        if started.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::Slow);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
