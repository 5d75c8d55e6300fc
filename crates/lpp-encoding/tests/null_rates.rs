//! How often the nulls of a layer find what is not there: simulated studies of slow noise.
//!
//! `NULL_STUDIES=600 cargo test --release -p lpp-encoding --test null_rates -- --nocapture` prints the rates that
//! docs/validation.md quotes; without the variable there are fewer studies.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use lpp_encoding::null_orders;
use lpp_ridge::{NullOrders, RidgeCv, standardise_columns};
use lpp_stats::{MaxStatistic, Tail, permutation_p};
use lpp_steps::{NullOrder, Nulls};
use ndarray::{Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const N_RUNS: usize = 5;
const N_SCANS: usize = 80;
const N_VOXELS: usize = 24;
const N_NULLS: usize = 199;

/// AR(1) noise of each run, neighbouring columns alike, standardised.
fn slow_noise(rng: &mut ChaCha8Rng, n_columns: usize, memory: f64) -> Vec<Array2<f64>> {
    let run = |_| {
        let mut run = Array2::<f64>::zeros((N_SCANS + 30, n_columns));
        for i in 1..run.nrows() {
            let mut shared = 0.0;
            for j in 0..n_columns {
                shared = 0.7 * shared + rng.random_range(-1.0..1.0);
                run[[i, j]] = memory * run[[i - 1, j]] + shared;
            }
        }
        standardise_columns(&run.slice(ndarray::s![30.., ..]).to_owned())
    };
    (0..N_RUNS).map(run).collect()
}

/// Scores of each voxel under each order of the scans, with the layer that has the largest validation score there.
fn scores_under_nulls(layers: &[Vec<Array2<f64>>], y: &[Array2<f64>], nulls: &NullOrders) -> Array2<f64> {
    let all: Vec<usize> = (0..N_VOXELS).collect();
    let mut best = vec![f64::NEG_INFINITY; nulls.n_nulls()];
    let mut scores = Array2::zeros((N_VOXELS, best.len()));
    for x in layers {
        let prepared = RidgeCv::params().check().unwrap().prepare(x).unwrap();
        let fit = prepared.score(y).unwrap();
        let of_layer = prepared.null_scores(&fit, y, nulls).unwrap();
        let validation = prepared.null_validation_scores(&fit, y, &all, nulls).unwrap();
        for (null, validation) in validation.columns().into_iter().enumerate() {
            let sum: f64 = validation.iter().map(|&r| f64::from(r)).sum();
            if sum > best[null] {
                best[null] = sum;
                scores
                    .column_mut(null)
                    .assign(&of_layer.column(null).mapv(f64::from));
            }
        }
    }
    scores
}

/// p of the first voxel, smallest corrected p of the map, p of the mean score, p of the difference of the halves.
fn p_values(order: NullOrder, n_layers: usize, seed: u64, effect: f64) -> [f64; 4] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let layers: Vec<Vec<Array2<f64>>> = (0..n_layers).map(|_| slow_noise(&mut rng, 6, 0.8)).collect();
    let mut y = slow_noise(&mut rng, N_VOXELS, 0.5);
    for (x, y) in layers[0].iter().zip(&mut y) {
        y.column_mut(0).scaled_add(effect, &x.column(0));
        *y = standardise_columns(y);
    }
    let nulls = Nulls {
        order,
        seed,
        ..Nulls::circular(N_NULLS)
    };
    let nulls = null_orders(&nulls, &[N_SCANS; N_RUNS]).unwrap();
    let scores = scores_under_nulls(&layers, &y, &nulls);
    let p = |row: Vec<f64>, tail| permutation_p(row[0], &row[1..], tail);
    let maxima = scores.map_axis(Axis(0), |null| null.iter().copied().fold(f64::NAN, f64::max));
    let corrected = MaxStatistic::of_maxima(maxima.to_vec()[1..].to_vec(), Tail::Upper)
        .unwrap()
        .corrected_p(&[maxima[0]])[0];
    let half = |rows: std::ops::Range<usize>| scores.slice(ndarray::s![rows, ..]).sum_axis(Axis(0));
    let asymmetry = half(0..N_VOXELS / 2) - half(N_VOXELS / 2..N_VOXELS);
    [
        p(scores.row(0).to_vec(), Tail::Upper),
        corrected,
        p(scores.sum_axis(Axis(0)).to_vec(), Tail::Upper),
        p(asymmetry.to_vec(), Tail::TwoSided),
    ]
}

fn n_studies() -> u64 {
    std::env::var("NULL_STUDIES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(150)
}

fn rates(order: NullOrder, n_layers: usize, effect: f64, n_studies: u64) -> [f64; 4] {
    let found: Vec<[f64; 4]> = (0..n_studies)
        .into_par_iter()
        .map(|seed| p_values(order, n_layers, seed, effect))
        .collect();
    [0, 1, 2, 3].map(|test| found.iter().filter(|p| p[test] <= 0.05).count() as f64 / n_studies as f64)
}

#[test]
fn a_twentieth_of_null_studies_is_significant_even_if_layers_are_chosen() {
    let blocks = NullOrder::Blocks(Nulls::DEFAULT_BLOCK);
    for (order, n_layers) in [(NullOrder::Circular, 1), (blocks, 1), (NullOrder::Circular, 8)] {
        let rates = rates(order, n_layers, 0.0, n_studies());
        println!(
            "{order:?}, {n_layers} layers: voxel {:.4}, map {:.4}, mean score {:.4}, left minus right {:.4}",
            rates[0], rates[1], rates[2], rates[3]
        );
        // A true rate of 5 % stays within 3.3 standard errors with a probability of 99.9 % (binomial, nearly normal).
        let margin = 3.3 * (0.05 * 0.95 / n_studies() as f64).sqrt();
        assert!(
            rates.iter().all(|rate| (rate - 0.05).abs() <= margin),
            "{order:?}, {n_layers} layers: {rates:?}"
        );
    }
}

#[test]
fn an_effect_is_found() {
    for order in [NullOrder::Circular, NullOrder::Blocks(Nulls::DEFAULT_BLOCK)] {
        let rates = rates(order, 1, 0.5, n_studies() / 5);
        println!(
            "{order:?}, effect 0.5: voxel {:.3}, map {:.3}",
            rates[0], rates[1]
        );
        assert!(rates[0] > 0.9 && rates[1] > 0.5, "{order:?}: {rates:?}");
    }
}
