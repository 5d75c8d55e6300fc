//! Whether the ridge regression has become slower, told in a way that survives a change of machine: times relative to the
//! single-precision matrix product of a BLAS library, measured in turns with it.
//!
//! `make bench-check` compares with `benches/baseline.toml` and fails if a kernel is slower than there by more than the
//! tolerance, twice in a row; `make bench-baseline` rewrites the file. All runs on one thread, in its processor time, so that a
//! machine that others use too gives about the same. Each ratio is the median of [`N_REPEATS`], each between two products.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use lpp_ridge::{
    AlphaScope, AlphaSearch, BandWeights, BandedRidge, Formulation, InnerValidation, Metric, RidgeCv,
    RidgeCvParams,
};
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use serde::{Deserialize, Serialize};

mod study;
use study::{driven, noise};

/// Odd, so that the median is one of them.
const N_REPEATS: usize = 5;

/// How much slower a kernel may be than its baseline: less than a kernel that becomes 1.5 times slower, more than runs differ
/// on a machine whose caches and memory others share (docs/benchmarks.md).
const TOLERANCE: f64 = 0.3;

/// What `baseline.toml` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    /// Allowed increase of a ratio: 0.3 is 30 %.
    tolerance: f64,
    /// Time of each kernel in units of the product's.
    ratio: BTreeMap<String, f64>,
}

/// A piece of work with a name.
type Kernel = (String, Box<dyn Fn()>);

fn main() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.toml");
    let write = std::env::args().any(|a| a == "--write");
    // The thread of `seconds` does all the work.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()
        .expect("nothing has used the pool yet");
    match if write { save(&path) } else { compare(&path) } {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            println!("bench-check: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Factoring, searches of every kind in both forms, and bands.
fn kernels() -> Vec<Kernel> {
    let search = |search| RidgeCv::params().alpha_search(search);
    let all = || {
        search(AlphaSearch::Exhaustive)
            .inner(InnerValidation::All)
            .alphas([1e-1, 1e1, 1e2, 1e3, 1e4, 1e6])
    };
    let dual = all().formulation(Formulation::Dual);
    vec![
        factoring("factoring, 384 features", 384, 1, RidgeCv::params()),
        factoring("factoring, 1000 features, dual", 1000, 4, dual.clone()),
        fit("shared, exhaustive", 300, 1, search(AlphaSearch::Exhaustive)),
        fit("shared, race", 300, 1, search(AlphaSearch::screened())),
        fit(
            "shared, R2, race",
            300,
            1,
            search(AlphaSearch::screened()).metric(Metric::R2),
        ),
        fit(
            "own, all runs, R2",
            300,
            2,
            all().alpha_scope(AlphaScope::PerTarget).metric(Metric::R2),
        ),
        fit(
            "own, all runs, dual",
            1000,
            4,
            dual.alpha_scope(AlphaScope::PerTarget),
        ),
        bands(),
    ]
}

/// Preparing features, of a share of the scans.
fn factoring(name: &str, n_features: usize, divide: usize, settings: RidgeCvParams) -> Kernel {
    let x = noise(1, divide, n_features);
    let model = settings.check().expect("the settings are valid");
    let run = move || drop(black_box(model.prepare(&x).expect("the data are valid")));
    (name.to_owned(), Box::new(run))
}

/// Scoring 4096 targets with features prepared once.
fn fit(name: &str, n_features: usize, divide: usize, settings: RidgeCvParams) -> Kernel {
    let x = noise(1, divide, n_features);
    let y = driven(2, &x, divide, 4096);
    let model = settings.check().expect("the settings are valid");
    let prepared = model.prepare(&x).expect("the data are valid");
    let run = move || drop(black_box(prepared.score(&y).expect("the data are valid")));
    (format!("{name}, {n_features} features"), Box::new(run))
}

/// Two bands in four ratios, a penalty and a ratio for each target.
fn bands() -> Kernel {
    let x = noise(1, 4, 300);
    let y = driven(2, &x, 4, 1024);
    let ridge = RidgeCv::params().alpha_scope(AlphaScope::PerTarget);
    let model = BandedRidge::params(ridge.check().expect("the defaults are valid"), [150, 150])
        .weights(BandWeights::random(4, 0))
        .check()
        .expect("the bands are valid");
    let run = move || drop(black_box(model.fit(&x, &y).expect("the data are valid")));
    ("bands, 4 ratios, 2 x 150 features".to_owned(), Box::new(run))
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

/// Processor time of this thread, which the kernel says in nanoseconds.
fn seconds(work: &dyn Fn()) -> f64 {
    let now = || {
        let times =
            std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with scheduler statistics");
        let first = times
            .split_whitespace()
            .next()
            .and_then(|t| t.parse::<u64>().ok());
        first.expect("nanoseconds") as f64 / 1e9
    };
    let start = now();
    work();
    now() - start
}

/// The yardstick: 32 products of an operator with a block of targets.
fn product() {
    let operator = Array2::<f32>::ones((288, 768));
    let right = Array2::<f32>::ones((768, 384));
    let mut predicted = Array2::<f32>::zeros((288, 384));
    for _ in 0..32 {
        general_mat_mul(1.0, &operator, &right, 0.0, &mut predicted);
    }
    black_box(&predicted);
}

fn save(path: &Path) -> Result<bool, String> {
    let found = Baseline {
        tolerance: TOLERANCE,
        ratio: kernels()
            .iter()
            .map(|(name, run)| (name.clone(), ratio(run)))
            .collect(),
    };
    let text = toml::to_string(&found).map_err(|e| e.to_string())?;
    let head = "# Times relative to a matrix product in the same run; written by `make bench-baseline`.\n";
    std::fs::write(path, format!("{head}{text}")).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{text}");
    Ok(true)
}

/// Prints a table; true if nothing got slower.
fn compare(path: &Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let baseline: Baseline = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("time in units of the matrix product's      baseline      now   change");
    let mut all_well = true;
    for (name, run) in kernels() {
        let Some(&before) = baseline.ratio.get(&name) else {
            return Err(format!(
                "no baseline for '{name}'; make bench-baseline writes one"
            ));
        };
        let limit = before * (1.0 + baseline.tolerance);
        let first = ratio(&run);
        // What is slow by chance is not slow again.
        let now = if first > limit {
            first.min(ratio(&run))
        } else {
            first
        };
        let (change, slower) = (now / before - 1.0, now > limit);
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
