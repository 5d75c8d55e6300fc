//! What is put in front of a text, and rows of tokens for probabilities.

use std::fmt;
use std::str::FromStr;

use lpp_files::caught;
use tokenizers::Encoding;

use super::TextTokenizer;
use super::refused::{one_line, refused};
use crate::TextError;

/// The token in front of a text, without which its first word has no probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// What the tokenizer puts there itself, or else its beginning-of-text token, or else its end-of-text token.
    Auto,
    /// The beginning-of-text token.
    Bos,
    /// The end-of-text token.
    Eos,
    /// Nothing.
    None,
}

const PREFIXES: [(Prefix, &str); 4] = [
    (Prefix::Auto, "auto"),
    (Prefix::Bos, "bos"),
    (Prefix::Eos, "eos"),
    (Prefix::None, "none"),
];

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = PREFIXES.into_iter().find(|(_, name)| *name == text);
        found
            .map(|(prefix, _)| prefix)
            .ok_or_else(|| "expected auto, bos, eos or none".to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PREFIXES.into_iter().find(|(prefix, _)| prefix == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// A sequence of tokens, of which some are to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Token ids, the prefix included.
    pub ids: Vec<i64>,
    /// The tokens from here on are scored, given all tokens before them; 1 or more.
    pub first_scored: usize,
}

impl TokenRow {
    /// Number of scored tokens.
    #[must_use]
    pub fn n_scored(&self) -> usize {
        self.ids.len().saturating_sub(self.first_scored.max(1))
    }
}

impl TextTokenizer {
    /// The ids of a prefix: one, or none.
    ///
    /// # Errors
    /// [`TextError::BadSetting`] if the tokenizer has no such token.
    pub fn prefix(&self, prefix: Prefix) -> Result<Vec<i64>, TextError> {
        let missing = |expected| TextError::BadSetting {
            what: "--prefix",
            found: format!("{prefix}, but the tokenizer has no such token"),
            expected,
        };
        let id = match prefix {
            Prefix::None => return Ok(Vec::new()),
            Prefix::Bos => self.bos_id.ok_or_else(|| missing("eos or none"))?,
            Prefix::Eos => self.eos_id.ok_or_else(|| missing("bos or none"))?,
            Prefix::Auto => {
                let own = self.own_front()?;
                if !own.is_empty() {
                    return Ok(own);
                }
                self.bos_id.or(self.eos_id).ok_or_else(|| missing("none"))?
            }
        };
        Ok(vec![i64::from(id)])
    }

    /// The same tokenizer with `front` in front of each window, in place of what it puts there itself.
    #[must_use]
    pub fn with_front(self, front: Vec<i64>) -> Self {
        Self {
            front: Some(front),
            ..self
        }
    }

    /// What is put in front of each window in place of the tokenizer's own.
    pub(crate) fn front(&self) -> Option<&[i64]> {
        self.front.as_deref()
    }

    /// The special tokens that it puts in front of a text itself.
    fn own_front(&self) -> Result<Vec<i64>, TextError> {
        let encoding = self.encoded("a")?;
        let special = encoding.get_special_tokens_mask();
        let n_front = special.iter().take_while(|&&flag| flag == 1).count();
        Ok(encoding.get_ids()[..n_front]
            .iter()
            .map(|&id| i64::from(id))
            .collect())
    }

    /// The ids of a text, without special tokens.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] if the tokenizer fails on the text.
    pub fn ids(&self, text: &str) -> Result<Vec<i64>, TextError> {
        let encoding = self.encoded(text)?;
        let tokens = encoding.get_ids().iter().zip(encoding.get_special_tokens_mask());
        Ok(tokens
            .filter(|(_, special)| **special == 0)
            .map(|(&id, _)| i64::from(id))
            .collect())
    }

    /// What `new` tokens after `before` say, without special tokens. Some tokenizers drop a blank at the beginning of a text, so the text
    /// is decoded with what is before it.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] if the tokenizer fails on the tokens.
    pub fn continued_text(&self, before: &[i64], new: &[i64]) -> Result<String, TextError> {
        let (start, whole) = (self.decoded(before)?, self.decoded(&[before, new].concat())?);
        match whole.strip_prefix(&start) {
            Some(text) => Ok(text.to_owned()),
            None => self.decoded(new),
        }
    }

    fn decoded(&self, ids: &[i64]) -> Result<String, TextError> {
        let path = self.files.first().cloned().unwrap_or_default();
        // Models have more ids than words, for round numbers; these say nothing.
        let ids: Vec<u32> = ids
            .iter()
            .map(|&id| u32::try_from(id).unwrap_or(u32::MAX))
            .collect();
        caught(|| self.inner.decode(&ids, true))
            .map_err(|reason| refused(&path, &reason))?
            .map_err(|error| refused(&path, &one_line(&error)))
    }

    fn encoded(&self, text: &str) -> Result<Encoding, TextError> {
        let path = self.files.first().cloned().unwrap_or_default();
        caught(|| self.inner.encode(text, true))
            .map_err(|reason| refused(&path, &reason))?
            .map_err(|error| refused(&path, &one_line(&error)))
    }

    /// A sentence behind a prefix, of which every token is scored.
    ///
    /// # Errors
    /// As [`TextTokenizer::ids`].
    pub fn sentence(&self, prefix: &[i64], text: &str) -> Result<TokenRow, TextError> {
        Ok(TokenRow {
            ids: [prefix, &self.ids(text)?].concat(),
            first_scored: prefix.len().max(1),
        })
    }

    /// A continuation of a context, of which only the continuation is scored.
    ///
    /// The two are joined by a blank, and white space at the end of the context goes to the continuation. The continuation's tokens
    /// are those of both together behind as many as the context alone has, as in lm-evaluation-harness. If there are more than
    /// `max_len` tokens before the last one, those on the left are cut off.
    ///
    /// # Errors
    /// As [`TextTokenizer::ids`].
    pub fn continuation(
        &self,
        prefix: &[i64],
        context: &str,
        continuation: &str,
        max_len: Option<usize>,
    ) -> Result<TokenRow, TextError> {
        let n_context = prefix.len() + self.ids(context.trim_end())?.len();
        let mut ids = [prefix, &self.ids(&format!("{context} {continuation}"))?].concat();
        let excess = max_len.map_or(0, |max_len| ids.len().saturating_sub(max_len + 1));
        ids.drain(..excess);
        Ok(TokenRow {
            ids,
            first_scored: n_context.saturating_sub(excess).max(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_have_names() {
        for (prefix, name) in PREFIXES {
            assert_eq!((name.parse(), prefix.to_string().as_str()), (Ok(prefix), name));
        }
        assert!("BOS".parse::<Prefix>().is_err());
    }
}
