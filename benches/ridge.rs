//! The nested ridge: one layer at toy, half and paper scale.
//!
//! Parallel loops run in rayon's pool; set `OPENBLAS_NUM_THREADS=1` so that the BLAS below does not compete with it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lpp_ridge::{AlphaSearch, RidgeCv, standardise_columns};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Scans of the nine English runs, trimmed by ten at both ends.
const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

/// Share of the scans, number of targets.
const SCALES: [(&str, usize, usize); 3] = [("toy", 8, 500), ("half", 2, 12_935), ("paper", 1, 25_870)];

fn noise(seed: u64, divide: usize, n_columns: usize) -> Vec<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut run = |n: &usize| Array2::from_shape_simple_fn((n / divide, n_columns), || rng.random::<f32>());
    N_SCANS.iter().map(|n| standardise_columns(&run(n))).collect()
}

/// Factoring the features: what a layer costs once.
fn prepare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ridge/prepare");
    group.sample_size(10);
    for (scale, divide, _) in SCALES {
        for n_features in [300, 768] {
            let x = noise(1, divide, n_features);
            let model = RidgeCv::params().check().expect("the defaults are valid");
            group.throughput(Throughput::Elements(n_features as u64));
            group.bench_function(BenchmarkId::new(scale, n_features), |b| {
                b.iter(|| model.prepare(black_box(&x)).expect("the data are valid"));
            });
        }
    }
}

/// Scoring one target set: what each subject costs. Elements are targets.
fn score(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ridge/score");
    group.sample_size(10).measurement_time(Duration::from_secs(30));
    for (scale, divide, n_targets) in SCALES {
        let y = noise(2, divide, n_targets);
        for n_features in [300, 768] {
            let x = noise(1, divide, n_features);
            for (search, name) in [
                (AlphaSearch::Exhaustive, "exhaustive"),
                (AlphaSearch::screened(), "screened"),
            ] {
                let model = RidgeCv::params()
                    .alpha_search(search)
                    .check()
                    .expect("the defaults are valid");
                let prepared = model.prepare(&x).expect("the data are valid");
                group.throughput(Throughput::Elements(n_targets as u64));
                group.bench_function(BenchmarkId::new(format!("{scale}/{name}"), n_features), |b| {
                    b.iter(|| prepared.score(black_box(&y)).expect("the data are valid"));
                });
            }
        }
    }
}

criterion_group!(benches, prepare, score);
criterion_main!(benches);
