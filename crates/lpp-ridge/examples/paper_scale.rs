//! Times one layer at the scale of the reference study, and the matrix product it should be measured against.
//!
//! ```text
//! cargo run --release -p lpp-ridge --example paper_scale -- 768
//! ```
//!
//! Arguments: number of features [768], number of targets [25870], `exhaustive` or `screened` [exhaustive].
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::time::Instant;

use lpp_ridge::{AlphaSearch, RidgeCv, RidgeError, standardise_columns};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Scans of the nine English runs, trimmed by ten at both ends.
const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

fn main() -> Result<(), RidgeError> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| args.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let (n_features, n_targets) = (number(768), number(25_870));
    let search = match args.next().as_deref() {
        Some("screened") => AlphaSearch::screened(),
        _ => AlphaSearch::Exhaustive,
    };
    let (x, y) = data(n_features, n_targets);
    let peak = product_speed();
    println!("matrix product, all threads: {:.0} GFLOP/s", peak / 1e9);

    let start = Instant::now();
    let prepared = RidgeCv::params().alpha_search(search).check()?.prepare(&x)?;
    let prepare_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let fit = prepared.score(&y)?;
    let score_s = start.elapsed().as_secs_f64();

    println!(
        "factoring {prepare_s:.2} s, scoring {score_s:.2} s, primal {}",
        prepared.is_primal()
    );
    println!(
        "mean score {:.4}, penalties {:?}",
        fit.mean_score(),
        fit.alpha_index()
    );
    if search == AlphaSearch::Exhaustive {
        let needed = target_flops(n_features, n_targets, prepared.is_primal());
        println!(
            "{:.2} Tflop needed, at {:.0} % of the product's speed",
            needed / 1e12,
            100.0 * needed / (prepare_s + score_s) / peak
        );
    }
    Ok(())
}

/// Smooth random features, and targets that a few of them drive.
fn data(n_features: usize, n_targets: usize) -> (Vec<Array2<f32>>, Vec<Array2<f32>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut uniform = |shape| Array2::from_shape_simple_fn(shape, || rng.random::<f32>() - 0.5);
    let weights = uniform((20, n_targets));
    let mut run = |n| {
        let mut x = uniform((n, n_features));
        for i in 1..n {
            let smooth: Array1<f32> = &x.row(i - 1) * 0.7 + x.row(i);
            x.row_mut(i).assign(&smooth);
        }
        let noise = uniform((n, n_targets)) * 20.0;
        let y = x.slice(ndarray::s![.., ..20]).dot(&weights) + noise;
        (standardise_columns(&x), standardise_columns(&y))
    };
    N_SCANS.into_iter().map(&mut run).unzip()
}

/// Operations per second of single-precision products of the size that a block meets, in all threads at once.
fn product_speed() -> f64 {
    let (n_scans, n_features, n_targets, repeats) = (271, 768, 4096, 40);
    let start = Instant::now();
    (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .for_each(|_| {
            let operator = Array2::<f32>::ones((n_scans, n_features));
            let right = Array2::<f32>::ones((n_features, n_targets));
            let mut predicted = Array2::<f32>::zeros((n_scans, n_targets));
            for _ in 0..repeats {
                general_mat_mul(1.0, &operator, &right, 0.0, &mut predicted);
            }
        });
    (2 * n_scans * n_features * n_targets * repeats * rayon::current_num_threads()) as f64
        / start.elapsed().as_secs_f64()
}

/// Operations that run over all targets in an exhaustive search with 16 penalties and the first run validating.
fn target_flops(n_features: usize, n_targets: usize, primal: bool) -> f64 {
    let total: usize = N_SCANS.iter().sum();
    let mut multiplications = if primal { 2 * total * n_features } else { 0 };
    for (test, &n_test) in N_SCANS.iter().enumerate() {
        let n_validation = N_SCANS[usize::from(test == 0)];
        let order = |n_train| if primal { n_features } else { n_train };
        multiplications +=
            16 * n_validation * order(total - n_test - n_validation) + n_test * order(total - n_test);
    }
    2.0 * multiplications as f64 * n_targets as f64
}
