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
        }
    }

    /// Adds the next segment; `no_word` says whether its text is none.
    pub(super) fn push(&mut self, text: &str, times: [Option<f64>; 2], run: Option<String>, no_word: bool) {
        let row = self.segments.len() + self.left_out.values().sum::<usize>() + 1;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if no_word || text.is_empty() {
            *self.left_out.entry(text).or_default() += 1;
            return;
        }
        let [start, end] = times;
        self.segments.push(Segment {
            text,
            start,
            end,
            row,
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
