//! Times nulls of one layer at the scale of the reference study, relative to a fit.
//!
//! ```text
//! cargo run --release -p lpp-ridge --example nulls -- 1000
//! ```
//!
//! Arguments: number of nulls [1000], orders of each run [16], number of features [768], number of targets [25870].
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::time::Instant;

use lpp_ridge::{NullOrders, RidgeCv, RidgeError, standardise_columns};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Scans of the nine English runs, trimmed by ten at both ends.
const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

fn main() -> Result<(), RidgeError> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| args.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let (n_nulls, n_orders) = (number(1000), number(16));
    let (n_features, n_targets) = (number(768), number(25_870));
    let x = noise(0, n_features);
    let mut y = noise(1, n_targets);
    for (x, y) in x.iter().zip(&mut y) {
        // Every target follows one feature a little.
        for (j, mut column) in y.columns_mut().into_iter().enumerate() {
            column.scaled_add(0.2, &x.column(j % n_features));
        }
        *y = standardise_columns(y);
    }

    let start = Instant::now();
    let prepared = RidgeCv::params().check()?.prepare(&x)?;
    let fit = prepared.score(&y)?;
    let fit_s = start.elapsed().as_secs_f64();
    println!("lone fit: {fit_s:.2} s, mean score {:.4}", fit.mean_score());

    let nulls = circular(n_nulls, n_orders)?;
    let start = Instant::now();
    let scores = prepared.null_scores(&fit, &y, &nulls)?;
    let maxima: Vec<f32> = (0..n_nulls)
        .into_par_iter()
        .map(|null| scores.column(null).iter().fold(f32::NAN, |most, &r| most.max(r)))
        .collect();
    let nulls_s = start.elapsed().as_secs_f64();
    println!(
        "{n_nulls} nulls with their maxima, {n_orders} orders a run: {nulls_s:.2} s, {:.1} fits; mean maximum {:.4}",
        nulls_s / fit_s,
        maxima.iter().sum::<f32>() / n_nulls as f32
    );
    Ok(())
}

/// Circular shifts of every run, one of them by nothing.
fn circular(n_nulls: usize, n_orders: usize) -> Result<NullOrders, RidgeError> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut shifts = |n: usize| -> Vec<Vec<usize>> {
        (0..n_orders)
            .map(|order| if order == 0 { 0 } else { rng.random_range(0..n) })
            .map(|shift| (0..n).map(|i| (i + shift) % n).collect())
            .collect()
    };
    let orders = N_SCANS.iter().map(|&n| shifts(n)).collect();
    let draws = Array2::from_shape_simple_fn((n_nulls, N_SCANS.len()), || rng.random_range(0..n_orders));
    NullOrders::new(orders, draws)
}

/// White noise of each run, standardised.
fn noise(seed: u64, n_columns: usize) -> Vec<Array2<f32>> {
    let run = |(run, &n): (usize, &usize)| {
        let mut rng = ChaCha8Rng::seed_from_u64(100 * seed + run as u64);
        standardise_columns(&Array2::from_shape_simple_fn((n, n_columns), || {
            rng.random_range(-1.0..1.0)
        }))
    };
    N_SCANS.par_iter().enumerate().map(run).collect()
}
