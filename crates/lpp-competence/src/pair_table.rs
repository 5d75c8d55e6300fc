//! The table of scored minimal pairs, and its accuracies.

use std::collections::BTreeMap;

use lpp_stats::{Marks, battery_interval, battery_mean};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

use crate::table::shortest;

/// Resamples and seed of the intervals.
const N_RESAMPLES: usize = 10_000;
const SEED: u64 = 1;

/// ln P of a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Sum over its scored tokens, in nats.
    pub logp_nats: f64,
    /// Their number.
    pub n_tokens: usize,
}

/// A scored pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairRow {
    /// The set.
    pub set: String,
    /// Its number in the set, from 0.
    pub item: usize,
    /// What the set is about.
    pub phenomenon: String,
    /// Scored tokens of the good sentence.
    pub n_tokens_good: usize,
    /// Scored tokens of the bad one.
    pub n_tokens_bad: usize,
    /// ln P of the good sentence.
    pub logp_good_nats: f64,
    /// ln P of the bad one.
    pub logp_bad_nats: f64,
    /// 1 if the good sentence is likelier, ½ if both are equally likely, otherwise 0.
    #[serde(serialize_with = "shortest")]
    pub correct: f64,
    /// The same by ln P per token.
    #[serde(serialize_with = "shortest")]
    pub correct_mean: f64,
}

impl PairRow {
    /// The row of a pair.
    #[must_use]
    pub fn new(set: &str, item: usize, phenomenon: &str, good: Scored, bad: Scored) -> Self {
        let mean = |sentence: Scored| sentence.logp_nats / sentence.n_tokens as f64;
        Self {
            set: set.to_owned(),
            item,
            phenomenon: phenomenon.to_owned(),
            n_tokens_good: good.n_tokens,
            n_tokens_bad: bad.n_tokens,
            logp_good_nats: good.logp_nats,
            logp_bad_nats: bad.logp_nats,
            correct: mark(good.logp_nats, bad.logp_nats),
            correct_mean: mark(mean(good), mean(bad)),
        }
    }
}

fn mark(good: f64, bad: f64) -> f64 {
    if good > bad {
        1.0
    } else if good < bad {
        0.0
    } else {
        0.5
    }
}

/// The accuracy of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetAccuracy {
    /// The set.
    pub set: String,
    /// What it is about.
    pub phenomenon: String,
    /// Number of pairs.
    pub n: u64,
    /// Mean of `correct`.
    pub accuracy: f64,
    /// Mean of `correct_mean`.
    pub accuracy_mean: f64,
}

/// Accuracies of a battery, with percentile intervals (95 %) over 10 000 resamples of sets and of items within sets; those over
/// phenomena resample phenomena, too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairSummary {
    /// Each set, in the order of the table.
    pub sets: Vec<SetAccuracy>,
    /// Mean over sets.
    pub macro_accuracy: f64,
    /// Its interval.
    pub macro_accuracy_interval: [f64; 2],
    /// Mean over sets of the accuracy by ln P per token.
    pub macro_accuracy_mean: f64,
    /// Its interval.
    pub macro_accuracy_mean_interval: [f64; 2],
    /// Mean over phenomena of the mean over their sets; none with fewer than two phenomena.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phenomena_accuracy: Option<f64>,
    /// Its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phenomena_accuracy_interval: Option<[f64; 2]>,
}

impl PairSummary {
    /// The accuracies of the sets of a table, in its order.
    #[must_use]
    pub fn sets_of(rows: &[PairRow]) -> Vec<SetAccuracy> {
        marks_of(rows).iter().map(SetMarks::accuracy).collect()
    }

    /// The accuracies of a table.
    #[must_use]
    pub fn of(rows: &[PairRow]) -> Self {
        let sets = marks_of(rows);
        let of_sets = |measure: usize| vec![sets.iter().map(|set| set.marks[measure]).collect::<Vec<_>>()];
        let mut phenomena: BTreeMap<&str, Vec<Marks>> = BTreeMap::new();
        for set in &sets {
            phenomena.entry(set.phenomenon).or_default().push(set.marks[0]);
        }
        let phenomena: Vec<Vec<Marks>> = phenomena.into_values().collect();
        let several = phenomena.len() > 1;
        Self {
            sets: sets.iter().map(SetMarks::accuracy).collect(),
            macro_accuracy: battery_mean(&of_sets(0)),
            macro_accuracy_interval: interval(&of_sets(0)),
            macro_accuracy_mean: battery_mean(&of_sets(1)),
            macro_accuracy_mean_interval: interval(&of_sets(1)),
            phenomena_accuracy: several.then(|| battery_mean(&phenomena)),
            phenomena_accuracy_interval: several.then(|| interval(&phenomena)),
        }
    }
}

/// The marks of a set, by sum and by mean.
struct SetMarks<'a> {
    set: &'a str,
    phenomenon: &'a str,
    marks: [Marks; 2],
}

impl SetMarks<'_> {
    fn accuracy(&self) -> SetAccuracy {
        SetAccuracy {
            set: self.set.to_owned(),
            phenomenon: self.phenomenon.to_owned(),
            n: self.marks[0].n(),
            accuracy: self.marks[0].mean(),
            accuracy_mean: self.marks[1].mean(),
        }
    }
}

/// The marks of each set, in the order of the table.
fn marks_of(rows: &[PairRow]) -> Vec<SetMarks<'_>> {
    let mut sets: Vec<SetMarks<'_>> = Vec::new();
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows {
        let (set, phenomenon) = (row.set.as_str(), row.phenomenon.as_str());
        let place = *places.entry((set, phenomenon)).or_insert_with(|| {
            sets.push(SetMarks {
                set,
                phenomenon,
                marks: [Marks::default(); 2],
            });
            sets.len() - 1
        });
        add(&mut sets[place].marks[0], row.correct);
        add(&mut sets[place].marks[1], row.correct_mean);
    }
    sets
}

/// Counts a mark of 1, ½ or 0.
pub(crate) fn add(marks: &mut Marks, mark: f64) {
    if mark > 0.75 {
        marks.right += 1;
    } else if mark > 0.25 {
        marks.tied += 1;
    } else {
        marks.wrong += 1;
    }
}

/// The interval of a battery; NaN without items.
pub(crate) fn interval(groups: &[Vec<Marks>]) -> [f64; 2] {
    let mut rng = ChaCha12Rng::seed_from_u64(SEED);
    battery_interval(groups, N_RESAMPLES, 0.95, &mut rng)
        .map_or([f64::NAN; 2], |found| [found.low, found.high])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{load_rows, save_rows};

    fn scored(logp_nats: f64, n_tokens: usize) -> Scored {
        Scored { logp_nats, n_tokens }
    }

    #[test]
    fn ties_are_half_right_and_sets_count_alike() {
        let rows = [
            PairRow::new("a", 0, "x", scored(-1.0, 2), scored(-2.0, 2)),
            PairRow::new("a", 1, "x", scored(-3.0, 2), scored(-3.0, 2)),
            PairRow::new("b", 0, "y", scored(-5.0, 5), scored(-4.0, 2)),
        ];
        let found = PairSummary::of(&rows);
        assert_eq!(
            (found.sets[0].n, found.sets[0].accuracy, found.sets[1].accuracy),
            (2, 0.75, 0.0)
        );
        assert_eq!((found.macro_accuracy, found.macro_accuracy_mean), (0.375, 0.875));
        assert_eq!(found.phenomena_accuracy, Some(0.375));
        let [low, high] = found.macro_accuracy_interval;
        assert!(low == 0.0 && high > 0.5, "{low} {high}");
    }

    #[test]
    fn a_saved_table_comes_back_and_whole_numbers_have_no_decimals() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.csv");
        let rows = [PairRow::new("a", 0, "", scored(-1.0 / 3.0, 2), scored(-2.0, 2))];
        save_rows(&path, &rows).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(
            "set,item,phenomenon,n_tokens_good,n_tokens_bad,logp_good_nats,logp_bad_nats,correct,correct_mean\n"
        ));
        assert!(text.trim_end().ends_with(",1,1"), "{text}");
        assert_eq!(load_rows::<PairRow>(&path).unwrap(), rows);
    }
}
