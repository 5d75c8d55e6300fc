//! Log-probabilities of the tokens of many rows.

use std::path::Path;

use lpp_files::Progress;
use lpp_text::TokenRow;
use tch::Tensor;

use crate::error::LlmError;
use crate::head::{Head, NextTokens};
use crate::model::{ModelInfo, ModelParams, Training, WindowInput};
use crate::plan::Plan;
use crate::score::batches::{Batch, batches, distinct};
use crate::score::log::ScoreLog;
use crate::score::passes::Passes;
use crate::stream::{Identity, Leftover, WorkFolder};

/// The scored tokens of a row, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowScores {
    /// ln p of each token given those before it, in nats.
    pub logprobs: Vec<f64>,
    /// Whether each token is the likeliest.
    pub is_best: Vec<bool>,
    /// Entropy before each token, in nats; empty unless requested.
    pub entropies: Vec<f64>,
}

impl RowScores {
    /// ln p of all scored tokens together.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.logprobs.iter().sum()
    }
}

/// Scores rows of tokens.
///
/// A sequence that occurs several times is scored once, so that equal rows have equal numbers. Dropout is off in
/// untrained twins, too.
///
/// # Examples
/// ```no_run
/// use lpp_files::Silent;
/// use lpp_llm::{Identity, ModelParams, Scoring};
/// use lpp_text::TokenRow;
///
/// # fn main() -> Result<(), lpp_llm::LlmError> {
/// let scoring = Scoring {
///     model: &ModelParams::new("models/gpt2"),
///     rows: &[TokenRow { ids: vec![50256, 15496, 995], first_scored: 1 }],
///     place: &|row| format!("sentence {row}"),
///     batch_tokens: 2048,
///     with_entropies: false,
///     output: "pairs.csv".as_ref(),
/// };
/// let identity = Identity::new("example", "0.1.0", scoring.model, &[]);
/// let (scores, leftover) = scoring.run(identity, false, &Silent)?;
/// println!("ln P = {}", scores[0].sum());
/// leftover.remove()
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Scoring<'a> {
    /// The model.
    pub model: &'a ModelParams,
    /// The rows.
    pub rows: &'a [TokenRow],
    /// How messages name a row.
    pub place: &'a (dyn Fn(usize) -> String + Sync),
    /// Tokens that go through the model together, at most, unless a single row has more.
    pub batch_tokens: usize,
    /// Whether entropies are computed too.
    pub with_entropies: bool,
    /// Finished batches are kept next to this file, under its name with `.partial`.
    pub output: &'a Path,
}

impl Scoring<'_> {
    /// Scores of all rows. `identity` is that of the program and its input files; finished batches of the same identity
    /// and rows are not computed again, unless `afresh` is set.
    ///
    /// # Errors
    /// [`LlmError`] if a row does not fit the model, the model or its output matrix cannot be loaded, or a number is not
    /// finite.
    pub fn run(
        &self,
        mut identity: Identity,
        afresh: bool,
        progress: &dyn Progress,
    ) -> Result<(Vec<RowScores>, Leftover), LlmError> {
        let params = without_dropout(self.model);
        let (sequences, sequence_of) = distinct(self.rows);
        let row_of = |sequence: usize| sequence_of.iter().position(|&of| of == sequence);
        let place = |sequence: usize| row_of(sequence).map_or_else(String::new, self.place);
        let batches = batches(&sequences, self.batch_tokens);
        check_rows(&params, &sequences, &place)?;
        identity.add(&format!("{} {}", self.batch_tokens, self.with_entropies));
        sequences.iter().for_each(|row| identity.add(&format!("{row:?}")));
        let mut scores = vec![RowScores::default(); sequences.len()];
        if batches.is_empty() {
            return Ok((
                sequence_of.iter().map(|_| RowScores::default()).collect(),
                Leftover::none(),
            ));
        }
        let work = WorkFolder::open(self.output, identity, afresh)?;
        work.note()?;
        let sizes = batches.iter().map(|batch| batch.targets.len());
        let (mut log, known) = ScoreLog::open(&work.scores_path(), sizes, self.with_entropies)?;
        let mut keep = |index: usize, found: &NextTokens| {
            for (row, range) in batches[index].parts(&sequences) {
                scores[row] = RowScores {
                    logprobs: found.logprobs[range.clone()].to_vec(),
                    is_best: found.is_best[range.clone()].to_vec(),
                    entropies: found.entropies.get(range).unwrap_or_default().to_vec(),
                };
            }
        };
        known
            .iter()
            .enumerate()
            .for_each(|(index, batch)| keep(index, batch));
        if !known.is_empty() {
            tracing::info!("resuming after batch {} of {}", known.len(), batches.len());
        }
        let work = if known.len() == batches.len() {
            work
        } else {
            let windows: Vec<_> = batches.iter().map(Batch::window).collect();
            let passes = Passes {
                params: &params,
                windows: &windows,
                first: known.len(),
                progress,
            };
            let reduce = |index: usize, states: &Tensor, head: &Head| {
                head.next_tokens(states, &batches[index].targets, self.with_entropies)
            };
            passes.run(work, &reduce, &mut |index, found| {
                let batch = &batches[index];
                check_finite(&params, batch, &found).map_err(|error| error.of(place(batch.rows[0])))?;
                log.add(&found)?;
                keep(index, &found);
                Ok(())
            })?
        };
        let of_rows = self.rows.iter().zip(&sequence_of).map(|(row, &sequence)| {
            let skipped = row.first_scored.max(1) - sequences[sequence].first_scored;
            scores[sequence].without(skipped)
        });
        Ok((of_rows.collect(), Leftover::of(work)))
    }
}

impl RowScores {
    /// The same without the first `n` tokens.
    fn without(&self, n: usize) -> Self {
        Self {
            logprobs: self.logprobs.get(n..).unwrap_or_default().to_vec(),
            is_best: self.is_best.get(n..).unwrap_or_default().to_vec(),
            entropies: self.entropies.get(n..).unwrap_or_default().to_vec(),
        }
    }
}

/// A probability is that of the whole model.
pub(crate) fn without_dropout(model: &ModelParams) -> ModelParams {
    let training = match model.training {
        Training::Untrained { seed, .. } => Training::Untrained { seed, dropout: false },
        Training::Pretrained => Training::Pretrained,
    };
    ModelParams {
        training,
        ..model.clone()
    }
}

/// Refuses rows that do not fit the model.
pub(crate) fn check_rows(
    params: &ModelParams,
    rows: &[TokenRow],
    place: &dyn Fn(usize) -> String,
) -> Result<(), LlmError> {
    let plan = Plan::new(params)?;
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.n_scored() > 0) {
        let (inputs, target) = row.ids.split_at(row.ids.len() - 1);
        plan.check(&WindowInput::new(inputs))
            .and_then(|()| plan.check(&WindowInput::new(target)))
            .map_err(|problem| problem.of(place(index)))?;
    }
    Ok(())
}

fn check_finite(params: &ModelParams, batch: &Batch, found: &NextTokens) -> Result<(), LlmError> {
    let Some(at) = found.logprobs.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let info = ModelInfo::of_folder(&params.folder)?;
    let window = batch.window();
    let n_positions = (window.n_tokens() - window.first_needed).max(1);
    #[expect(clippy::cast_possible_truncation, reason = "it is NaN or infinite")]
    let value = found.logprobs[at] as f32;
    Err(LlmError::NotFinite {
        place: None,
        layer: info.n_layers - 1,
        token: window.first_needed + at % n_positions,
        value,
    })
}
