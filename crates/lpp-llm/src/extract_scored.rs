//! Activations of words and log-probabilities of tokens in one pass.

use lpp_files::Progress;
use lpp_text::{CorpusRun, TextTokens, TokenRow};
use ndarray::Array2;
use tch::Tensor;

use crate::causal_model::CausalModel;
use crate::error::LlmError;
use crate::extract::Extraction;
use crate::head::{Head, NextTokens};
use crate::model::WindowInput;
use crate::score::{RowScores, TextScores, check_rows, rows_of_texts, without_dropout};
use crate::word_vectors::{RunWindow, place_of_word};

impl Extraction<'_> {
    /// Whether [`write_scored`](Self::write_scored) can do both at once. A probability is that of the whole model, without dropout,
    /// and a streamed model has only one block in memory.
    #[must_use]
    pub fn can_score(&self) -> bool {
        !self.model.stream_layers && self.model.training == without_dropout(self.model).training
    }

    /// Writes the activations, and scores the tokens of `texts`, which are those of the corpus, one a run. Each token is scored once,
    /// in the first window that holds it, as [`TextScoring`](crate::TextScoring) does. Both are as in passes of their own up to
    /// rounding, since windows may reach a few tokens further.
    ///
    /// # Errors
    /// As [`write`](Self::write) and [`Scoring::run`](crate::Scoring::run).
    pub fn write_scored(
        &self,
        texts: &[TextTokens],
        progress: &dyn Progress,
    ) -> Result<Vec<TextScores>, LlmError> {
        let (rows, run_of) = rows_of_texts(texts);
        check_rows(self.model, &rows, &|row| format!("run {}", run_of[row]))?;
        let scored = scored_windows(self.corpus, texts);
        let windows: Vec<RunWindow<'_>> = scored.iter().map(|window| window.window).collect();
        let inputs: Vec<WindowInput<'_>> = windows.iter().map(|window| window.input).collect();
        let (model, head) = CausalModel::load_with_head(self.model)?;
        let mut writer = self.writer()?;
        let mut means = self.word_means(&windows);
        let mut found: Vec<Vec<RowScores>> = texts
            .iter()
            .map(|text| vec![RowScores::default(); text.rows.len()])
            .collect();
        let mut keep = |index: usize, part: Part| match part {
            Part::States(layer, states) if scored[index].has_words => {
                means[layer].add_window(index, &states, &mut |run, vectors| {
                    Ok(writer.write(run, layer, vectors)?)
                })
            }
            Part::States(..) => Ok(()),
            Part::Scores(row, scores) => {
                found[windows[index].run][row] = scores;
                Ok(())
            }
        };
        let mut keep: &mut (dyn FnMut(usize, Part) -> Result<(), LlmError> + Send) = &mut keep;
        progress.start(&format!("windows through {}", self.name), windows.len() as u64);
        let workers = model.plan().workers(self.model, &inputs);
        workers
            .run(0..windows.len(), &mut keep, &|index, turns| {
                let last = model.forward_to_last(&inputs[index], &mut |layer, states| {
                    turns.deliver(|keep| keep(index, Part::States(layer, states)))
                })?;
                if let Some((row, tokens)) = scored[index].row {
                    let scores = scores_of(tokens, &inputs[index], &last, &head, model.info().n_layers - 1)?;
                    turns.deliver(|keep| keep(index, Part::Scores(row, scores)))?;
                }
                progress.advance(1);
                Ok(())
            })
            .map_err(|(window, problem)| {
                problem.at(|token| place_of_word(self.corpus, &windows[window], token))
            })?;
        progress.finish();
        for (layer, means) in means.iter_mut().enumerate() {
            means.finish_runs(&mut |run, vectors| Ok(writer.write(run, layer, vectors)?))?;
        }
        writer.commit()?;
        let texts = texts.iter().zip(&found);
        Ok(texts.map(|(text, rows)| TextScores::of(text, rows)).collect())
    }
}

/// What a window gives.
enum Part {
    /// The states of a layer.
    States(usize, Array2<f32>),
    /// The scores of a row of the run's text.
    Scores(usize, RowScores),
}

/// A window that has words, or tokens to score, or both.
#[derive(Debug)]
struct ScoredWindow<'a> {
    window: RunWindow<'a>,
    has_words: bool,
    /// The row of the run's text that is scored in it.
    row: Option<(usize, &'a TokenRow)>,
}

/// The windows of all runs, up to the last token that a word or a score needs.
fn scored_windows<'a>(corpus: &'a [CorpusRun], texts: &'a [TextTokens]) -> Vec<ScoredWindow<'a>> {
    let runs = corpus.iter().zip(texts).enumerate();
    runs.flat_map(|(run, (content, text))| {
        let windows = content.tokens.windows().iter().enumerate();
        windows.filter_map(move |(index, window)| {
            let words = content.spans.needed(index);
            let row = text.windows.binary_search(&index).ok();
            let row = row
                .map(|row| (row, &text.rows[row]))
                .filter(|(_, row)| row.n_scored() > 0);
            // The state before a token says how likely it is, so the last token is no input.
            let scored = row.map(|(_, row)| row.first_scored - 1..row.ids.len() - 1);
            let ranges = [words.clone(), scored];
            let needed = ranges
                .into_iter()
                .flatten()
                .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
            Some(ScoredWindow {
                window: RunWindow::new(run, index, window, needed),
                has_words: words.is_some(),
                row,
            })
        })
    })
    .collect()
}

/// The scores of a row, from the last states of its window.
fn scores_of(
    row: &TokenRow,
    window: &WindowInput<'_>,
    last: &Tensor,
    head: &Head,
    layer: usize,
) -> Result<RowScores, LlmError> {
    let before = row.first_scored - 1;
    let place = |position: usize| i64::try_from(position - window.first_needed).unwrap_or(i64::MAX);
    let states = last.f_slice(0, place(before), place(row.ids.len() - 1), 1)?;
    let NextTokens {
        logprobs,
        is_best,
        entropies,
    } = head.next_tokens(&states, &row.ids[row.first_scored..], true)?;
    if let Some(at) = logprobs.iter().position(|value| !value.is_finite()) {
        #[expect(clippy::cast_possible_truncation, reason = "it is NaN or infinite")]
        let value = logprobs[at] as f32;
        return Err(LlmError::NotFinite {
            place: None,
            layer,
            token: before + at,
            value,
        });
    }
    Ok(RowScores {
        logprobs,
        is_best,
        entropies,
    })
}
