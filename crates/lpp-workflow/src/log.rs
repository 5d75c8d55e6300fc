//! The log of all runs of a study: `run/log.jsonl`, one JSON object a line.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use lpp_files::{open_own_file, recorded_name};
use lpp_study::Study;
use serde::{Deserialize, Serialize};

use crate::WorkflowError;
use crate::record::{make_folder, run_folder};
use crate::regular::regular;

/// Something that happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event<'a> {
    /// A run begins.
    Run {
        version: &'a str,
        commit: Option<&'a str>,
        jobs: usize,
        threads: usize,
        memory_bytes: u64,
    },
    /// A step begins.
    Start {
        step: &'a str,
        why: &'a str,
        program: &'a str,
        arguments: &'a [String],
        process: u32,
    },
    /// A step has ended.
    End {
        step: &'a str,
        status: &'a str,
        wall_s: f64,
        peak_memory_bytes: u64,
        /// Its outputs that have records.
        outputs: Vec<String>,
    },
    /// All is done, or nothing more can be done.
    Finish {
        n_run: usize,
        n_failed: usize,
        wall_s: f64,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    /// Seconds since 1970.
    time_s: f64,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

/// The log, open at its end.
#[derive(Debug)]
pub(crate) struct RunLog {
    file: File,
    path: PathBuf,
}

impl RunLog {
    /// Opens the log; an incomplete line of a killed run is terminated, so that the next entry starts on a new line.
    pub(crate) fn open(study: &Study) -> Result<Self, WorkflowError> {
        let folder = run_folder(study);
        let path = folder.join("log.jsonl");
        make_folder(&folder)?;
        let open = open_own_file(&path, File::options().read(true).append(true).create(true));
        let mut file = open.map_err(WorkflowError::io(&path))?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last).map_err(WorkflowError::io(&path))?;
        }
        if last != [b'\n'] {
            file.write_all(b"\n").map_err(WorkflowError::io(&path))?;
        }
        Ok(Self { file, path })
    }

    /// Adds a line, in one write.
    pub(crate) fn add(&mut self, event: &Event<'_>) -> Result<(), WorkflowError> {
        let time_s = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |time| time.as_secs_f64());
        // Strings and finite numbers can always be JSON.
        let mut line = serde_json::to_vec(&Line { time_s, event }).unwrap_or_default();
        line.push(b'\n');
        self.file.write_all(&line).map_err(WorkflowError::io(&self.path))
    }
}

/// The outputs of the steps that succeeded in any run, relative to the study folder; other lines are ignored.
pub(crate) fn outputs_made(study: &Study) -> BTreeSet<PathBuf> {
    #[derive(Deserialize)]
    struct End {
        event: String,
        status: String,
        outputs: Vec<String>,
    }
    let path = run_folder(study).join("log.jsonl");
    let text = regular(&path)
        .and_then(|_| lpp_files::read_input(&path).ok())
        .unwrap_or_default();
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| lpp_files::json::from_slice::<End>(line).ok())
        .filter(|end| end.event == "end" && end.status == "exit 0")
        .flat_map(|end| end.outputs)
        .map(|output| recorded_name(&output).into())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_does_not_spoil_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::open(folder.path()).unwrap();
        let finish = Event::Finish {
            n_run: 1,
            n_failed: 0,
            wall_s: 0.5,
        };
        RunLog::open(&study).unwrap().add(&finish).unwrap();
        let path = folder.path().join("run/log.jsonl");
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"time_s\":1.0,\"ev").unwrap();
        RunLog::open(&study).unwrap().add(&finish).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        for line in [lines[0], lines[2]] {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((&line["event"], &line["n_run"]), (&"finish".into(), &1.into()));
        }
    }
}
