//! The first token of each word in the windows.

use crate::Writing;
use crate::matching::{matches, plain};
use crate::{RunTokens, TextError, UnalignableWord};

/// Largest number of tokens tried for one word, including the first one.
const MAX_TRIES: usize = 20;

/// Number of characters shown on either side if a word cannot be aligned.
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
/// The search goes through the tokens; at the end of a window it continues in the next one at index `overlap`. A unit
/// begins at the first token that matches it, at most 19 tokens further on. English and French units never share a
/// token. Chinese characters do, if the next one is in the same token. In a text of joined words, the first token of a word is
/// the first one that covers a character of it.
///
/// # Errors
/// [`TextError::Unalignable`] with the word, its neighbours, the tokens tried and the surrounding text.
///
/// # Example
/// ```no_run
/// use lpp_text::{RunTokens, TextError, Writing, unit_starts};
///
/// /// Window and token at which each of three words begins.
/// fn starts(tokens: &RunTokens) -> Result<(), TextError> {
///     let run = 0;
///     for start in unit_starts(&["Once", "when", "I"], tokens, Writing::Spaced, run)? {
///         println!("window {}, token {}", start.window, start.token);
///     }
///     Ok(())
/// }
/// ```
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
    let mut place = 0;
    for (index, &unit) in units.iter().enumerate() {
        cursor.wrap();
        let from = cursor.at;
        let end = place + unit.chars().count();
        let found = match writing {
            Writing::Joined => cursor.advance_into(place, end),
            Writing::Spaced | Writing::Unspaced => cursor.advance_to(&plain(unit), writing),
        };
        place = end + 1;
        if !found {
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
    /// At the end of a window, moves to the first new token of the next one.
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

    /// Moves to the first matching token; returns `false` if there is none within the limit.
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

    /// Moves to the first token that covers one of the characters `start..end`; returns `false` if there is none.
    fn advance_into(&mut self, start: usize, end: usize) -> bool {
        loop {
            let TokenPosition { window, token } = self.at;
            let window = self.tokens.windows().get(window);
            match window.and_then(|window| window.offsets.get(token)) {
                Some(&(from, to)) if from < to && start < to => return from < end,
                Some(_) => {
                    self.at.token += 1;
                    self.wrap();
                }
                None => return false,
            }
        }
    }

    /// Whether the current token also contains the next character; true after the last character.
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

/// A nearby token that contains parts of two words: a token with a space inside, or the token of the previous word if
/// this word follows in it. Either word may have matched a token far from its own, so earlier tokens are included.
fn joined(units: &[&str], index: usize, tokens: &RunTokens, from: TokenPosition) -> Option<String> {
    let near = from.token.saturating_sub(3 * MAX_TRIES)..from.token + MAX_TRIES;
    let mut texts = near.filter_map(|token| tokens.token_text(from.window, token));
    let spans = texts.find(|text| has_inner_space(text));
    spans
        .or_else(|| of_word_ahead(units, index, tokens, from))
        .map(str::to_owned)
}

/// Whether there are letters or digits on both sides of a space.
fn has_inner_space(text: &str) -> bool {
    let parts = text.split_whitespace();
    parts.filter(|part| part.contains(char::is_alphanumeric)).count() > 1
}

/// The token of the previous word, if it also contains the beginning of this word.
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
