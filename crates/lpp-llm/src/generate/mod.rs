//! Texts that a model writes, token by token.
//!
//! The tokens so far stay in a memory of each block, so that every new token goes through the model once.

mod sampling;

pub use sampling::Sampling;

use lpp_files::Progress;
use tch::Tensor;

use crate::blocks::memory::Memory;
use crate::causal_model::{CausalModel, matrix};
use crate::error::LlmError;
use crate::head::Head;
use crate::model::{ModelParams, WindowInput};
use crate::plan::Plan;
use crate::score::without_dropout;

/// Samples that go through the model together. The number is fixed, and missing samples are filled up: products of as many rows round
/// each row in the same way, so a sample does not depend on how many there are.
const ROWS_AT_ONCE: usize = 8;

/// Continues prompts.
///
/// # Examples
/// ```no_run
/// use lpp_files::Silent;
/// use lpp_llm::{Generation, ModelParams, Sampling};
///
/// # fn main() -> Result<(), lpp_llm::LlmError> {
/// let generation = Generation {
///     model: &ModelParams::new("models/gpt2"),
///     prompts: &[vec![50256, 15496, 995]],
///     n_samples: 1,
///     n_new: 20,
///     sampling: Sampling::greedy(),
///     end: Some(50256),
/// };
/// println!("{:?}", generation.run(&Silent)?[0][0].ids);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Generation<'a> {
    /// The model. All of it is in memory.
    pub model: &'a ModelParams,
    /// Token ids of the prompts, with what is put in front of them.
    pub prompts: &'a [Vec<i64>],
    /// Continuations of each prompt.
    pub n_samples: usize,
    /// Tokens of a continuation, at most.
    pub n_new: usize,
    /// How a token is drawn.
    pub sampling: Sampling,
    /// The token that ends a continuation, if one does.
    pub end: Option<i64>,
}

/// A continuation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Continuation {
    /// The new token ids, that of the end included.
    pub ids: Vec<i64>,
    /// ln p of each given those before it, as the model has it: without temperature or cuts.
    pub logprobs: Vec<f64>,
}

impl Generation<'_> {
    /// The continuations of each prompt. A continuation depends on the model, the prompt and its number, the settings, and the number
    /// of the sample, and on nothing else.
    ///
    /// # Errors
    /// [`LlmError`] if a prompt has no tokens, is too long for the model with its continuation, or has a token that the model does not know,
    /// if the model or its output matrix cannot be loaded, or if a logit is not finite.
    pub fn run(&self, progress: &dyn Progress) -> Result<Vec<Vec<Continuation>>, LlmError> {
        let params = ModelParams {
            // A sample would depend on the threads that share a group.
            equal_bits: true,
            ..without_dropout(self.model)
        };
        let plan = Plan::new(&params)?;
        for (index, prompt) in self.prompts.iter().enumerate() {
            self.check(&plan, prompt)
                .map_err(|problem| problem.of(format!("prompt {index}")))?;
        }
        let (model, head) = CausalModel::load_with_head(&params)?;
        // Each prompt as often as there are groups of samples; a group stands for its rows.
        let n_groups = self.n_samples.div_ceil(ROWS_AT_ONCE);
        let windows: Vec<_> = self
            .prompts
            .iter()
            .flat_map(|prompt| vec![WindowInput::new(prompt); n_groups])
            .collect();
        progress.start("groups of samples", windows.len() as u64);
        let workers = plan.workers(&params, &windows);
        let mut continued = vec![Vec::with_capacity(self.n_samples); self.prompts.len()];
        let run = workers.run(0..windows.len(), &mut continued, &|index, turns| {
            let (prompt, group) = (index / n_groups, index % n_groups);
            let writer = Writer {
                generation: self,
                model: &model,
                head: &head,
                prompt,
            };
            let found = writer.group(group * ROWS_AT_ONCE)?;
            turns.deliver(|continued| {
                continued[prompt].extend(found);
                Ok(())
            })?;
            progress.advance(1);
            Ok(())
        });
        progress.finish();
        run.map_err(|(index, problem)| problem.of(format!("prompt {}", index / n_groups)))?;
        Ok(continued)
    }

    /// The last new token is never an input.
    fn check(&self, plan: &Plan, prompt: &[i64]) -> Result<(), LlmError> {
        plan.check(&WindowInput::new(prompt))?;
        let n_tokens = prompt.len() + self.n_new.saturating_sub(1);
        match plan.info.n_positions.filter(|&n| n_tokens > n) {
            Some(n_positions) => Err(LlmError::TooManyTokens {
                n_tokens,
                n_positions,
            }),
            None => Ok(()),
        }
    }
}

/// A model that continues one prompt.
struct Writer<'a> {
    generation: &'a Generation<'a>,
    model: &'a CausalModel,
    head: &'a Head,
    prompt: usize,
}

impl Writer<'_> {
    /// The samples from `first` on that go through the model together.
    fn group(&self, first: usize) -> Result<Vec<Continuation>, LlmError> {
        let prompt = &self.generation.prompts[self.prompt];
        let mut memory = self.model.memory();
        let window = WindowInput {
            first_needed: prompt.len() - 1,
            ..WindowInput::new(prompt)
        };
        let states = self.model.continued(&window, &mut memory)?;
        let n = ROWS_AT_ONCE.min(self.generation.n_samples - first);
        let mut memory = memory.repeated(i64::try_from(ROWS_AT_ONCE).unwrap_or(1))?;
        let mut rows = vec![Continuation::default(); n];
        let mut states = states.f_repeat([i64::try_from(n).unwrap_or(1), 1])?;
        for _ in 0..self.generation.n_new {
            self.draw(first, &mut rows, &states)?;
            if rows.iter().all(|row| self.is_complete(row)) {
                break;
            }
            states = self.step(&rows, &mut memory)?;
        }
        Ok(rows)
    }

    /// Adds a token to each incomplete row, from the states of all rows; `first` is the sample of the first row.
    fn draw(&self, first: usize, rows: &mut [Continuation], states: &Tensor) -> Result<(), LlmError> {
        let logits = matrix(&self.head.logits(states)?)?;
        for (index, (row, logits)) in rows.iter_mut().zip(logits.rows()).enumerate() {
            if self.is_complete(row) {
                continue;
            }
            if let Some(value) = logits.iter().find(|value| !value.is_finite()) {
                return Err(LlmError::NotFinite {
                    place: None,
                    layer: self.model.info().n_layers - 1,
                    token: row.ids.len(),
                    value: *value,
                });
            }
            let logits: Vec<f64> = logits.iter().map(|&value| f64::from(value)).collect();
            let key = [self.prompt, first + index, row.ids.len()].map(|n| n as u64);
            let id = self.generation.sampling.token(&logits, key);
            row.ids.push(i64::try_from(id).unwrap_or(i64::MAX));
            row.logprobs.push(sampling::logprob(&logits, id));
        }
        Ok(())
    }

    /// The states after the last token of each row; a row that is missing repeats the first.
    fn step(&self, rows: &[Continuation], memory: &mut Memory) -> Result<Tensor, LlmError> {
        let last = |row: &Continuation| row.ids.last().copied().unwrap_or(0);
        let ids: Vec<i64> = (0..ROWS_AT_ONCE)
            .map(|index| last(rows.get(index).unwrap_or(&rows[0])))
            .collect();
        let window = WindowInput {
            n_rows: ROWS_AT_ONCE,
            ..WindowInput::new(&ids)
        };
        self.model.continued(&window, memory)
    }

    fn is_complete(&self, row: &Continuation) -> bool {
        let has_ended = self.generation.end.is_some() && row.ids.last().copied() == self.generation.end;
        has_ended || row.ids.len() == self.generation.n_new
    }
}

#[cfg(test)]
mod tests {
    use lpp_testkit::fixture;

    use super::*;

    /// All families, with sliding windows, shared keys, partial rotation, capped scores, and Mamba's states.
    const CASES: [&str; 18] = [
        "gemma",
        "gemma2",
        "gemma3",
        "gpt2",
        "gpt_neox",
        "llama",
        "llama3",
        "llama_biases",
        "mamba",
        "mistral",
        "olmo2",
        "opt",
        "opt_350m",
        "qwen2",
        "qwen2_5",
        "qwen3",
        "stablelm_12b",
        "stablelm_1_6b",
    ];

    fn deviation(a: &Tensor, b: &Tensor) -> f64 {
        let scale = b.abs().max().double_value(&[]) + 1.0;
        (a - b).abs().max().double_value(&[]) / scale
    }

    #[test]
    fn continued_tokens_equal_the_full_pass() {
        for case in CASES {
            let params = ModelParams {
                n_threads: Some(1),
                ..ModelParams::new(fixture(&format!("llm/{case}")))
            };
            let (model, head) =
                CausalModel::load_with_head(&params).unwrap_or_else(|problem| panic!("{case}: {problem}"));
            let ids: Vec<i64> = (0..14).map(|i| 3 + (i * i * 5 + i) % 40).collect();
            let logits = |states: &Tensor| head.logits(states).unwrap();
            let whole = logits(&model.last_states(&WindowInput::new(&ids)).unwrap());
            // A short beginning (shorter than Mamba's convolution), two tokens, then one at a time.
            for first in [2, 6] {
                let mut memory = model.memory();
                let start = model
                    .continued(&WindowInput::new(&ids[..first]), &mut memory)
                    .unwrap();
                let mut parts = vec![start];
                parts.push(
                    model
                        .continued(&WindowInput::new(&ids[first..first + 2]), &mut memory)
                        .unwrap(),
                );
                let mut rows = memory.repeated(3).unwrap();
                for &id in &ids[first + 2..] {
                    let equal = [id; 3];
                    let window = WindowInput {
                        n_rows: 3,
                        ..WindowInput::new(&equal)
                    };
                    let states = model.continued(&window, &mut rows).unwrap();
                    let between_rows = deviation(&states.narrow(0, 0, 1), &states.narrow(0, 2, 1));
                    assert!(between_rows < f64::MIN_POSITIVE, "{case}: {between_rows}");
                    parts.push(states.narrow(0, 1, 1));
                }
                let found = logits(&Tensor::f_cat(&parts, 0).unwrap());
                // The same sums in f32, in another order.
                let deviation = deviation(&found, &whole);
                assert!(deviation < 1e-5, "{case}: {deviation}");
            }
        }
    }
}
