//! The tables of `lpp-score` in a study, and the checkpoints that they are of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_study::{CheckpointName, Language, Study, canonical_name};
use lpp_tables::CheckpointOf;
use serde::Deserialize;

use crate::AnalysisError;

/// A table of `lpp-score`: `competence/MODEL_LANG/BATTERY.csv`.
#[derive(Debug, Clone)]
pub(crate) struct BatteryFile {
    pub(crate) path: PathBuf,
    /// The model or checkpoint, as scores name it.
    pub(crate) model: String,
    pub(crate) battery: String,
}

impl BatteryFile {
    /// The tables of a language, in order; none without the folder.
    pub(crate) fn list(study: &Study, lang: Language) -> Result<Vec<Self>, AnalysisError> {
        let folder = study.root().join("competence");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let ending = format!("_{lang}");
        let mut found = Vec::new();
        for model in entries(&folder)?.into_iter().filter(|path| path.is_dir()) {
            let name = name_of(&model);
            let Some(name) = name.strip_suffix(&ending) else {
                continue;
            };
            let tables = entries(&model)?.into_iter();
            found.extend(
                tables
                    .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
                    .map(|path| Self {
                        model: canonical_name(name),
                        battery: path
                            .file_stem()
                            .unwrap_or_default()
                            .to_string_lossy()
                            .into_owned(),
                        path,
                    }),
            );
        }
        Ok(found)
    }
}

/// The user's table of checkpoints, if there is one.
pub(crate) fn checkpoint_table(study: &Study) -> Option<PathBuf> {
    Some(study.root().join("competence/checkpoints.csv")).filter(|path| path.exists())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let read = fs::read_dir(folder).map_err(FileError::read(folder))?;
    let paths = read.map(|entry| Ok(entry.map_err(FileError::read(folder))?.path()));
    let mut paths = paths.collect::<Result<Vec<_>, FileError>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// A row of `competence/checkpoints.csv`.
#[derive(Debug, Deserialize)]
struct CheckpointRow {
    /// The checkpoint, as the study names it.
    name: String,
    /// The model whose training it belongs to.
    model: String,
    step: Option<u64>,
    tokens: u64,
}

/// What is known of checkpoints: by the user's table, or else by their names.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    known: BTreeMap<String, CheckpointRow>,
}

impl Checkpoints {
    /// Reads the table, if there is one.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, AnalysisError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
        let malformed = |found: String| AnalysisError::Malformed {
            path: path.to_owned(),
            found,
            expected: "columns name, model, step and tokens, one row a checkpoint".to_owned(),
        };
        let mut known = BTreeMap::new();
        for row in csv::Reader::from_reader(file).deserialize() {
            let row: CheckpointRow = row.map_err(|problem| malformed(problem.to_string()))?;
            let name = canonical_name(&row.name);
            if known.contains_key(&name) {
                return Err(malformed(format!("two rows of {name}")));
            }
            known.insert(name, row);
        }
        Ok(Self { known })
    }

    /// The checkpoint of this name. A name without a step is a model by itself, of unknown tokens.
    pub(crate) fn of(&self, name: &str) -> CheckpointOf {
        let by_name = CheckpointName::of(name);
        if let Some(row) = self.known.get(name) {
            let revision = name
                .strip_prefix(&row.model)
                .map(|rest| rest.trim_start_matches('_'));
            return CheckpointOf {
                model: row.model.clone(),
                revision: revision.unwrap_or(name).to_owned(),
                step: row.step.or(by_name.map(|known| known.step)),
                tokens: Some(row.tokens),
            };
        }
        match by_name {
            Some(known) => CheckpointOf {
                model: known.model.to_owned(),
                revision: known.revision.to_owned(),
                step: Some(known.step),
                tokens: known.tokens,
            },
            None => CheckpointOf {
                model: name.to_owned(),
                revision: String::new(),
                step: None,
                tokens: None,
            },
        }
    }

    /// Whether this is a checkpoint of a training.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.known.contains_key(name) || CheckpointName::of(name).is_some()
    }
}

/// The order of checkpoints: by model, then along its training.
pub(crate) fn order(checkpoint: &CheckpointOf) -> (String, Option<u64>, Option<u64>) {
    (checkpoint.model.clone(), checkpoint.tokens, checkpoint.step)
}
