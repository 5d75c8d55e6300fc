//! The timed words of the story, as annotated in the data set.

use std::fs::{self};
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use lpp_files::{BoundedRows, ONE_OF_EACH_NAME, TimedWord, WordTable, only_column};

use crate::annotation_times::{TimedRows, check};
use crate::decode::decode;
use crate::run_words::{BYTES_OF_WORD, RunWords};
use crate::sections::Sections;
use crate::{Corrections, TextError};

/// Largest annotation file; the published ones have a megabyte.
const MAX_BYTES: u64 = 256 << 20;

/// Longest cell; a word has a few letters.
const MAX_CELL_BYTES: usize = 1 << 16;

/// Spellings that the CSV reader of the original scripts (pandas) reads as a missing value, besides the empty cell.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// The annotation of one language: the words of each run with their times.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    path: PathBuf,
    is_published: bool,
    runs: Vec<RunWords>,
}

impl Annotation {
    /// Reads `lppEN_word_information.csv` or a file of the same format, or a table of words.
    ///
    /// A table of words has a column `word_index` and is read as [`WordTable::load`] reads it; nothing is corrected and
    /// no row is left out. Otherwise each `section`, a whole number, is a run; runs are in the order of the numbers.
    ///
    /// The columns `word`, `onset`, `offset` and `section` are found by name; others are ignored. Rows are corrected
    /// first ([`Corrections`]). Then rows without a word are left out: rows without any cell, and rows whose word is an
    /// empty cell or spaces. With the published corrections, only an empty cell, a single space, and the spellings that
    /// the original's CSV reader reads as missing (`NA`, `None`, `null`, …) count as no word; without them these
    /// spellings are words. For a file that is not published, a warning gives the number of rows left out. Words that
    /// look like numbers stay words. Times are read only for the rows that are kept, and are checked as described
    /// below.
    ///
    /// A word that ends before it begins is an error, except with the published corrections. There are warnings for
    /// onsets before the start of the run or before the previous word, times that look like milliseconds or minutes,
    /// and times that continue from run to run.
    ///
    /// # Errors
    /// [`FileError::Read`](lpp_files::FileError::Read) or [`FileError::Malformed`](lpp_files::FileError::Malformed) for a file that cannot be read, is empty, lacks a column or has
    /// no word for a section; [`TextError::BadCell`] for a time that is not a finite number, an end before its beginning, a cell
    /// without end or a section that is not a whole number; [`TextError::CorrectionWithoutRow`] if a row to be dropped does not exist.
    ///
    /// ```
    /// use lpp_text::{Annotation, Corrections};
    ///
    /// # let path = std::env::temp_dir().join(format!("lpp-doc-annotation-{}.csv", std::process::id()));
    /// # let rows: String = (1..=4).map(|s| format!("once,0.1,0.7,{s}\nNA,0.7,0.9,{s}\n,0.9,1,{s}\n")).collect();
    /// # std::fs::write(&path, format!("word,onset,offset,section\n{rows}")).unwrap();
    /// let annotation = Annotation::load(&path, &Corrections::none())?;
    /// assert_eq!(annotation.runs()[0].words, ["once", "NA"]);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), lpp_text::TextError>(())
    /// ```
    pub fn load(path: &Path, corrections: &Corrections) -> Result<Self, TextError> {
        let text = load_text(path)?;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(BoundedRows::new(text.as_bytes()).with_rows_of(BYTES_OF_WORD));
        let header = reader.headers().map_err(|e| unreadable(path, &e))?;
        if header.iter().any(|column| column == "word_index") {
            if corrections.are_published() {
                let expected = "an annotation with sections, which the published corrections are for (--corrections none)";
                return Err(TextError::malformed(path, "a table of words", expected));
            }
            return Self::of_table(&WordTable::load(path)?, path);
        }
        let columns = Columns::find(header, path)?;

        let mut sections = Sections::default();
        let mut left_out = LeftOut::default();
        let mut n_rows = 0;
        for (label, record) in reader.records().enumerate() {
            let record = record.map_err(|e| unreadable(path, &e))?;
            n_rows = label + 1;
            let row = Row {
                record: &record,
                label,
                path,
            };
            row.check_lengths()?;
            if corrections.drops(label) || columns.are_empty(&record) {
                continue;
            }
            let word = corrections
                .replacement(label)
                .unwrap_or_else(|| cell(&record, columns.word));
            let (run, labels) = sections.of(row.section(columns.section)?, path)?;
            if is_missing(word, corrections) {
                run.n_rows += 1;
                left_out.add(label, word);
            } else {
                row.add(word, &columns, run)?;
                labels.push(label);
            }
        }
        left_out.tell(path, corrections);
        if let Some(row) = corrections.last_dropped().filter(|&row| row >= n_rows) {
            return Err(TextError::CorrectionWithoutRow {
                path: path.to_owned(),
                row,
                n_rows,
            });
        }
        let (runs, rows) = sections.into_runs(path)?;
        check(&rows, &runs, corrections.are_published())?;
        Ok(Self {
            path: path.to_owned(),
            is_published: corrections.are_published(),
            runs,
        })
    }

    /// The words of a table, run by run.
    fn of_table(table: &WordTable, path: &Path) -> Result<Self, TextError> {
        if let Some(row) = table.words().iter().position(|word| word.word.trim().is_empty()) {
            let found = format!("no word in row {row}");
            return Err(TextError::malformed(path, found, "a word in each row"));
        }
        let mut n_before = 0;
        let (runs, labels) = (0..table.n_runs())
            .map(|run| {
                let words = RunWords::of(table.run(run));
                let labels = (n_before..n_before + words.n_words()).collect();
                n_before += words.n_words();
                (words, labels)
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        check(&TimedRows::new(path, labels), &runs, false)?;
        Ok(Self {
            path: path.to_owned(),
            is_published: false,
            runs,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was read with the published corrections.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.is_published
    }

    /// The words of each run.
    #[must_use]
    pub fn runs(&self) -> &[RunWords] {
        &self.runs
    }

    /// The words as a table with one row per row of the activations.
    ///
    /// # Errors
    /// [`TextError::File`] never occurs for a loaded annotation; the table checks what it is given.
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

/// Largest number of column names shown in a message.
const MOST_NAMES: usize = 12;

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
            let place = only_column(header, name)
                .map_err(|two| TextError::malformed(path, two.to_string(), ONE_OF_EACH_NAME))?;
            place.ok_or_else(|| {
                let names: Vec<&str> = header.iter().take(MOST_NAMES).collect();
                let is_one = names.len() == 1 && names[0].contains([';', '\t']);
                TextError::malformed(
                    path,
                    format!("the columns {names:?}"),
                    format!(
                        "a column {name:?}{}",
                        if is_one {
                            "; columns separated by commas"
                        } else {
                            ""
                        }
                    ),
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

    /// Whether all cells of a row are empty, as at the end of tables from spreadsheet programs.
    fn are_empty(&self, record: &StringRecord) -> bool {
        [self.word, self.onset, self.offset, self.section]
            .into_iter()
            .all(|column| cell(record, column).trim().is_empty())
    }
}

/// Rows left out because they have no word.
#[derive(Default)]
struct LeftOut {
    n_empty: usize,
    n_spelt: usize,
    first: Option<usize>,
}

impl LeftOut {
    fn add(&mut self, label: usize, word: &str) {
        self.first.get_or_insert(label);
        if word.trim().is_empty() {
            self.n_empty += 1;
        } else {
            self.n_spelt += 1;
        }
    }

    fn tell(&self, path: &Path, corrections: &Corrections) {
        let path = path.display();
        let Some(first) = self.first else { return };
        if self.n_spelt > 0 {
            tracing::warn!(
                "{path}: {} words spelt like a missing value (NA, None, null, …) are left out, as in the published \
                 analysis; --corrections none keeps them",
                self.n_spelt
            );
        }
        if self.n_empty > 0 && !corrections.are_published() {
            tracing::warn!(
                "{path}: {} rows without a word are left out, the first is row {first}",
                self.n_empty
            );
        }
    }
}

/// One data row with its label.
struct Row<'a> {
    record: &'a StringRecord,
    label: usize,
    path: &'a Path,
}

impl Row<'_> {
    fn add(&self, word: &str, columns: &Columns, run: &mut RunWords) -> Result<(), TextError> {
        run.onsets_s.push(self.seconds(columns.onset, "onset")?);
        run.offsets_s.push(self.seconds(columns.offset, "offset")?);
        run.words.push(word.to_owned());
        run.positions.push(run.n_rows);
        run.n_rows += 1;
        Ok(())
    }

    fn check_lengths(&self) -> Result<(), TextError> {
        match self.record.iter().find(|cell| cell.len() > MAX_CELL_BYTES) {
            Some(long) => Err(self.bad(
                "any",
                &format!("a cell of {} bytes", long.len()),
                format!("at most {MAX_CELL_BYTES}; is a quotation mark left open?"),
            )),
            None => Ok(()),
        }
    }

    fn section(&self, column: usize) -> Result<i64, TextError> {
        let text = cell(self.record, column);
        // Spreadsheet programs write whole numbers as `3.0` where the column has gaps.
        let digits = text.trim();
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        let bad = |_| self.bad("section", text, "a whole number".to_owned());
        digits.parse().map_err(bad)
    }

    fn seconds(&self, column: usize, name: &'static str) -> Result<f64, TextError> {
        let text = cell(self.record, column);
        match text.trim().parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => Ok(seconds),
            _ => Err(self.bad(name, text, "a time in seconds, such as 12.5".to_owned())),
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

/// A cell; missing cells at the end of a row are empty.
fn cell(record: &StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or("")
}

fn is_missing(word: &str, corrections: &Corrections) -> bool {
    if corrections.are_published() {
        word.is_empty() || word == " " || MISSING.contains(&word)
    } else {
        word.trim().is_empty()
    }
}

fn load_text(path: &Path) -> Result<String, TextError> {
    let n_bytes = fs::metadata(path).map_err(TextError::read(path))?.len();
    let mut bytes = Vec::new();
    let file = lpp_files::open_input(path).map_err(TextError::read(path))?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(TextError::read(path))?;
    if bytes.len() as u64 > MAX_BYTES {
        let found = format!("{n_bytes} bytes");
        return Err(TextError::malformed(path, found, format!("at most {MAX_BYTES}")));
    }
    decode(bytes, path)
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

    /// Runs of the table.
    const N_RUNS: usize = 9;

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
    fn a_column_that_stands_twice_is_refused() {
        for name in ["word", "onset", "section"] {
            let header = format!("word,onset,offset,section,{name}");
            let error = load(&format!("{header}\na,0.5,1.5,1,2\n"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(&format!("two columns {name:?}")), "{error}");
        }
    }

    #[test]
    fn rows_without_a_word_are_counted_but_not_kept() {
        let rows = ",,,x,1\n325,1,2,x,1\n \t,3,4,x,1\n\" \",bad,bad,x,1\nNone,5,6,x,1\n";
        let annotation = load(&table(rows)).unwrap();
        let run = &annotation.runs()[0];
        assert_eq!(run.words, ["325", "None", "w1"]);
        assert_eq!(run.positions, [1, 4, 5]);
        assert_eq!((run.n_rows, annotation.n_words()), (6, 11));

        let (_folder, path) = written(&table(rows));
        let chinese = Corrections::new([], []);
        let published = Annotation::load(&path, &chinese).unwrap();
        let run = &published.runs()[0];
        assert_eq!(run.words, ["325", " \t", "w1"]);
        assert_eq!(run.positions, [1, 2, 5]);
        assert_eq!((run.n_rows, published.n_words()), (6, 11));
    }

    #[test]
    fn words_that_a_table_reader_takes_for_missing_are_words() {
        let rows = MISSING.map(|word| format!("{word},1,2,x,3\n")).concat();
        let annotation = load(&table(&rows)).unwrap();
        assert_eq!(annotation.runs()[2].n_words(), MISSING.len() + 1);
    }

    #[test]
    fn rows_without_any_cell_are_no_rows() {
        for rows in [",,,,\n", "\n\n", ",,,lemma,\n", " , ,,,\n"] {
            let annotation = load(&format!("{}{rows}", table(""))).unwrap();
            assert_eq!(annotation.n_words(), N_RUNS, "{rows:?}");
        }
        assert!(load(&format!("{},3,4,,\n", table(""))).is_err());
    }

    #[test]
    fn sections_with_a_decimal_point_and_a_byte_order_mark_are_read() {
        let annotation = load(&format!("\u{feff}{}", table("a,0,0.2,x,2.0\n"))).unwrap();
        assert_eq!(annotation.runs()[1].words, ["a", "w2"]);
        let mac = table("a,0,0.2,x,2\n").replace('\n', "\r");
        assert_eq!(load(&mac).unwrap().runs()[1].words, ["a", "w2"]);
        let (_folder, path) = written("");
        let units = table("é,0,0.2,x,2\n")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>();
        std::fs::write(&path, [&[0xfe, 0xff], &units[..]].concat()).unwrap();
        let annotation = Annotation::load(&path, &Corrections::none()).unwrap();
        assert_eq!(annotation.runs()[1].words, ["é", "w2"]);
    }

    #[test]
    fn a_cell_without_end_is_refused() {
        let long = format!("{},0,1,x,1\n", "a".repeat(MAX_CELL_BYTES + 1));
        let message = load(&table(&format!("b,0,1,x,1\n{long}")))
            .unwrap_err()
            .to_string();
        assert!(message.contains("row 1") && message.len() < 500, "{message}");
    }

    #[test]
    fn a_table_with_other_separators_is_told_so() {
        for separator in [";", "\t"] {
            let message = load(&table("").replace(',', separator)).unwrap_err().to_string();
            assert!(message.contains("commas"), "{message}");
        }
    }

    #[test]
    fn bad_cells_are_named_by_row_and_column() {
        for (row, parts) in [
            ("a,one,2,x,1\n", ["row 0", "\"onset\"", "\"one\""]),
            ("a,1,nan,x,1\n", ["row 0", "\"offset\"", "\"nan\""]),
            ("a,1,2,x,1.5\n", ["row 0", "\"section\"", "\"1.5\""]),
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
            ("word,onset,offset,section\n", "no word,"),
            (
                "word,onset,offset,section\na,1,2,1\n,1,2,2\n",
                "no word in section 2",
            ),
            (
                "run,word_index,word,onset_s,offset_s\n0,0,,1,2\n",
                "no word in row 0",
            ),
            ("run,word_index,word,onset_s,offset_s\n0,0,a,2,1\n", "row 0"),
            ("run,word_index,word,onset_s,offset_s\n0,1,a,1,2\n", "word 1"),
        ] {
            let error = load(table).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn sections_are_runs_in_the_order_of_their_numbers() {
        let rows = |order: &[i64]| {
            let row = |s: &i64| format!("w{s},0.5,1.5,{s}\n");
            let table = format!(
                "word,onset,offset,section\n{}",
                order.iter().map(row).collect::<String>()
            );
            let words = |run: &RunWords| run.words[0].clone();
            load(&table)
                .unwrap()
                .runs()
                .iter()
                .map(words)
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (order, expected) in [
            (vec![1, 2, 3, 4], "w1 w2 w3 w4"),
            (vec![10, 9, 12, 11, 8], "w8 w9 w10 w11 w12"),
            (vec![0, 100, -3], "w-3 w0 w100"),
        ] {
            assert_eq!(rows(&order), expected);
        }
    }

    #[test]
    fn a_table_of_words_is_an_annotation() {
        let table =
            "run,word_index,word,onset_s,offset_s\n0,0,der,0.5,0.7\n0,1,n/a,0.7,0.9\n1,0,Wal,0.1,0.4\n";
        let (_folder, path) = written(table);
        let annotation = Annotation::load(&path, &Corrections::none()).unwrap();
        assert_eq!(annotation.runs()[0].words, ["der", "n/a"]);
        assert_eq!(annotation.runs()[0].positions, [0, 1]);
        assert_eq!(annotation.word_table().unwrap(), WordTable::load(&path).unwrap());
    }

    #[test]
    fn a_row_to_be_dropped_must_exist() {
        let (_folder, path) = written(&table(""));
        let english = Corrections::new([3919, 6775, 6781], []);
        let error = Annotation::load(&path, &english).unwrap_err().to_string();
        assert!(
            error.contains("drop row 6781") && error.contains("--corrections none"),
            "{error}"
        );
    }
}
