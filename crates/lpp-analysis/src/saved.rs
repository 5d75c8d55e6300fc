//! Results on the disk: their provenance, and whether they are up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lpp_files::FileHash;
use lpp_steps::{Artefact, Making, Software};

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
        self.making(file).is_current()
    }

    /// Makes sure that a file may be written: what another program or the user has put there is not overwritten without
    /// `force`.
    pub(crate) fn claim(&self, file: &Path, force: bool) -> Result<(), AnalysisError> {
        Ok(Making::unread(self.software, self.artefact(file)).claim(force)?)
    }

    /// The same for the two files of a table.
    pub(crate) fn claim_table(&self, stem: &Path, force: bool) -> Result<(), AnalysisError> {
        files_of(stem).iter().try_for_each(|file| self.claim(file, force))
    }

    /// Writes a table as CSV and Parquet with its provenance; returns the CSV file.
    pub(crate) fn save_table(&self, table: &Table, stem: &Path) -> Result<PathBuf, AnalysisError> {
        save(table, stem)?;
        let [parquet, csv] = files_of(stem);
        self.stamp(&parquet)?;
        self.stamp(&csv)?;
        Ok(csv)
    }

    /// The table at this place, if it is up to date.
    pub(crate) fn load_table(&self, name: &str, stem: &Path) -> Option<(Table, PathBuf)> {
        let [parquet, csv] = files_of(stem);
        (self.made(&parquet) && self.made(&csv)).then_some(())?;
        Some((load_table(&csv, declaration(name)?).ok()?, csv))
    }

    /// Writes the record of a file that is there.
    pub(crate) fn stamp(&self, file: &Path) -> Result<(), AnalysisError> {
        self.making(file).finish_one_of_many()?;
        Ok(())
    }

    fn artefact(&self, file: &Path) -> Artefact {
        Artefact {
            parameters: self.parameters.clone(),
            ..Artefact::new(file)
        }
    }

    fn making(&self, file: &Path) -> Making {
        Making::with_inputs(
            self.software,
            self.artefact(file),
            self.inputs.clone(),
            self.started,
        )
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
