//! From the hidden states of windows to one vector a word, run by run.

use std::io::Write;
use std::path::Path;

use lpp_files::Progress;
use lpp_text::{CorpusRun, SpanAverager};
use ndarray::Array2;

use crate::causal_model::CausalModel;
use crate::error::LlmError;
use crate::model::WindowInput;
use crate::stream::{LayerReducer, write_values};

/// A window with words in it, as the model gets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunWindow<'a> {
    pub(crate) run: usize,
    /// Index among the run's windows.
    pub(crate) index: usize,
    pub(crate) input: WindowInput<'a>,
}

/// The windows that some word touches.
pub(crate) fn windows_of(corpus: &[CorpusRun]) -> Vec<RunWindow<'_>> {
    let windows = corpus.iter().enumerate().flat_map(|(run, content)| {
        let windows = content.tokens.windows().iter().enumerate();
        windows.filter_map(move |(index, window)| {
            let needed = content.spans.needed(index)?;
            // The states of a causal model do not depend on later tokens, so tokens after the last word are omitted.
            let input = WindowInput {
                n_rows: 1,
                ids: window.ids.get(..needed.end).unwrap_or(&window.ids),
                attention_mask: window.attention_mask.get(..needed.end),
                first_needed: needed.start,
                key: ((run as u64) << 32) | index as u64,
            };
            Some(RunWindow { run, index, input })
        })
    });
    windows.collect()
}

/// How a message names the word to which a token of a window belongs.
fn place_of_word(run: &CorpusRun, window: &RunWindow<'_>, token: usize) -> String {
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

/// Word vectors of one run, one matrix (`n_words`, width) a layer.
pub(crate) fn word_vectors<'a>(
    model: &CausalModel,
    run: &CorpusRun,
    windows: impl Iterator<Item = &'a RunWindow<'a>>,
    progress: &dyn Progress,
) -> Result<Vec<Array2<f32>>, LlmError> {
    let info = model.info();
    let mut averagers: Vec<_> = (0..info.n_layers)
        .map(|layer| SpanAverager::new(&run.spans, info.width(layer)))
        .collect();
    for window in windows {
        let mut add = |layer: usize, states: Array2<f32>| {
            if let Some(averager) = averagers.get_mut(layer) {
                averager.add_window(window.index, window.input.first_needed, &states)?;
            }
            Ok(())
        };
        model
            .forward(&window.input, &mut add)
            .map_err(|error| error.at(|token| place_of_word(run, window, token)))?;
        progress.advance(1);
    }
    averagers
        .into_iter()
        .map(|averager| Ok(averager.finish()?))
        .collect()
}

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

    /// Writes the runs before `run` that are not written yet.
    fn go_to(&mut self, run: usize, out: &mut dyn Write) -> Result<(), LlmError> {
        while self.run < run {
            if let Some(averager) = self.averager.take() {
                write_values(&averager.finish()?, out).map_err(LlmError::write(self.path))?;
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
        let Some(window) = self.windows.get(window) else {
            return Ok(());
        };
        self.go_to(window.run, out)?;
        if let Some(averager) = &mut self.averager {
            averager.add_window(window.index, window.input.first_needed, states)?;
        }
        Ok(())
    }

    fn place(&self, window: usize, token: usize) -> String {
        let window = self.windows.get(window);
        let run = window.and_then(|window| self.corpus.get(window.run));
        match (window, run) {
            (Some(window), Some(run)) => place_of_word(run, window, token),
            _ => String::new(),
        }
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), LlmError> {
        self.go_to(self.corpus.len(), out)
    }
}
