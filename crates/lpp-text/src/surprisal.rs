//! The tokens of a text, each to be scored once, and the words to which they belong.

use crate::{RunTokens, TokenRow, WordSpans};

/// The tokens of the text of one run, without special tokens and padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTokens {
    /// Id of each token.
    pub ids: Vec<u32>,
    /// The range of characters of the text that each covers.
    pub offsets: Vec<(usize, usize)>,
    /// One row a window, which scores the tokens that no earlier window holds; so each token is scored once, in the first window
    /// that holds it.
    pub rows: Vec<TokenRow>,
    /// The window of each row.
    pub windows: Vec<usize>,
    /// The token at which each row begins to score.
    first_tokens: Vec<usize>,
}

impl TextTokens {
    /// The tokens in the windows of a run.
    #[must_use]
    pub fn of(tokens: &RunTokens) -> Self {
        let mut found = Self {
            ids: Vec::new(),
            offsets: Vec::new(),
            rows: Vec::new(),
            windows: Vec::new(),
            first_tokens: Vec::new(),
        };
        for (index, window) in tokens.windows().iter().enumerate() {
            let (mut end, mut first_new) = (0, None);
            for place in 0..window.len() {
                let Some(token) = tokens.content_index(index, place) else {
                    continue;
                };
                end = place + 1;
                if token == found.ids.len() {
                    first_new = first_new.or(Some(place));
                    found
                        .ids
                        .push(u32::try_from(window.ids[place]).unwrap_or(u32::MAX));
                    found.offsets.push(window.offsets[place]);
                }
            }
            let Some(first_new) = first_new else { continue };
            let first_scored = first_new.max(1);
            found.first_tokens.push(found.ids.len() - (end - first_scored));
            found.rows.push(TokenRow {
                ids: window.ids[..end].to_vec(),
                first_scored,
            });
            found.windows.push(index);
        }
        found
    }

    /// A number of each token from those of the scored tokens of each row; none for a token that is not scored.
    #[must_use]
    pub fn spread<'a>(&self, of_rows: impl Iterator<Item = &'a [f64]>) -> Vec<Option<f64>> {
        let mut all = vec![None; self.ids.len()];
        for (&first, of_row) in self.first_tokens.iter().zip(of_rows) {
            for (cell, &value) in all[first..].iter_mut().zip(of_row) {
                *cell = Some(value);
            }
        }
        all
    }
}

/// The word of each token of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwners {
    /// The words.
    pub words: Vec<String>,
    /// For each token its word, from 0.
    pub word_of: Vec<Option<usize>>,
}

impl TokenOwners {
    /// Words of a plain text: what stands between white space. A token belongs to the word in which its first character that is no
    /// white space lies; one of white space alone to the word that follows, if there is one.
    #[must_use]
    pub fn of_text(text: &str, tokens: &TextTokens) -> Self {
        // The number of each character's word; white space counts to the word that follows.
        let (mut words, mut word_of_character) = (Vec::<String>::new(), Vec::new());
        let mut in_word = false;
        for character in text.chars() {
            if character.is_whitespace() {
                word_of_character.push((words.len(), false));
                in_word = false;
                continue;
            }
            if !in_word {
                words.push(String::new());
            }
            in_word = true;
            if let Some(word) = words.last_mut() {
                word.push(character);
            }
            word_of_character.push((words.len() - 1, true));
        }
        let owner = |&(start, end): &(usize, usize)| {
            let covered = word_of_character.get(start..end).unwrap_or_default();
            let in_word = covered.iter().find(|(_, is_of_word)| *is_of_word);
            // What covers nothing stands where the next character begins.
            let place = in_word.or(covered.last()).or(word_of_character.get(start));
            place.map(|&(word, _)| word).filter(|&word| word < words.len())
        };
        let word_of = tokens.offsets.iter().map(owner).collect();
        Self { words, word_of }
    }

    /// Words that are aligned with the tokens: those from the first token of a word up to that of the next, and for the last word up
    /// to the first end-of-text token. A token that several characters share belongs to the first of them. Unlike in
    /// [`WordSpans`], a token at the border of two windows counts once, and special tokens and padding have no part.
    #[must_use]
    pub fn of_words(
        words: &[String],
        spans: &WordSpans,
        tokens: &RunTokens,
        text: &TextTokens,
        eos_id: Option<u32>,
    ) -> Self {
        let starts = spans.starts().iter();
        let starts: Vec<_> = starts
            .map(|at| tokens.content_index(at.window, at.token))
            .collect();
        let mut word_of = vec![None; text.ids.len()];
        let mut unit = 0;
        while unit < starts.len() {
            // Units that share their first token are one piece, the first one's.
            let same = starts[unit..]
                .iter()
                .take_while(|&&start| start == starts[unit])
                .count();
            let next = unit + same;
            if let Some(start) = starts[unit] {
                let behind = &text.ids[start..];
                let end = match starts.get(next) {
                    Some(end) => end.unwrap_or(text.ids.len()),
                    None => behind
                        .iter()
                        .position(|&id| Some(id) == eos_id)
                        .map_or(text.ids.len(), |length| start + length),
                };
                let row = spans.owners().map_or(unit, |owners| owners[unit]);
                word_of[start..end.max(start)].fill(Some(row));
            }
            unit = next;
        }
        Self {
            words: words.to_vec(),
            word_of,
        }
    }

    /// Takes the tokens without a letter or digit from their words, and returns their number.
    pub fn leave_out_punctuation(&mut self, tokens: &RunTokens, text: &TextTokens) -> usize {
        let mut n_left_out = 0;
        for (word, &(start, end)) in self.word_of.iter_mut().zip(&text.offsets) {
            let is_content = tokens.slice(start, end).chars().any(char::is_alphanumeric);
            if word.is_some() && !is_content {
                *word = None;
                n_left_out += 1;
            }
        }
        n_left_out
    }

    /// The values of the tokens of each word, in order.
    #[must_use]
    pub fn by_word<T: Copy>(&self, values: &[T]) -> Vec<Vec<T>> {
        let mut of_words = vec![Vec::new(); self.words.len()];
        for (word, &value) in self.word_of.iter().zip(values) {
            if let Some(of_word) = word.and_then(|word| of_words.get_mut(word)) {
                of_word.push(value);
            }
        }
        of_words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(offsets: &[(usize, usize)]) -> TextTokens {
        TextTokens {
            ids: vec![0; offsets.len()],
            offsets: offsets.to_vec(),
            rows: Vec::new(),
            windows: Vec::new(),
            first_tokens: Vec::new(),
        }
    }

    #[test]
    fn a_token_belongs_to_the_word_of_its_first_character_that_is_no_blank() {
        //          0123456789012
        let text = " the dog's\n  ";
        let found = TokenOwners::of_text(
            text,
            &tokens(&[
                (0, 1),
                (0, 4),
                (4, 6),
                (6, 8),
                (8, 8),
                (8, 10),
                (10, 11),
                (11, 13),
            ]),
        );
        assert_eq!(found.words, ["the", "dog's"]);
        let (the, dogs) = (Some(0), Some(1));
        assert_eq!(found.word_of, [the, the, dogs, dogs, dogs, dogs, None, None]);
        assert_eq!(
            found.by_word(&[1, 2, 3, 4, 5, 6, 7, 8]),
            [vec![1, 2], vec![3, 4, 5, 6]]
        );
    }
}
