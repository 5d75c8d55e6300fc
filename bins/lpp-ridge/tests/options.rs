//! Flags beyond the reference study, against the library, and how they refuse.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lpp_ridge::{AlphaScope, BandWeights, BandedRidge, InnerValidation, Metric, RidgeCv, delayed};
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array1, Array2, Array3, Axis, concatenate, s};
use ndarray_npy::write_npy;
use tempfile::TempDir;

/// Four runs of features and targets, in a folder and in memory.
struct Files {
    folder: TempDir,
    x: Vec<Array2<f64>>,
    y: Vec<Array2<f64>>,
}

impl Files {
    fn new() -> Self {
        let wave = |n: usize, m: usize, seed: f64| {
            Array2::from_shape_fn((n, m), |(i, j)| ((i + 1) as f64 * (j as f64 + seed)).sin())
        };
        let lengths = [20, 23, 21, 26];
        let x: Vec<_> = (0..4).map(|r| wave(lengths[r], 5, 0.7 + r as f64)).collect();
        let y: Vec<_> = (0..4)
            .map(|r| wave(lengths[r], 4, 2.9 + r as f64) + x[r].slice(s![.., ..4]))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        for run in 0..4 {
            write_npy(folder.path().join(format!("x{run}.npy")), &x[run]).unwrap();
            write_npy(folder.path().join(format!("y{run}.npy")), &y[run]).unwrap();
        }
        Self { folder, x, y }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-ridge"));
        for part in ["x", "y"] {
            command
                .arg(format!("--{part}"))
                .args((0..4).map(|run| self.path(&format!("{part}{run}.npy"))));
        }
        command.arg("-o").arg(self.path("scores.npy"));
        command.args(["--alphas", "0.1,1,10,100"]);
        // Last: a test may end its flags with one that takes a path, and adds the path itself.
        command.args(flags);
        command
    }

    fn scores(&self, flags: &[&str]) -> Array1<f64> {
        assert_succeeds(&mut self.command(flags));
        load_npy(self.path("scores.npy"))
    }
}

fn params() -> lpp_ridge::RidgeCvParams {
    RidgeCv::params().alphas([0.1, 1.0, 10.0, 100.0])
}

#[test]
fn metric_and_groups_reach_the_model() {
    let files = Files::new();
    let scores = files.scores(&["--metric", "r2", "--groups", "7,1,2,7"]);
    let model = params().metric(Metric::R2).groups([7, 1, 2, 7]).check().unwrap();
    assert_eq!(scores, model.fit(&files.x, &files.y).unwrap().scores);
    let text =
        assert_succeeds(&mut files.command(&["--metric", "r2", "--groups", "7,1,2,7", "--json", "--force"]));
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&summary["metric"], &summary["n_runs"]),
        (&"r2".into(), &3.into())
    );
}

#[test]
fn delays_are_laid_side_by_side() {
    let files = Files::new();
    let scores = files.scores(&["--delays", "-1,0,2"]);
    let x: Vec<_> = files.x.iter().map(|x| delayed(x, &[-1, 0, 2]).unwrap()).collect();
    assert_eq!(
        scores,
        params().check().unwrap().fit(&x, &files.y).unwrap().scores
    );
}

#[test]
fn predictions_and_coefficients_are_written() {
    let files = Files::new();
    let (folder, coefficients) = (files.path("out/predictions"), files.path("coefficients.npy"));
    let mut command = files.command(&["--predictions"]);
    assert_succeeds(command.arg(&folder).arg("--coefficients").arg(&coefficients));
    let prepared = params().check().unwrap().prepare(&files.x).unwrap();
    let fit = prepared.score(&files.y).unwrap();
    let expected = prepared.predictions(&fit, &files.y, &[0, 1, 2, 3]).unwrap();
    for (run, expected) in expected.iter().enumerate() {
        let found: Array2<f64> = load_npy(folder.join(format!("run-{run}.npy")));
        assert_eq!(found, expected);
    }
    let found: Array3<f64> = load_npy(coefficients);
    assert_eq!(
        found,
        prepared.coefficients(&fit, &files.y, &[0, 1, 2, 3]).unwrap()
    );
}

#[test]
fn bands_are_searched_with_their_delays() {
    let files = Files::new();
    let (split, penalties) = (files.path("split.npy"), files.path("penalties.npy"));
    let flags = [
        "--bands",
        "2,3",
        "--n-ratios",
        "9",
        "--seed",
        "5",
        "--delays",
        "1,2",
    ];
    let mut command = files.command(&flags);
    command
        .args(["--alpha-scope", "target", "--inner", "all", "--json", "--split"])
        .arg(&split);
    let text = assert_succeeds(command.arg("--penalties").arg(&penalties));
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["weights"].as_array().unwrap().len(), 9);

    let x: Vec<_> = files
        .x
        .iter()
        .map(|x| {
            let band = |columns| delayed(&x.slice(s![.., columns]), &[1, 2]).unwrap();
            concatenate![Axis(1), band(0..2), band(2..5)]
        })
        .collect();
    let ridge = params()
        .alpha_scope(AlphaScope::PerTarget)
        .inner(InnerValidation::All);
    let model = BandedRidge::params(ridge.check().unwrap(), [4, 6])
        .weights(BandWeights::random(9, 5))
        .split(true)
        .check()
        .unwrap();
    let fit = model.fit(&x, &files.y).unwrap();
    let scores: Array1<f64> = load_npy(files.path("scores.npy"));
    assert_eq!(scores, fit.scores);
    assert_eq!(load_npy::<f64, ndarray::Ix3>(split), fit.split.clone().unwrap());
    let penalties: Array3<f64> = load_npy(penalties);
    assert_eq!(penalties.slice(s![2, .., 3]), fit.penalties(2, 3).unwrap());
}

#[test]
fn one_two_and_three_threads_write_the_same_bytes() {
    let files = Files::new();
    let bytes = |threads: &str| {
        files.scores(&[
            "--force",
            "--threads",
            threads,
            "--metric",
            "r2",
            "--alpha-scope",
            "target",
        ]);
        fs::read(files.path("scores.npy")).unwrap()
    };
    let one = bytes("1");
    assert!(one == bytes("2") && one == bytes("3"));
}

#[test]
fn wrong_values_are_named() {
    let files = Files::new();
    assert_fails(
        &mut files.command(&["--groups", "0,0,1,1"]),
        &["needs at least 3"],
    );
    assert_fails(
        &mut files.command(&["--groups", "0,1,2"]),
        &["3 group labels for 4 runs"],
    );
    assert_fails(
        &mut files.command(&["--delays", "1,20"]),
        &["x0.npy", "delay 20", "20 scans"],
    );
    assert_fails(
        &mut files.command(&["--delays", "1,1"]),
        &["delay 1 is given twice"],
    );
    assert_fails(&mut files.command(&["--bands", "2,2"]), &["4 features", "have 5"]);
    assert_fails(
        &mut files.command(&["--bands", "2,2", "--delays", "1"]),
        &["x0.npy", "4 features", "has 5"],
    );
    assert_fails(
        &mut files.command(&["--bands", "0,5"]),
        &["band 0 has no feature"],
    );
    assert_fails(
        &mut files.command(&["--bands", "2,3", "--n-ratios", "0"]),
        &["no candidate"],
    );
    let mut blocked = files.command(&["--predictions"]);
    assert_fails(blocked.arg(files.path("x0.npy")), &["run-0.npy"]);
    assert!(
        !files.path("scores.npy").exists(),
        "a failed run must not leave a result"
    );
}

#[test]
fn wrong_usage_is_status_two() {
    let files = Files::new();
    for flags in [
        &["--metric", "r3"][..],
        &["--groups", "a,b,c,d"],
        &["--groups", "0,-1,2,3"],
        &["--delays", "1.5"],
        &["--bands", "two"],
        &["--n-ratios", "5"],
        &["--seed", "5"],
        &["--split", "split.npy"],
        &["--bands", "2,3", "--coefficients", "c.npy"],
        &["--bands", "2,3", "--alpha-search", "screened"],
    ] {
        assert_usage_error(&mut files.command(flags));
    }
}

/// Targets of 80 MB stay in their files: the program's own memory, watched while it runs, holds a fraction of them. In
/// another precision they must be read and converted, and the same watch sees it.
#[cfg(target_os = "linux")]
#[test]
fn targets_larger_than_memory_are_mapped() {
    const BYTES: u64 = 4 * 100 * 50_000 * 4;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: String| folder.path().join(name);
    let wave = |n: usize, m: usize, seed: usize| {
        Array2::from_shape_fn((n, m), |(i, j)| (((i + 1) * (j * 31 + seed)) % 97) as f32 - 48.0)
    };
    for run in 0..4 {
        write_npy(path(format!("x{run}.npy")), &wave(100, 2, 3 + run)).unwrap();
        write_npy(path(format!("y{run}.npy")), &wave(100, 50_000, 5 + run)).unwrap();
    }
    let run = |precision: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-ridge"));
        for part in ["x", "y"] {
            command
                .arg(format!("--{part}"))
                .args((0..4).map(|r| path(format!("{part}{r}.npy"))));
        }
        command.arg("-o").arg(path(format!("{precision}.npy")));
        command.args(["--threads", "2", "--quiet", "--precision", precision]);
        largest_own_memory(&mut command)
    };
    let (mapped, read) = (run("f32"), run("f64"));
    assert!(mapped < BYTES / 2, "{mapped} bytes beside targets of {BYTES}");
    assert!(
        read > BYTES,
        "{read} bytes, though targets of {BYTES} were read: the watch sees nothing"
    );
}

/// Largest private memory, in bytes, that a child was seen to hold, pages of mapped files not counted.
#[cfg(target_os = "linux")]
fn largest_own_memory(command: &mut Command) -> u64 {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut largest = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
        largest = largest.max(1024 * kilobytes.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    largest
}

#[test]
fn given_ratios_and_a_descent_reach_the_model() {
    let files = Files::new();
    let banded = |weights| {
        let model = BandedRidge::params(params().check().unwrap(), [2, 3]).weights(weights);
        model.check().unwrap().fit(&files.x, &files.y).unwrap().scores
    };
    let scores = files.scores(&["--bands", "2,3", "--ratios", "1:1,1:0,0.1:0.9"]);
    assert_eq!(
        scores,
        banded(BandWeights::Given(ndarray::array![
            [1.0, 1.0],
            [1.0, 0.0],
            [0.1, 0.9]
        ]))
    );
    let scores = files.scores(&["--bands", "2,3", "--ratio-search", "descent", "--n-ratios", "6"]);
    assert_eq!(scores, banded(BandWeights::Descent { n_candidates: 6 }));
    assert_fails(
        &mut files.command(&["--bands", "2,3", "--ratios", "1:1:1"]),
        &["3 weights", "2 bands"],
    );
    assert_fails(
        &mut files.command(&["--bands", "2,3", "--ratios", "0:0"]),
        &["weight 0"],
    );
    assert_usage_error(&mut files.command(&["--bands", "2,3", "--ratios", "1:x"]));
    assert_usage_error(&mut files.command(&["--ratios", "1:1"]));
}

// cargo test --release -p lpp-ridge-cli --features openblas --test options
#[cfg(feature = "openblas")]
#[test]
fn the_engines_of_the_program_agree() {
    let files = Files::new();
    let (pure, blas) = (
        files.scores(&["--engine", "pure"]),
        files.scores(&["--engine", "openblas"]),
    );
    // small systems in double precision
    assert!(pure.iter().zip(&blas).all(|(a, b)| (a - b).abs() < 1e-12));
}
