//! The tokens of each word.

use std::ops::Range;

use crate::Writing;
use crate::starts::unit_starts;
use crate::{RunTokens, RunWords, TextError, TokenPosition};

/// Consecutive tokens of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The window, from 0.
    pub window: usize,
    /// First token.
    pub start: usize,
    /// One past the last token.
    pub end: usize,
}

impl Piece {
    fn new(window: usize, start: usize, end: usize) -> Option<Self> {
        (start < end).then_some(Self { window, start, end })
    }

    /// Number of tokens.
    #[must_use]
    pub fn n_tokens(&self) -> usize {
        self.end - self.start
    }
}

/// The tokens of one unit (a word, or a character in Chinese), in the order in which their vectors are summed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// One piece; two at the border of two windows; none for a Chinese character whose token belongs to the next.
    pub pieces: Vec<Piece>,
}

impl Span {
    /// Number of tokens.
    #[must_use]
    pub fn n_tokens(&self) -> usize {
        self.pieces.iter().map(Piece::n_tokens).sum()
    }
}

/// The tokens of all words of one run.
///
/// The tokens of a word are those from its first token up to the first token of the next word, so punctuation belongs
/// to the preceding word. These quirks of the published analysis are kept, because its numbers depend on them:
///
/// - If a word crosses from one window to the next, all remaining tokens of the first window count, including a closing
///   special token, and those of the second from index `overlap` on; with special tokens, this repeats one token.
/// - The last word takes all tokens up to the end of its window or the first end-of-text token, including padding if
///   the padding token is a different one.
/// - In Chinese each character is a unit, and a row of the annotation gets the mean of the characters that have **its
///   number among all rows**, while rows are counted without those that have no word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordSpans {
    units: Vec<Span>,
    starts: Vec<TokenPosition>,
    /// For each unit its row; `None` if units are rows.
    owners: Option<Vec<usize>>,
    n_rows: usize,
}

impl WordSpans {
    /// Aligns the words of a run with its tokens.
    ///
    /// `eos_id` is the end-of-text token ([`TextTokenizer::eos_id`](crate::TextTokenizer::eos_id)). `run` is the number
    /// of the run, from 0, for messages.
    ///
    /// # Errors
    /// [`TextError::Unalignable`] if there is no token for a word near its expected position,
    /// [`TextError::WordWithoutToken`] if no vector can be computed for a word.
    pub fn align(
        words: &RunWords,
        tokens: &RunTokens,
        eos_id: Option<u32>,
        writing: Writing,
        run: usize,
    ) -> Result<Self, TextError> {
        let (units, owners) = units(words, writing);
        let starts = unit_starts(&units, tokens, writing, run)?;
        let spans = Self {
            units: spans(&starts, tokens, eos_id),
            starts,
            owners,
            n_rows: words.n_words(),
        };
        spans.check(run)?;
        Ok(spans)
    }

    /// The units in order: the words, or the characters in Chinese.
    #[must_use]
    pub fn units(&self) -> &[Span] {
        &self.units
    }

    /// The same units with other tokens.
    pub(crate) fn with_units(self, units: Vec<Span>, starts: Vec<TokenPosition>) -> Self {
        Self {
            units,
            starts,
            ..self
        }
    }

    /// The first token of each unit.
    #[must_use]
    pub fn starts(&self) -> &[TokenPosition] {
        &self.starts
    }

    /// For Chinese, the row of each unit; `None` if each unit is a row.
    #[must_use]
    pub fn owners(&self) -> Option<&[usize]> {
        self.owners.as_deref()
    }

    /// Number of rows of the word vectors: the kept words of the run.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The range of tokens of a window that belong to some word; `None` if there are none.
    ///
    /// Hidden states need to be stored only for these tokens.
    #[must_use]
    pub fn needed(&self, window: usize) -> Option<Range<usize>> {
        let pieces = self
            .units
            .iter()
            .flat_map(|unit| &unit.pieces)
            .filter(|piece| piece.window == window);
        pieces
            .map(|piece| piece.start..piece.end)
            .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
    }

    /// Every row must have a vector, its own or that of a later row.
    fn check(&self, run: usize) -> Result<(), TextError> {
        let has_vector = |unit: usize| self.units[unit].n_tokens() > 0;
        let bad = match &self.owners {
            None => (0..self.n_rows).find(|&unit| !has_vector(unit)),
            Some(owners) => {
                let last = (0..owners.len())
                    .filter(|&u| has_vector(u) && owners[u] < self.n_rows)
                    .map(|u| owners[u])
                    .max();
                let n_served = last.map_or(0, |last| last + 1);
                (n_served < self.n_rows).then_some(n_served)
            }
        };
        bad.map_or(Ok(()), |row| Err(TextError::WordWithoutToken { run, row }))
    }
}

/// The units to align and, for Chinese, their owners.
fn units(words: &RunWords, writing: Writing) -> (Vec<&str>, Option<Vec<usize>>) {
    if writing != Writing::Unspaced {
        return (words.words.iter().map(String::as_str).collect(), None);
    }
    let characters = words
        .words
        .iter()
        .zip(&words.positions)
        .flat_map(|(word, &position)| {
            word.char_indices()
                .map(move |(at, c)| (&word[at..at + c.len_utf8()], position))
        });
    let (units, owners): (Vec<&str>, Vec<usize>) = characters.unzip();
    if words.n_rows != words.n_words() {
        let skipped = words.n_rows - words.n_words();
        tracing::warn!(
            skipped,
            "rows without a word shift the following rows of their run, as in the published analysis"
        );
    }
    (units, Some(owners))
}

fn spans(starts: &[TokenPosition], tokens: &RunTokens, eos_id: Option<u32>) -> Vec<Span> {
    let window_len = |window: usize| tokens.windows()[window].len();
    let inner = starts.windows(2).map(|pair| {
        let (this, next) = (pair[0], pair[1]);
        let pieces = if this.window == next.window {
            [Piece::new(this.window, this.token, next.token), None]
        } else {
            let overlap = tokens.layout().overlap;
            [
                Piece::new(this.window, this.token, window_len(this.window)),
                Piece::new(next.window, overlap, next.token),
            ]
        };
        Span {
            pieces: pieces.into_iter().flatten().collect(),
        }
    });
    let last = starts.last().map(|&TokenPosition { window, token }| {
        let ids = &tokens.windows()[window].ids[token..];
        let n_tokens = eos_id
            .and_then(|eos| ids.iter().position(|&id| id == i64::from(eos)))
            .unwrap_or(ids.len());
        Span {
            pieces: Piece::new(window, token, token + n_tokens).into_iter().collect(),
        }
    });
    inner.chain(last).collect()
}
