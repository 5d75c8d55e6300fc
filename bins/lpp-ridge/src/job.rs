//! From files to files: read, fit, write, tell.

use std::time::Instant;

use anyhow::Context;
use lpp_files::npy::{self, NpyArray};
use lpp_ridge::{BandedRidge, EdgeWarning, RidgeError, largest_mean};
use lpp_steps::{Done, Software, run_if_stale};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Dimension, s};

use lpp_cli::Program;

use crate::args::{Args, Precision};
use crate::input::{Number, TargetRuns, check_runs, features};
use crate::outputs::{self, prediction};
use crate::summary::Summary;

/// This program in records, under the name that users know; the package has another.
const SOFTWARE: Software = Software {
    program: env!("CARGO_BIN_NAME"),
    ..lpp_cli::software!()
};

/// Runs the program.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    outputs::check(args)?;
    let precision = match args.precision {
        Some(precision) => precision,
        None => precision_of(&args.x[0])?,
    };
    let artefacts = outputs::step(args, precision).artefacts();
    let done = run_if_stale(SOFTWARE, artefacts, args.force, || match precision {
        Precision::F32 => run_in::<f32>(args, precision),
        Precision::F64 => run_in::<f64>(args, precision),
    })?;
    match done {
        Done::UpToDate => tell(args, &Summary::up_to_date(&args.output)?),
        Done::Made(summary) => tell(args, &summary),
    }
}

/// The arithmetic that the features ask for.
fn precision_of(path: &std::path::Path) -> anyhow::Result<Precision> {
    Ok(match npy::load(path)? {
        NpyArray::F64(_) => Precision::F64,
        _ => Precision::F32,
    })
}

fn run_in<A: Number>(args: &Args, precision: Precision) -> anyhow::Result<Summary> {
    let start = Instant::now();
    let x = features::<A>(args)?;
    let targets = TargetRuns::open(&args.y)?;
    let y = targets.views()?;
    check_runs(args, &x, &y)?;
    warn_of_raw(args, &x, &y);
    tracing::debug!(
        "{} runs, {} features, {} targets",
        x.len(),
        x[0].ncols(),
        y[0].ncols()
    );
    match args.banded_model()? {
        None => plain(args, precision, &x, &y, start),
        Some(model) => banded(args, precision, &model, &x, &y, start),
    }
}

fn plain<A: Number>(
    args: &Args,
    precision: Precision,
    x: &[Array2<A>],
    y: &[ArrayView2<'_, A>],
    start: Instant,
) -> anyhow::Result<Summary> {
    let prepared = args
        .model()?
        .prepare(x)
        .map_err(|error| of_features(args, error))?;
    let fit = prepared.score(y).context("cannot fit")?;
    warn_of_nan(&fit.scores, &fit.constant_targets, &fit.non_finite_targets);
    warn_of_edges(&fit.edge_warnings());
    warn_of_constant_features(&prepared.constant_features());
    let all: Vec<usize> = (0..fit.scores.len()).collect();
    if let Some(folder) = &args.predictions {
        for (run, predicted) in prepared.predictions(&fit, y, &all)?.iter().enumerate() {
            npy::save(&prediction(folder, run), predicted)?;
        }
    }
    if let Some(path) = &args.coefficients {
        npy::save(path, &prepared.coefficients(&fit, y, &all)?)?;
    }
    save_scores::<A>(args, &fit.scores, &fit.fold_scores)?;
    let wall_s = start.elapsed().as_secs_f64();
    Ok(Summary::of_fit(&fit, args.metric(), precision, wall_s))
}

fn banded<A: Number>(
    args: &Args,
    precision: Precision,
    model: &BandedRidge,
    x: &[Array2<A>],
    y: &[ArrayView2<'_, A>],
    start: Instant,
) -> anyhow::Result<Summary> {
    let fit = model.fit(x, y).map_err(|error| of_features(args, error))?;
    warn_of_nan(&fit.scores, &fit.constant_targets, &fit.non_finite_targets);
    warn_of_edges(&fit.edge_warnings());
    if let (Some(path), Some(split)) = (&args.banded.split, &fit.split) {
        save_as::<A, _, _>(path, split)?;
    }
    if let Some(path) = &args.banded.penalties {
        save_as::<A, _, _>(path, &fit.all_penalties())?;
    }
    save_scores::<A>(args, &fit.scores, &fit.fold_scores)?;
    let wall_s = start.elapsed().as_secs_f64();
    Ok(Summary::of_banded_fit(&fit, args.metric(), precision, wall_s))
}

/// Names the file of the feature that a fit refuses.
fn of_features(args: &Args, error: RidgeError) -> anyhow::Error {
    let of_file = match error {
        RidgeError::NonFiniteFeature { run, .. } => format!("{}: cannot fit", args.x[run].display()),
        _ => "cannot fit".to_owned(),
    };
    anyhow::Error::new(error).context(of_file)
}

/// Mean of a column, in standard deviations, from which a run cannot have been standardised. Trimming after standardising leaves far
/// less.
const RAW: f64 = 0.5;
/// Targets of a run that are looked at; raw signals are raw in all of them.
const LOOKED_AT: usize = 1024;

/// Says which runs were not standardised: the fit has no intercept.
fn warn_of_raw<A: Number>(args: &Args, x: &[Array2<A>], y: &[ArrayView2<'_, A>]) {
    let features = args.x.iter().zip(x.iter().map(|run| run.view()));
    let targets = args.y.iter().zip(
        y.iter()
            .map(|run| run.slice(s![.., ..run.ncols().min(LOOKED_AT)])),
    );
    let raw: Vec<_> = features
        .chain(targets)
        .map(|(path, run)| (path, largest_mean(&run)))
        .filter(|(_, mean)| *mean > RAW)
        .collect();
    if let Some((path, mean)) = raw.first() {
        tracing::warn!(
            "{}: the mean of a column is {mean:.1} standard deviations from 0 ({} files are like this), expected runs that were \
             standardised one by one; the fit has no intercept, so scores are too low",
            path.display(),
            raw.len()
        );
    }
}

/// Says which files there are now, and the mean score.
fn tell(args: &Args, summary: &Summary) -> anyhow::Result<()> {
    if args.common().json() {
        return lpp_cli::print_json(summary);
    }
    let state = if summary.is_up_to_date() {
        "up to date"
    } else {
        "written"
    };
    for path in outputs::extras(args) {
        lpp_cli::print_line(format!("{}: {state}", path.display()))?;
    }
    lpp_cli::print_line(format!(
        "{}: {state}, {} targets, mean score {:.4}",
        args.output.display(),
        summary.n_targets(),
        summary.mean_score()
    ))
}

/// Says how many targets have no score, and why.
fn warn_of_nan(scores: &Array1<f64>, constant: &[usize], non_finite: &[usize]) {
    let n_nan = scores.iter().filter(|s| s.is_nan()).count();
    if n_nan > 0 {
        tracing::warn!(
            "{n_nan} of {} targets have no score (NaN): {} constant in some run, {} not finite",
            scores.len(),
            constant.len(),
            non_finite.len()
        );
    }
}

/// Says where a wider grid may score better.
fn warn_of_edges(warnings: &[EdgeWarning]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// Says how many features do not vary in some run.
fn warn_of_constant_features(features: &[usize]) {
    if let Some(first) = features.first() {
        tracing::warn!(
            "{} features are constant in some run (the first is feature {first}) and predict nothing there",
            features.len()
        );
    }
}

/// Writes the scores last, so that they tell that everything else is there.
fn save_scores<A: Number>(
    args: &Args,
    scores: &Array1<f64>,
    fold_scores: &Array2<f64>,
) -> anyhow::Result<()> {
    if let Some(path) = &args.fold_scores {
        save_as::<A, _, _>(path, fold_scores)?;
    }
    save_as::<A, _, _>(&args.output, scores)
}

/// Writes an array in the precision of the fit.
fn save_as<A, S, D>(path: &std::path::Path, array: &ArrayBase<S, D>) -> anyhow::Result<()>
where
    A: Number,
    S: Data<Elem = f64>,
    D: Dimension,
{
    Ok(npy::save(path, &array.mapv(A::from_double))?)
}
