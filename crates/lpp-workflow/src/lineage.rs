//! How a file was made and from which inputs: the chain of provenance records.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use lpp_files::{recorded, sha256_of_file, way_out};
use lpp_steps::Provenance;
use lpp_study::Study;
use serde::Serialize;

use crate::WorkflowError;
use crate::place::{place_of, relative};

/// A file and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lineage {
    /// The file, from the study folder.
    #[serde(with = "recorded::path")]
    pub path: PathBuf,
    /// SHA-256 that its maker or its user wrote down.
    pub sha256: String,
    /// Whether the file is unchanged since its record; `None` if it no longer exists.
    pub is_unchanged: Option<bool>,
    /// How it was made; `None` for a file that came from outside.
    pub made: Option<Made>,
    /// Whether the rest is shown elsewhere in the tree.
    pub is_repeated: bool,
}

/// How a file was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Made {
    /// Program and version.
    pub software: String,
    /// Commit of the source, if known.
    pub commit: Option<String>,
    /// The command line.
    pub command: Vec<String>,
    /// What decided the result besides the inputs.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What went in.
    pub inputs: Vec<Lineage>,
}

impl Lineage {
    /// The chain of records of `artefact`, a file relative to the study folder or the current folder. Hashes are
    /// recomputed.
    ///
    /// # Errors
    /// [`WorkflowError::NoArtefact`] if there is no such file, [`WorkflowError::File`] if it cannot be read.
    pub fn of(study: &Study, artefact: &Path) -> Result<Self, WorkflowError> {
        let inside = study.root().join(artefact);
        let place = [inside.as_path(), artefact]
            .into_iter()
            .find(|path| path.is_file());
        let place = place.ok_or_else(|| {
            let hint = way_out(&inside);
            let separator = if hint.is_empty() { "" } else { "; " };
            WorkflowError::NoArtefact {
                path: artefact.to_owned(),
                hint: format!("{separator}{hint}"),
            }
        })?;
        let mut tracer = Tracer {
            study,
            seen: BTreeSet::new(),
            hashes: BTreeMap::new(),
        };
        let sha256 = tracer.hash(place)?;
        tracer.trace(place, sha256)
    }

    fn write(&self, text: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let note = match self.is_unchanged {
            Some(true) => "",
            Some(false) => "  CHANGED SINCE",
            None => "  no longer exists",
        };
        let short = self.sha256.get(..12).unwrap_or(&self.sha256);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{indent}{}  sha256 {short}{note}", self.path.display());
        let Some(made) = &self.made else { return };
        if self.is_repeated {
            let _ = writeln!(text, "{indent}  made by {}: see above", made.software);
            return;
        }
        let commit = made
            .commit
            .as_ref()
            .map(|commit| format!(" ({commit})"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "{indent}  made by {}{commit}: {}",
            made.software,
            made.command.join(" ")
        );
        if !made.parameters.is_empty() {
            let parameters: Vec<String> = made.parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let _ = writeln!(text, "{indent}  with {}", parameters.join(" "));
        }
        if !made.inputs.is_empty() {
            let _ = writeln!(text, "{indent}  from");
        }
        for input in &made.inputs {
            input.write(text, depth + 2);
        }
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text, 0);
        f.write_str(text.trim_end())
    }
}

struct Tracer<'a> {
    study: &'a Study,
    seen: BTreeSet<PathBuf>,
    hashes: BTreeMap<PathBuf, String>,
}

impl Tracer<'_> {
    fn hash(&mut self, path: &Path) -> Result<String, WorkflowError> {
        if let Some(known) = self.hashes.get(path) {
            return Ok(known.clone());
        }
        let sha256 = sha256_of_file(path)?;
        self.hashes.insert(path.to_owned(), sha256.clone());
        Ok(sha256)
    }

    fn trace(&mut self, place: &Path, sha256: String) -> Result<Lineage, WorkflowError> {
        let is_unchanged = self.hash(place)? == sha256;
        let is_repeated = !self.seen.insert(place.to_owned());
        let provenance = Provenance::load(place).ok();
        let made = match provenance {
            None => None,
            Some(made) => {
                let inputs = if is_repeated {
                    Vec::new()
                } else {
                    self.inputs(&made)?
                };
                Some(Made {
                    software: made.software,
                    commit: made.commit,
                    command: made.command,
                    parameters: made.parameters,
                    inputs,
                })
            }
        };
        Ok(Lineage {
            path: relative(self.study, place),
            sha256,
            is_unchanged: Some(is_unchanged),
            is_repeated: is_repeated && made.is_some(),
            made,
        })
    }

    fn inputs(&mut self, made: &Provenance) -> Result<Vec<Lineage>, WorkflowError> {
        let mut inputs = Vec::with_capacity(made.inputs.len());
        for input in &made.inputs {
            inputs.push(match place_of(self.study, &input.path) {
                Some(place) => self.trace(&place, input.sha256.clone())?,
                None => Lineage {
                    path: input.path.clone(),
                    sha256: input.sha256.clone(),
                    is_unchanged: None,
                    made: None,
                    is_repeated: false,
                },
            });
        }
        Ok(inputs)
    }
}
