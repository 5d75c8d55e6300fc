//! Are the artefacts of a study still what their provenance says?

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lpp_study::{Provenance, Study, sha256_of_file};
use serde::Serialize;

use crate::WorkflowError;
use crate::plan::relative;
use crate::record::run_folder;
use crate::state::place_of;

/// What differs in a study from what was written down.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verification {
    /// Artefacts with a provenance record.
    pub n_artefacts: usize,
    /// Files that were hashed, inputs included.
    pub n_files: usize,
    /// Artefacts and inputs that are not what was written down, in sentences.
    pub differences: Vec<String>,
    /// Inputs that are not there any more, which may be on purpose.
    pub missing_inputs: Vec<PathBuf>,
    /// Temporary files that programs which were killed have left.
    pub leftovers: Vec<PathBuf>,
}

impl Verification {
    /// Hashes every artefact and every input anew. Nothing is written.
    ///
    /// # Errors
    /// [`WorkflowError`] naming the folder or file that cannot be read.
    pub fn of(study: &Study) -> Result<Self, WorkflowError> {
        let mut found = Self::default();
        let mut hashes = BTreeMap::new();
        let mut files = Vec::new();
        list(study.root(), &run_folder(study), &mut files)?;
        for record in files {
            let name = record.file_name().unwrap_or_default().as_bytes();
            if name.starts_with(b".lpp-") {
                found.leftovers.push(relative(study, &record));
            } else if let Some(artefact) = name.strip_suffix(b".json") {
                let artefact = record.with_file_name(OsStr::from_bytes(artefact));
                found.check(study, &artefact, &mut hashes)?;
            }
        }
        found.n_files = hashes.len();
        found.missing_inputs.sort();
        found.missing_inputs.dedup();
        Ok(found)
    }

    fn check(
        &mut self,
        study: &Study,
        artefact: &Path,
        hashes: &mut BTreeMap<PathBuf, String>,
    ) -> Result<(), WorkflowError> {
        // Other JSON files, a model's config.json say, are no records.
        let Ok(made) = Provenance::load(artefact) else {
            return Ok(());
        };
        self.n_artefacts += 1;
        let name = relative(study, artefact).display().to_string();
        let mut hash = |path: &Path| -> Result<String, WorkflowError> {
            if let Some(known) = hashes.get(path) {
                return Ok(known.clone());
            }
            let sha256 = sha256_of_file(path)?;
            hashes.insert(path.to_owned(), sha256.clone());
            Ok(sha256)
        };
        if !artefact.exists() {
            self.differences
                .push(format!("{name}: not there, but its record is"));
        } else if hash(artefact)? != made.output.sha256 {
            self.differences
                .push(format!("{name}: was changed after {} made it", made.software));
        }
        for input in &made.inputs {
            match place_of(study, &input.path) {
                None => self.missing_inputs.push(input.path.clone()),
                Some(place) if hash(&place)? != input.sha256 => {
                    let input = relative(study, &place);
                    self.differences
                        .push(format!("{name}: was made from another {}", input.display()));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "differs: {difference}")?;
        }
        for input in &self.missing_inputs {
            writeln!(f, "not there any more: {}", input.display())?;
        }
        for leftover in &self.leftovers {
            writeln!(
                f,
                "left by a killed program, can be removed: {}",
                leftover.display()
            )?;
        }
        write!(
            f,
            "{} artefacts, {} files hashed: {} differences",
            self.n_artefacts,
            self.n_files,
            self.differences.len()
        )
    }
}

fn list(folder: &Path, except: &Path, files: &mut Vec<PathBuf>) -> Result<(), WorkflowError> {
    let entries = fs::read_dir(folder).map_err(WorkflowError::io(folder))?;
    let paths = entries.map(|entry| -> io::Result<PathBuf> { Ok(entry?.path()) });
    let mut paths: Vec<PathBuf> = paths
        .collect::<io::Result<_>>()
        .map_err(WorkflowError::io(folder))?;
    paths.sort();
    for path in paths {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path == except || (path.is_dir() && is_hidden) {
            continue;
        }
        if path.is_dir() {
            list(&path, except, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
