//! Probabilities of tokens: the output matrix on the last hidden states, reduced at once to what is needed.
//!
//! Rows of equal length go through the model together, without padding, so a row's numbers depend on its batch only by the
//! rounding of sums. The last token of a row is a target only and never an input.

mod batches;
mod log;
mod passes;
mod scoring;
mod text_scoring;
mod token_scores;
mod window_scores;

pub use scoring::{RowScores, Scoring};
pub(crate) use scoring::{check_rows, without_dropout};
pub(crate) use text_scoring::rows_of_texts;
pub use text_scoring::{TextScores, TextScoring};
pub use token_scores::TokenScores;
pub(crate) use window_scores::scores_of_window;

/// Tokens that go through a model together, unless the user says otherwise.
pub const BATCH_TOKENS: usize = 2048;
