//! From files to files: read, fit, write, tell.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, ensure};
use lpp_ridge::{Element, GridEdge, RidgeCvFit};
use lpp_study::npy::{self, NpyArray};
use ndarray::Array2;
use serde::Serialize;

use crate::args::{Args, Precision};

/// Runs the program.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let precision = match args.precision {
        Some(precision) => precision,
        None => precision_of(&args.x[0])?,
    };
    let fit = match precision {
        Precision::F32 => fit(args, npy::load_f32_matrix)?,
        Precision::F64 => fit(args, npy::load_f64_matrix)?,
    };
    warn(&fit);
    save(args, &fit, precision)?;
    if args.json {
        let wall_s = start.elapsed().as_secs_f64();
        lpp_cli::print_json(&Summary::new(&fit, precision, wall_s))?;
    }
    Ok(())
}

/// The arithmetic that the features ask for.
fn precision_of(path: &std::path::Path) -> anyhow::Result<Precision> {
    Ok(match npy::load(path)? {
        NpyArray::F64(_) => Precision::F64,
        _ => Precision::F32,
    })
}

fn fit<A: Element>(
    args: &Args,
    load: impl Fn(&std::path::Path) -> Result<Array2<A>, lpp_study::StudyError>,
) -> anyhow::Result<RidgeCvFit> {
    let x = load_runs(&args.x, &load)?;
    let y = load_runs(&args.y, &load)?;
    ensure!(
        x.len() == y.len(),
        "{} files of features (--x) and {} of targets (--y), expected one of each per run",
        x.len(),
        y.len()
    );
    for (run, (x, y)) in x.iter().zip(&y).enumerate() {
        ensure!(
            x.nrows() == y.nrows(),
            "{}: {} scans, but {} has {}",
            args.y[run].display(),
            y.nrows(),
            args.x[run].display(),
            x.nrows()
        );
    }
    let model = args.model()?;
    tracing::debug!(
        "{} runs, {} features, {} targets",
        x.len(),
        x[0].ncols(),
        y[0].ncols()
    );
    model.fit(&x, &y).context("cannot fit")
}

/// Reads runs and checks that they agree on their columns, naming the file that does not.
fn load_runs<A: Element>(
    paths: &[PathBuf],
    load: impl Fn(&std::path::Path) -> Result<Array2<A>, lpp_study::StudyError>,
) -> anyhow::Result<Vec<Array2<A>>> {
    let mut runs: Vec<Array2<A>> = Vec::new();
    for path in paths {
        let run = load(path)?;
        ensure!(
            !run.is_empty(),
            "{}: empty array of shape {:?}",
            path.display(),
            run.shape()
        );
        if let Some(first) = runs.first() {
            ensure!(
                run.ncols() == first.ncols(),
                "{}: {} columns, but {} has {}",
                path.display(),
                run.ncols(),
                paths[0].display(),
                first.ncols()
            );
        }
        runs.push(run);
    }
    Ok(runs)
}

/// Says what a user should know about the fit.
fn warn(fit: &RidgeCvFit) {
    let n_targets = fit.scores.len();
    if fit.n_nan() > 0 {
        tracing::warn!(
            "{} of {n_targets} targets have no score (NaN): {} constant in some run, {} not finite",
            fit.n_nan(),
            fit.constant_targets.len(),
            fit.non_finite_targets.len()
        );
    }
    for (edge, name) in [(GridEdge::Smallest, "smallest"), (GridEdge::Largest, "largest")] {
        let folds: Vec<_> = fit
            .edge_warnings()
            .into_iter()
            .filter(|w| w.edge == edge)
            .map(|w| w.fold)
            .collect();
        if !folds.is_empty() {
            tracing::warn!(
                "the {name} penalty was chosen for test runs {folds:?}; a wider grid may score better"
            );
        }
    }
}

fn save(args: &Args, fit: &RidgeCvFit, precision: Precision) -> anyhow::Result<()> {
    if let Some(path) = &args.fold_scores {
        match precision {
            Precision::F32 => npy::save(path, &fit.fold_scores.mapv(f32::from_double))?,
            Precision::F64 => npy::save(path, &fit.fold_scores)?,
        }
    }
    match precision {
        Precision::F32 => npy::save(&args.output, &fit.scores.mapv(f32::from_double))?,
        Precision::F64 => npy::save(&args.output, &fit.scores)?,
    }
    Ok(())
}

/// What `--json` prints. NaN becomes null.
#[derive(Debug, Serialize)]
struct Summary {
    precision: &'static str,
    alphas: Vec<f64>,
    /// Position of the penalty of each fold; null with a penalty per target.
    alpha_index: Option<Vec<usize>>,
    /// How many targets took each penalty in each fold.
    alpha_counts: Vec<Vec<usize>>,
    validation_curves: Vec<Vec<f64>>,
    /// Whether a point of the curves covers all targets.
    fully_scored: Vec<Vec<bool>>,
    fold_means: Vec<f64>,
    n_runs: usize,
    n_targets: usize,
    n_nan: usize,
    constant_targets: Vec<usize>,
    non_finite_targets: Vec<usize>,
    mean_score: f64,
    wall_s: f64,
}

impl Summary {
    fn new(fit: &RidgeCvFit, precision: Precision, wall_s: f64) -> Self {
        Self {
            precision: if precision == Precision::F32 { "f32" } else { "f64" },
            alphas: fit.alphas.clone(),
            alpha_index: fit.alpha_index().map(<[usize]>::to_vec),
            alpha_counts: rows(&fit.alpha_counts()),
            validation_curves: rows(&fit.validation_curves),
            fully_scored: rows(&fit.fully_scored),
            fold_means: fit.fold_means().to_vec(),
            n_runs: fit.fold_scores.nrows(),
            n_targets: fit.scores.len(),
            n_nan: fit.n_nan(),
            constant_targets: fit.constant_targets.clone(),
            non_finite_targets: fit.non_finite_targets.clone(),
            mean_score: fit.mean_score(),
            wall_s,
        }
    }
}

fn rows<T: Clone>(matrix: &Array2<T>) -> Vec<Vec<T>> {
    matrix.outer_iter().map(|row| row.to_vec()).collect()
}
