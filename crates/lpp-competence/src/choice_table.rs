//! The table of scored choices, and its accuracies.

use std::fmt;
use std::str::FromStr;

use lpp_stats::Marks;
use serde::{Deserialize, Serialize};

use crate::ChoiceItem;
use crate::pair_table::{add, interval};

/// By what the score of a choice is divided for `acc_norm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChoiceNorm {
    /// Characters (code points), as in lm-evaluation-harness.
    #[default]
    Characters,
    /// Bytes of UTF-8.
    Bytes,
    /// Tokens.
    Tokens,
}

const NORMS: [(ChoiceNorm, &str); 3] = [
    (ChoiceNorm::Characters, "characters"),
    (ChoiceNorm::Bytes, "bytes"),
    (ChoiceNorm::Tokens, "tokens"),
];

impl FromStr for ChoiceNorm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = NORMS.into_iter().find(|(_, name)| *name == text);
        found
            .map(|(norm, _)| norm)
            .ok_or_else(|| "expected characters, bytes or tokens".to_owned())
    }
}

impl fmt::Display for ChoiceNorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NORMS.into_iter().find(|(norm, _)| norm == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// What a model says of a choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredChoice {
    /// Sum of ln p over its tokens, in nats.
    pub logp_nats: f64,
    /// Their number.
    pub n_tokens: usize,
    /// Whether each of them is the likeliest.
    pub is_greedy: bool,
}

/// A scored choice. Truth values are 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceRow {
    /// The question, from 0.
    pub item: usize,
    /// The choice, from 0.
    pub choice: usize,
    /// Sum of ln p over its tokens.
    pub logp_nats: f64,
    /// Its tokens.
    pub n_tokens: usize,
    /// Its characters, without the blank in front.
    pub n_characters: usize,
    /// Whether each of its tokens is the likeliest.
    pub is_greedy: u8,
    /// Whether it is the answer.
    pub is_answer: u8,
    /// Whether it has the largest score, the first of equals.
    pub picked: u8,
    /// Whether it has the largest score by length.
    pub picked_norm: u8,
}

/// The rows of an item, in the order of its choices.
#[must_use]
pub fn choice_rows(
    index: usize,
    item: &ChoiceItem,
    scored: &[ScoredChoice],
    norm: ChoiceNorm,
) -> Vec<ChoiceRow> {
    let length = |choice: &str, scored: &ScoredChoice| match norm {
        ChoiceNorm::Characters => choice.chars().count(),
        ChoiceNorm::Bytes => choice.len(),
        ChoiceNorm::Tokens => scored.n_tokens,
    };
    let of_length = item.choices.iter().zip(scored);
    let of_length = of_length.map(|(choice, scored)| scored.logp_nats / length(choice, scored) as f64);
    let picked = first_largest(scored.iter().map(|scored| scored.logp_nats));
    let picked_norm = first_largest(of_length);
    let choices = item.choices.iter().zip(scored).enumerate();
    let row = |(choice, (text, scored)): (usize, (&String, &ScoredChoice))| ChoiceRow {
        item: index,
        choice,
        logp_nats: scored.logp_nats,
        n_tokens: scored.n_tokens,
        n_characters: text.chars().count(),
        is_greedy: u8::from(scored.is_greedy),
        is_answer: u8::from(choice == item.answer),
        picked: u8::from(Some(choice) == picked),
        picked_norm: u8::from(Some(choice) == picked_norm),
    };
    choices.map(row).collect()
}

fn first_largest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, value) in values.enumerate() {
        if best.is_none_or(|(_, largest)| value > largest) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

/// Shares of questions whose answer was picked, with percentile intervals (95 %) over 10 000 resamples of questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChoiceSummary {
    /// Number of questions.
    pub n: u64,
    /// By the score.
    pub acc: f64,
    /// Its interval.
    pub acc_interval: [f64; 2],
    /// By the score divided by the length.
    pub acc_norm: f64,
    /// Its interval.
    pub acc_norm_interval: [f64; 2],
}

impl ChoiceSummary {
    /// The accuracies of a table.
    #[must_use]
    pub fn of(rows: &[ChoiceRow]) -> Self {
        let (mut by_sum, mut by_norm) = (Marks::default(), Marks::default());
        for row in rows.iter().filter(|row| row.is_answer == 1) {
            add(&mut by_sum, f64::from(row.picked));
            add(&mut by_norm, f64::from(row.picked_norm));
        }
        Self {
            n: by_sum.n(),
            acc: by_sum.mean(),
            acc_interval: interval(&[vec![by_sum]]),
            acc_norm: by_norm.mean(),
            acc_norm_interval: interval(&[vec![by_norm]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(logp_nats: f64, n_tokens: usize) -> ScoredChoice {
        ScoredChoice {
            logp_nats,
            n_tokens,
            is_greedy: false,
        }
    }

    #[test]
    fn sums_favour_short_choices_and_lengths_count_in_code_points() {
        let item = ChoiceItem {
            context: String::new(),
            choices: ["éé", "abc", "abcdef"].map(str::to_owned).to_vec(),
            answer: 2,
        };
        let scores = [scored(-2.0, 1), scored(-2.0, 3), scored(-4.2, 3)];
        let picks = |norm| {
            let rows = choice_rows(0, &item, &scores, norm);
            let find = |picked: fn(&ChoiceRow) -> u8| rows.iter().position(|row| picked(row) == 1);
            (find(|row| row.picked), find(|row| row.picked_norm))
        };
        // -1, -2/3, -0.7; in bytes -1/2 first; in tokens -2, -2/3, -1.4. The first of equal sums wins.
        assert_eq!(picks(ChoiceNorm::Characters), (Some(0), Some(1)));
        assert_eq!(picks(ChoiceNorm::Bytes), (Some(0), Some(0)));
        assert_eq!(picks(ChoiceNorm::Tokens), (Some(0), Some(1)));
        let rows = choice_rows(0, &item, &scores, ChoiceNorm::Characters);
        assert_eq!((rows[0].n_characters, rows[2].is_answer), (2, 1));
        let found = ChoiceSummary::of(&rows);
        assert_eq!((found.n, found.acc, found.acc_norm), (1, 0.0, 0.0));
    }
}
