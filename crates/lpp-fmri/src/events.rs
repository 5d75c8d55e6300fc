//! Word times of one run, from a table.

use std::path::Path;

use crate::FmriError;
use crate::csv_table::CsvTable;

/// When the words of a run begin and end, in s from the start of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct WordEvents {
    onsets_s: Vec<f64>,
    offsets_s: Vec<f64>,
    rows: Vec<usize>,
}

/// Onset, duration and offset must agree up to the rounding of two decimals each.
const ROUNDING_S: f64 = 0.02;

impl WordEvents {
    /// Reads a table, such as an `events.tsv` of BIDS, with a column `onset_s` or `onset`, and a column `offset_s`, `offset`, `duration_s` or
    /// `duration`; other columns are ignored.
    ///
    /// A column `run` (or `section`, as in the annotation of the corpus) distinguishes runs; the times of each run
    /// start at its beginning. If the file has several runs, `run` must select one.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read, has no rows, lacks a column, has a time that is not a finite
    /// number, has an offset that contradicts its duration, has two columns for one of them, or has several runs and none was selected.
    pub fn load(path: &Path, run: Option<&str>) -> Result<Self, FmriError> {
        let mut table = CsvTable::load(path)?;
        select_run(&mut table, path, run)?;
        let onsets_s = table.numbers(table.one_of(&["onset_s", "onset"])?.unwrap_or("onset"))?;
        let times = |names: &[&str]| {
            let column = table.one_of(names)?;
            column.map(|column| table.numbers(column)).transpose()
        };
        let offsets = times(&["offset_s", "offset"])?;
        let durations = times(&["duration_s", "duration"])?;
        let rows = table.row_numbers();
        if let (Some(offsets), Some(durations)) = (&offsets, &durations) {
            check_durations(path, &rows, &onsets_s, offsets, durations)?;
        }
        let ends = |durations: Vec<f64>| {
            onsets_s
                .iter()
                .zip(durations)
                .map(|(onset, d)| onset + d)
                .collect()
        };
        let Some(offsets_s) = offsets.or_else(|| durations.map(ends)) else {
            return Err(table.missing("offset or duration"));
        };
        Ok(Self {
            onsets_s,
            offsets_s,
            rows,
        })
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

    /// The row of each word in the file, counted from 1 without the header.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Number of words; at least 1.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.onsets_s.len()
    }
}

/// Checks that durations agree with onsets and offsets, if a file has all three.
fn check_durations(
    path: &Path,
    rows: &[usize],
    onsets: &[f64],
    offsets: &[f64],
    durations: &[f64],
) -> Result<(), FmriError> {
    for (i, row) in rows.iter().enumerate() {
        let end = onsets[i] + durations[i];
        if (end - offsets[i]).abs() > ROUNDING_S {
            let found = format!("offset {} in row {row}", offsets[i]);
            let expected = format!(
                "{end}, onset {} and duration {} (remove the column offset or duration)",
                onsets[i], durations[i]
            );
            return Err(FmriError::malformed(path, found, expected));
        }
    }
    Ok(())
}

/// Keeps the rows of the selected run.
fn select_run(table: &mut CsvTable, path: &Path, run: Option<&str>) -> Result<(), FmriError> {
    let Some(column) = table.one_of(&["run", "section"])? else {
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
