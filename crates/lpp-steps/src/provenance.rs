//! The provenance of an artefact: the JSON file next to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, FileHash, recorded_text, write_atomically};
use serde::{Deserialize, Serialize};

use crate::old_records;

/// The current form of records; a record without the field has form 1.
pub(crate) const FORM: u32 = 2;

fn first_form() -> u32 {
    1
}

/// The program that made an artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Software {
    /// Name of the program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from, if known.
    pub commit: Option<&'static str>,
}

/// The JSON file next to each artefact, `<artefact>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The form of this record: 2. Records of form 1 (without this field) are read too.
    #[serde(default = "first_form")]
    pub form: u32,
    /// Program and version.
    pub software: String,
    /// Commit of the source, if known.
    pub commit: Option<String>,
    /// The command line, each word as [`recorded_text`].
    pub command: Vec<String>,
    /// Everything that determines the result, except the inputs.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// The input files.
    pub inputs: Vec<FileHash>,
    /// The artefact itself.
    pub output: FileHash,
    /// Further files written by the same run without their own records, such as the figures of a report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<FileHash>,
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Peak resident memory of the program so far, in bytes; 0 if unknown.
    pub peak_memory_bytes: u64,
}

impl Provenance {
    /// Name of the provenance file of `artefact`.
    #[must_use]
    pub fn path_of(artefact: &Path) -> PathBuf {
        let mut name = artefact.as_os_str().to_owned();
        name.push(".json");
        name.into()
    }

    /// The name of the program.
    #[must_use]
    pub fn program(&self) -> &str {
        self.software
            .rsplit_once(' ')
            .map_or(&self.software, |(program, _)| program)
    }

    /// The command in a form that works on any machine: only the name of the program, without the number of threads,
    /// which does not affect the result.
    #[must_use]
    pub fn command_line(&self) -> String {
        let mut words = self.command.iter();
        let program = words.next().map(Path::new).and_then(Path::file_name);
        let mut line = program.unwrap_or_default().to_string_lossy().into_owned();
        while let Some(word) = words.next() {
            if word == "--threads" {
                words.next();
            } else {
                line = line + " " + word;
            }
        }
        line
    }

    /// Writes the record next to its artefact.
    ///
    /// # Errors
    /// [`FileError::Write`] if the file cannot be written.
    pub fn save(&self) -> Result<(), FileError> {
        write_atomically(&Self::path_of(&self.output.path), &self.to_json()?)
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, FileError> {
        let path = Self::path_of(&self.output.path);
        serde_json::to_vec_pretty(self).map_err(|e| FileError::write(&path)(e.into()))
    }

    /// Reads the provenance of `artefact`.
    ///
    /// # Errors
    /// [`FileError::Read`] if it does not exist, [`FileError::Malformed`] if it is invalid.
    pub fn load(artefact: &Path) -> Result<Self, FileError> {
        let path = Self::path_of(artefact);
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(FileError::malformed(
                &path,
                "no regular file",
                "a provenance record",
            ));
        }
        let text = lpp_files::read_input_text(&path).map_err(FileError::read(&path))?;
        let mut record: Self = lpp_files::json::from_str(&text)
            .map_err(|e| FileError::malformed(&path, e.to_string(), "a provenance record"))?;
        if record.program() == old_records::FIT_PROGRAM {
            old_records::complete(&mut record.parameters);
        }
        match record.form {
            1 => {
                old_records::modernise(&mut record.parameters);
                record.form = FORM;
                Ok(record)
            }
            FORM => Ok(record),
            form => {
                let expected = "a record of form 1 or 2 (a newer version has made it: use that version)";
                Err(FileError::malformed(
                    &path,
                    format!("a record of form {form}"),
                    expected,
                ))
            }
        }
    }
}

/// The command line of this process, as in records.
#[must_use]
pub fn command() -> Vec<String> {
    std::env::args_os().map(|word| recorded_text(&word)).collect()
}

/// Peak resident memory of this process so far, in bytes; 0 if unknown.
#[must_use]
pub fn peak_memory_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_many_small_values_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let artefact = folder.path().join("x.csv");
        let text = format!("{{\"parameters\":[{}0]}}", "{\"\":0},".repeat(1_000_000));
        fs::write(Provenance::path_of(&artefact), text).unwrap();
        let error = Provenance::load(&artefact).unwrap_err().to_string();
        assert!(error.contains("x.csv.json") && error.contains("MiB"), "{error}");
    }
}
