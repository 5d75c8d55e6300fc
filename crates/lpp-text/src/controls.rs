//! Low-level controls: properties of words, and of scans, that do not depend on meaning.

use std::fmt;
use std::str::FromStr;

use ndarray::Array2;

use crate::{RunWords, TextError, WordCounts};

/// What can explain signals without a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// 1 for every word; after convolution, the share of time with speech.
    WordRate,
    /// Number of characters of the word as annotated (Unicode scalar values).
    WordLength,
    /// ln(1 + count) of the word.
    LogFrequency,
    /// Position of the word in its run: 0 for the first, 1 for the last.
    Position,
    /// Mean of the speech envelope while the word is spoken.
    Envelope,
    /// Place in the run, place in the sentence and words per second, see [`position_and_rate`](crate::position_and_rate).
    PositionAndRate,
    /// When pictures were shown: a property of scans.
    Pictures,
    /// How much scans differ from the scans before, a measure of motion: a property of scans.
    Dvars,
}

impl Control {
    /// The controls that need nothing but the words.
    pub const OF_TEXT: [Self; 4] = [
        Self::WordRate,
        Self::WordLength,
        Self::LogFrequency,
        Self::Position,
    ];

    /// All controls.
    pub const ALL: [Self; 8] = [
        Self::WordRate,
        Self::WordLength,
        Self::LogFrequency,
        Self::Position,
        Self::Envelope,
        Self::PositionAndRate,
        Self::Pictures,
        Self::Dvars,
    ];

    /// Whether it is a property of scans, not of words.
    #[must_use]
    pub fn is_of_scans(self) -> bool {
        matches!(self, Self::Pictures | Self::Dvars)
    }

    /// The values for the words of each run, (`n_words`, 1); `None` of those that need more than the words.
    ///
    /// A run of one word has position 0.
    #[must_use]
    pub fn of_words(self, runs: &[RunWords], counts: &WordCounts) -> Option<Vec<Array2<f32>>> {
        let value: &dyn Fn(&RunWords, usize) -> f64 = match self {
            Self::WordRate => &|_, _| 1.0,
            Self::WordLength => &|run, word| run.words[word].chars().count() as f64,
            Self::LogFrequency => &|run, word| counts.of(&run.words[word]).unwrap_or(0.0).ln_1p(),
            Self::Position => &|run, word| word as f64 / (run.n_words() - 1).max(1) as f64,
            Self::Envelope | Self::PositionAndRate | Self::Pictures | Self::Dvars => return None,
        };
        #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
        let column =
            |run: &RunWords| Array2::from_shape_fn((run.n_words(), 1), |(i, _)| value(run, i) as f32);
        Some(runs.iter().map(column).collect())
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WordRate => "wordrate",
            Self::WordLength => "wordlength",
            Self::LogFrequency => "frequency",
            Self::Position => "position",
            Self::Envelope => "envelope",
            Self::PositionAndRate => "pwr",
            Self::Pictures => "pictures",
            Self::Dvars => "dvars",
        })
    }
}

impl FromStr for Control {
    type Err = TextError;

    fn from_str(name: &str) -> Result<Self, TextError> {
        Self::ALL
            .into_iter()
            .find(|control| control.to_string() == name)
            .ok_or_else(|| TextError::BadSetting {
                what: "control",
                found: name.to_owned(),
                expected: "wordrate, wordlength, frequency, position, envelope, pwr, pictures or dvars",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_control_says_one_thing_of_a_word() {
        let run = |words: &[&str]| RunWords {
            words: words.iter().map(|&w| w.to_owned()).collect(),
            ..RunWords::default()
        };
        let runs = [run(&["The", "été", "the"]), run(&["fox"])];
        let counts = WordCounts::of_story(&runs);
        let values = |control: Control| -> Vec<f32> {
            let runs = control.of_words(&runs, &counts).unwrap();
            runs.iter().flat_map(|run| run.iter().copied()).collect()
        };
        assert_eq!(values(Control::WordRate), [1.0; 4]);
        assert_eq!(values(Control::WordLength), [3.0, 3.0, 3.0, 3.0]);
        assert_eq!(values(Control::Position), [0.0, 0.5, 1.0, 0.0]);
        let (one, two) = (2_f32.ln(), 3_f32.ln());
        assert_eq!(values(Control::LogFrequency), [two, one, two, one]);
        assert!(Control::Envelope.of_words(&runs, &counts).is_none());
        assert!("loudness".parse::<Control>().is_err());
        let scans: Vec<Control> = Control::ALL
            .into_iter()
            .filter(|control| control.is_of_scans())
            .collect();
        assert_eq!(scans, [Control::Pictures, Control::Dvars]);
    }
}
