//! Log-probabilities of the new tokens of a window that has gone through a model.

use lpp_text::TokenRow;
use tch::Tensor;

use crate::error::LlmError;
use crate::head::{Head, NextTokens};
use crate::model::WindowInput;
use crate::score::RowScores;

/// The scores of a row, from the last states of its window.
pub(crate) fn scores_of_window(
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
