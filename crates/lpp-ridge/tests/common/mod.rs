//! Seeded data, the slow twin, and the tests that every backend passes.
#![allow(
    clippy::cast_possible_truncation,
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "each test program uses its part of this module"
)]

pub mod golden;
pub mod options;
pub mod suite;

use lpp_ridge::{InnerValidation, standardise_columns};
use ndarray::{Array2, ArrayRef1, ArrayRef2, Axis, concatenate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Features and targets of each run, standardised.
#[derive(Debug, Clone)]
pub struct Study {
    pub x: Vec<Array2<f64>>,
    pub y: Vec<Array2<f64>>,
}

impl Study {
    /// Smooth features, and targets that they drive with as much noise again.
    pub fn new(seed: u64, n_scans: &[usize], n_features: usize, n_targets: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal =
            |n: usize, m: usize| Array2::from_shape_simple_fn((n, m), || StandardNormal.sample(&mut rng));
        let weights: Array2<f64> = normal(n_features, n_targets) / (n_features as f64).sqrt();
        let (x, y) = n_scans
            .iter()
            .map(|&n| {
                let mut x: Array2<f64> = normal(n, n_features);
                x.accumulate_axis_inplace(Axis(0), |previous, value| *value += 0.6 * previous);
                let y = product(&x, &weights) + normal(n, n_targets) * 1.5;
                (standardise_columns(&x), standardise_columns(&y))
            })
            .unzip();
        Self { x, y }
    }

    /// The same with some of the targets.
    pub fn targets(&self, columns: &[usize]) -> Self {
        Self {
            x: self.x.clone(),
            y: self.y.iter().map(|y| y.select(Axis(1), columns)).collect(),
        }
    }

    /// Both in single precision.
    pub fn single(&self) -> (Vec<Array2<f32>>, Vec<Array2<f32>>) {
        let round = |runs: &[Array2<f64>]| runs.iter().map(|a| a.mapv(|v| v as f32)).collect();
        (round(&self.x), round(&self.y))
    }
}

/// What the slow twin finds.
pub struct Slow {
    pub fold_scores: Array2<f64>,
    pub curves: Array2<f64>,
    pub alpha_index: Vec<usize>,
}

/// Nested cross-validation as one would write it on a blackboard.
pub fn slow_twin(study: &Study, alphas: &[f64], inner: InnerValidation) -> Slow {
    let n_runs = study.x.len();
    let mut slow = Slow {
        fold_scores: Array2::zeros((n_runs, study.y[0].ncols())),
        curves: Array2::zeros((n_runs, alphas.len())),
        alpha_index: Vec::new(),
    };
    for test in 0..n_runs {
        let train: Vec<usize> = (0..n_runs).filter(|&r| r != test).collect();
        let validation = if inner == InnerValidation::First {
            &train[..1]
        } else {
            &train[..]
        };
        for (a, &alpha) in alphas.iter().enumerate() {
            let means = validation.iter().map(|&v| {
                let rest: Vec<usize> = train.iter().copied().filter(|&r| r != v).collect();
                scores(study, &rest, v, alpha).iter().sum::<f64>() / study.y[0].ncols() as f64
            });
            slow.curves[[test, a]] = means.sum::<f64>() / validation.len() as f64;
        }
        let curve = slow.curves.row(test);
        let best = (0..alphas.len())
            .rev()
            .max_by(|&i, &j| curve[i].total_cmp(&curve[j]))
            .unwrap();
        slow.alpha_index.push(best);
        let row = scores(study, &train, test, alphas[best]);
        slow.fold_scores
            .row_mut(test)
            .iter_mut()
            .zip(row)
            .for_each(|(s, r)| *s = r);
    }
    slow
}

/// Solves `(XᵀX + αI) B = XᵀY` by elimination and correlates the predictions of run `test`.
fn scores(study: &Study, train: &[usize], test: usize, alpha: f64) -> Vec<f64> {
    let stack = |runs: &[Array2<f64>]| {
        concatenate(
            Axis(0),
            &train.iter().map(|&r| runs[r].view()).collect::<Vec<_>>(),
        )
        .unwrap()
    };
    let (x, y) = (stack(&study.x), stack(&study.y));
    let system = product(&x.t(), &x) + Array2::<f64>::eye(x.ncols()) * alpha;
    let predicted = product(&study.x[test], &eliminate(system, product(&x.t(), &y)));
    predicted
        .columns()
        .into_iter()
        .zip(study.y[test].columns())
        .map(|(p, y)| pearson(&p, &y))
        .collect()
}

/// A matrix product by its definition: the twin calls no BLAS, so it shares no kernel with what it checks.
fn product(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros((a.nrows(), b.ncols()));
    for (mut out, a) in out.rows_mut().into_iter().zip(a.rows()) {
        for (&a, b) in a.iter().zip(b.rows()) {
            out.scaled_add(a, &b);
        }
    }
    out
}

/// Solves a system with several right-hand sides by Gauss-Jordan elimination with row pivots.
fn eliminate(mut system: Array2<f64>, mut right: Array2<f64>) -> Array2<f64> {
    let n = system.nrows();
    for k in 0..n {
        let pivot = (k..n)
            .max_by(|&i, &j| system[[i, k]].abs().total_cmp(&system[[j, k]].abs()))
            .unwrap();
        for j in 0..n {
            system.swap([k, j], [pivot, j]);
        }
        for j in 0..right.ncols() {
            right.swap([k, j], [pivot, j]);
        }
        let (pivot_row, pivot_right) = (&system.row(k) / system[[k, k]], &right.row(k) / system[[k, k]]);
        for i in 0..n {
            let factor = system[[i, k]];
            if i != k {
                system.row_mut(i).scaled_add(-factor, &pivot_row);
                right.row_mut(i).scaled_add(-factor, &pivot_right);
            }
        }
        system.row_mut(k).assign(&pivot_row);
        right.row_mut(k).assign(&pivot_right);
    }
    right
}

/// The textbook formula.
fn pearson(a: &ArrayRef1<f64>, b: &ArrayRef1<f64>) -> f64 {
    let (a, b) = (a - a.mean().unwrap(), b - b.mean().unwrap());
    let dot = |a: &ArrayRef1<f64>, b: &ArrayRef1<f64>| (a * b).sum();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

/// Largest distance between two arrays without NaN.
pub fn largest(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m, d| if d > m || d.is_nan() { d } else { m })
}
