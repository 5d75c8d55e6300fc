//! Tables of words and tokens of a text, and its perplexity.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

/// The surprisal of a word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WordRow {
    /// The run, from 0.
    pub run: usize,
    /// Index of the word in its run, from 0.
    pub word_index: usize,
    /// The word.
    pub word: String,
    /// Its tokens.
    pub n_tokens: usize,
    /// -Σ ln p over them; none if one of them has no probability.
    pub surprisal_nats: Option<f64>,
    /// The same in bits.
    pub surprisal_bits: Option<f64>,
    /// Whether each token has a probability: 0 or 1.
    pub is_complete: u8,
}

/// A token of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenScoreRow {
    /// The run, from 0.
    pub run: usize,
    /// Index of the token in its run, from 0, without special tokens.
    pub token_index: usize,
    /// Its id.
    pub token_id: u32,
    /// The text that it covers.
    pub token: String,
    /// The word to which it belongs.
    pub word_index: Option<usize>,
    /// ln p given what is before it; none for the first token of a text without a prefix.
    pub logprob_nats: Option<f64>,
    /// Entropy of the distribution before it.
    pub entropy_nats: Option<f64>,
}

/// How well a model predicts a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextSummary {
    /// Tokens of the text.
    pub n_tokens: usize,
    /// Those with a probability.
    pub n_scored_tokens: usize,
    /// Words.
    pub n_words: usize,
    /// exp of the mean surprisal of a scored token.
    pub perplexity: f64,
    /// exp of the surprisal of all scored tokens, divided by the number of words.
    pub perplexity_per_word: f64,
    /// Surprisal of all scored tokens in bits, over the bytes of the text in UTF-8.
    pub bits_per_byte: f64,
}

impl TextSummary {
    /// The summary of all tokens of texts of `n_bytes` and `n_words`.
    pub fn of(logprobs: impl Iterator<Item = Option<f64>>, n_words: usize, n_bytes: usize) -> Self {
        let (mut n_tokens, mut n_scored_tokens, mut surprisal) = (0, 0, 0.0);
        for logprob in logprobs {
            n_tokens += 1;
            if let Some(logprob) = logprob {
                n_scored_tokens += 1;
                surprisal -= logprob;
            }
        }
        Self {
            n_tokens,
            n_scored_tokens,
            n_words,
            perplexity: (surprisal / n_scored_tokens as f64).exp(),
            perplexity_per_word: (surprisal / n_words as f64).exp(),
            bits_per_byte: surprisal / LN_2 / n_bytes as f64,
        }
    }
}

impl WordRow {
    /// The row of a word whose tokens have these log-probabilities.
    #[must_use]
    pub fn new(run: usize, word_index: usize, word: &str, logprobs: &[Option<f64>]) -> Self {
        let sum: Option<f64> = logprobs.iter().copied().sum();
        // A word without tokens has no probability either.
        let surprisal = sum.filter(|_| !logprobs.is_empty()).map(|sum| 0.0 - sum);
        Self {
            run,
            word_index,
            word: word.to_owned(),
            n_tokens: logprobs.len(),
            surprisal_nats: surprisal,
            surprisal_bits: surprisal.map(|nats| nats / LN_2),
            is_complete: u8::from(surprisal.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_model_has_the_perplexity_of_its_vocabulary() {
        let logprobs = [None, Some(-(8.0_f64.ln())), Some(-(8.0_f64.ln()))];
        let found = TextSummary::of(logprobs.into_iter(), 1, 3);
        assert_eq!((found.n_tokens, found.n_scored_tokens), (3, 2));
        assert!((found.perplexity - 8.0).abs() < 1e-12 && (found.perplexity_per_word - 64.0).abs() < 1e-9);
        assert!((found.bits_per_byte - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_word_is_as_surprising_as_its_tokens_together() {
        let row = WordRow::new(0, 3, "kings", &[Some(-LN_2), Some(-2.0 * LN_2)]);
        assert_eq!((row.n_tokens, row.is_complete), (2, 1));
        assert!((row.surprisal_bits.unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(
            WordRow::new(0, 0, "The", &[None, Some(-1.0)]).surprisal_nats,
            None
        );
        assert_eq!(WordRow::new(0, 0, "", &[]).is_complete, 0);
    }
}
