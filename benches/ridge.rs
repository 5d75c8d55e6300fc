//! The nested ridge: one layer at toy, half and paper scale, and its parts.
//!
//! Parallel loops run in rayon's pool; `make bench` sets `OPENBLAS_NUM_THREADS=1`, so that the BLAS below does not compete with
//! it. All of it takes most of an hour; a filter takes a part: `make bench BENCH='--bench ridge -- paper/768'`.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use lpp_ridge::{AlphaSearch, RidgeCv};

mod study;
use study::{driven, noise};

/// Voxels of the English mask.
const N_VOXELS: usize = 25_870;

/// What is measured: how much of the scans, how many targets, how many features.
#[derive(Clone, Copy)]
struct Size {
    scale: &'static str,
    /// One scan in so many.
    divide: usize,
    n_targets: usize,
    n_features: usize,
}

/// Few features at every scale, many at paper scale alone, where they are dual.
fn sizes() -> Vec<Size> {
    let size = |(scale, divide, n_targets), n_features| Size {
        scale,
        divide,
        n_targets,
        n_features,
    };
    let scales = [("toy", 8, 500), ("half", 2, N_VOXELS / 2), ("paper", 1, N_VOXELS)];
    let mut sizes: Vec<Size> = scales
        .into_iter()
        .flat_map(|s| [300, 768].map(|p| size(s, p)))
        .collect();
    sizes.extend([2048, 5120].map(|p| size(scales[2], p)));
    sizes
}

/// A group whose slowest members, half a minute each, are run ten times and no more.
fn group<'c>(criterion: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(5));
    group
}

fn model(search: AlphaSearch, n_alphas: usize) -> RidgeCv {
    let grid = RidgeCv::params().check().expect("the defaults are valid");
    RidgeCv::params()
        .alphas(&grid.alphas()[..n_alphas])
        .alpha_search(search)
        .check()
        .expect("a part of the default grid is valid")
}

/// Factoring the features, what a layer costs once, for one penalty and for sixteen.
///
/// Their difference is fifteen factorisations of each inner set; what one penalty takes beyond a fifteenth of that is the
/// Gram matrices.
fn prepare(criterion: &mut Criterion) {
    let mut group = group(criterion, "ridge/prepare");
    for size in sizes() {
        let x = noise(1, size.divide, size.n_features);
        group.throughput(Throughput::Elements(size.n_features as u64));
        for n_alphas in [1, 16] {
            let model = model(AlphaSearch::Exhaustive, n_alphas);
            let id = BenchmarkId::new(format!("{}/{}", size.scale, size.n_features), n_alphas);
            group.bench_function(id, |b| {
                b.iter(|| model.prepare(black_box(&x)).expect("the data are valid"));
            });
        }
    }
}

/// The sweep over all penalties and the test pass: what each further subject costs. Elements are targets.
fn further_subject(criterion: &mut Criterion) {
    let mut group = group(criterion, "ridge/further_subject");
    for size in sizes() {
        let x = noise(1, size.divide, size.n_features);
        let y = driven(2, &x, size.divide, size.n_targets);
        group.throughput(Throughput::Elements(size.n_targets as u64));
        for (search, name) in searches() {
            let prepared = model(search, 16).prepare(&x).expect("the data are valid");
            let id = BenchmarkId::new(format!("{}/{}", size.scale, size.n_features), name);
            group.bench_function(id, |b| {
                b.iter(|| prepared.score(black_box(&y)).expect("the data are valid"));
            });
        }
    }
}

/// A whole layer of one subject: factoring, then the above.
fn lone_fit(criterion: &mut Criterion) {
    let mut group = group(criterion, "ridge/lone_fit");
    for size in sizes() {
        let x = noise(1, size.divide, size.n_features);
        let y = driven(2, &x, size.divide, size.n_targets);
        group.throughput(Throughput::Elements(size.n_targets as u64));
        for (search, name) in searches() {
            let model = model(search, 16);
            let id = BenchmarkId::new(format!("{}/{}", size.scale, size.n_features), name);
            group.bench_function(id, |b| {
                b.iter(|| {
                    model
                        .fit(black_box(&x), black_box(&y))
                        .expect("the data are valid")
                });
            });
        }
    }
}

fn searches() -> [(AlphaSearch, &'static str); 2] {
    [
        (AlphaSearch::Exhaustive, "exhaustive"),
        (AlphaSearch::screened(), "screened"),
    ]
}

/// Inter-subject correlation: the voxels of one half of the subjects predict those of the other half. At paper scale one
/// trial takes more than a minute; a quarter of the voxels stands for it.
fn split_half(criterion: &mut Criterion) {
    let mut group = group(criterion, "ridge/split_half");
    for (scale, divide, n_voxels) in [
        ("toy", 8, 500),
        ("half", 2, N_VOXELS / 4),
        ("paper", 1, N_VOXELS / 4),
    ] {
        let x = noise(1, divide, n_voxels);
        let y = driven(2, &x, divide, n_voxels);
        let model = model(AlphaSearch::Exhaustive, 16);
        group.throughput(Throughput::Elements(n_voxels as u64));
        group.bench_function(BenchmarkId::new(scale, n_voxels), |b| {
            b.iter(|| {
                model
                    .fit(black_box(&x), black_box(&y))
                    .expect("the data are valid")
            });
        });
    }
}

criterion_group!(benches, prepare, further_subject, lone_fit, split_half);
criterion_main!(benches);
