//! Position and rate of words: where a word stands in its run and in its sentence, and how fast it is spoken.

use ndarray::Array2;

use crate::{RunWords, TextError};

/// Punctuation that ends a sentence.
const ENDS: [char; 7] = ['.', '!', '?', '…', '。', '！', '？'];
/// Letters of the text that are searched for a word beyond the end of the last one.
const MOST_SKIPPED: usize = 80;
/// The share of the words that must be found in the text.
const LEAST_FOUND: f64 = 0.8;

/// Place in the run, place in the sentence and words per second of each word, (`n_words`, 3) per run.
///
/// Places go from 0 for the first word to 1 for the last; a single word has 0. Words per second are 1/duration, so that the box of
/// a word has the area 1 and its sum over time counts words; a word without duration has 0. Sentences end at the full stops,
/// exclamation and question marks of the texts, abbreviations included; a text without any is one sentence.
///
/// # Errors
/// [`TextError::BadSetting`] unless there is a text for each run, or if fewer than 80 % of the words of a run are in its text.
pub fn position_and_rate(runs: &[RunWords], texts: &[String]) -> Result<Vec<Array2<f32>>, TextError> {
    if texts.len() != runs.len() {
        return Err(TextError::BadSetting {
            what: "texts for the places of words in sentences",
            found: texts.len().to_string(),
            expected: "one for each run of the words",
        });
    }
    let of_run = |(number, (run, text)): (usize, (&RunWords, &String))| {
        let starts = sentence_starts(&run.words, text).ok_or_else(|| TextError::BadSetting {
            what: "the text of a run, for the places of words in sentences",
            found: format!("fewer than 80 % of the words of run {number} in it"),
            expected: "the text that was spoken",
        })?;
        let in_run = places(&[0], run.n_words());
        let in_sentence = places(&starts, run.n_words());
        let rate = |word: usize| match run.offsets_s[word] - run.onsets_s[word] {
            duration if duration > 0.0 => 1.0 / duration,
            _ => 0.0,
        };
        #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
        let cell = |(word, column): (usize, usize)| {
            let value = [in_run[word], in_sentence[word], rate(word)];
            value[column] as f32
        };
        Ok(Array2::from_shape_fn((run.n_words(), 3), cell))
    };
    runs.iter().zip(texts).enumerate().map(of_run).collect()
}

/// The place of each of `n` words in its part, from 0 to 1; parts begin at `starts`.
fn places(starts: &[usize], n: usize) -> Vec<f64> {
    let ends = starts.iter().skip(1).copied().chain([n]);
    let part = |(start, end): (&usize, usize)| {
        let last = (end - start).saturating_sub(1).max(1) as f64;
        (0..end - start).map(move |word| word as f64 / last)
    };
    starts.iter().zip(ends).flat_map(part).collect()
}

/// The first word of each sentence, the first of all included; `None` if too few words are found in the text.
fn sentence_starts(words: &[String], text: &str) -> Option<Vec<usize>> {
    let letters = Letters::of(text);
    let (mut starts, mut at, mut n_found) = (vec![0], 0, 0_usize);
    for (word, spelling) in words.iter().enumerate() {
        let wanted = Letters::of(spelling).letters;
        let Some(found) = letters.find(&wanted, at) else {
            continue;
        };
        n_found += 1;
        let begins = letters.sentence[found] > letters.sentence[at.saturating_sub(1)];
        if begins && word > 0 {
            starts.push(word);
        }
        at = found + wanted.len();
    }
    (n_found as f64 >= LEAST_FOUND * words.len() as f64).then_some(starts)
}

/// Letters and digits of a text in lower case, each with the number of its sentence.
struct Letters {
    letters: Vec<char>,
    sentence: Vec<usize>,
}

impl Letters {
    fn of(text: &str) -> Self {
        let (mut letters, mut sentence, mut number) = (Vec::new(), Vec::new(), 0);
        for letter in text.chars() {
            if ENDS.contains(&letter) {
                number += 1;
            }
            if letter.is_alphanumeric() {
                letters.extend(letter.to_lowercase());
                sentence.resize(letters.len(), number);
            }
        }
        Self { letters, sentence }
    }

    /// Where `wanted` begins at or behind `from`, not too far on.
    fn find(&self, wanted: &[char], from: usize) -> Option<usize> {
        let rest = self.letters.get(from..)?;
        let found = rest
            .windows(wanted.len().max(1))
            .take(MOST_SKIPPED)
            .position(|window| window == wanted)?;
        Some(from + found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> RunWords {
        let n = words.len();
        RunWords {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            onsets_s: (0..n).map(|i| i as f64).collect(),
            offsets_s: (0..n)
                .map(|i| i as f64 + if i == 1 { 0.0 } else { 0.25 })
                .collect(),
            ..RunWords::default()
        }
    }

    #[test]
    fn places_and_rates_are_those_of_the_definition() {
        let words = run(&["once", "i", "saw", "it", "a", "snake", "did", "nt", "move"]);
        let text = "Once I saw it. A snake! “Didn’t — move…”".to_owned();
        let values = position_and_rate(&[words], &[text]).unwrap().remove(0);
        let column = |c: usize| values.column(c).to_vec();
        assert_eq!(column(0), [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]);
        let third = 1.0_f32 / 3.0;
        assert_eq!(column(1), [0.0, third, 2.0 * third, 1.0, 0.0, 1.0, 0.0, 0.5, 1.0]);
        assert_eq!(column(2), [4.0, 0.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
    }

    #[test]
    fn words_that_are_not_in_the_text_are_passed_over_unless_they_are_many() {
        let words = run(&[
            "the", "fox", "uh", "ran", "home", "the", "owl", "saw", "the", "oak",
        ]);
        let text = "The fox ran home. The owl saw the oak.".to_owned();
        let values = position_and_rate(std::slice::from_ref(&words), std::slice::from_ref(&text)).unwrap();
        assert_eq!(
            values[0].column(1).to_vec(),
            [0.0, 0.25, 0.5, 0.75, 1.0, 0.0, 0.25, 0.5, 0.75, 1.0]
        );
        let other = position_and_rate(
            std::slice::from_ref(&words),
            &["Nothing of that kind.".to_owned()],
        );
        assert!(other.unwrap_err().to_string().contains("run 0"));
        assert!(position_and_rate(&[words], &[]).is_err());
        assert!(position_and_rate(&[run(&["fox"])], &["Fox.".to_owned()]).unwrap()[0][[0, 1]].abs() < 1e-9);
    }
}
