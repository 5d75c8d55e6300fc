//! Hidden vectors of words, to which the simulated brain responds.

use std::collections::HashMap;

use ndarray::{Array1, Array2};

use crate::random::{normal, normal_matrix, stream};

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

    /// What no model knows of the words of a run, (`n_words`, `N_BEYOND`): another vector for each occurrence of a word, and
    /// for all subjects the same.
    pub(crate) fn beyond(&self, run: usize, n_words: usize) -> Array2<f32> {
        normal_matrix(
            &mut stream(self.seed, &format!("beyond run {run}")),
            (n_words, N_BEYOND),
            1.0,
        )
    }
}

/// Number of hidden dimensions of a word that no model knows.
pub(crate) const N_BEYOND: usize = 16;
/// A voxel with a full reserve weighs dimension k by this power of k less: 3 % of the signal at four dimensions, 46 % at all.
const RESERVE_POWER: f64 = 0.25;

/// Share of the variance of the weight on dimension k, from 1, that is left in a voxel with `reserve`.
pub(crate) fn share_left(k: usize, reserve: f64) -> f64 {
    1.0 - reserve * (1.0 - (k as f64).powf(-RESERVE_POWER))
}

/// Standard deviation of the brain's weight on each hidden dimension; the variances sum to one.
#[must_use]
pub fn weight_stds() -> Array1<f32> {
    let total = summed_variance(N_LATENT);
    (1..=N_LATENT)
        .map(|k| (variance(k) / total).sqrt() as f32)
        .collect()
}

/// Share of the brain's response that the first `n_dims` hidden dimensions explain, in a voxel that weighs what only larger
/// models know less by `reserve`; 0 for none.
#[must_use]
pub fn explained_share(n_dims: usize, reserve: f64) -> f64 {
    let explained = (1..=n_dims.min(N_LATENT)).map(|k| variance(k) * share_left(k, reserve));
    explained.sum::<f64>() / summed_variance(N_LATENT)
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
    fn a_reserve_is_larger_for_larger_models() {
        let lost = |n| explained_share(n, 0.0) - explained_share(n, 1.0);
        // As the documentation of the power says.
        assert!((lost(4) - 0.03).abs() < 0.005 && (lost(N_LATENT) - 0.46).abs() < 0.005);
        assert!((lost(1)).abs() < 1e-12);
    }

    #[test]
    fn variances_sum_to_one() {
        // f32 standard deviations: 64 squares, each rounded to 6e-8.
        assert!((weight_stds().mapv(|s| s * s).sum() - 1.0).abs() < 1e-5);
        assert!((explained_share(N_LATENT, 0.0) - 1.0).abs() < 1e-12);
        assert!(explained_share(8, 0.0) < explained_share(16, 0.0));
    }
}
