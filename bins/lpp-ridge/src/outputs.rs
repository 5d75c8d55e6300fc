//! What the program writes.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, check_outputs};
use lpp_steps::RidgeStep;
use serde_json::Value;

use crate::args::{Args, Precision};

/// Makes sure that no output is an input, nor two of them one file.
///
/// # Errors
/// [`FileError::SameOutput`] naming both.
pub(crate) fn check(args: &Args) -> Result<(), FileError> {
    let inputs = [args.x.as_slice(), &args.y].concat();
    check_outputs(&inputs, &outputs(args))
}

/// What is made of what: one fit makes all outputs.
pub(crate) fn step(args: &Args, precision: Precision) -> RidgeStep {
    let named = |(name, value): (&str, Value)| (name.to_owned(), value);
    RidgeStep {
        inputs: [args.x.as_slice(), &args.y].concat(),
        settings: args.parameters(precision).into_iter().map(named).collect(),
        outputs: outputs(args),
    }
}

/// All files that the flags ask for, the scores last.
fn outputs(args: &Args) -> Vec<PathBuf> {
    let mut outputs: Vec<PathBuf> = extra_files(args).cloned().collect();
    if let Some(folder) = &args.predictions {
        outputs.extend((0..args.y.len()).map(|run| prediction(folder, run)));
    }
    outputs.push(args.output.clone());
    outputs
}

/// What the program tells of besides the scores: files, and the folder of predictions.
pub(crate) fn extras(args: &Args) -> impl Iterator<Item = &PathBuf> {
    extra_files(args).chain(&args.predictions)
}

fn extra_files(args: &Args) -> impl Iterator<Item = &PathBuf> {
    let files = [
        &args.fold_scores,
        &args.coefficients,
        &args.banded.split,
        &args.banded.penalties,
    ];
    files.into_iter().flatten()
}

/// Where the predictions of a run go.
pub(crate) fn prediction(folder: &Path, run: usize) -> PathBuf {
    folder.join(format!("run-{run}.npy"))
}
