//! What the program writes.

use std::path::{Path, PathBuf};

use lpp_cli::Software;
use lpp_study::{Step, StudyError, check_outputs};

use crate::args::{Args, Precision};

/// This program in provenance, under the name that users know; the package has another.
const SOFTWARE: Software = Software {
    program: env!("CARGO_BIN_NAME"),
    ..lpp_cli::software!()
};

/// Makes sure that no output is an input, nor two of them one file.
///
/// # Errors
/// [`StudyError::SameOutput`] naming both.
pub(crate) fn check(args: &Args) -> Result<(), StudyError> {
    let inputs = [args.x.as_slice(), &args.y].concat();
    check_outputs(&inputs, &outputs(args))
}

/// A step for each file that the flags ask for, the scores last; one fit makes all of them.
///
/// # Errors
/// [`StudyError::Read`] for an input that cannot be read.
pub(crate) fn steps(args: &Args, precision: Precision) -> Result<Vec<Step>, StudyError> {
    let step = |output: PathBuf| {
        let mut step = Step::new(SOFTWARE, output);
        for file in args.x.iter().chain(&args.y) {
            step = step.input(file)?;
        }
        let parameters = args.parameters(precision);
        Ok(parameters
            .into_iter()
            .fold(step, |step, (name, value)| step.parameter(name, value)))
    };
    outputs(args).into_iter().map(step).collect()
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
