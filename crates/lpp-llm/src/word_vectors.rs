//! From the hidden states of windows to one vector a word, run by run.

use std::io::Write;
use std::path::Path;

use lpp_text::{CorpusRun, SpanAverager, TextTokens, TokenRow};
use ndarray::Array2;

use crate::error::LlmError;
use crate::model::WindowInput;
use crate::stream::{LayerReducer, write_values};

/// A window with words, with tokens to score, or with both, as the model gets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunWindow<'a> {
    pub(crate) run: usize,
    /// Index among the run's windows.
    pub(crate) index: usize,
    pub(crate) input: WindowInput<'a>,
    has_words: bool,
    /// The row of the run's text that is scored in it, and its place.
    pub(crate) row: Option<(usize, &'a TokenRow)>,
}

/// The windows that some word touches, or in which a row of `texts` is scored, which has a text for each run, or none.
pub(crate) fn windows_of<'a>(corpus: &'a [CorpusRun], texts: &'a [TextTokens]) -> Vec<RunWindow<'a>> {
    let windows = corpus.iter().enumerate().flat_map(|(run, content)| {
        let windows = content.tokens.windows().iter().enumerate();
        windows.filter_map(move |(index, window)| {
            let words = content.spans.needed(index);
            let row = texts.get(run).and_then(|text| scored_row(text, index));
            // The state before a token says how likely it is, so the last token is no input.
            let scored = row.map(|(_, row)| row.first_scored - 1..row.ids.len() - 1);
            let ranges = [words.clone(), scored].into_iter().flatten();
            let needed = ranges.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
            // The states of a causal model do not depend on later tokens, so tokens after the last needed one are omitted.
            let input = WindowInput {
                n_rows: 1,
                ids: window.ids.get(..needed.end).unwrap_or(&window.ids),
                attention_mask: window.attention_mask.get(..needed.end),
                first_needed: needed.start,
                key: ((run as u64) << 32) | index as u64,
            };
            Some(RunWindow {
                run,
                index,
                input,
                has_words: words.is_some(),
                row,
            })
        })
    });
    windows.collect()
}

/// The row of a text that is scored in a window, and its place.
fn scored_row(text: &TextTokens, window: usize) -> Option<(usize, &TokenRow)> {
    let place = text.windows.binary_search(&window).ok()?;
    let row = text.rows.get(place)?;
    (row.n_scored() > 0).then_some((place, row))
}

/// How a message names the word to which a token of a window belongs.
pub(crate) fn place_of_word(corpus: &[CorpusRun], window: &RunWindow<'_>, token: usize) -> String {
    let run = &corpus[window.run];
    let spans = &run.spans;
    let is_there = |unit: &usize| {
        let mut pieces = spans.units()[*unit].pieces.iter();
        pieces.any(|piece| piece.window == window.index && (piece.start..piece.end).contains(&token))
    };
    let unit = (0..spans.units().len()).find(is_there);
    let row = unit.map(|unit| spans.owners().map_or(unit, |owners| owners[unit]));
    match row.and_then(|row| Some((row, run.words.words.get(row)?))) {
        Some((row, word)) => format!("run {}, word {row} {word:?}: ", window.run),
        None => format!("run {}, window {}: ", window.run, window.index),
    }
}

/// Receives the vectors of a run, (`n_words`, width).
type RunSink<'a> = dyn FnMut(usize, &Array2<f32>) -> Result<(), LlmError> + 'a;

/// The word vectors of one layer, run by run.
#[derive(Debug)]
pub(crate) struct WordMeans<'a> {
    corpus: &'a [CorpusRun],
    windows: &'a [RunWindow<'a>],
    width: usize,
    path: &'a Path,
    /// The run under way.
    run: usize,
    averager: Option<SpanAverager<'a>>,
}

impl<'a> WordMeans<'a> {
    /// Starts a layer of this width; `path` is only used in messages.
    pub(crate) fn new(
        corpus: &'a [CorpusRun],
        windows: &'a [RunWindow<'a>],
        width: usize,
        path: &'a Path,
    ) -> Self {
        Self {
            corpus,
            windows,
            width,
            path,
            run: 0,
            averager: corpus.first().map(|run| SpanAverager::new(&run.spans, width)),
        }
    }

    /// Adds the states of the next window and hands over the vectors of the runs that are over.
    pub(crate) fn add_window(
        &mut self,
        window: usize,
        states: &Array2<f32>,
        finished: &mut RunSink<'_>,
    ) -> Result<(), LlmError> {
        let Some(window) = self.windows.get(window).filter(|window| window.has_words) else {
            return Ok(());
        };
        self.go_to(window.run, finished)?;
        if let Some(averager) = &mut self.averager {
            averager.add_window(window.index, window.input.first_needed, states)?;
        }
        Ok(())
    }

    /// Hands over the runs that are left.
    pub(crate) fn finish_runs(&mut self, finished: &mut RunSink<'_>) -> Result<(), LlmError> {
        self.go_to(self.corpus.len(), finished)
    }

    /// Hands over the runs before `run` that are left.
    fn go_to(&mut self, run: usize, finished: &mut RunSink<'_>) -> Result<(), LlmError> {
        while self.run < run {
            if let Some(averager) = self.averager.take() {
                finished(self.run, &averager.finish()?)?;
            }
            self.run += 1;
            let next = self.corpus.get(self.run);
            self.averager = next.map(|run| SpanAverager::new(&run.spans, self.width));
        }
        Ok(())
    }
}

impl LayerReducer for WordMeans<'_> {
    fn add(&mut self, window: usize, states: &Array2<f32>, out: &mut dyn Write) -> Result<(), LlmError> {
        let path = self.path;
        self.add_window(window, states, &mut |_run, vectors| {
            write_values(vectors, out).map_err(LlmError::write(path))
        })
    }

    fn place(&self, window: usize, token: usize) -> String {
        let window = self.windows.get(window);
        window.map_or_else(String::new, |window| place_of_word(self.corpus, window, token))
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), LlmError> {
        let path = self.path;
        self.finish_runs(&mut |_run, vectors| write_values(vectors, out).map_err(LlmError::write(path)))
    }
}
