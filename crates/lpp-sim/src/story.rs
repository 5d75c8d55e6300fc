//! A story from a small grammar, with the times of its words.
//!
//! Each paragraph has a topic, as in real stories. The words are common English words; the sentences were written for
//! this purpose.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use crate::random::stream;

/// Nouns by topic: a paragraph draws most of its nouns from one line.
const NOUNS: [&[&str]; 8] = [
    &[
        "boat",
        "wave",
        "sailor",
        "harbour",
        "island",
        "storm",
        "anchor",
        "gull",
        "shore",
        "lighthouse",
        "net",
        "tide",
    ],
    &[
        "baker", "oven", "bread", "kitchen", "flour", "table", "honey", "spoon", "apple", "recipe", "kettle",
        "cake",
    ],
    &[
        "forest", "owl", "fox", "river", "oak", "path", "mushroom", "deer", "meadow", "moss", "hunter",
        "cabin",
    ],
    &[
        "clock", "tower", "key", "wheel", "tinker", "spring", "bell", "workshop", "hammer", "gear", "lamp",
        "drawer",
    ],
    &[
        "mountain", "goat", "valley", "snow", "rope", "climber", "summit", "cloud", "eagle", "tent", "ridge",
        "glacier",
    ],
    &[
        "teacher", "book", "pupil", "letter", "desk", "library", "question", "pencil", "map", "lesson",
        "window", "page",
    ],
    &[
        "market", "coin", "merchant", "carpet", "camel", "spice", "street", "lantern", "basket", "scarf",
        "gate", "stall",
    ],
    &[
        "violin", "dancer", "song", "stage", "drum", "singer", "curtain", "flute", "melody", "crowd",
        "mirror", "costume",
    ],
];
const ADJECTIVES: &[&str] = &[
    "old", "small", "quiet", "golden", "strange", "heavy", "bright", "cold", "gentle", "broken", "hungry",
    "green", "tired", "clever", "narrow", "silver", "lonely", "warm", "patient", "crooked", "proud", "dusty",
    "sudden", "blue",
];
const VERBS: &[&str] = &[
    "found",
    "carried",
    "watched",
    "followed",
    "painted",
    "remembered",
    "lifted",
    "crossed",
    "answered",
    "mended",
    "greeted",
    "forgot",
    "counted",
    "guarded",
    "opened",
    "drew",
    "chased",
    "borrowed",
    "praised",
    "hid",
    "shook",
    "measured",
    "sold",
    "washed",
];
const ADVERBS: &[&str] = &[
    "slowly",
    "again",
    "together",
    "at once",
    "without a word",
    "for hours",
    "before dawn",
    "with care",
];

/// `N` noun, `A` adjective, `V` verb, `D` adverb; everything else is literal.
const SENTENCES: &[&str] = &[
    "The A N V the N.",
    "A N V the A N, and the N V it D.",
    "Near the N, a A N V the N.",
    "Nobody knew why the N V the A N.",
    "The N and the N V the N D.",
    "\"Where is the N?\" asked the A N.",
    "When the N V the N, every A N V the N.",
    "It was the A N that V the N D.",
    "The N was A, but the N was A too.",
    "She V a N; he V the A N.",
];

/// Onset of the first word, in seconds.
const LEAD_IN_S: f64 = 0.5;
/// Duration of a word in seconds: a fixed part and a part per letter. With the pauses this gives about 2.7 words per
/// second, the rate of an unhurried reader.
const WORD_S: f64 = 0.12;
const LETTER_S: f64 = 0.042;
/// Pauses after a comma and after a sentence, in seconds.
const COMMA_S: f64 = 0.25;
const SENTENCE_S: f64 = 0.55;

/// A spoken word.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenWord {
    /// The word in lower case without punctuation, as in annotations.
    pub word: String,
    /// Its onset, in seconds from the start of the run.
    pub onset_s: f64,
    /// Its offset, in seconds from the start of the run.
    pub offset_s: f64,
}

/// One run of the story.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryRun {
    /// The text, with capitals, punctuation and line breaks.
    pub text: String,
    /// Its words in order.
    pub words: Vec<SpokenWord>,
}

/// Generates `n_runs` parts of a story, each of at least `words_per_run` words; a part ends at the end of a sentence.
///
/// ```
/// let story = lpp_sim::tell_story(7, 2, 40);
/// assert_eq!(story.len(), 2);
/// assert!(story[0].words.len() >= 40);
/// assert!(story[0].text.ends_with('.') || story[0].text.ends_with('\n'));
/// ```
#[must_use]
pub fn tell_story(seed: u64, n_runs: usize, words_per_run: usize) -> Vec<StoryRun> {
    (0..n_runs)
        .map(|run| tell_run(&mut stream(seed, &format!("story run {run}")), words_per_run))
        .collect()
}

/// All words that can occur in a story.
pub(crate) fn vocabulary() -> Vec<String> {
    let lists = NOUNS
        .iter()
        .copied()
        .chain([ADJECTIVES, VERBS, ADVERBS, SENTENCES]);
    let mut words: Vec<String> = lists
        .flatten()
        .flat_map(|phrase| phrase.split_whitespace())
        .map(plain)
        .filter(|word| !word.is_empty() && !["n", "v", "d"].contains(&word.as_str()))
        .collect();
    words.sort();
    words.dedup();
    words
}

fn tell_run(rng: &mut ChaCha8Rng, at_least: usize) -> StoryRun {
    let mut text = String::new();
    let mut n_words = 0;
    while n_words < at_least {
        let topic = NOUNS.choose(rng).copied().unwrap_or_default();
        for _ in 0..rng.random_range(4..8) {
            let sentence = fill(rng, topic);
            n_words += sentence.split_whitespace().count();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(&sentence);
        }
        text.push_str("\n\n");
    }
    let words = speak(rng, &text);
    StoryRun { text, words }
}

/// A sentence with its gaps filled.
fn fill(rng: &mut ChaCha8Rng, topic: &[&str]) -> String {
    let pattern = SENTENCES.choose(rng).copied().unwrap_or_default();
    let mut words = Vec::new();
    for place in pattern.split(' ') {
        let (name, punctuation) = place.split_at(
            place
                .find(|c: char| !c.is_alphabetic() && c != '"')
                .unwrap_or(place.len()),
        );
        let choice = match name {
            // One noun in five strays from the topic.
            "N" if rng.random_bool(0.2) => NOUNS.choose(rng).and_then(|list| list.choose(rng)),
            "N" => topic.choose(rng),
            "A" => ADJECTIVES.choose(rng),
            "V" => VERBS.choose(rng),
            "D" => ADVERBS.choose(rng),
            _ => None,
        };
        words.push(format!("{}{punctuation}", choice.copied().unwrap_or(name)));
    }
    words.join(" ")
}

/// Assigns a time to every word of the text.
fn speak(rng: &mut ChaCha8Rng, text: &str) -> Vec<SpokenWord> {
    let mut now = LEAD_IN_S;
    let mut words = Vec::new();
    for written in text.split_whitespace() {
        let word = plain(written);
        let pace = rng.random_range(0.85..1.15);
        let end = milliseconds(now + pace * (WORD_S + LETTER_S * word.len() as f64));
        words.push(SpokenWord {
            word,
            onset_s: milliseconds(now),
            offset_s: end,
        });
        now = end
            + match written.trim_end_matches('"').chars().last() {
                Some('.' | '?') => SENTENCE_S,
                Some(',' | ';') => COMMA_S,
                _ => 0.0,
            };
    }
    words
}

/// Lower case, letters only.
pub(crate) fn plain(written: &str) -> String {
    written
        .chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Rounds a time to the millisecond, as in annotations.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn words_are_those_of_the_text_and_time_goes_forward() {
        for run in tell_story(3, 3, 200) {
            let written: Vec<String> = run.text.split_whitespace().map(plain).collect();
            let spoken: Vec<String> = run.words.iter().map(|w| w.word.clone()).collect();
            assert_eq!(written, spoken);
            assert!(run.words.iter().all(|w| w.offset_s > w.onset_s));
            assert!(run.words.windows(2).all(|w| w[1].onset_s >= w[0].offset_s));
            let known: BTreeSet<String> = vocabulary().into_iter().collect();
            assert!(
                spoken.iter().all(|w| known.contains(w)),
                "{:?}",
                spoken.iter().find(|w| !known.contains(*w))
            );
        }
    }

    #[test]
    fn no_gap_stays_open() {
        let text = &tell_story(1, 1, 500)[0].text;
        let open = text
            .split(|c: char| !c.is_alphabetic())
            .find(|w| ["A", "N", "V", "D"].contains(w));
        assert_eq!(open, None);
    }
}
