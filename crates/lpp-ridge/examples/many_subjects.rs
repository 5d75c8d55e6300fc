//! One stimulus, many subjects: the features are factored once, each subject costs its own products alone.
//!
//! ```text
//! cargo run --release -p lpp-ridge --example many_subjects -- 1500 4000 5
//! ```
//!
//! Arguments: number of features [1500], targets of each subject [4000], subjects [5]. Prints what each subject costs,
//! relative to a fit that has to factor first, and checks that both give the same scores. Features fall off as activations do;
//! how long the race of penalties takes, and so what a subject costs, depends on how clear the best penalty is.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::time::Instant;

use lpp_ridge::{RidgeCv, RidgeError, standardise_columns};
use ndarray::{Array2, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Scans of the nine English runs, trimmed by ten at both ends.
const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

fn main() -> Result<(), RidgeError> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| args.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let (n_features, n_targets, n_subjects) = (number(1500), number(4000), number(5));
    let stimulus = Stimulus::new(n_features);
    let x = stimulus.features();
    let model = RidgeCv::params().check()?;

    let start = Instant::now();
    let prepared = model.prepare(&x)?;
    println!("factoring: {:.2} s", start.elapsed().as_secs_f64());
    for subject in 1..=n_subjects {
        // Subjects stream through: only one is in memory.
        let y = stimulus.targets(subject as u64, n_targets);
        let start = Instant::now();
        let alone = model.fit(&x, &y)?;
        let alone_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let shared = prepared.score(&y)?;
        let shared_s = start.elapsed().as_secs_f64();
        println!(
            "subject {subject}: {shared_s:.2} s, {:.0} % of the {alone_s:.2} s of a lone fit; mean score {:.4}, same scores: {}",
            100.0 * shared_s / alone_s,
            shared.mean_score(),
            shared.scores == alone.scores
        );
    }
    Ok(())
}

/// A stimulus of some hundred dimensions of falling weight, as activations of language models have.
struct Stimulus {
    /// Slowly varying dimensions of each run, (`n_scans`, rank).
    latent: Vec<Array2<f32>>,
    /// Weight of each dimension in each feature, (rank, `n_features`).
    mixing: Array2<f32>,
}

impl Stimulus {
    fn new(n_features: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let rank = n_features.min(400);
        let smooth = |white: Array2<f32>| {
            let n = white.nrows() - 2;
            &white.slice(s![..n, ..]) + &white.slice(s![1..=n, ..]) + white.slice(s![2.., ..])
        };
        Self {
            latent: N_SCANS
                .map(|n| standardise_columns(&smooth(noise(&mut rng, n + 2, rank))))
                .into(),
            mixing: falling(noise(&mut rng, rank, n_features)),
        }
    }

    fn features(&self) -> Vec<Array2<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut run = |latent: &Array2<f32>| {
            let own = noise(&mut rng, latent.nrows(), self.mixing.ncols()) * 0.3;
            standardise_columns(&(latent.dot(&self.mixing) + own))
        };
        self.latent.iter().map(&mut run).collect()
    }

    /// Targets of one subject: signals of random strength, up to half of the noise.
    fn targets(&self, subject: u64, n_targets: usize) -> Vec<Array2<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(1 + subject);
        let mut weights = falling(noise(&mut rng, self.mixing.nrows(), n_targets));
        for mut column in weights.columns_mut() {
            let strength = 0.5 * rng.random::<f32>();
            column *= strength / column.dot(&column).sqrt();
        }
        let mut run = |latent: &Array2<f32>| {
            let own = noise(&mut rng, latent.nrows(), n_targets);
            standardise_columns(&(latent.dot(&weights) + own))
        };
        self.latent.iter().map(&mut run).collect()
    }
}

/// White noise of unit variance.
fn noise(rng: &mut ChaCha8Rng, n_rows: usize, n_columns: usize) -> Array2<f32> {
    Array2::from_shape_simple_fn((n_rows, n_columns), || {
        12_f32.sqrt() * (rng.random::<f32>() - 0.5)
    })
}

/// Row k over the root of k + 1.
fn falling(mut weights: Array2<f32>) -> Array2<f32> {
    for (k, mut row) in weights.rows_mut().into_iter().enumerate() {
        row /= (k as f32 + 1.0).sqrt();
    }
    weights
}
