//! Matching of tokens with words of the annotation.

use crate::Writing;

/// Characters removed from both spellings. ASCII commas and full stops, newlines and `‘` are kept.
const IGNORED: [char; 19] = [
    ' ', '-', '\'', '’', '“', '«', '»', '—', '，', '《', '》', '。', '：', '”', '；', '？', '！', '…', '、',
];

/// Spoken words and the first tokens of their written forms.
const SAME: [(&str, &str); 18] = [
    ("one", "1"),
    ("did", "didn"),
    ("nt", "t"),
    ("does", "doesn"),
    ("do", "don"),
    ("is", "isn"),
    ("threetwofive", "3"),
    ("threetwosix", "3"),
    ("threetwoseven", "3"),
    ("threetwoeight", "3"),
    ("threetwonine", "3"),
    ("threethreezero", "3"),
    // The annotation spells this word with a backslash.
    ("na\\ive", "naive"),
    ("repondit", "répondit"),
    ("oeuvre", "œuvre"),
    ("oeil", "œil"),
    ("a", "à"),
    ("coeur", "cœur"),
];

/// `text` in lower case without spaces, hyphens, apostrophes, quotes and Chinese punctuation.
pub(crate) fn plain(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter(|c| !IGNORED.contains(c))
        .collect()
}

/// Whether a token with the text `token` belongs to `word`, to which [`plain`] was applied.
///
/// The rules are greedy: part of one word may match the next (`is` in `ish`). They are kept because the published
/// analysis matches words this way.
pub(crate) fn matches(word: &str, token: &str, writing: Writing) -> bool {
    let token = plain(token);
    // One letter is too little evidence in an alphabet, one character is a word in Chinese.
    let least = usize::from(writing == Writing::Spaced);
    let longer = |text: &str| text.chars().nth(least).is_some();
    (!token.is_empty() && word.starts_with(&token))
        || (longer(word) && token.contains(word))
        || (longer(&token) && word.contains(&token))
        || is_spoken_form(word, &token)
}

/// Whether `token` is the written form of the beginning of the spoken word `word`.
pub(crate) fn is_same(word: &str, token: &str) -> bool {
    is_spoken_form(&plain(word), &plain(token))
}

fn is_spoken_form(word: &str, token: &str) -> bool {
    SAME.contains(&(word, token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Writing::{Spaced, Unspaced};

    #[test]
    fn plain_keeps_what_the_reference_keeps() {
        assert_eq!(plain(" Don’t—«Œil»"), "dontœil");
        assert_eq!(plain("‘a’,\n."), "‘a,\n.");
        assert_eq!(plain("《大》、人…"), "大人");
    }

    #[test]
    fn a_token_matches_by_beginning_or_by_containment() {
        assert!(matches("elephant", " ele", Spaced));
        assert!(matches("is", "ish", Spaced));
        assert!(matches("elephant", "phant", Spaced));
        assert!(
            !matches("a", "bar", Spaced),
            "one letter is not searched for inside tokens"
        );
        assert!(!matches("elephant", ",", Spaced));
        assert!(!matches("elephant", "", Spaced));
        assert!(!matches("", "ele", Spaced), "an empty word never matches");
        assert!(matches("大", "巨大的", Unspaced));
    }

    #[test]
    fn spoken_forms_match_their_spelling() {
        assert!(matches("threetwofive", " 3", Spaced));
        assert!(matches("nt", "t", Spaced));
        assert!(matches("oeil", " œil", Spaced));
        assert!(!matches("oeil", " œ", Spaced));
    }
}
