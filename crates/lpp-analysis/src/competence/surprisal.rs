//! How well a checkpoint predicts the text.

use std::collections::HashMap;
use std::f64::consts::LN_2;

use lpp_competence::WordRow;
use lpp_stats::pearson;
use lpp_tables::Surprisal;

use super::batteries::{Battery, Content};

/// The row of a table of words; none for items.
pub(super) fn row(battery: &Battery) -> Option<Surprisal> {
    let Content::Words(words) = &battery.content else {
        return None;
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in words {
        *counts.entry(word.word.to_lowercase()).or_default() += 1;
    }
    let known: Vec<(&WordRow, f64)> = words
        .iter()
        .filter_map(|word| Some((word, word.surprisal_bits?)))
        .collect();
    let bits: Vec<f64> = known.iter().map(|(_, bits)| *bits).collect();
    let over = |number: &dyn Fn(&WordRow) -> f64| -> Vec<f64> {
        known.iter().map(|(word, _)| number(word)).collect()
    };
    let sum: f64 = bits.iter().sum();
    let n_tokens: f64 = over(&|word| word.n_tokens as f64).iter().sum();
    let n_bytes: f64 = over(&|word| word.word.len() as f64 + 1.0).iter().sum();
    let r = |other: &[f64]| pearson(&bits, other).map_or(f64::NAN, |found| found.r);
    Some(Surprisal {
        checkpoint: battery.checkpoint.clone(),
        battery: battery.name.clone(),
        n_words: known.len(),
        perplexity: (sum * LN_2 / n_tokens).exp(),
        bits_per_byte: sum / n_bytes,
        bits_per_word: sum / known.len() as f64,
        r_frequency: r(&over(&|word| (counts[&word.word.to_lowercase()] as f64).ln())),
        r_length: r(&over(&|word| word.word.chars().count() as f64)),
    })
}
