//! The words of one run.

use lpp_files::TimedWord;

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
