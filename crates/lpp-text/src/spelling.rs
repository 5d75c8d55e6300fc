//! Checks that the text has each word at the position of its tokens.

use tokenizers::normalizers::StripAccents;
use tokenizers::{NormalizedString, Normalizer};

use crate::matching::is_same;
use crate::{DoubtfulWord, RunTokens, RunWords, WordSpans};

/// A word of the annotation and the text may differ in one letter of four, for example `grey` and `gray`.
const LETTERS_FOR_ONE_ERROR: usize = 4;

/// Number of letters beyond the length of a word in which it is searched: about the length of a long word, by which the
/// search for tokens can lag.
const NEAR: usize = 24;

/// Ligatures and their replacements.
const LIGATURES: [(char, &str); 3] = [('œ', "oe"), ('æ', "ae"), ('ß', "ss")];

/// The words whose tokens do not spell them.
///
/// The published search accepts any token that begins like a word or is part of it. So a word missing from the text may
/// get the tokens of its neighbours, and if tokens are single letters, a word may get the last letter of the previous
/// word. Case, accents, spaces, punctuation, and the text after a word are ignored. Numbers in digits are accepted,
/// because the search knows how they are spoken.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// The word is not in the text near its tokens.
    pub(crate) absent: Vec<DoubtfulWord>,
    /// The word is in the text, but its tokens begin or end elsewhere.
    pub(crate) shifted: Vec<DoubtfulWord>,
}

impl Doubts {
    /// Checks the words of a run, each a unit of `spans`; Chinese characters are always matched whole.
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
            let wanted = Letters::of(word);
            if is_same(word, first) || begins_with(&Letters::of(text), &wanted) {
                continue;
            }
            // Spaces and punctuation are not letters, so that twice as many characters are enough.
            let near = tokens.slice(begin, end.max(begin + 2 * (wanted.letters.len() + NEAR)));
            let doubtful = DoubtfulWord {
                run,
                word_index,
                word: word.clone(),
                text: text.to_owned(),
            };
            if holds(&Letters::of(near), &wanted) {
                self.shifted.push(doubtful);
            } else {
                self.absent.push(doubtful);
            }
        }
    }
}

/// Whether a text begins with a word, up to spelling; another word must follow.
fn begins_with(text: &Letters, word: &Letters) -> bool {
    let errors = errors_to_each(&word.letters, &text.letters, false);
    let is_end = |n: usize| n == text.letters.len() || (n > 0 && text.ends_word[n - 1]);
    (0..errors.len()).any(|n| is_end(n) && is_near(errors[n], word))
}

/// Whether a word, up to spelling, is somewhere in the first letters of a text.
fn holds(text: &Letters, word: &Letters) -> bool {
    let near = &text.letters[..text.letters.len().min(word.letters.len() + NEAR)];
    let errors = errors_to_each(&word.letters, near, true);
    errors.into_iter().any(|errors| is_near(errors, word))
}

fn is_near(errors: usize, word: &Letters) -> bool {
    errors * LETTERS_FOR_ONE_ERROR <= word.letters.len()
}

/// Letters and digits, in lower case, without accents and ligatures.
struct Letters {
    letters: Vec<char>,
    /// For each letter, whether a word ends after it.
    ends_word: Vec<bool>,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut plain = NormalizedString::from(text);
        plain.nfd().lowercase();
        // It cannot fail; accents that stay count as letters.
        let _ = StripAccents.normalize(&mut plain);
        let (mut letters, mut ends_word) = (Vec::new(), Vec::new());
        for c in plain.get().chars() {
            match LIGATURES.iter().find(|(ligature, _)| *ligature == c) {
                Some((_, parts)) => letters.extend(parts.chars()),
                None if c.is_alphanumeric() => letters.push(c),
                None => {
                    if let Some(last) = ends_word.last_mut() {
                        *last = true;
                    }
                }
            }
            ends_word.resize(letters.len(), false);
        }
        if let Some(last) = ends_word.last_mut() {
            *last = true;
        }
        Self { letters, ends_word }
    }
}

/// Edit distance from `word` to the first 0, 1, 2, … letters of `text`, or with `anywhere` to a part of the text that
/// ends there.
fn errors_to_each(word: &[char], text: &[char], anywhere: bool) -> Vec<usize> {
    // Row `i` of the usual table of edit distances: the first `i` letters of the word against what ends at each letter of the text.
    let mut row: Vec<usize> = (0..=text.len()).map(|n| if anywhere { 0 } else { n }).collect();
    for (i, letter) in word.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in text.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_begins_with_the_word_whatever_its_case_accents_and_marks() {
        for (text, word) in [
            (" Called ‘", "called"),
            (" don’t", "don"),
            (" can’t", "can't"),
            ("It ‘ll", "it'll"),
            (" élevé,", "e\u{301}leve\u{301}"),
            (" grey", "gray"),
            (" œuvre", "oeuvre"),
            (" Straße", "strasse"),
            (" given me", "given"),
            (" ‘grown-ups’", "grownups"),
        ] {
            assert!(
                begins_with(&Letters::of(text), &Letters::of(word)),
                "{text:?} {word:?}"
            );
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
            (" sleep", "s"),
            (" elephants", "eleph"),
        ] {
            assert!(
                !begins_with(&Letters::of(text), &Letters::of(word)),
                "{text:?} {word:?}"
            );
        }
    }

    #[test]
    fn a_word_that_comes_later_is_there() {
        // The search found the d of "and".
        assert!(holds(&Letters::of("d: do you"), &Letters::of("do")));
        assert!(holds(&Letters::of("y never more"), &Letters::of("never")));
        assert!(!holds(
            &Letters::of("every more than once"),
            &Letters::of("elephant")
        ));
        assert!(!holds(&Letters::of(&" far".repeat(20)), &Letters::of("cat")));
    }

    #[test]
    fn errors_are_counted_to_each_beginning_or_part() {
        let letters = |text: &str| Letters::of(text).letters;
        let errors = |word: &str, text: &str, anywhere| {
            let each = errors_to_each(&letters(word), &letters(text), anywhere);
            (each.iter().min().copied(), each.last().copied())
        };
        assert_eq!(errors("prince", "prince charming", false), (Some(0), Some(8)));
        assert_eq!(errors("prince", "price", false), (Some(1), Some(1)));
        assert_eq!(errors("prince", "pirnce", false), (Some(2), Some(2)));
        assert_eq!(errors("prince", "", false), (Some(6), Some(6)));
        assert_eq!(errors("prince", "the little prince", false), (Some(5), Some(9)));
        assert_eq!(errors("prince", "the little prince", true), (Some(0), Some(0)));
    }

    #[test]
    fn words_end_before_what_is_no_letter() {
        let text = Letters::of("l’Éle\u{301}ve");
        assert_eq!(text.letters.iter().collect::<String>(), "leleve");
        assert_eq!(text.ends_word, [true, false, false, false, false, true]);
    }
}
