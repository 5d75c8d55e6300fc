//! The words of one run.

use std::path::Path;

use lpp_files::{BoundedRows, FileError, TimedWord};
use serde::Deserialize;

/// Memory that a word takes in lists that grow. 300,000 words of any length pass, two days of speech.
pub(crate) const BYTES_OF_WORD: usize = 200;

/// The words of one run with their times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunWords {
    /// The words as annotated, in the order of the file.
    pub words: Vec<String>,
    /// When each word begins, in seconds from the start of the run.
    pub onsets_s: Vec<f64>,
    /// When each word ends, in seconds from the start of the run.
    pub offsets_s: Vec<f64>,
    /// Position of each word among **all** rows of its section, including rows without a word.
    ///
    /// Equal to the word's index if the section has no such row. The published analysis attaches Chinese characters
    /// to rows by this position (a quirk kept in [`WordSpans`](crate::WordSpans)).
    pub positions: Vec<usize>,
    /// Rows of the section, including those without a word.
    pub n_rows: usize,
}

impl RunWords {
    /// The words of one run of a table, each a row.
    pub(crate) fn of(words: &[TimedWord]) -> Self {
        Self {
            words: words.iter().map(|word| word.word.clone()).collect(),
            onsets_s: words.iter().map(|word| word.onset_s).collect(),
            offsets_s: words.iter().map(|word| word.offset_s).collect(),
            positions: (0..words.len()).collect(),
            n_rows: words.len(),
        }
    }

    /// Number of words of the run.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.words.len()
    }
}

#[derive(Deserialize)]
struct WordLine {
    #[serde(default)]
    run: usize,
    word: String,
}

/// Reads the words of texts from a table with the column `word`, and `run` (from 0) if there are several texts; times have no part
/// and are 0.
///
/// # Errors
/// [`FileError`] if the file cannot be read, a word is empty, or the runs do not count up from 0.
///
/// # Example
/// ```no_run
/// let runs = lpp_text::load_words_of_texts("words.csv".as_ref())?;
/// # Ok::<(), lpp_files::FileError>(())
/// ```
pub fn load_words_of_texts(path: &Path) -> Result<Vec<RunWords>, FileError> {
    let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
    let mut reader = csv::Reader::from_reader(BoundedRows::new(file).with_rows_of(BYTES_OF_WORD));
    let mut runs: Vec<RunWords> = Vec::new();
    for (row, line) in reader.deserialize::<WordLine>().enumerate() {
        let line = line.map_err(|e| FileError::malformed(path, e.to_string(), "a column word"))?;
        if line.word.trim().is_empty() {
            return Err(FileError::malformed(
                path,
                format!("no word in row {row}"),
                "a word in each row",
            ));
        }
        if line.run == runs.len() {
            runs.push(RunWords::default());
        }
        let is_last = line.run + 1 == runs.len();
        let Some(run) = runs.last_mut().filter(|_| is_last) else {
            let found = format!("run {} in row {row}", line.run);
            return Err(FileError::malformed(path, found, "runs that count up from 0"));
        };
        run.positions.push(run.n_rows);
        run.n_rows += 1;
        run.words.push(line.word);
        run.onsets_s.push(0.0);
        run.offsets_s.push(0.0);
    }
    if runs.is_empty() {
        return Err(FileError::malformed(path, "no words", "at least one word"));
    }
    Ok(runs)
}
