//! Where in the windows each word begins.

use crate::Writing;
use crate::matching::{matches, plain};
use crate::{RunTokens, TextError, UnalignableWord};

/// Tokens tried for one word before the search gives up, the first one counted.
const MAX_TRIES: usize = 20;

/// Characters of text shown on either side when a word cannot be aligned.
const SHOWN: usize = 30;

/// A token of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenPosition {
    /// The window, from 0.
    pub window: usize,
    /// The token in its window, from 0.
    pub token: usize,
}

/// Finds the first token of each unit, in order: of each word, or of each character in Chinese.
///
/// The search walks through the tokens and, at the end of a window, enters the next one at index `overlap`. A unit
/// begins at the first token that matches it, at most 19 tokens further on. English and French units never share a
/// token; Chinese characters do if the next one is in the same token.
///
/// # Errors
/// [`TextError::Unalignable`] with the word, its neighbours, the tokens tried and the text around.
pub fn unit_starts(
    units: &[&str],
    tokens: &RunTokens,
    writing: Writing,
    run: usize,
) -> Result<Vec<TokenPosition>, TextError> {
    let mut cursor = Cursor {
        tokens,
        at: TokenPosition { window: 0, token: 0 },
    };
    let mut starts = Vec::with_capacity(units.len());
    for (index, &unit) in units.iter().enumerate() {
        cursor.wrap();
        let from = cursor.at;
        if !cursor.advance_to(&plain(unit), writing) {
            return Err(unalignable(units, index, tokens, from, run));
        }
        starts.push(cursor.at);
        if !(writing == Writing::Unspaced && cursor.serves_next(units.get(index + 1).copied())) {
            cursor.at.token += 1;
        }
    }
    Ok(starts)
}

struct Cursor<'a> {
    tokens: &'a RunTokens,
    at: TokenPosition,
}

impl<'a> Cursor<'a> {
    /// From behind the end of a window to where the next one brings new tokens.
    fn wrap(&mut self) {
        if self.at.token == self.tokens.layout().max_len {
            self.at = TokenPosition {
                window: self.at.window + 1,
                token: self.tokens.layout().overlap,
            };
        }
    }

    fn text(&self) -> Option<&'a str> {
        self.tokens.token_text(self.at.window, self.at.token)
    }

    /// Moves to the first matching token, or gives up.
    fn advance_to(&mut self, word: &str, writing: Writing) -> bool {
        for _ in 0..MAX_TRIES {
            match self.text() {
                Some(text) if matches(word, text, writing) => return true,
                Some(_) => {
                    self.at.token += 1;
                    self.wrap();
                }
                None => return false,
            }
        }
        false
    }

    /// Whether the present token also holds the next character; there is none after the last, which stays as well.
    fn serves_next(&self, next: Option<&str>) -> bool {
        // The reference compares the character as it is, without simplifying it.
        next.is_none_or(|next| {
            self.text()
                .is_some_and(|text| matches(next, text, Writing::Unspaced))
        })
    }
}

fn unalignable(
    units: &[&str],
    index: usize,
    tokens: &RunTokens,
    from: TokenPosition,
    run: usize,
) -> TextError {
    let mut cursor = Cursor { tokens, at: from };
    let mut tried = Vec::new();
    let mut around = None;
    while let (Some(text), true) = (cursor.text(), tried.len() < MAX_TRIES) {
        let offsets = tokens
            .windows()
            .get(cursor.at.window)
            .and_then(|window| window.offsets.get(cursor.at.token));
        // Special tokens cover no text; the first real one shows where the search was.
        around = around.or(offsets.copied().filter(|&(start, end)| end > start));
        tried.push(text.to_owned());
        cursor.at.token += 1;
        cursor.wrap();
    }
    let (start, end) = around.unwrap_or((tokens.n_characters(), tokens.n_characters()));
    TextError::Unalignable(Box::new(UnalignableWord {
        run,
        word_index: index,
        word: units[index].to_owned(),
        before: units[index.saturating_sub(3)..index].join(" "),
        after: units[index + 1..units.len().min(index + 4)].join(" "),
        window: from.window,
        token: from.token,
        tokens: tried,
        joined: joined(units, index, tokens, from),
        text: tokens.slice(start.saturating_sub(SHOWN), end + SHOWN).to_owned(),
    }))
}

/// A token near the place that holds parts of two words: one with a space inside, or that of the word ahead with this word
/// behind it. Either word may have found another token far from its own, so the tokens before count, too.
fn joined(units: &[&str], index: usize, tokens: &RunTokens, from: TokenPosition) -> Option<String> {
    let near = from.token.saturating_sub(3 * MAX_TRIES)..from.token + MAX_TRIES;
    let mut texts = near.filter_map(|token| tokens.token_text(from.window, token));
    let spans = texts.find(|text| has_inner_space(text));
    spans
        .or_else(|| of_word_ahead(units, index, tokens, from))
        .map(str::to_owned)
}

/// Whether letters or digits stand on both sides of a space.
fn has_inner_space(text: &str) -> bool {
    let parts = text.split_whitespace();
    parts.filter(|part| part.contains(char::is_alphanumeric)).count() > 1
}

/// The token of the word ahead, if it holds (the beginning of) this word behind the end of that one.
fn of_word_ahead<'a>(
    units: &[&str],
    index: usize,
    tokens: &'a RunTokens,
    from: TokenPosition,
) -> Option<&'a str> {
    let ahead = tokens.token_text(from.window, from.token.checked_sub(1)?)?;
    let (before, word) = (plain(units[index.checked_sub(1)?]), plain(units[index]));
    let held = plain(ahead);
    let is_held = before.char_indices().any(|(at, _)| {
        let next = held.strip_prefix(&before[at..]).unwrap_or_default();
        !next.is_empty() && (word.starts_with(next) || next.starts_with(&word))
    });
    is_held.then_some(ahead)
}
