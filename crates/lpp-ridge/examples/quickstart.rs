//! From arrays to scores: nine lines that make data, one that fits, two that look.
//!
//! ```text
//! cargo run --release -p lpp-ridge --example quickstart
//! ```
#![expect(clippy::print_stdout, reason = "a program that reports")]

use lpp_ridge::{RidgeCv, RidgeError, trim_and_standardise};
use ndarray::{Array2, array};

fn main() -> Result<(), RidgeError> {
    let (mut x_runs, mut y_runs) = (Vec::new(), Vec::new());
    for run in 0..4 {
        // 80 scans of 3 features, and 2 targets that they drive; the first and last 10 scans are dropped.
        let x = Array2::from_shape_fn((80, 3), |(i, j)| (((run * 80 + i) * (j + 3)) as f64 * 0.31).sin());
        let y = x.dot(&array![[1.0, 0.0], [0.5, -1.0], [0.0, 0.3]]);
        x_runs.push(trim_and_standardise(&x, 10)?);
        y_runs.push(trim_and_standardise(&y, 10)?);
    }
    let fit = RidgeCv::params().check()?.fit(&x_runs, &y_runs)?;
    println!(
        "correlation of each target, mean over test runs: {:.3}",
        fit.scores
    );
    println!(
        "penalty of each test run, as position in the grid: {:?}",
        fit.alpha_index()
    );
    Ok(())
}
