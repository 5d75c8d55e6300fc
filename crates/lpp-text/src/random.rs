//! Random baselines: one random vector per spoken word, or one per word of the vocabulary.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use lpp_stats::LegacyRandom;
use ndarray::{Array1, Array2};

use crate::{RunWords, TextError};

/// The kind of a random baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RandomKind {
    /// A new standard normal vector for each spoken word.
    Vector,
    /// One vector, uniform in [0, 1), for each distinct word.
    Embedding,
}

impl RandomKind {
    /// `vector` or `embedding`, as in the names of the published files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vector => "vector",
            Self::Embedding => "embedding",
        }
    }
}

impl fmt::Display for RandomKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RandomKind {
    type Err = TextError;

    fn from_str(name: &str) -> Result<Self, TextError> {
        match name {
            "vector" => Ok(Self::Vector),
            "embedding" => Ok(Self::Embedding),
            _ => Err(TextError::BadSetting {
                what: "type of random baseline",
                found: name.to_owned(),
                expected: "vector or embedding",
            }),
        }
    }
}

/// A random baseline; the same seed gives the same numbers as in the published analysis.
///
/// ```
/// use lpp_text::{RandomBaseline, RandomKind, RunWords};
///
/// let baseline = RandomBaseline { kind: RandomKind::Embedding, n_dims: 300, seed: 1 };
/// let words = RunWords { words: vec!["red".into(), "fox".into(), "red".into()], ..RunWords::default() };
/// let runs = baseline.draw(&[words]);
/// assert_eq!(runs[0].row(0), runs[0].row(2));
/// ```
///
/// # References
/// `generate_random_activations.py` of the paper's repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomBaseline {
    /// The kind of the baseline.
    pub kind: RandomKind,
    /// Length of the vectors.
    pub n_dims: usize,
    /// Seed of `NumPy`'s legacy generator.
    pub seed: u32,
}

impl RandomBaseline {
    /// Draws the vectors, (`n_words`, `n_dims`) for each run.
    ///
    /// One random stream is used for all runs, in order. Embeddings are drawn in the order in which words first occur.
    /// Two words are distinct if they differ in any character, including case.
    #[must_use]
    pub fn draw(&self, runs: &[RunWords]) -> Vec<Array2<f64>> {
        let mut random = LegacyRandom::seed(self.seed);
        match self.kind {
            RandomKind::Vector => self.vectors(runs, &mut random),
            RandomKind::Embedding => self.embeddings(runs, &mut random),
        }
    }

    fn vectors(&self, runs: &[RunWords], random: &mut LegacyRandom) -> Vec<Array2<f64>> {
        let shapes = runs.iter().map(|run| (run.n_words(), self.n_dims));
        shapes
            .map(|shape| Array2::from_shape_simple_fn(shape, || random.normal()))
            .collect()
    }

    fn embeddings(&self, runs: &[RunWords], random: &mut LegacyRandom) -> Vec<Array2<f64>> {
        let mut drawn: HashMap<&str, Array1<f64>> = HashMap::new();
        for word in runs.iter().flat_map(|run| &run.words) {
            let draw = || Array1::from_shape_simple_fn(self.n_dims, || random.uniform());
            drawn.entry(word).or_insert_with(draw);
        }
        let rows = |run: &RunWords| {
            let mut rows = Array2::zeros((run.n_words(), self.n_dims));
            for (word, mut row) in run.words.iter().zip(rows.outer_iter_mut()) {
                row.assign(&drawn[word.as_str()]);
            }
            rows
        };
        runs.iter().map(rows).collect()
    }
}
