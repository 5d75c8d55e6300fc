//! Completion records of steps whose outputs are not known in advance.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, FileHash, HashMemo, write_atomically};
use lpp_steps::Provenance;
use lpp_study::Study;
use serde::{Deserialize, Serialize};

use crate::WorkflowError;
use crate::call::Call;
use crate::place::{VERSION, place_of, relative};
use crate::regular::regular;

/// Folder of a study for everything that belongs to runs rather than to results.
pub(crate) fn run_folder(study: &Study) -> PathBuf {
    study.root().join("run")
}

/// Creates the folder of runs.
pub(crate) fn make_folder(folder: &Path) -> Result<(), WorkflowError> {
    lpp_files::make_own_folder(folder).map_err(WorkflowError::io(folder))
}

/// A step that succeeded, with its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepRecord {
    pub(crate) step: String,
    pub(crate) version: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) inputs: Vec<FileHash>,
    pub(crate) outputs: Vec<FileHash>,
}

impl StepRecord {
    fn path(study: &Study, step: &str) -> PathBuf {
        run_folder(study)
            .join("done")
            .join(format!("{}.json", file_name(step)))
    }

    pub(crate) fn load(study: &Study, step: &str) -> Option<Self> {
        // Two names may have one file.
        Self::read(&Self::path(study, step)).filter(|record| record.step == step)
    }

    fn read(path: &Path) -> Option<Self> {
        regular(path)?;
        lpp_files::json::from_slice(&lpp_files::read_input(path).ok()?).ok()
    }

    /// All records of a study, by their files; `None` for one that cannot be read.
    pub(crate) fn all(study: &Study) -> Vec<(PathBuf, Option<Self>)> {
        let entries = fs::read_dir(run_folder(study).join("done"));
        let mut paths: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        paths.sort();
        let read = |path: PathBuf| {
            let record = Self::read(&path);
            (path, record)
        };
        paths.into_iter().map(read).collect()
    }

    /// Records that `step` has succeeded.
    pub(crate) fn save(study: &Study, hashes: &HashMemo, step: &Call) -> Result<(), FileError> {
        let outputs = outputs_of(study, step);
        let mut inputs: BTreeMap<PathBuf, FileHash> = BTreeMap::new();
        for path in step.all_inputs() {
            inputs.extend(hashed(study, hashes, path).map(|file| (file.path.clone(), file)));
        }
        for output in &outputs {
            let made = Provenance::load(&study.root().join(output)).map(|made| made.inputs);
            for input in made.unwrap_or_default() {
                let place = place_of(study, &input.path).map(|place| relative(study, &place));
                let path = place.unwrap_or_else(|| input.path.clone());
                inputs.insert(path.clone(), FileHash { path, ..input });
            }
        }
        let record = Self {
            step: step.id.clone(),
            version: VERSION.to_owned(),
            arguments: step.arguments.clone(),
            inputs: inputs.into_values().collect(),
            outputs: outputs
                .iter()
                .filter_map(|path| hashed(study, hashes, path))
                .collect(),
        };
        let path = Self::path(study, &step.id);
        let text = serde_json::to_vec_pretty(&record).map_err(|e| FileError::Write {
            path: path.clone(),
            source: e.into(),
        })?;
        write_atomically(&path, &text)
    }
}

fn hashed(study: &Study, hashes: &HashMemo, path: &Path) -> Option<FileHash> {
    let place = study.root().join(path);
    Some(FileHash {
        path: path.to_owned(),
        bytes: fs::metadata(&place).ok()?.len(),
        sha256: hashes.of_regular(&place)?,
    })
}

/// The known outputs of a step, and the tables and figures of its language in the same folders.
fn outputs_of(study: &Study, step: &Call) -> Vec<PathBuf> {
    let lang = step.id.rsplit(':').next().unwrap_or_default();
    let folder = match step.program {
        "lpp-analyze" => study.root().join("results"),
        "lpp-report" => study.figures_dir(),
        _ => PathBuf::new(),
    };
    let ends = |name: &str| {
        let (base, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        base.ends_with(&format!("_{lang}")) && matches!(ending, "csv" | "parquet" | "svg" | "png" | "pdf")
    };
    let mut outputs: Vec<PathBuf> = step.outputs.iter().map(|output| output.path.clone()).collect();
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = relative(study, &entry.path());
        if ends(&entry.file_name().to_string_lossy()) && !outputs.contains(&path) {
            outputs.push(path);
        }
    }
    outputs.sort();
    outputs
}

/// The name of a step as a file name.
pub(crate) fn file_name(step: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    step.replace('/', "--").chars().map(plain).collect()
}
