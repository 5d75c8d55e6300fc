//! One stimulus, many subjects: the features are factored once, each subject costs its own products alone.
//!
//! ```text
//! OPENBLAS_NUM_THREADS=1 cargo run --release -p lpp-ridge --features openblas-system --example many_subjects -- 1500 4000 5
//! ```
//!
//! Arguments: number of features [1500], targets of each subject [4000], subjects [5]. Prints what each subject costs,
//! relative to a fit that has to factor first, and checks that both give the same scores.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::time::Instant;

use lpp_ridge::{RidgeCv, RidgeError, standardise_columns};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Scans of the nine English runs, trimmed by ten at both ends.
const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

fn main() -> Result<(), RidgeError> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| args.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let (n_features, n_targets, n_subjects) = (number(1500), number(4000), number(5));
    let x = noise(0, n_features);
    let model = RidgeCv::params().check()?;

    let start = Instant::now();
    let prepared = model.prepare(&x)?;
    println!("factoring: {:.2} s", start.elapsed().as_secs_f64());
    for subject in 1..=n_subjects {
        // Subjects stream through: only one is in memory.
        let y = driven(subject as u64, &x, n_targets);
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

/// White noise of each run, standardised.
fn noise(seed: u64, n_columns: usize) -> Vec<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut run = |n| Array2::from_shape_simple_fn((n, n_columns), || rng.random::<f32>());
    N_SCANS
        .into_iter()
        .map(|n| standardise_columns(&run(n)))
        .collect()
}

/// Targets of one subject: one feature each, and three times as much noise.
fn driven(subject: u64, x: &[Array2<f32>], n_targets: usize) -> Vec<Array2<f32>> {
    noise(subject, n_targets)
        .into_iter()
        .zip(x)
        .map(|(mut y, x)| {
            for (j, mut column) in y.columns_mut().into_iter().enumerate() {
                column.zip_mut_with(&x.column(j % x.ncols()), |y, &x| *y = 3.0 * *y + x);
            }
            standardise_columns(&y)
        })
        .collect()
}
