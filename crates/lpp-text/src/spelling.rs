//! Whether the text has each word where its tokens are.

use tokenizers::NormalizedString;

use crate::matching::is_same;
use crate::{DoubtfulWord, RunTokens, RunWords, WordSpans};

/// A word of the annotation and the text may differ in one letter of four: `grey` for `gray`.
const LETTERS_FOR_ONE_ERROR: usize = 4;

/// Letters beyond those of a word that are compared where the text must begin with it.
const BEYOND: usize = 3;

/// Letters beyond those of a word in which it is looked for: about the length of a long word, by which the search can lag.
const NEAR: usize = 24;

/// Letters that accents do not tell from others.
const LIGATURES: [(char, &str); 3] = [('œ', "oe"), ('æ', "ae"), ('ß', "ss")];

/// The words whose tokens do not spell them.
///
/// The published search takes any token that begins like a word, or is part of it. A word that the text lacks may so
/// be given the tokens of its neighbours; and where tokens are single letters, a word may be given the last letter of
/// the word before it. Case, accents, spaces, punctuation, and what follows a word in the text do not count. Numbers in
/// figures are accepted, since the search knows how they are spoken.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// The text near the tokens has no such word.
    pub(crate) absent: Vec<DoubtfulWord>,
    /// The text has the word, but its tokens begin or end elsewhere.
    pub(crate) shifted: Vec<DoubtfulWord>,
}

impl Doubts {
    /// Looks at the words of a run, each a unit of `spans`; Chinese characters are always found whole.
    pub(crate) fn add_run(&mut self, words: &RunWords, tokens: &RunTokens, spans: &WordSpans, run: usize) {
        let begins: Vec<usize> = spans
            .starts()
            .iter()
            .map(|at| tokens.windows()[at.window].offsets[at.token].0)
            .collect();
        let ends = begins.iter().skip(1).copied().chain([tokens.n_characters()]);
        let places = begins.iter().zip(ends).zip(spans.starts());
        for (word_index, (word, ((&begin, end), at))) in words.words.iter().zip(places).enumerate() {
            let first = tokens.token_text(at.window, at.token).unwrap_or_default();
            let text = tokens.slice(begin, end);
            let wanted = letters(word);
            if is_same(word, first) || begins_with(&letters(text), &wanted) {
                continue;
            }
            // Spaces and punctuation are not letters, so that twice as many characters are enough.
            let near = tokens.slice(begin, end.max(begin + 2 * (wanted.len() + NEAR)));
            let doubtful = DoubtfulWord {
                run,
                word_index,
                word: word.clone(),
                text: text.to_owned(),
            };
            if holds(&letters(near), &wanted) {
                self.shifted.push(doubtful);
            } else {
                self.absent.push(doubtful);
            }
        }
    }
}

/// Whether a text begins with a word, or nearly so.
fn begins_with(text: &[char], word: &[char]) -> bool {
    let text = &text[..text.len().min(word.len() + BEYOND)];
    is_near(least_errors(word, text, false), word)
}

/// Whether a word, or nearly the word, is somewhere in the first letters of a text.
fn holds(text: &[char], word: &[char]) -> bool {
    let text = &text[..text.len().min(word.len() + NEAR)];
    is_near(least_errors(word, text, true), word)
}

fn is_near(errors: usize, word: &[char]) -> bool {
    errors * LETTERS_FOR_ONE_ERROR <= word.len()
}

/// Letters and digits, in lower case, without accents and ligatures.
fn letters(text: &str) -> Vec<char> {
    let mut plain = NormalizedString::from(text);
    plain.nfd().lowercase();
    let mut letters = Vec::new();
    for c in plain.get().chars().filter(|c| c.is_alphanumeric()) {
        match LIGATURES.iter().find(|(ligature, _)| *ligature == c) {
            Some((_, parts)) => letters.extend(parts.chars()),
            None => letters.push(c),
        }
    }
    letters
}

/// Fewest letters to put in, leave out or replace that turn `word` into a beginning of `text`, or with `anywhere` into a part
/// of it.
fn least_errors(word: &[char], text: &[char], anywhere: bool) -> usize {
    // Row `i` of the usual table of edit distances: the first `i` letters of the word against what ends at each letter of the text.
    let mut row: Vec<usize> = (0..=text.len()).map(|j| if anywhere { 0 } else { j }).collect();
    for (i, letter) in word.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in text.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.into_iter().min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_begins_with_the_word_whatever_its_case_accents_and_marks() {
        for (text, word) in [
            (" Called ‘", "called"),
            (" didn’t", "did"),
            (" can’t", "can't"),
            ("It ‘ll", "it'll"),
            (" élevé,", "e\u{301}leve\u{301}"),
            (" grey", "gray"),
            (" œuvre", "oeuvre"),
            (" Straße", "strasse"),
            (" given me", "given"),
            (" ‘grown-ups’", "grownups"),
        ] {
            assert!(begins_with(&letters(text), &letters(word)), "{text:?} {word:?}");
        }
    }

    #[test]
    fn another_word_is_told_from_it() {
        for (text, word) in [
            (" even", "elephant"),
            (" l’", "lune"),
            (" the", "he"),
            (" ish", "is not"),
            (" a", "elephant"),
            (" ", "elephant"),
            (" banana", "an"),
        ] {
            assert!(!begins_with(&letters(text), &letters(word)), "{text:?} {word:?}");
        }
    }

    #[test]
    fn a_word_that_comes_later_is_there() {
        // The search found the d of "and".
        assert!(holds(&letters("d: do you"), &letters("do")));
        assert!(holds(&letters("y never more"), &letters("never")));
        assert!(!holds(&letters("every more than once"), &letters("elephant")));
        assert!(!holds(&letters(&" far".repeat(20)), &letters("cat")));
    }

    #[test]
    fn errors_are_counted_to_the_nearest_beginning_or_part() {
        let errors =
            |word: &str, text: &str, anywhere| least_errors(&letters(word), &letters(text), anywhere);
        assert_eq!(errors("prince", "prince charming", false), 0);
        assert_eq!(errors("prince", "price", false), 1);
        assert_eq!(errors("prince", "pirnce", false), 2);
        assert_eq!(errors("prince", "", false), 6);
        assert_eq!(errors("prince", "the little prince", false), 6);
        assert_eq!(errors("prince", "the little prince", true), 0);
    }
}
