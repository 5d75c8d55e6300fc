//! Word times of one run, from a CSV file.

use std::path::Path;

use crate::FmriError;
use crate::csv_table::CsvTable;

/// When the words of a run begin and end, in s from the start of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct WordEvents {
    onsets_s: Vec<f64>,
    offsets_s: Vec<f64>,
}

impl WordEvents {
    /// Reads a CSV file with a column `onset_s` or `onset`, and one of `offset_s`, `offset`, `duration_s` or
    /// `duration`; other columns are ignored.
    ///
    /// A column `run` (or `section`, as in the corpus' annotation) tells runs apart, each of which counts time from
    /// its own start. With several runs in the file, `run` must say which one is meant.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read, has no row, lacks a column, holds a time that is no finite
    /// number, or leaves open which run is meant.
    pub fn load(path: &Path, run: Option<&str>) -> Result<Self, FmriError> {
        let mut table = CsvTable::load(path)?;
        select_run(&mut table, path, run)?;
        let onsets_s = table.numbers(table.first_of(&["onset_s", "onset"]).unwrap_or("onset"))?;
        let offsets_s = if let Some(column) = table.first_of(&["offset_s", "offset"]) {
            table.numbers(column)?
        } else if let Some(column) = table.first_of(&["duration_s", "duration"]) {
            let durations = table.numbers(column)?;
            onsets_s
                .iter()
                .zip(durations)
                .map(|(onset, duration)| onset + duration)
                .collect()
        } else {
            return Err(table.missing("offset or duration"));
        };
        Ok(Self { onsets_s, offsets_s })
    }

    /// When each word begins.
    #[must_use]
    pub fn onsets_s(&self) -> &[f64] {
        &self.onsets_s
    }

    /// When each word ends.
    #[must_use]
    pub fn offsets_s(&self) -> &[f64] {
        &self.offsets_s
    }

    /// How many words there are; at least 1.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.onsets_s.len()
    }
}

/// Keeps the rows of the run that is meant.
fn select_run(table: &mut CsvTable, path: &Path, run: Option<&str>) -> Result<(), FmriError> {
    let Some(column) = table.first_of(&["run", "section"]) else {
        return match run {
            None => Ok(()),
            Some(_) => Err(table.missing("run")),
        };
    };
    let labels = table.text(column)?;
    let mut runs: Vec<&str> = Vec::new();
    for label in &labels {
        if !runs.contains(&label.as_str()) {
            runs.push(label);
        }
    }
    let listed = || format!("the runs {}", runs.join(", "));
    match run {
        None if runs.len() > 1 => Err(FmriError::malformed(
            path,
            listed(),
            "one run (choose it with --run)",
        )),
        Some(run) if !runs.contains(&run) => {
            Err(FmriError::malformed(path, listed(), format!("a run {run}")))
        }
        Some(run) => {
            table.retain(|row| labels[row] == run);
            Ok(())
        }
        None => Ok(()),
    }
}
