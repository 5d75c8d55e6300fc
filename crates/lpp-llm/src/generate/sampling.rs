//! The draw of one token from logits.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How a token is drawn: the logits are divided by the temperature; of the probabilities, the `top_k` largest are kept, and of these as
/// many of the largest as have the sum `top_p`; one of them is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 takes the likeliest token, the first of equals.
    pub temperature: f64,
    /// Above 0; 1 keeps all. It is a share of the whole distribution.
    pub top_p: f64,
    /// All if absent.
    pub top_k: Option<usize>,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Sampling {
    /// The likeliest token.
    #[must_use]
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: None,
            seed: 0,
        }
    }

    /// The token that follows; `key` is the number of the prompt, of the sample and of the token.
    pub(super) fn token(&self, logits: &[f64], key: [u64; 3]) -> usize {
        if self.temperature > 0.0 {
            self.token_at(logits, uniform(self.seed, key))
        } else {
            best(logits)
        }
    }

    /// The token at a number between 0 and 1 in the distribution, the largest probability first.
    fn token_at(&self, logits: &[f64], uniform: f64) -> usize {
        let largest = logits[best(logits)];
        let weights: Vec<f64> = logits
            .iter()
            .map(|logit| ((logit - largest) / self.temperature).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_unstable_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        order.truncate(self.top_k.unwrap_or(usize::MAX).max(1));
        if self.top_p < 1.0 {
            order.truncate(n_reaching(
                order.iter().map(|&id| weights[id]),
                self.top_p * total,
            ));
        }
        let kept: f64 = order.iter().map(|&id| weights[id]).sum();
        let mut sum = 0.0;
        let found = order.iter().find(|&&id| {
            sum += weights[id];
            sum > uniform * kept
        });
        // With a number next to 1, rounding can leave the sum behind.
        found.or(order.last()).copied().unwrap_or(0)
    }
}

/// How many of the first values have at least this sum; all if they have not.
fn n_reaching(values: impl Iterator<Item = f64>, wanted: f64) -> usize {
    let mut sum = 0.0;
    let below = values.take_while(|value| {
        sum += value;
        sum < wanted
    });
    below.count() + 1
}

/// The largest, the first of equals.
fn best(logits: &[f64]) -> usize {
    let later_is_larger = |best: usize, id: usize| if logits[id] > logits[best] { id } else { best };
    (0..logits.len()).fold(0, later_is_larger)
}

/// ln p of a token.
pub(super) fn logprob(logits: &[f64], id: usize) -> f64 {
    let largest = logits[best(logits)];
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    logits[id] - largest - sum.ln()
}

/// A number in [0, 1) that depends on the seed and the key alone.
fn uniform(seed: u64, [prompt, sample, token]: [u64; 3]) -> f64 {
    let mut key = [0; 32];
    for (part, value) in key.chunks_mut(8).zip([seed, prompt, sample]) {
        part.copy_from_slice(&value.to_le_bytes());
    }
    let mut numbers = ChaCha8Rng::from_seed(key);
    // Two words a number of 53 bits.
    numbers.set_word_pos(2 * u128::from(token));
    numbers.random()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ln p of 0.1, 0.4, 0.2, 0.2, 0.1.
    fn logits() -> Vec<f64> {
        [0.1, 0.4, 0.2, 0.2, 0.1].map(|p: f64| p.ln() + 3.0).to_vec()
    }

    /// The tokens at 0, 0.1, …, 0.9.
    fn tokens(sampling: Sampling) -> Vec<usize> {
        (0..10)
            .map(|i| sampling.token_at(&logits(), f64::from(i) / 10.0 + 0.01))
            .collect()
    }

    #[test]
    fn tokens_are_drawn_by_descending_probability_and_id() {
        let all = Sampling {
            temperature: 1.0,
            ..Sampling::greedy()
        };
        assert_eq!(tokens(all), [1, 1, 1, 1, 2, 2, 3, 3, 0, 4]);
        let three = Sampling {
            top_k: Some(3),
            ..all
        };
        assert_eq!(tokens(three), [1, 1, 1, 1, 1, 2, 2, 2, 3, 3]);
        // 0.4 and 0.2 reach a half.
        let half = Sampling { top_p: 0.5, ..all };
        assert_eq!(tokens(half), [1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
        let least = Sampling { top_p: 1e-9, ..all };
        assert_eq!(tokens(least), [1; 10]);
        // Probabilities are squared: 0.16, 0.04, 0.04, 0.01, 0.01 of 0.26.
        let cold = Sampling {
            temperature: 0.5,
            ..all
        };
        assert_eq!(tokens(cold), [1, 1, 1, 1, 1, 1, 1, 2, 3, 3]);
        assert_eq!(Sampling::greedy().token(&[1.0, 5.0, 5.0], [0; 3]), 1);
    }

    #[test]
    fn logprobs_are_those_of_the_whole_distribution() {
        assert!((logprob(&logits(), 2) - 0.2_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn numbers_depend_on_each_part_of_the_key() {
        let first = uniform(1, [0, 0, 0]);
        assert!((0.0..1.0).contains(&first) && first.to_bits() == uniform(1, [0, 0, 0]).to_bits());
        for other in [
            uniform(2, [0, 0, 0]),
            uniform(1, [1, 0, 0]),
            uniform(1, [0, 1, 0]),
            uniform(1, [0, 0, 1]),
        ] {
            assert_ne!(first.to_bits(), other.to_bits());
        }
        // The numbers of a sample are one sequence, so no two of them share bits.
        let mut key = [0; 32];
        key[0] = 1;
        let mut sequence = ChaCha8Rng::from_seed(key);
        for token in 0..20 {
            assert_eq!(
                sequence.random::<f64>().to_bits(),
                uniform(1, [0, 0, token]).to_bits()
            );
        }
    }
}
