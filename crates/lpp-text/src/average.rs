//! Word vectors: means of hidden states over the tokens of each word.

use ndarray::{Array1, Array2, ArrayRef2, Axis};

use crate::{TextError, WordSpans};

/// Averages hidden states into word vectors, one window at a time.
///
/// Pass the windows in order. The sums of words that cross into the next window are carried over, so the hidden states
/// of a window can be freed as soon as they have been added. The result does not depend on how they are passed, to the
/// last bit: the vectors of each word are added in `f32` in the order of its tokens and divided by their number.
///
/// ```
/// use ndarray::Array2;
/// use lpp_text::{SpanAverager, WordSpans};
///
/// fn word_vectors(spans: &WordSpans, windows: &[Array2<f32>]) -> Result<Array2<f32>, lpp_text::TextError> {
///     let mut averager = SpanAverager::new(spans, windows[0].ncols());
///     for (window, hidden) in windows.iter().enumerate() {
///         averager.add_window(window, 0, hidden)?;
///     }
///     averager.finish()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct SpanAverager<'a> {
    spans: &'a WordSpans,
    /// (`n_units`, width): sums so far.
    sums: Array2<f32>,
    /// Tokens added so far, per unit.
    counts: Vec<usize>,
    /// The first unit that may still need tokens.
    first_open: usize,
    next_window: usize,
}

impl<'a> SpanAverager<'a> {
    /// Starts without windows; `width` is the number of columns of the hidden states.
    #[must_use]
    pub fn new(spans: &'a WordSpans, width: usize) -> Self {
        let n_units = spans.units().len();
        Self {
            spans,
            sums: Array2::zeros((n_units, width)),
            counts: vec![0; n_units],
            first_open: 0,
            next_window: 0,
        }
    }

    /// Adds the hidden states of the next window.
    ///
    /// # Shapes
    /// Row `i` of `hidden` is token `first_token + i` of the window. Tokens before and after [`WordSpans::needed`] may
    /// be left out, and a window without words may be skipped.
    ///
    /// # Errors
    /// [`TextError::HiddenShape`] if a window is out of order, or if its rows or columns do not match. Earlier windows
    /// stay added.
    pub fn add_window(
        &mut self,
        window: usize,
        first_token: usize,
        hidden: &ArrayRef2<f32>,
    ) -> Result<(), TextError> {
        self.check(window, first_token, hidden)?;
        self.next_window = window + 1;
        let units = self.spans.units();
        for (index, unit) in units.iter().enumerate().skip(self.first_open) {
            match unit.pieces.first() {
                Some(piece) if piece.window > window => break,
                _ => {}
            }
            for piece in unit.pieces.iter().filter(|piece| piece.window == window) {
                let rows = hidden
                    .outer_iter()
                    .skip(piece.start - first_token)
                    .take(piece.n_tokens());
                for row in rows {
                    let mut sum = self.sums.row_mut(index);
                    // The first vector is copied, not added to zero, which keeps the sign of a negative zero.
                    if self.counts[index] == 0 {
                        sum.assign(&row);
                    } else {
                        sum += &row;
                    }
                    self.counts[index] += 1;
                }
            }
            if index == self.first_open && unit.pieces.last().is_none_or(|piece| piece.window <= window) {
                self.first_open += 1;
            }
        }
        Ok(())
    }

    /// The word vectors, (`n_words`, width), one row per kept word of the run.
    ///
    /// # Errors
    /// [`TextError::HiddenShape`] if a window needed by some word was not added.
    pub fn finish(mut self) -> Result<Array2<f32>, TextError> {
        for (unit, &count) in self.spans.units().iter().zip(&self.counts) {
            if let (Some(piece), true) = (unit.pieces.last(), count < unit.n_tokens()) {
                let found = format!("{count} of {} tokens of a word", unit.n_tokens());
                return Err(TextError::HiddenShape {
                    window: piece.window,
                    found,
                    expected: "all windows".to_owned(),
                });
            }
        }
        for (mut sum, &count) in self.sums.outer_iter_mut().zip(&self.counts) {
            if count > 0 {
                sum /= count as f32;
            }
        }
        Ok(match self.spans.owners() {
            None => self.sums,
            Some(owners) => rows_of_characters(&self.sums, &self.counts, owners, self.spans.n_rows()),
        })
    }

    fn check(&self, window: usize, first_token: usize, hidden: &ArrayRef2<f32>) -> Result<(), TextError> {
        let wrong = |found: String, expected: String| {
            Err(TextError::HiddenShape {
                window,
                found,
                expected,
            })
        };
        if window < self.next_window {
            return wrong(
                "a window out of order".to_owned(),
                format!("window {} or later", self.next_window),
            );
        }
        if hidden.ncols() != self.sums.ncols() {
            return wrong(
                format!("{} columns", hidden.ncols()),
                format!("{}", self.sums.ncols()),
            );
        }
        match self.spans.needed(window) {
            Some(needed) if first_token > needed.start || first_token + hidden.nrows() < needed.end => wrong(
                format!("tokens {first_token}..{}", first_token + hidden.nrows()),
                format!("{needed:?}"),
            ),
            _ => Ok(()),
        }
    }
}

/// Word vectors from the hidden states of all windows of a run, each (`n_tokens`, width).
///
/// # Errors
/// [`TextError::HiddenShape`] as [`SpanAverager::add_window`] and [`SpanAverager::finish`].
///
/// # Example
/// ```no_run
/// use lpp_text::{CorpusRun, average_spans};
/// use ndarray::Array2;
///
/// /// Word vectors of one layer: `hidden` has one matrix per window.
/// fn word_vectors(run: &CorpusRun, hidden: &[Array2<f32>]) -> Result<Array2<f32>, lpp_text::TextError> {
///     average_spans(hidden, &run.spans)
/// }
/// ```
pub fn average_spans(hidden: &[Array2<f32>], spans: &WordSpans) -> Result<Array2<f32>, TextError> {
    let mut averager = SpanAverager::new(spans, hidden.first().map_or(0, Array2::ncols));
    for (window, hidden) in hidden.iter().enumerate() {
        averager.add_window(window, 0, hidden)?;
    }
    averager.finish()
}

/// Rows of the annotation from vectors of characters: the mean over the characters of a row that have tokens. A row
/// without any has the vector of the next row.
fn rows_of_characters(
    vectors: &Array2<f32>,
    counts: &[usize],
    owners: &[usize],
    n_rows: usize,
) -> Array2<f32> {
    let mut rows = Array2::<f32>::zeros((n_rows, vectors.ncols()));
    let mut n_characters = vec![0_usize; n_rows];
    for ((vector, &count), &row) in vectors.outer_iter().zip(counts).zip(owners) {
        // A skipped row shifts the numbers, so that the last characters may belong to no row (see `WordSpans`).
        if count == 0 || row >= n_rows {
            continue;
        }
        let mut sum = rows.row_mut(row);
        if n_characters[row] == 0 {
            sum.assign(&vector);
        } else {
            sum += &vector;
        }
        n_characters[row] += 1;
    }
    let mut following = Array1::<f32>::zeros(vectors.ncols());
    for (mut row, &n) in rows.axis_iter_mut(Axis(0)).zip(&n_characters).rev() {
        if n == 0 {
            row.assign(&following);
        } else {
            row /= n as f32;
            following.assign(&row);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_row_without_characters_takes_the_next_one() {
        // Character 1 shares its token with character 2, so that it has none; row 1 owns only that one.
        let vectors = array![[1.0], [0.0], [4.0], [8.0]];
        let rows = rows_of_characters(&vectors, &[2, 0, 1, 1], &[0, 1, 2, 2], 3);
        assert_eq!(rows, array![[1.0], [6.0], [6.0]]);
    }

    #[test]
    fn a_skipped_row_shifts_the_rows_behind_it() {
        // Three rows are kept; the second of four has no word, so that owners are 0, 2 and 3 (a quirk that is kept).
        let vectors = array![[1.0], [2.0], [3.0]];
        let rows = rows_of_characters(&vectors, &[1, 1, 1], &[0, 2, 3], 3);
        assert_eq!(rows, array![[1.0], [2.0], [2.0]]);
    }
}
