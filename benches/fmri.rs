//! Preprocessing kernels at the sizes of the study: one 2 mm volume, one run of masked signals.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lpp_fmri::{CleaningParams, Grid, Interpolation, NumArray, Resampler, diagonal_affine, smooth_volume};
use ndarray::{Array2, Array3, ShapeBuilder};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A volume as files have it, i fastest.
fn volume(shape: (usize, usize, usize)) -> Array3<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    Array3::from_shape_simple_fn(shape.f(), || rng.random_range(0.0..1000.0))
}

/// One volume of the published derivatives to the working grid, on voxels and between them. Elements are source voxels.
fn resample(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fmri/resample");
    let source = volume((91, 109, 91));
    group.throughput(Throughput::Elements(source.len() as u64));
    for (name, size_mm) in [("on-voxels", 2.0), ("between", 2.01)] {
        let affine = diagonal_affine([-size_mm, size_mm, size_mm], [90.0, -126.0, -72.0]);
        let grid = Grid::new([91, 109, 91], affine).expect("the grid is valid");
        let resampler =
            Resampler::new(&grid, &Grid::working(), Interpolation::Cubic).expect("the grids overlap");
        group.bench_function(name, |b| {
            b.iter_batched(
                || NumArray::from(source.clone().into_dyn()),
                |volume| {
                    resampler
                        .volume(black_box(volume))
                        .expect("the volume is on the grid")
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
}

/// One volume on the working grid, smoothed by 4 mm.
fn smooth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fmri/smooth");
    let source = volume((37, 46, 38));
    group.throughput(Throughput::Elements(source.len() as u64));
    group.bench_function("working-grid", |b| {
        b.iter(|| {
            smooth_volume(&Grid::working(), black_box(&source), 4.0).expect("the volume is on the grid")
        });
    });
}

/// One run of the English mask, and a small one. Elements are samples.
fn clean(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fmri/clean");
    let cleaner = CleaningParams::reference()
        .check()
        .expect("the settings are valid");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (name, n_voxels) in [("small", 500), ("study", 25_870)] {
        let signals = Array2::from_shape_simple_fn((300, n_voxels), || rng.random_range(900.0f32..1100.0));
        group.throughput(Throughput::Elements(signals.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                cleaner
                    .clean(black_box(&signals))
                    .expect("the run is long enough")
            });
        });
    }
}

criterion_group!(benches, resample, smooth, clean);
criterion_main!(benches);
