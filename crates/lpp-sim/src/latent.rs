//! Hidden vectors of words, to which the simulated brain responds.

use std::collections::HashMap;

use ndarray::{Array1, Array2};

use crate::random::{normal, stream};

/// Number of hidden dimensions of a word.
pub const N_LATENT: usize = 64;

/// Hidden vectors of words: independent standard normal numbers, the same for every occurrence of a word.
///
/// The weight of dimension k (from 1) in the brain's response has variance proportional to 1/√k. So the share explained
/// by a model with the first d dimensions grows about as √d, and its correlation about as the fourth root of d. Over
/// the widths of a demo this is nearly a straight line in log d, the planted scaling law.
#[derive(Debug)]
pub struct WordLatents {
    seed: u64,
    known: HashMap<String, Array1<f32>>,
}

impl WordLatents {
    /// The hidden vectors for `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            known: HashMap::new(),
        }
    }

    /// The vector of one word.
    pub fn of(&mut self, word: &str) -> Array1<f32> {
        if let Some(vector) = self.known.get(word) {
            return vector.clone();
        }
        let mut rng = stream(self.seed, &format!("latent {word}"));
        let vector = Array1::from_shape_simple_fn(N_LATENT, || normal(&mut rng));
        self.known.insert(word.to_owned(), vector.clone());
        vector
    }

    /// Vectors of a sequence of words, (`n_words`, [`N_LATENT`]).
    pub fn of_sequence<'a>(&mut self, words: impl ExactSizeIterator<Item = &'a str>) -> Array2<f32> {
        let mut all = Array2::zeros((words.len(), N_LATENT));
        for (mut row, word) in all.rows_mut().into_iter().zip(words) {
            row.assign(&self.of(word));
        }
        all
    }
}

/// Standard deviation of the brain's weight on each hidden dimension; the variances sum to one.
#[must_use]
pub fn weight_stds() -> Array1<f32> {
    let total = summed_variance(N_LATENT);
    (1..=N_LATENT)
        .map(|k| (variance(k) / total).sqrt() as f32)
        .collect()
}

/// Share of the brain's response that the first `n_dims` hidden dimensions explain.
#[must_use]
pub fn explained_share(n_dims: usize) -> f64 {
    summed_variance(n_dims.min(N_LATENT)) / summed_variance(N_LATENT)
}

/// Unscaled variance of the brain's weight on hidden dimension k, from 1.
fn variance(k: usize) -> f64 {
    1.0 / (k as f64).sqrt()
}

fn summed_variance(n: usize) -> f64 {
    (1..=n).map(variance).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_keeps_its_vector() {
        let mut latents = WordLatents::new(5);
        let all = latents.of_sequence(["fox", "owl", "fox"].into_iter());
        assert_eq!(all.row(0), all.row(2));
        assert_ne!(all.row(0), all.row(1));
        assert_eq!(WordLatents::new(5).of("owl"), all.row(1));
    }

    #[test]
    fn variances_sum_to_one() {
        // f32 standard deviations: 64 squares, each rounded to 6e-8.
        assert!((weight_stds().mapv(|s| s * s).sum() - 1.0).abs() < 1e-5);
        assert!((explained_share(N_LATENT) - 1.0).abs() < 1e-12);
        assert!(explained_share(8) < explained_share(16));
    }
}
