//! Log-probabilities of the tokens of texts.

use std::path::Path;

use lpp_files::Progress;
use lpp_text::{TextTokens, TokenRow};

use crate::error::LlmError;
use crate::model::ModelParams;
use crate::score::{RowScores, Scoring};
use crate::stream::{Identity, Leftover};

/// Scores each token of some texts once, in the first window that holds it.
#[derive(Debug, Clone, Copy)]
pub struct TextScoring<'a> {
    /// The model.
    pub model: &'a ModelParams,
    /// The texts, one a run.
    pub texts: &'a [TextTokens],
    /// As [`Scoring::batch_tokens`].
    pub batch_tokens: usize,
    /// As [`Scoring::output`].
    pub output: &'a Path,
}

/// The tokens of a text, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct TextScores {
    /// ln p of each token, in nats; none for the first token of a text without a prefix.
    pub logprobs: Vec<Option<f64>>,
    /// Entropy before each token, in nats.
    pub entropies: Vec<Option<f64>>,
}

impl TextScores {
    /// From those of the rows of a text.
    pub(crate) fn of(text: &TextTokens, rows: &[RowScores]) -> Self {
        Self {
            logprobs: text.spread(rows.iter().map(|row| &row.logprobs[..])),
            entropies: text.spread(rows.iter().map(|row| &row.entropies[..])),
        }
    }
}

/// The rows of all texts, and the text of each.
pub(crate) fn rows_of_texts(texts: &[TextTokens]) -> (Vec<TokenRow>, Vec<usize>) {
    let rows = texts.iter().enumerate();
    rows.flat_map(|(text, tokens)| tokens.rows.iter().map(move |row| (row.clone(), text)))
        .unzip()
}

impl TextScoring<'_> {
    /// The scores of each text. `identity` and `afresh` are as in [`Scoring::run`].
    ///
    /// # Errors
    /// As [`Scoring::run`].
    pub fn run(
        &self,
        identity: Identity,
        afresh: bool,
        progress: &dyn Progress,
    ) -> Result<(Vec<TextScores>, Leftover), LlmError> {
        let (rows, run_of) = rows_of_texts(self.texts);
        let scoring = Scoring {
            model: self.model,
            rows: &rows,
            place: &|row| format!("run {}", run_of[row]),
            batch_tokens: self.batch_tokens,
            with_entropies: true,
            output: self.output,
        };
        let (scores, leftover) = scoring.run(identity, afresh, progress)?;
        let mut rest = &scores[..];
        let texts = self.texts.iter().map(|text| {
            let (of_text, behind) = rest.split_at(text.rows.len());
            rest = behind;
            TextScores::of(text, of_text)
        });
        Ok((texts.collect(), leftover))
    }
}
