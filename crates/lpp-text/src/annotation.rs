//! The timed words of the story, as annotated in the data set.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use lpp_study::{TimedWord, WordTable};

use crate::{Corrections, TextError};

/// Runs of the data set: the sections 1 to 9 of the annotation.
pub const N_RUNS: usize = 9;

/// What the csv reader of the original scripts (pandas) takes for a missing value, beside the empty cell.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// The words of one run with their times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunWords {
    /// The words as annotated, in the order of the file.
    pub words: Vec<String>,
    /// When each word begins, in seconds from the start of the run.
    pub onsets_s: Vec<f64>,
    /// When each word ends, in seconds from the start of the run.
    pub offsets_s: Vec<f64>,
    /// Each word's position among **all** rows of its section, those without a word counted.
    ///
    /// Equal to the word's index if the section has no such row. The published analysis attaches Chinese characters
    /// to rows by this position (a quirk kept in [`WordSpans`](crate::WordSpans)).
    pub positions: Vec<usize>,
    /// Rows of the section, those without a word counted.
    pub n_rows: usize,
}

impl RunWords {
    /// How many words the run has.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.words.len()
    }
}

/// The annotation of one language: the words of each run with their times.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    path: PathBuf,
    runs: Vec<RunWords>,
}

impl Annotation {
    /// Reads `lppEN_word_information.csv` or a file like it.
    ///
    /// The columns `word`, `onset`, `offset` and `section` are found by name, others are ignored. Rows are corrected
    /// first ([`Corrections`]); then those whose word is missing are left out: an empty cell, a single space, or what
    /// the original's csv reader takes for a missing value (`NA`, `None`, `null`, …). Words that look like numbers
    /// stay words. Times are read for kept rows only.
    ///
    /// # Errors
    /// [`TextError::Read`] or [`TextError::Malformed`] for a file that cannot be read, is empty, lacks a column or has
    /// no word for a run; [`TextError::BadCell`] for a time that is no finite number or a section outside 1 to 9;
    /// [`TextError::CorrectionWithoutRow`] if a row to be dropped does not exist.
    ///
    /// ```
    /// use lpp_text::{Annotation, Corrections};
    ///
    /// # let path = std::env::temp_dir().join(format!("lpp-doc-annotation-{}.csv", std::process::id()));
    /// # let rows: String = (1..=9).map(|s| format!("once,0.1,0.7,{s}\nNA,0.7,0.9,{s}\n")).collect();
    /// # std::fs::write(&path, format!("word,onset,offset,section\n{rows}")).unwrap();
    /// let annotation = Annotation::load(&path, &Corrections::none())?;
    /// assert_eq!(annotation.runs()[0].words, ["once"]);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), lpp_text::TextError>(())
    /// ```
    pub fn load(path: &Path, corrections: &Corrections) -> Result<Self, TextError> {
        let file = File::open(path).map_err(TextError::read(path))?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.headers().map_err(|e| unreadable(path, &e))?;
        let columns = Columns::find(header, path)?;

        let mut runs = vec![RunWords::default(); N_RUNS];
        let mut n_rows = 0;
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|e| unreadable(path, &e))?;
            n_rows = row + 1;
            if !corrections.drops(row) {
                let word = corrections
                    .replacement(row)
                    .unwrap_or_else(|| cell(&record, columns.word));
                Row {
                    record: &record,
                    label: row,
                    path,
                }
                .add(word, &columns, &mut runs)?;
            }
        }
        if let Some(row) = corrections.last_dropped().filter(|&row| row >= n_rows) {
            return Err(TextError::CorrectionWithoutRow {
                path: path.to_owned(),
                row,
                n_rows,
            });
        }
        if let Some(run) = runs.iter().position(|run| run.words.is_empty()) {
            let found = format!("no word in section {}", run + 1);
            return Err(TextError::malformed(
                path,
                found,
                format!("words in each of the sections 1 to {N_RUNS}"),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            runs,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The words of each run.
    #[must_use]
    pub fn runs(&self) -> &[RunWords] {
        &self.runs
    }

    /// The words as the table to which the rows of activations belong.
    ///
    /// # Errors
    /// [`TextError::Study`] never occurs for a loaded annotation; the table checks what it is given.
    pub fn word_table(&self) -> Result<WordTable, TextError> {
        let words = self.runs.iter().enumerate().flat_map(|(run, words)| {
            let times = words.onsets_s.iter().zip(&words.offsets_s);
            words.words.iter().zip(times).enumerate().map(
                move |(word_index, (word, (&onset_s, &offset_s)))| TimedWord {
                    run,
                    word_index,
                    word: word.clone(),
                    onset_s,
                    offset_s,
                },
            )
        });
        Ok(WordTable::new(words.collect(), &self.path)?)
    }

    /// Number of words over all runs.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.runs.iter().map(RunWords::n_words).sum()
    }
}

/// Where the columns are.
struct Columns {
    word: usize,
    onset: usize,
    offset: usize,
    section: usize,
}

impl Columns {
    fn find(header: &StringRecord, path: &Path) -> Result<Self, TextError> {
        if header.is_empty() {
            return Err(TextError::malformed(
                path,
                "an empty file",
                "a header with word, onset, offset and section",
            ));
        }
        let find = |name: &str| {
            // The first column's name may follow a byte-order mark.
            header
                .iter()
                .position(|column| column.trim_start_matches('\u{feff}') == name)
                .ok_or_else(|| {
                    let names: Vec<&str> = header.iter().collect();
                    TextError::malformed(
                        path,
                        format!("the columns {names:?}"),
                        format!("a column {name:?}"),
                    )
                })
        };
        Ok(Self {
            word: find("word")?,
            onset: find("onset")?,
            offset: find("offset")?,
            section: find("section")?,
        })
    }
}

/// One data row under its label.
struct Row<'a> {
    record: &'a StringRecord,
    label: usize,
    path: &'a Path,
}

impl Row<'_> {
    fn add(&self, word: &str, columns: &Columns, runs: &mut [RunWords]) -> Result<(), TextError> {
        let run = &mut runs[self.section(columns.section)? - 1];
        let position = run.n_rows;
        run.n_rows += 1;
        if is_missing(word) {
            return Ok(());
        }
        run.onsets_s.push(self.seconds(columns.onset, "onset")?);
        run.offsets_s.push(self.seconds(columns.offset, "offset")?);
        run.words.push(word.to_owned());
        run.positions.push(position);
        Ok(())
    }

    fn section(&self, column: usize) -> Result<usize, TextError> {
        let text = cell(self.record, column);
        // Spreadsheet programs write whole numbers as `3.0` where the column has gaps.
        let digits = text.trim();
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        match digits.parse::<usize>() {
            Ok(section) if (1..=N_RUNS).contains(&section) => Ok(section),
            _ => Err(self.bad("section", text, format!("a whole number from 1 to {N_RUNS}"))),
        }
    }

    fn seconds(&self, column: usize, name: &'static str) -> Result<f64, TextError> {
        let text = cell(self.record, column);
        match text.trim().parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => Ok(seconds),
            _ => Err(self.bad(name, text, "a time in seconds".to_owned())),
        }
    }

    fn bad(&self, column: &'static str, found: &str, expected: String) -> TextError {
        TextError::BadCell {
            path: self.path.to_owned(),
            row: self.label,
            column,
            found: found.to_owned(),
            expected,
        }
    }
}

/// A cell; a row that ends too early has empty ones.
fn cell(record: &StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or("")
}

fn is_missing(word: &str) -> bool {
    word.is_empty() || word == " " || MISSING.contains(&word)
}

fn unreadable(path: &Path, error: &csv::Error) -> TextError {
    TextError::malformed(
        path,
        format!("an unreadable row ({error})"),
        "a table in UTF-8, separated by commas",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.csv");
        std::fs::write(&path, table).unwrap();
        (folder, path)
    }

    fn table(first_rows: &str) -> String {
        let rest = (1..=N_RUNS)
            .map(|s| format!("w{s},0.5,1.5,x,{s}\n"))
            .collect::<Vec<_>>()
            .concat();
        format!("word,onset,offset,lemma,section\n{first_rows}{rest}")
    }

    fn load(table: &str) -> Result<Annotation, TextError> {
        let (_folder, path) = written(table);
        Annotation::load(&path, &Corrections::none())
    }

    #[test]
    fn rows_without_a_word_are_counted_but_not_kept() {
        let annotation = load(&table(
            ",,,x,1\n325,1,2,x,1\n \t,3,4,x,1\n\" \",bad,bad,x,1\nNone,5,6,x,1\n",
        ))
        .unwrap();
        let run = &annotation.runs()[0];
        assert_eq!(run.words, ["325", " \t", "w1"]);
        assert_eq!(run.positions, [1, 2, 5]);
        assert_eq!((run.n_rows, annotation.n_words()), (6, 11));
    }

    #[test]
    fn sections_with_a_decimal_point_and_a_byte_order_mark_are_read() {
        let annotation = load(&format!("\u{feff}{}", table("a,1,2,x,2.0\n"))).unwrap();
        assert_eq!(annotation.runs()[1].words, ["a", "w2"]);
    }

    #[test]
    fn bad_cells_are_named_by_row_and_column() {
        for (row, parts) in [
            ("a,one,2,x,1\n", ["row 0", "\"onset\"", "\"one\""]),
            ("a,1,nan,x,1\n", ["row 0", "\"offset\"", "\"nan\""]),
            ("a,1,2,x,10\n", ["row 0", "\"section\"", "\"10\""]),
            ("a,1,2,x,\n", ["row 0", "\"section\"", "\"\""]),
            ("a,1\n", ["row 0", "\"section\"", "\"\""]),
        ] {
            let error = load(&table(row)).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }

    #[test]
    fn files_that_are_no_annotation_are_refused() {
        for (table, part) in [
            ("", "an empty file"),
            ("word,onset,section\na,1,1\n", "a column \"offset\""),
            ("word,onset,offset,section\n", "no word in section 1"),
            ("word,onset,offset,section\na,1,2,1\n", "no word in section 2"),
        ] {
            let error = load(table).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_row_to_be_dropped_must_exist() {
        let (_folder, path) = written(&table(""));
        let english = Corrections::of(
            lpp_study::Language::English,
            lpp_study::AnnotationCorrections::Published,
        );
        let error = Annotation::load(&path, &english).unwrap_err().to_string();
        assert!(
            error.contains("drop row 6781") && error.contains("--corrections none"),
            "{error}"
        );
    }
}
