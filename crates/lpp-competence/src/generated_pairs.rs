//! Minimal pairs that are made by rule: sums, and brackets.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use lpp_files::FileError;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::Serialize;

use crate::Pair;

/// A battery made by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratedBattery {
    /// `a + b = c` against `a + b = c'` with a wrong sum of as many digits; sets by the digits of the larger term.
    Arithmetic,
    /// Brackets of one to three kinds, 4 to 24 of them, nested up to 4 deep, against the same with one closing bracket of another
    /// kind; sets by the number of kinds.
    Dyck,
}

const BATTERIES: [(GeneratedBattery, &str); 2] = [
    (GeneratedBattery::Arithmetic, "arithmetic"),
    (GeneratedBattery::Dyck, "dyck"),
];

impl FromStr for GeneratedBattery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = BATTERIES.into_iter().find(|(_, name)| *name == text);
        found
            .map(|(battery, _)| battery)
            .ok_or_else(|| "expected arithmetic or dyck".to_owned())
    }
}

impl fmt::Display for GeneratedBattery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = BATTERIES.into_iter().find(|(battery, _)| battery == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// Sets of a battery: digits of the larger term, or kinds of brackets.
const N_SETS: u32 = 3;

/// Brackets of each kind.
const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];
const DEEPEST: usize = 4;

/// `n` pairs of each of three sets, by `seed`.
#[must_use]
pub fn generated_pairs(battery: GeneratedBattery, n: usize, seed: u64) -> Vec<Pair> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mut pairs = Vec::new();
    for size in 1..=N_SETS {
        for item in 0..n {
            let (set, (good, bad)) = match battery {
                GeneratedBattery::Arithmetic => (format!("digits_{size}"), sum(size, &mut rng)),
                GeneratedBattery::Dyck => (format!("kinds_{size}"), brackets(size, &mut rng)),
            };
            pairs.push(Pair {
                set,
                item,
                phenomenon: battery.to_string(),
                good,
                bad,
            });
        }
    }
    pairs
}

/// A sum whose larger term has `n_digits`, and a wrong one.
fn sum(n_digits: u32, rng: &mut impl Rng) -> (String, String) {
    let bounds = |n_digits: u32| (10_u32.pow(n_digits - 1), 10_u32.pow(n_digits));
    let (low, high) = bounds(n_digits);
    let larger = rng.random_range(low..high);
    let smaller = rng.random_range(1..=larger);
    let (a, b) = if rng.random_bool(0.5) {
        (larger, smaller)
    } else {
        (smaller, larger)
    };
    let c = a + b;
    let (low, high) = bounds(c.ilog10() + 1);
    // Any other number of as many digits.
    let wrong = rng.random_range(low..high - 1);
    let wrong = wrong + u32::from(wrong >= c);
    (format!("{a} + {b} = {c}"), format!("{a} + {b} = {wrong}"))
}

/// A balanced string of brackets of up to `n_kinds` kinds, and one with a closing bracket of another kind.
fn brackets(n_kinds: u32, rng: &mut impl Rng) -> (String, String) {
    let n_pairs = rng.random_range(2..=12);
    let mut open: Vec<usize> = Vec::new();
    let n_kinds = n_kinds as usize;
    let (mut good, mut n_opened, mut closing) = (Vec::new(), 0, Vec::new());
    while good.len() < 2 * n_pairs {
        let may_open = n_opened < n_pairs && open.len() < DEEPEST;
        if may_open && (open.is_empty() || rng.random_bool(0.5)) {
            let kind = rng.random_range(0..n_kinds);
            open.push(kind);
            n_opened += 1;
            good.push(BRACKETS[kind].0);
        } else if let Some(kind) = open.pop() {
            closing.push((good.len(), kind));
            good.push(BRACKETS[kind].1);
        }
    }
    let (at, kind) = closing[rng.random_range(0..closing.len())];
    let other = (kind + rng.random_range(1..BRACKETS.len())) % BRACKETS.len();
    let mut bad = good.clone();
    bad[at] = BRACKETS[other].1;
    let text = |brackets: Vec<char>| {
        let brackets: Vec<String> = brackets.into_iter().map(String::from).collect();
        brackets.join(" ")
    };
    (text(good), text(bad))
}

#[derive(Serialize)]
struct TableRow<'a> {
    good: &'a str,
    bad: &'a str,
    set: &'a str,
    phenomenon: &'a str,
}

/// Writes pairs as a table that [`load_pairs`](crate::load_pairs) reads.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written.
pub fn save_pairs(path: &Path, pairs: &[Pair]) -> Result<(), FileError> {
    let row = |pair| {
        let Pair {
            set,
            phenomenon,
            good,
            bad,
            ..
        }: &Pair = pair;
        TableRow {
            good,
            bad,
            set,
            phenomenon,
        }
    };
    crate::save_rows(path, &pairs.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> u32 {
        text.trim().parse().unwrap()
    }

    #[test]
    fn sums_are_right_and_wrong_ones_as_long() {
        for pair in generated_pairs(GeneratedBattery::Arithmetic, 200, 3) {
            let (terms, good) = pair.good.split_once('=').unwrap();
            let (same, bad) = pair.bad.split_once('=').unwrap();
            let (a, b) = terms.split_once('+').unwrap();
            assert_eq!(number(a) + number(b), number(good));
            assert!(
                terms == same && good.len() == bad.len() && good != bad,
                "{pair:?}"
            );
        }
    }

    #[test]
    fn brackets_are_balanced_and_broken_in_one_place() {
        let depth_of = |text: &str| {
            let (mut open, mut deepest) = (Vec::new(), 0);
            for sign in text.split(' ').map(|sign| sign.chars().next().unwrap()) {
                match BRACKETS.iter().find(|(_, close)| *close == sign) {
                    None => open.push(sign),
                    Some((opening, _)) if open.pop() == Some(*opening) => {}
                    Some(_) => return None,
                }
                deepest = deepest.max(open.len());
            }
            open.is_empty().then_some(deepest)
        };
        for pair in generated_pairs(GeneratedBattery::Dyck, 200, 3) {
            let n = pair.good.split(' ').count();
            assert!(
                (4..=24).contains(&n) && depth_of(&pair.good).is_some_and(|depth| depth <= 4),
                "{pair:?}"
            );
            assert!(depth_of(&pair.bad).is_none());
            let different = pair.good.chars().zip(pair.bad.chars()).filter(|(a, b)| a != b);
            assert_eq!((different.count(), pair.good.len()), (1, pair.bad.len()));
        }
    }

    #[test]
    fn the_seed_decides_the_pairs_and_the_table_gives_them_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.csv");
        let pairs = generated_pairs(GeneratedBattery::Dyck, 5, 1);
        assert_ne!(pairs, generated_pairs(GeneratedBattery::Dyck, 5, 2));
        save_pairs(&path, &pairs).unwrap();
        assert_eq!(crate::load_pairs(&[path]).unwrap(), pairs);
    }
}
