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

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, run: Option<&str>) -> Result<WordEvents, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.tsv");
        std::fs::write(&path, text).unwrap();
        WordEvents::load(&path, run).map_err(|error| error.to_string())
    }

    #[test]
    fn words_end_at_their_offset_or_after_their_duration() {
        for text in [
            "onset,duration\n1.5,0.5\n3,0.25\n",
            "onset_s\tword\toffset_s\n1.5\ta\t2\n3\tb\t3.25\n",
            "onset\tduration_s\toffset\n1.5\t0.5\t2\n3\t0.25\t3.25\n",
        ] {
            let words = load(text, None).unwrap();
            assert_eq!(words.onsets_s(), [1.5, 3.0]);
            assert_eq!(words.offsets_s(), [2.0, 3.25]);
            assert_eq!((words.rows(), words.n_words()), (&[1, 2][..], 2));
        }
        for (text, said) in [
            ("onset\n1\n", "expected a column offset or duration"),
            ("duration\n1\n", "expected a column onset"),
            ("onset,onset_s,offset\n1,1,2\n", "one of onset_s and onset"),
        ] {
            let error = load(text, None).unwrap_err();
            assert!(error.contains(said) && error.contains("events.tsv"), "{error}");
        }
    }

    #[test]
    fn durations_agree_with_offsets_to_their_rounding() {
        let with_end = |offset: f64| {
            load(
                &format!("onset,duration,offset\n1,1,2\n1.25,0.5,{offset}\n"),
                None,
            )
        };
        assert_eq!(with_end(1.76).unwrap().offsets_s(), [2.0, 1.76]);
        assert_eq!(with_end(1.74).unwrap().offsets_s(), [2.0, 1.74]);
        for offset in [1.78, 1.72, 0.5] {
            let error = with_end(offset).unwrap_err();
            assert!(
                error.contains(&format!("found offset {offset} in row 2"))
                    && error.contains("1.75, onset 1.25"),
                "{error}"
            );
        }
    }

    #[test]
    fn one_run_is_taken_from_a_table_of_several() {
        let table = "section,onset,offset\n2,1,2\n1,3,4\n2,5,6\n";
        let second = load(table, Some("2")).unwrap();
        assert_eq!(
            (second.onsets_s(), second.offsets_s()),
            (&[1.0, 5.0][..], &[2.0, 6.0][..])
        );
        assert_eq!(second.rows(), [1, 3]);
        assert_eq!(load(table, Some("1")).unwrap().rows(), [2]);
        let error = load(table, None).unwrap_err();
        assert!(error.contains("found the runs 2, 1, expected one run"), "{error}");
        let error = load(table, Some("3")).unwrap_err();
        assert!(error.contains("found the runs 2, 1, expected a run 3"), "{error}");
        // The only run need not be named.
        assert_eq!(
            load("run,onset,offset\nA,1,2\nA,3,4\n", None).unwrap().n_words(),
            2
        );
        assert!(
            load("onset,offset\n1,2\n", Some("1"))
                .unwrap_err()
                .contains("a column run")
        );
    }
}
