//! What the program writes.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, check_outputs};

use crate::args::Args;

/// Makes sure that no output is an input, nor two of them one file.
///
/// # Errors
/// [`FileError::SameOutput`] naming both.
pub(crate) fn check(args: &Args) -> Result<(), FileError> {
    let inputs = [args.x.as_slice(), &args.y].concat();
    check_outputs(&inputs, &outputs(args))
}

fn outputs(args: &Args) -> Vec<PathBuf> {
    let mut outputs = vec![args.output.clone()];
    let also = [
        &args.fold_scores,
        &args.coefficients,
        &args.banded.split,
        &args.banded.penalties,
    ];
    outputs.extend(also.into_iter().flatten().cloned());
    if let Some(folder) = &args.predictions {
        outputs.extend((0..args.y.len()).map(|run| prediction(folder, run)));
    }
    outputs
}

/// Where the predictions of a run go.
pub(crate) fn prediction(folder: &Path, run: usize) -> PathBuf {
    folder.join(format!("run-{run}.npy"))
}
