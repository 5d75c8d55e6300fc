//! How a file was made and from which inputs: the chain of provenance records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lpp_files::{FileHash, recorded, sha256_of_file, way_out};
use lpp_steps::Provenance;
use lpp_study::Study;
use serde::Serialize;

use crate::WorkflowError;
use crate::hashes::Hashes;
use crate::place::{place_of, relative};

/// Steps back that are shown. A chain in somebody else's study may be of any length, and trees are written by functions that call
/// themselves.
const DEEPEST: usize = 64;

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
    /// Whether the rest is more than 64 steps back, and not shown.
    pub is_too_deep: bool,
}

/// How a file was made; of a file that is repeated or too deep only the program.
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
            hashes: Hashes::default(),
        };
        let sha256 = sha256_of_file(place)?;
        Ok(tracer.trace(place, sha256, true, 0))
    }

    /// The tree as lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.write(&mut lines, 0);
        lines
    }

    fn write(&self, lines: &mut Vec<String>, depth: usize) {
        let indent = "  ".repeat(depth);
        let note = match self.is_unchanged {
            Some(true) => "",
            Some(false) => "  CHANGED SINCE",
            None => "  no longer exists",
        };
        let short: String = self.sha256.chars().take(12).collect();
        lines.push(format!("{indent}{}  sha256 {short}{note}", self.path.display()));
        let Some(made) = &self.made else { return };
        let software = &made.software;
        if self.is_repeated {
            lines.push(format!("{indent}  made by {software}: see above"));
            return;
        }
        if self.is_too_deep {
            lines.push(format!(
                "{indent}  made by {software}: not shown, as it is more than {DEEPEST} steps back; ask for this file (lpp-run why)"
            ));
            return;
        }
        let commit = made.commit.as_ref();
        let commit = commit.map_or_else(String::new, |commit| format!(" ({commit})"));
        let command = made.command.join(" ");
        lines.push(format!("{indent}  made by {software}{commit}: {command}"));
        if !made.parameters.is_empty() {
            let parameters: Vec<String> = made.parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
            lines.push(format!("{indent}  with {}", parameters.join(" ")));
        }
        if !made.inputs.is_empty() {
            lines.push(format!("{indent}  from"));
        }
        for input in &made.inputs {
            input.write(lines, depth + 2);
        }
    }
}

struct Tracer<'a> {
    study: &'a Study,
    /// Files whose records are shown.
    seen: BTreeSet<PathBuf>,
    hashes: Hashes,
}

impl Tracer<'_> {
    fn trace(&mut self, place: &Path, sha256: String, is_unchanged: bool, depth: usize) -> Lineage {
        let made = Provenance::load(place).ok();
        let is_repeated = made.is_some() && self.seen.contains(place);
        let is_too_deep = made.is_some() && !is_repeated && depth >= DEEPEST;
        let made = made.map(|made| {
            if is_repeated || is_too_deep {
                return Made::in_short(made);
            }
            self.seen.insert(place.to_owned());
            Made {
                inputs: made
                    .inputs
                    .iter()
                    .map(|input| self.input(input, depth + 1))
                    .collect(),
                ..Made::without_inputs(made)
            }
        });
        Lineage {
            path: relative(self.study, place),
            sha256,
            is_unchanged: Some(is_unchanged),
            made,
            is_repeated,
            is_too_deep,
        }
    }

    fn input(&mut self, input: &FileHash, depth: usize) -> Lineage {
        let sha256 = input.sha256.clone();
        match place_of(self.study, &input.path) {
            Some(place) => {
                let is_unchanged = self.hashes.agree(&place, input);
                self.trace(&place, sha256, is_unchanged, depth)
            }
            None => Lineage {
                path: input.path.clone(),
                sha256,
                is_unchanged: None,
                made: None,
                is_repeated: false,
                is_too_deep: false,
            },
        }
    }
}

impl Made {
    fn without_inputs(made: Provenance) -> Self {
        Self {
            software: made.software,
            commit: made.commit,
            command: made.command,
            parameters: made.parameters,
            inputs: Vec::new(),
        }
    }

    fn in_short(made: Provenance) -> Self {
        Self {
            command: Vec::new(),
            parameters: BTreeMap::new(),
            ..Self::without_inputs(made)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A study of `n` files, each made from those that `from` says.
    fn study_of(n: usize, from: impl Fn(usize) -> Vec<usize>) -> (tempfile::TempDir, Study) {
        let folder = tempfile::tempdir().unwrap();
        let named = |n: usize| serde_json::json!({ "path": n.to_string(), "bytes": 1, "sha256": lpp_files::sha256_of_bytes(b"z") });
        for file in 0..n {
            let inputs: Vec<_> = from(file).into_iter().map(named).collect();
            let record = serde_json::json!({
                "form": 2, "software": "lpp-fit 1", "commit": null, "command": ["lpp-fit", "--long-flag"],
                "parameters": { "a": 1 }, "inputs": inputs, "output": named(file), "wall_s": 0, "peak_memory_bytes": 0,
            });
            std::fs::write(folder.path().join(file.to_string()), "z").unwrap();
            std::fs::write(folder.path().join(format!("{file}.json")), record.to_string()).unwrap();
        }
        let study = Study::open(folder.path()).unwrap();
        (folder, study)
    }

    fn lineage(study: &Study) -> (Vec<String>, String) {
        let lineage = Lineage::of(study, Path::new("0")).unwrap();
        (lineage.lines(), serde_json::to_string_pretty(&lineage).unwrap())
    }

    #[test]
    fn a_chain_of_any_length_ends_in_a_line_that_says_so() {
        let (_folder, study) = study_of(3000, |file| vec![(file + 1) % 3000]);
        let (lines, json) = lineage(&study);
        assert_eq!(
            lines.iter().filter(|line| line.contains("made by")).count(),
            DEEPEST + 1
        );
        let last = lines.last().unwrap();
        assert!(
            last.contains("more than 64 steps back; ask for this file"),
            "{last}"
        );
        assert!(json.len() < 1_000_000);

        let (_folder, study) = study_of(3, |file| vec![(file + 1) % 3]);
        let (lines, _) = lineage(&study);
        assert!(
            lines.last().unwrap().ends_with("made by lpp-fit 1: see above"),
            "{lines:?}"
        );
    }

    #[test]
    fn each_record_is_shown_once_however_many_name_it() {
        let (_folder, study) = study_of(60, |file| (0..60).filter(|other| *other != file).collect());
        let (lines, json) = lineage(&study);
        assert_eq!(
            lines.iter().filter(|line| line.contains("--long-flag")).count(),
            60
        );
        assert_eq!(json.matches("--long-flag").count(), 60);
        assert!(lines.iter().all(|line| !line.contains("CHANGED")), "{lines:?}");
    }

    #[test]
    fn a_file_of_another_length_has_changed_without_being_read() {
        let (folder, study) = study_of(2, |file| if file == 0 { vec![1] } else { Vec::new() });
        let sparse = std::fs::File::create(folder.path().join("1")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        let (lines, _) = lineage(&study);
        assert!(
            lines.iter().any(|line| line.contains("CHANGED SINCE")),
            "{lines:?}"
        );
    }
}
