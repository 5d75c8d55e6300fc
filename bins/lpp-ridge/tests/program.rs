//! The program from flags to files, and every way in which it must refuse.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_testkit::{Tolerance, assert_close, assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array1, Array2, Array3};
use ndarray_npy::{WritableElement, write_npy};
use tempfile::TempDir;

/// Four runs of features and targets in a folder of their own.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new<A: WritableElement>(convert: impl Fn(f64) -> A) -> Self {
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for run in 0..4 {
            let n = 20 + run;
            let x = wave(n, 3, 0.7 + run as f64);
            let y = wave(n, 5, 2.9 + run as f64) * 0.3
                + x.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
            write_npy(files.path(&format!("x{run}.npy")), &x.mapv(&convert)).unwrap();
            write_npy(files.path(&format!("y{run}.npy")), &y.mapv(&convert)).unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = program();
        for part in ["x", "y"] {
            command
                .arg(format!("--{part}"))
                .args((0..4).map(|run| self.path(&format!("{part}{run}.npy"))));
        }
        command.arg("-o").arg(self.path("scores.npy"));
        command
    }

    /// Replaces a file by something wrong; the program must name it and leave no result.
    fn refuses(&self, name: &str, spoil: impl FnOnce(&Path), parts: &[&str]) {
        let path = self.path(name);
        let good = fs::read(&path).unwrap();
        spoil(&path);
        assert_fails(&mut self.command(), &[&[name], parts].concat());
        assert!(
            !self.path("scores.npy").exists(),
            "a failed run must not leave a result"
        );
        fs::write(path, good).unwrap();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lpp-ridge"))
}

fn wave(n: usize, m: usize, seed: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, m), |(i, j)| ((i + 1) as f64 * (j as f64 + seed)).sin())
}

#[test]
fn lists_of_runs_are_in_the_order_of_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: String| folder.path().join(name);
    let wave = |n: usize, p: usize, f: f64| {
        Array2::from_shape_fn((n, p), |(i, j)| (f * (i + 1) as f64 * (j + 1) as f64).sin())
    };
    for run in [1, 2, 3, 10] {
        let n = 30 + run;
        ndarray_npy::write_npy(at(format!("x_run-{run}.npy")), &wave(n, 3, 0.7 + run as f64)).unwrap();
        ndarray_npy::write_npy(at(format!("y_run-{run}.npy")), &wave(n, 2, 0.3 + run as f64)).unwrap();
        ndarray_npy::write_npy(
            at(format!("t_run-{}.npy", run + 4)),
            &wave(n, 2, 0.3 + run as f64),
        )
        .unwrap();
    }
    let fit = |x: [usize; 4], y: [usize; 4], more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-ridge"));
        command
            .current_dir(folder.path())
            .arg("--x")
            .args(x.map(|run| format!("x_run-{run}.npy")));
        command.arg("--y").args(y.map(|run| format!("y_run-{run}.npy")));
        command.args(["-o", "s.npy", "--fold-scores", "f.npy"]).args(more);
        command
    };
    let folds = || load_npy::<f64, ndarray::Ix2>(at("f.npy".into()));
    let sorted = [1, 2, 3, 10];
    assert_succeeds(&mut fit(sorted, sorted, &[]));
    let expected = folds();
    let output = fit([1, 10, 2, 3], [1, 10, 2, 3], &[]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("warning: found x_run-10.npy before x_run-2.npy")
    );
    assert_eq!(folds(), expected);
    assert_succeeds(&mut fit(sorted, sorted, &["--groups", "0,1,2,0"]));
    let expected = folds();
    assert_succeeds(&mut fit([1, 10, 2, 3], [1, 10, 2, 3], &["--groups", "0,0,1,2"]));
    assert_eq!(folds(), expected);
    for (x, y, parts) in [
        (sorted, [1, 10, 2, 3], ["run 10", "run 2"]),
        ([1, 10, 2, 3], sorted, ["run 2", "run 10"]),
        (sorted, [1, 2, 3, 3], ["y_run-3.npy", "one file"]),
    ] {
        assert_fails(&mut fit(x, y, &[]), &parts);
    }
    for output in ["y_run-2.npy", "f.npy"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-ridge"));
        command
            .current_dir(folder.path())
            .arg("--x")
            .args(sorted.map(|run| format!("x_run-{run}.npy")));
        command
            .arg("--y")
            .args(sorted.map(|run| format!("y_run-{run}.npy")));
        assert_fails(
            command.args(["-o", output, "--fold-scores", "f.npy"]),
            &[output, "nothing was written"],
        );
    }
}

#[test]
fn double_and_single_precision_agree() {
    let (double, single) = (Files::new(|v| v), Files::new(|v| v as f32));
    let extra = double.path("folds.npy");
    let stdout = assert_succeeds(
        double
            .command()
            .args(["--json", "--alphas", "0.1,1,10", "--fold-scores"])
            .arg(&extra),
    );
    let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(summary["alphas"], serde_json::json!([0.1, 1.0, 10.0]));
    assert_eq!(summary["precision"], "f64");
    assert_eq!((&summary["n_targets"], &summary["n_nan"]), (&5.into(), &0.into()));
    assert_eq!(summary["alpha_index"].as_array().unwrap().len(), 4);

    let scores: Array1<f64> = load_npy(double.path("scores.npy"));
    let folds: Array2<f64> = load_npy(extra);
    assert_close(
        &folds.mean_axis(ndarray::Axis(0)).unwrap(),
        &scores,
        Tolerance::relative(1e-14),
    ); // one sum of four
    assert!((summary["mean_score"].as_f64().unwrap() - scores.mean().unwrap()).abs() < 1e-14);

    assert_succeeds(single.command().args(["--alphas", "0.1,1,10"]));
    let rounded: Array1<f32> = load_npy(single.path("scores.npy"));
    assert_close(&rounded, &scores, Tolerance::absolute(1e-5)); // the aim of the specification
    assert_succeeds(
        single
            .command()
            .args(["--alphas", "0.1,1,10", "--precision", "f64"]),
    );
    let raised: Array1<f64> = load_npy(single.path("scores.npy"));
    assert_close(&raised, &scores, Tolerance::absolute(1e-5)); // its inputs were rounded
}

#[test]
fn options_reach_the_model() {
    let files = Files::new(|v| v);
    let stdout =
        assert_succeeds(
            files
                .command()
                .args(["--json", "--inner", "all", "--alpha-scope", "target"]),
        );
    let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(summary["alpha_index"].is_null());
    let per_fold: u64 = summary["alpha_counts"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(per_fold, 5);
}

#[test]
fn runs_that_were_not_standardised_are_named() {
    let stderr = |files: &Files| {
        let output = files.command().output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!stderr(&Files::new(|v| v)).contains("standardised"));
    let raw = Files::new(|v| v);
    write_npy(raw.path("y1.npy"), &(wave(21, 5, 3.9) + 500.0)).unwrap();
    let said = stderr(&raw);
    assert!(
        said.contains("warning") && said.contains("y1.npy") && said.contains("standardised"),
        "{said}"
    );
}

#[test]
fn a_constant_target_is_scored_nan_and_counted() {
    let files = Files::new(|v| v);
    let path = files.path("y2.npy");
    let mut y: Array2<f64> = load_npy(&path);
    y.column_mut(3).fill(0.25);
    write_npy(&path, &y).unwrap();
    let output = files.command().arg("--json").output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 of 5 targets have no score"));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["constant_targets"], serde_json::json!([3]));
    let scores: Array1<f64> = load_npy(files.path("scores.npy"));
    assert_eq!(
        scores.mapv(f64::is_nan).to_vec(),
        [false, false, false, true, false]
    );
}

#[test]
fn wrong_files_are_named() {
    let files = Files::new(|v| v);
    files.refuses("x1.npy", |p| fs::remove_file(p).unwrap(), &["cannot read"]);
    files.refuses(
        "y3.npy",
        |p| write_npy(p, &wave(23, 4, 1.0)).unwrap(),
        &["4 columns", "has 5"],
    );
    files.refuses(
        "y1.npy",
        |p| write_npy(p, &wave(22, 5, 1.0)).unwrap(),
        &["22 scans", "has 21"],
    );
    files.refuses(
        "x2.npy",
        |p| write_npy(p, &Array3::<f64>::zeros((2, 3, 4))).unwrap(),
        &["2 axes"],
    );
    files.refuses(
        "y0.npy",
        |p| write_npy(p, &Array2::<f64>::zeros((0, 5))).unwrap(),
        &["empty"],
    );
    let text = |p: &Path| {
        write_npy(p, &Array2::<u8>::zeros((20, 3))).unwrap();
        let mut bytes = fs::read(p).unwrap();
        let kind = bytes.windows(3).position(|window| window == b"|u1").unwrap();
        bytes[kind + 1] = b'S';
        fs::write(p, bytes).unwrap();
    };
    files.refuses("x0.npy", text, &["text", "astype"]);
    files.refuses("y0.npy", text, &["text", "astype"]);
    files.refuses("x3.npy", |p| fs::write(p, b"not an array").unwrap(), &[]);
    let cut = |p: &Path| fs::write(p, &fs::read(p).unwrap()[..200]).unwrap();
    files.refuses("x0.npy", cut, &["truncated"]);
    files.refuses("y2.npy", cut, &["truncated"]);
    assert_succeeds(&mut files.command());
}

#[test]
fn features_that_are_not_finite_are_placed() {
    let files = Files::new(|v| v);
    let path = files.path("x2.npy");
    let mut x: Array2<f64> = load_npy(&path);
    x[[7, 1]] = f64::NAN;
    write_npy(&path, &x).unwrap();
    assert_fails(
        &mut files.command(),
        &["x2.npy", "feature 1 of run 2 is NaN at scan 7"],
    );
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let files = Files::new(|v| v);
    let mut command = files.command();
    command
        .arg("--fold-scores")
        .arg(files.path("x0.npy").join("folds.npy"));
    assert_fails(&mut command, &["folds.npy"]);
}

#[test]
fn too_few_or_unequal_numbers_of_runs_are_refused() {
    let files = Files::new(|v| v);
    let with = |x: usize, y: usize| {
        let mut command = program();
        command
            .arg("--x")
            .args((0..x).map(|r| files.path(&format!("x{r}.npy"))));
        command
            .arg("--y")
            .args((0..y).map(|r| files.path(&format!("y{r}.npy"))));
        command.arg("-o").arg(files.path("scores.npy"));
        command
    };
    assert_fails(&mut with(2, 2), &["2 runs", "at least 3"]);
    assert_fails(&mut with(4, 3), &["4 files of features", "3 of targets"]);
}

#[test]
fn wrong_usage_is_status_two() {
    let files = Files::new(|v| v);
    assert_usage_error(&mut program());
    assert_usage_error(files.command().args(["--alphas", "logspace:2:7"]));
    assert_usage_error(files.command().args(["--alphas", "1,-2"]));
    assert_usage_error(files.command().args(["--inner", "some"]));
    assert_usage_error(files.command().args(["--threads", "0"]));
    assert_usage_error(files.command().arg("--no-such-flag"));
}

#[test]
fn targets_of_any_number_type_are_read_and_a_vector_is_one_target() {
    let files = Files::new(|v| v);
    assert_succeeds(files.command().args(["--alphas", "0.1,1,10"]));
    let all: Array1<f64> = load_npy(files.path("scores.npy"));
    let mut whole = Vec::new();
    for run in 0..4 {
        let path = files.path(&format!("y{run}.npy"));
        let y: Array2<f64> = load_npy(&path);
        whole.push(y.mapv(|v| (1000.0 * v).round()));
        write_npy(&path, &whole[run].mapv(|v| v as i32)).unwrap();
    }
    assert_succeeds(files.command().args(["--alphas", "0.1,1,10"]));
    let integers: Array1<f64> = load_npy(files.path("scores.npy"));
    assert_close(&integers, &all, Tolerance::absolute(1e-3)); // rounded to thousandths, on another scale
    for (run, y) in whole.iter().enumerate() {
        write_npy(
            files.path(&format!("y{run}.npy")),
            &y.column(2).mapv(|v| v as i16),
        )
        .unwrap();
    }
    assert_succeeds(files.command().args(["--alphas", "0.1,1,10"]));
    let one: Array1<f64> = load_npy(files.path("scores.npy"));
    assert_eq!(one.len(), 1);
    assert!(one[0].is_finite());
}

#[test]
fn it_says_what_it_wrote() {
    let files = Files::new(|v| v);
    let folds = files.path("folds.npy");
    let said = assert_succeeds(
        files
            .command()
            .args(["--alphas", "0.1,1,10", "--fold-scores"])
            .arg(&folds),
    );
    assert!(
        said.contains("scores.npy: written, 5 targets, mean score "),
        "{said}"
    );
    assert!(said.contains("folds.npy: written"), "{said}");
}

#[test]
fn choices_at_an_edge_of_the_grid_are_told() {
    let files = Files::new(|v| v);
    for (flags, told) in [
        (&["--alphas", "1e5,1e6"][..], "smallest penalty of the grid (1e5)"),
        (&["--alphas", "1e-9,1e-8"], "penalty of the grid"),
        (
            &["--alphas", "1e5,1e6", "--alpha-scope", "target"],
            "% of the targets chose the smallest penalty",
        ),
        (
            &["--alphas", "1e5,1e6", "--bands", "1,2", "--n-ratios", "2"],
            "% of the targets chose",
        ),
    ] {
        let output = files.command().args(flags).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.contains(told),
            "{flags:?}: {said}"
        );
    }
}

#[test]
fn a_penalty_beyond_all_scales_is_refused_by_name() {
    let files = Files::new(|v| v);
    for flags in [
        &["--alphas", "1e308"][..],
        &["--alphas", "1,1e300"],
        &["--alphas", "1e250", "--bands", "1,2"],
    ] {
        assert_fails(files.command().args(flags), &["penalty", "too large"]);
    }
}

#[test]
fn constants_of_any_kind_leave_the_others_alone() {
    for flags in [
        &[][..],
        &["--metric", "r2"],
        &["--alpha-scope", "target"],
        &["--inner", "all"],
        &["--bands", "1,2", "--n-ratios", "3"],
        &["--groups", "0,1,2,2"],
    ] {
        let files = Files::new(|v| v);
        let run = |flags: &[&str]| -> Array1<f64> {
            assert_succeeds(files.command().args(["--alphas", "0.1,1,10"]).args(flags));
            load_npy(files.path("scores.npy"))
        };
        let alone = run(flags);
        for (runs, value) in [(&[0, 1, 2, 3][..], 437.3), (&[2], 1e9), (&[0], 1e-6)] {
            let originals: Vec<Array2<f64>> = (0..4)
                .map(|r| load_npy(files.path(&format!("y{r}.npy"))))
                .collect();
            for (r, y) in originals.iter().enumerate() {
                let column = Array2::from_shape_fn((y.nrows(), 1), |(i, _)| {
                    if runs.contains(&r) {
                        value
                    } else {
                        (0.9 * i as f64).sin()
                    }
                });
                let y = ndarray::concatenate![ndarray::Axis(1), column, *y];
                write_npy(files.path(&format!("y{r}.npy")), &y).unwrap();
            }
            let beside = run(flags);
            assert!(beside[0].is_nan(), "{flags:?} {value}");
            assert!(
                beside
                    .iter()
                    .skip(1)
                    .zip(&alone)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "{flags:?} {value}"
            );
            for (r, y) in originals.iter().enumerate() {
                write_npy(files.path(&format!("y{r}.npy")), y).unwrap();
            }
        }
    }
}

#[test]
fn no_output_is_an_input_or_another_output() {
    let files = Files::new(|v| v);
    let targets = fs::read(files.path("y1.npy")).unwrap();
    for flags in [
        ["--fold-scores", "y1.npy"],
        ["--coefficients", "x0.npy"],
        ["--fold-scores", "scores.npy"],
        ["--coefficients", "./scores.npy"],
    ] {
        let mut command = files.command();
        command.arg(flags[0]).arg(files.path(flags[1]));
        assert_fails(&mut command, &[flags[1].trim_start_matches("./")]);
    }
    // Predictions of runs take the names of their runs.
    for run in 0..4 {
        for part in ["x", "y"] {
            fs::rename(
                files.path(&format!("{part}{run}.npy")),
                files.path(&format!("{part}-run-{run}.npy")),
            )
            .unwrap();
        }
    }
    fs::rename(files.path("y-run-2.npy"), files.path("run-2.npy")).unwrap();
    let mut command = program();
    command
        .arg("--x")
        .args((0..4).map(|run| files.path(&format!("x-run-{run}.npy"))));
    command
        .arg("--y")
        .args(["y-run-0", "y-run-1", "run-2", "y-run-3"].map(|name| files.path(&format!("{name}.npy"))));
    command.arg("-o").arg(files.path("scores.npy"));
    command.arg("--predictions").arg(files.folder.path());
    assert_fails(&mut command, &["run-2.npy"]);
    assert_eq!(fs::read(files.path("y-run-1.npy")).unwrap(), targets);
    assert!(!files.path("scores.npy").exists());
}

#[test]
fn what_is_up_to_date_is_left_alone() {
    let files = Files::new(|v| v);
    let folds = files.path("folds.npy");
    let call = |flags: &[&str]| {
        let mut command = files.command();
        command
            .args(["--alphas", "0.1,1,10", "--fold-scores"])
            .arg(&folds);
        assert_succeeds(command.args(flags))
    };
    let both = |state: &str, said: &str| {
        let told = |name: &str| said.contains(&format!("{name}: {state}"));
        assert!(told("folds.npy") && told("scores.npy"), "{said}");
    };
    let written = |name: &str| fs::metadata(files.path(name)).unwrap().modified().unwrap();
    let first = call(&[]);
    both("written", &first);
    let times = ["scores.npy", "folds.npy"].map(written);
    let again = call(&[]);
    both("up to date", &again);
    assert_eq!(["scores.npy", "folds.npy"].map(written), times);
    // The same number of targets and mean score.
    assert_eq!(again, first.replace("written", "up to date"));
    let summary: serde_json::Value = serde_json::from_str(&call(&["--json"])).unwrap();
    assert_eq!(
        (&summary["up_to_date"], &summary["n_targets"]),
        (&true.into(), &5.into())
    );
    // The number of threads does not decide the numbers.
    both("up to date", &call(&["--threads", "1"]));
    // Something that does, a lost file, a changed one, another input, and the wish of the user.
    both("written", &call(&["--inner", "all"]));
    both("written", &call(&[]));
    fs::remove_file(&folds).unwrap();
    both("written", &call(&[]));
    let mut bytes = fs::read(&folds).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&folds, bytes).unwrap();
    both("written", &call(&[]));
    write_npy(files.path("x2.npy"), &wave(22, 3, 5.0)).unwrap();
    both("written", &call(&[]));
    both("up to date", &call(&[]));
    both("written", &call(&["--force"]));
}

#[test]
fn a_record_lies_beside_each_output() {
    let files = Files::new(|v| v);
    let mut command = files.command();
    assert_succeeds(command.arg("--predictions").arg(files.path("predicted")));
    for name in ["scores.npy", "predicted/run-3.npy"] {
        let text = fs::read_to_string(files.path(&format!("{name}.json"))).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(record["software"].as_str().unwrap().starts_with("lpp-ridge "));
        assert_eq!(record["inputs"].as_array().unwrap().len(), 8);
        let parameters = &record["parameters"];
        assert_eq!(parameters["alphas"].as_array().unwrap().len(), 16);
        assert_eq!(
            (
                &parameters["precision"],
                &parameters["alpha_scope"],
                &parameters["n_ratios"]
            ),
            (&"f64".into(), &"global".into(), &serde_json::Value::Null)
        );
    }
}

#[test]
fn files_of_the_user_are_not_overwritten() {
    let files = Files::new(|v| v);
    for name in ["scores.npy", "folds.npy"] {
        fs::write(files.path(name), "mine").unwrap();
        let mut command = files.command();
        command.arg("--fold-scores").arg(files.path("folds.npy"));
        assert_fails(&mut command, &[name, "--force"]);
        assert_eq!(fs::read(files.path(name)).unwrap(), b"mine");
        let there = ["scores.npy", "folds.npy"].map(|name| files.path(name).exists());
        assert_eq!(there, ["scores.npy", "folds.npy"].map(|other| other == name));
        fs::remove_file(files.path(name)).unwrap();
    }
    fs::write(files.path("scores.npy"), "mine").unwrap();
    assert_succeeds(files.command().arg("--force"));
    assert_eq!(load_npy::<f64, ndarray::Ix1>(files.path("scores.npy")).len(), 5);
}
