//! What a file of words says, before units and runs are known.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_files::FileError;

use super::unit::Unit;

/// A word, or several, with their times in the unit of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    /// The text, not empty and without blanks around it.
    pub(super) text: String,
    /// When it begins and ends, if the file says so.
    pub(super) start: Option<f64>,
    pub(super) end: Option<f64>,
    /// The row, interval or cue of the file, counted from 1.
    pub(super) row: usize,
    /// The value in the column of runs, if there is one.
    pub(super) run: Option<String>,
}

/// Memory that a segment takes in a list that grows, with its text. 150,000 segments of any length pass, a day of speech.
pub(super) const BYTES_OF_SEGMENT: usize = 400;

/// The segments of one file in its order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spoken {
    pub(super) path: PathBuf,
    pub(super) segments: Vec<Segment>,
    /// How many segments are no words, by their text.
    pub(super) left_out: BTreeMap<String, usize>,
    /// The unit, if the format or the names of columns give it, and what gives it.
    pub(super) unit: Option<(Unit, String)>,
    /// What a segment is called in messages: `row`, `interval`, `cue`.
    pub(super) noun: &'static str,
    /// Rows so far, with those that are left out.
    n_rows: usize,
}

/// Labels that aligners give to silence.
const SILENCES: [&str; 9] = ["", "#", "sp", "SP", "sil", "SIL", "<sil>", "<eps>", "<p:>"];

impl Spoken {
    pub(super) fn new(path: impl Into<PathBuf>, noun: &'static str) -> Self {
        Self {
            path: path.into(),
            segments: Vec::new(),
            left_out: BTreeMap::new(),
            unit: None,
            noun,
            n_rows: 0,
        }
    }

    /// Adds the next segment; `no_word` says whether its text is none.
    pub(super) fn push(&mut self, text: &str, times: [Option<f64>; 2], run: Option<String>, no_word: bool) {
        self.n_rows += 1;
        let text = with_single_blanks(text);
        if no_word || text.is_empty() {
            *self.left_out.entry(text).or_default() += 1;
            return;
        }
        let [start, end] = times;
        self.segments.push(Segment {
            text,
            start,
            end,
            row: self.n_rows,
            run,
        });
    }

    /// The error for a segment.
    pub(super) fn wrong(&self, segment: &Segment, found: &str, expected: &str) -> FileError {
        let found = format!("{found} for {:?} in {} {}", segment.text, self.noun, segment.row);
        FileError::malformed(&self.path, found, expected)
    }

    /// Segments of more than one word.
    pub(super) fn n_long(&self) -> usize {
        self.segments
            .iter()
            .filter(|segment| segment.text.contains(' '))
            .count()
    }
}

/// Whether aligners write `text` where nothing is said.
pub(super) fn is_silence(text: &str) -> bool {
    SILENCES.contains(&text.trim())
}
/// The words of a text with a blank between each two; a list of them would take sixteen times a text of single letters.
fn with_single_blanks(text: &str) -> String {
    let mut joined = String::new();
    for word in text.split_whitespace() {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}
