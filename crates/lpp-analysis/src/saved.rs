//! Results on the disk: their provenance, and whether they are up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lpp_study::{FileHash, Provenance, Software, Step, StudyError, peak_memory_bytes, sha256_of_file};
use lpp_tables::{Table, declaration};

use crate::AnalysisError;
use crate::table_files::{load_table, save};

/// What made a set of results: the same for all of them.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    software: Software,
    parameters: BTreeMap<String, serde_json::Value>,
    inputs: Vec<FileHash>,
    started: Instant,
}

impl Origin {
    /// Parameters and the inputs, hashed once for all results.
    pub(crate) fn new(
        software: Software,
        parameters: BTreeMap<String, serde_json::Value>,
        inputs: Vec<FileHash>,
    ) -> Self {
        Self {
            software,
            parameters,
            inputs,
            started: Instant::now(),
        }
    }

    /// Whether a file was made by this version with these parameters from these inputs, and is unchanged since.
    pub(crate) fn made(&self, file: &Path) -> bool {
        let Ok(made) = Provenance::load(file) else {
            return false;
        };
        made.software == self.name()
            && made.parameters == self.parameters
            && made
                .inputs
                .iter()
                .map(|f| &f.sha256)
                .eq(self.inputs.iter().map(|f| &f.sha256))
            && sha256_of_file(file).is_ok_and(|hash| hash == made.output.sha256)
    }

    /// Makes sure that a file may be written: what another program or the user has put there is not overwritten without
    /// `force`.
    pub(crate) fn claim(&self, file: &Path, force: bool) -> Result<(), AnalysisError> {
        Ok(Step::new(self.software, file).claim(force)?)
    }

    /// The same for the two files of a table.
    pub(crate) fn claim_table(&self, stem: &Path, force: bool) -> Result<(), AnalysisError> {
        files_of(stem).iter().try_for_each(|file| self.claim(file, force))
    }

    /// Writes a table as CSV and Parquet with its provenance; returns the CSV file.
    pub(crate) fn save_table(&self, table: &Table, stem: &Path) -> Result<PathBuf, AnalysisError> {
        save(table, stem)?;
        let [parquet, csv] = files_of(stem);
        self.stamp(parquet)?;
        self.stamp(csv.clone())?;
        Ok(csv)
    }

    /// The table at this place, if it is up to date.
    pub(crate) fn load_table(&self, name: &str, stem: &Path) -> Option<(Table, PathBuf)> {
        let [parquet, csv] = files_of(stem);
        (self.made(&parquet) && self.made(&csv)).then_some(())?;
        Some((load_table(&csv, declaration(name)?).ok()?, csv))
    }

    /// Writes the provenance of a file that is there.
    pub(crate) fn stamp(&self, file: PathBuf) -> Result<(), AnalysisError> {
        let provenance = Provenance {
            software: self.name(),
            commit: self.software.commit.map(str::to_owned),
            command: lpp_study::command(),
            parameters: self.parameters.clone(),
            inputs: self.inputs.clone(),
            output: hash_of(file)?,
            companions: Vec::new(),
            wall_s: self.started.elapsed().as_secs_f64(),
            peak_memory_bytes: peak_memory_bytes(),
        };
        Ok(provenance.save()?)
    }

    fn name(&self) -> String {
        format!("{} {}", self.software.program, self.software.version)
    }
}

/// The Parquet and the CSV file of a table.
fn files_of(stem: &Path) -> [PathBuf; 2] {
    ["parquet", "csv"].map(|ending| {
        let mut name = stem.as_os_str().to_owned();
        name.push(format!(".{ending}"));
        PathBuf::from(name)
    })
}

/// A file with its hash.
pub(crate) fn hash_of(path: PathBuf) -> Result<FileHash, AnalysisError> {
    let sha256 = sha256_of_file(&path)?;
    let bytes = std::fs::metadata(&path)
        .map_err(|source| StudyError::Read {
            path: path.clone(),
            source,
        })?
        .len();
    Ok(FileHash { path, bytes, sha256 })
}
