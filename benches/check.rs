//! Whether the ridge regression has become slower, told in a way that survives a change of machine: times relative to the
//! single-precision matrix product of a BLAS library, measured in turns with it.
//!
//! `make bench-check` compares with `benches/baseline.toml`, where each instruction set has its ratios; `make bench-baseline`
//! rewrites those of this machine's. Caches and memory still change the ratios of all kernels (docs/benchmarks.md), so the lower
//! median of their changes counts as the machine's. The check fails if a kernel has become slower by more than the tolerance
//! beyond it, or if it exceeds the tolerance itself, three times in a row.
//!
//! All runs on one thread, in its processor time, so that a machine that others use too gives about the same. Each ratio is the
//! median of [`N_REPEATS`], each between two products.
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

/// Measurements of a kernel that looks slow; the fastest counts.
const N_TRIES: usize = 3;

/// How much slower a kernel may become, beyond what the machine changes: less than one that becomes 1.5 times slower, more than
/// runs differ on a machine whose caches and memory others share (docs/benchmarks.md).
const TOLERANCE: f64 = 0.3;

/// What `baseline.toml` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    /// Allowed increase of a ratio: 0.3 is 30 %.
    tolerance: f64,
    /// For each instruction set, the time of each kernel in units of the product's.
    ratio: BTreeMap<String, BTreeMap<String, f64>>,
}

/// The instruction set that decides which kernels of the libraries run.
fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return "avx512";
    } else if is_x86_feature_detected!("avx2") {
        return "avx2";
    }
    std::env::consts::ARCH
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
    let mut baseline = load(path)?;
    let ratios = kernels()
        .iter()
        .map(|(name, run)| (name.clone(), ratio(run)))
        .collect();
    baseline.tolerance = TOLERANCE;
    baseline.ratio.insert(instruction_set().to_owned(), ratios);
    let text = toml::to_string(&baseline).map_err(|e| e.to_string())?;
    let head = "# Times relative to a matrix product in the same run; written by `make bench-baseline`.\n";
    std::fs::write(path, format!("{head}{text}")).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{text}");
    Ok(true)
}

fn load(path: &Path) -> Result<Baseline, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// True if nothing got slower.
fn compare(path: &Path) -> Result<bool, String> {
    let baseline = load(path)?;
    let set = instruction_set();
    let known = baseline.ratio.get(set);
    let known = known.ok_or(format!("no baseline for {set}; make bench-baseline writes one"))?;
    let mut measured = kernels()
        .into_iter()
        .map(|(name, run)| {
            let before = known.get(&name).copied().ok_or(format!(
                "no baseline for '{name}' with {set}; make bench-baseline writes one"
            ))?;
            let now = ratio(&run);
            Ok(Measured {
                name,
                run,
                before,
                now,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    for _ in 1..N_TRIES {
        // What is slow by chance is not slow again.
        let machine = lower_median(&measured);
        for kernel in &mut measured {
            if kernel.is_slower(machine, baseline.tolerance) || machine > 1.0 + baseline.tolerance {
                kernel.now = kernel.now.min(ratio(&kernel.run));
            }
        }
    }
    Ok(report(&measured, baseline.tolerance))
}

/// A kernel with its ratio in the baseline and the fastest one measured now.
struct Measured {
    name: String,
    run: Box<dyn Fn()>,
    before: f64,
    now: f64,
}

impl Measured {
    fn change(&self) -> f64 {
        self.now / self.before
    }

    /// Whether it has become slower, beyond what the machine changes.
    fn is_slower(&self, machine: f64, tolerance: f64) -> bool {
        self.change() > machine.max(1.0) * (1.0 + tolerance)
    }
}

/// The lower median of the changes. Half of the kernels may become slower without raising it, and are found.
fn lower_median(kernels: &[Measured]) -> f64 {
    let mut changes: Vec<f64> = kernels.iter().map(Measured::change).collect();
    changes.sort_by(f64::total_cmp);
    changes[(changes.len() - 1) / 2]
}

/// Prints a table; true if nothing got slower.
fn report(kernels: &[Measured], tolerance: f64) -> bool {
    let machine = lower_median(kernels);
    let mark = |slower: bool| if slower { "  SLOWER" } else { "" };
    println!("time in units of the matrix product's      baseline      now   change");
    for kernel in kernels {
        println!(
            "{:<46} {:>8.2} {:>8.2} {:>+7.0} %{}",
            kernel.name,
            kernel.before,
            kernel.now,
            100.0 * (kernel.change() - 1.0),
            mark(kernel.is_slower(machine, tolerance))
        );
    }
    let all_slower = machine > 1.0 + tolerance;
    println!(
        "{:<64} {:>+7.0} %{}",
        "lower median of the changes",
        100.0 * (machine - 1.0),
        mark(all_slower)
    );
    println!(
        "allowed: {:+.0} % for the lower median, and beyond it; medians of {N_REPEATS}",
        100.0 * tolerance
    );
    let any_slower = kernels.iter().any(|kernel| kernel.is_slower(machine, tolerance));
    !any_slower && !all_slower
}
