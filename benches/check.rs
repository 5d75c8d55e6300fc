//! Whether the ridge regression has become slower, told in a way that survives a change of machine: times relative to the
//! single-precision matrix product of the same BLAS, measured in turns with it.
//!
//! `make bench-check` compares with `benches/baseline.toml` and fails if a kernel is slower than there by more than the
//! tolerance; `make bench-baseline` rewrites the file. Each ratio is the median of [`N_REPEATS`], and each repeat times product
//! and kernel right after one another, so that a machine that is busy for a while slows down both.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use lpp_ridge::{AlphaSearch, Formulation, RidgeCv};
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

mod study;
use study::{driven, noise};

/// Odd, so that the median is one of them.
const N_REPEATS: usize = 3;

/// How much slower a kernel may be than its baseline: two runs on two cores that others used too differed by up to 7 %.
const TOLERANCE: f64 = 0.2;

/// Voxels of a third of the mask: enough that the blocks of all threads are full.
const N_TARGETS: usize = 8192;

/// What `baseline.toml` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    /// Allowed increase of a ratio: 0.2 is 20 %.
    tolerance: f64,
    /// Threads of the pool; ratios of other numbers of threads are not comparable.
    n_threads: usize,
    /// Time of each kernel in units of the product's.
    ratio: BTreeMap<String, f64>,
}

/// A piece of work with a name.
type Kernel = (String, Box<dyn Fn()>);

fn main() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.toml");
    let write = std::env::args().any(|a| a == "--write");
    let found = Baseline {
        tolerance: TOLERANCE,
        n_threads: rayon::current_num_threads(),
        ratio: kernels()
            .iter()
            .map(|(name, run)| (name.clone(), ratio(run)))
            .collect(),
    };
    let outcome = if write {
        save(&path, &found)
    } else {
        compare(&path, &found)
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            println!("bench-check: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Factoring, layers in both forms, and what a further subject costs.
fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for n_features in [300, 768] {
        kernels.push(layer(
            n_features,
            N_TARGETS,
            AlphaSearch::Exhaustive,
            "exhaustive",
        ));
    }
    kernels.push(layer(768, N_TARGETS, AlphaSearch::screened(), "screened"));
    kernels.push(dual());
    let x = noise(1, 1, 768);
    let model = RidgeCv::params().check().expect("the defaults are valid");
    let factor = move || drop(black_box(model.prepare(&x).expect("the data are valid")));
    kernels.push(("factoring, 768 features".to_owned(), Box::new(factor)));
    kernels
}

fn layer(n_features: usize, n_targets: usize, search: AlphaSearch, name: &str) -> Kernel {
    let x = noise(1, 1, n_features);
    let y = driven(2, &x, 1, n_targets);
    let settings = RidgeCv::params().alpha_search(search);
    let model = settings.check().expect("the search is valid");
    let run = move || drop(black_box(model.fit(&x, &y).expect("the data are valid")));
    (
        format!("layer, {n_features} features, {n_targets} targets, {name}"),
        Box::new(run),
    )
}

/// Systems scans by scans, with a quarter of the penalties, as each takes a factorisation of order 2100 for every fold.
fn dual() -> Kernel {
    let x = noise(1, 1, 2048);
    let y = driven(2, &x, 1, 2048);
    let settings = RidgeCv::params()
        .formulation(Formulation::Dual)
        .alphas([1e2, 1e3, 1e4, 1e5]);
    let model = settings.check().expect("the penalties are positive");
    let run = move || drop(black_box(model.fit(&x, &y).expect("the data are valid")));
    (
        "layer, 2048 features, 2048 targets, dual".to_owned(),
        Box::new(run),
    )
}

/// Median time of a kernel in units of the product's.
fn ratio(kernel: &dyn Fn()) -> f64 {
    kernel();
    let mut ratios: Vec<f64> = (0..N_REPEATS)
        .map(|_| {
            // The product before and after, so that both sides see the same machine.
            let before = seconds(&product);
            let work = seconds(kernel);
            2.0 * work / (before + seconds(&product))
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[N_REPEATS / 2]
}

fn seconds(work: &dyn Fn()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The yardstick: 64 products of an operator with a block of targets in each thread.
fn product() {
    (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .for_each(|_| {
            let operator = Array2::<f32>::ones((288, 768));
            let right = Array2::<f32>::ones((768, 384));
            let mut predicted = Array2::<f32>::zeros((288, 384));
            for _ in 0..64 {
                general_mat_mul(1.0, &operator, &right, 0.0, &mut predicted);
            }
            black_box(&predicted);
        });
}

fn save(path: &Path, found: &Baseline) -> Result<bool, String> {
    let text = toml::to_string(found).map_err(|e| e.to_string())?;
    let head = "# Times relative to a matrix product in the same run; written by `make bench-baseline`.\n";
    std::fs::write(path, format!("{head}{text}")).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{text}");
    Ok(true)
}

/// Prints a table; true if nothing got slower.
fn compare(path: &Path, found: &Baseline) -> Result<bool, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let baseline: Baseline = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    if baseline.n_threads != found.n_threads {
        return Err(format!(
            "the baseline is of {} threads, this run has {}; set RAYON_NUM_THREADS",
            baseline.n_threads, found.n_threads
        ));
    }
    println!("time in units of the matrix product's      baseline      now   change");
    let mut all_well = true;
    for (name, &now) in &found.ratio {
        let Some(&before) = baseline.ratio.get(name) else {
            return Err(format!(
                "no baseline for '{name}'; make bench-baseline writes one"
            ));
        };
        let change = now / before - 1.0;
        let slower = change > baseline.tolerance;
        all_well &= !slower;
        println!(
            "{name:<46} {before:>8.2} {now:>8.2} {:>+7.0} %{}",
            100.0 * change,
            if slower { "  SLOWER" } else { "" }
        );
    }
    println!(
        "allowed: {:+.0} %; median of {N_REPEATS}",
        100.0 * baseline.tolerance
    );
    Ok(all_well)
}
