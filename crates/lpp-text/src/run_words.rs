//! The words of one run.

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
