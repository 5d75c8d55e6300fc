//! Whether the tokens of each word spell it.

use tokenizers::NormalizedString;

use crate::matching::is_same;
use crate::{MisspelledWord, RunTokens, RunWords, WordSpans};

/// The text of a word may differ from the annotation in one letter of three: `grey` for `gray`, `oeuvre` for `œuvre`.
const LETTERS_FOR_ONE_ERROR: usize = 3;

/// Letters beyond the length of a word that the text is compared with at most.
const BEYOND: usize = 3;

/// The words whose tokens read as another word, in their order.
///
/// The published search takes any token that begins like a word, or is part of it. A word that the text lacks may so
/// be given the tokens of its neighbours. Here the text from a word's first token to that of the next word must begin
/// with the word. What follows it in the text (punctuation, words that are not annotated) does not count; case, accents,
/// spaces and punctuation do not either. Numbers in figures are accepted, since the search knows how they are spoken.
///
/// Units must be words; Chinese characters are always found whole.
pub(crate) fn misspelled(
    words: &RunWords,
    tokens: &RunTokens,
    spans: &WordSpans,
    run: usize,
) -> Vec<MisspelledWord> {
    let starts: Vec<usize> = spans
        .starts()
        .iter()
        .map(|at| tokens.windows()[at.window].offsets[at.token].0)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([tokens.n_characters()]);
    let texts = starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| tokens.slice(start, end));
    let pairs = words.words.iter().zip(texts).zip(spans.starts()).enumerate();
    pairs
        .filter(|(_, ((word, text), at))| {
            let first = tokens.token_text(at.window, at.token).unwrap_or_default();
            !is_same(word, first) && !begins_with(text, word)
        })
        .map(|(word_index, ((word, text), _))| MisspelledWord {
            run,
            word_index,
            word: word.clone(),
            text: text.to_owned(),
        })
        .collect()
}

/// Whether `text` begins with `word`, or nearly so.
fn begins_with(text: &str, word: &str) -> bool {
    let word = letters(word);
    let text = letters(text)
        .into_iter()
        .take(word.len() + BEYOND)
        .collect::<Vec<_>>();
    let errors = least_errors(&word, &text);
    errors == 0 || errors * LETTERS_FOR_ONE_ERROR <= word.len()
}

/// Letters and digits, in lower case and without accents.
fn letters(text: &str) -> Vec<char> {
    let mut plain = NormalizedString::from(text);
    plain.nfd().lowercase();
    plain.get().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Fewest letters to put in, leave out or replace that turn `word` into a beginning of `text`.
fn least_errors(word: &[char], text: &[char]) -> usize {
    // Row `i` of the usual table of edit distances: the first `i` letters of the word against each beginning of the text.
    let mut row: Vec<usize> = (0..=text.len()).collect();
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
            (" given me", "given"),
            (" ‘grown-ups’", "grownups"),
            (" к\u{438}\u{306}", "кй"),
        ] {
            assert!(begins_with(text, word), "{text:?} {word:?}");
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
            assert!(!begins_with(text, word), "{text:?} {word:?}");
        }
    }

    #[test]
    fn errors_are_counted_to_the_nearest_beginning() {
        let errors = |word: &str, text: &str| least_errors(&letters(word), &letters(text));
        assert_eq!(errors("prince", "prince charming"), 0);
        assert_eq!(errors("prince", "price"), 1);
        assert_eq!(errors("prince", "pirnce"), 2);
        assert_eq!(errors("prince", ""), 6);
    }
}
