//! Lists of runs in the order of their labels.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use lpp_files::{BidsName, FileError, RunOrder};

use crate::args::Args;

/// Checks the lists of files; runs that both lists have in another order than their labels say are sorted, with a note.
pub(crate) fn in_order(mut args: Args) -> anyhow::Result<Args> {
    // The runs of a repeated story may share their features.
    let (x, y) = match RunOrder::of(&args.x) {
        Err(FileError::SameInput { .. }) => return RunOrder::of(&args.y).map(|_| args).map_err(Into::into),
        x => (x?, RunOrder::of(&args.y)?),
    };
    check_pairs(&args)?;
    let labelled = x.labelled && y.labelled;
    if let (true, Some((first, second))) = (labelled, x.contradiction.as_ref().or(y.contradiction.as_ref())) {
        ensure!(
            x.places == y.places,
            "{}: listed before {}, but not in the other list; expected features (--x) and targets (--y) in the same \
             order",
            first.display(),
            second.display()
        );
        tracing::warn!(
            "found {} before {}; runs are sorted by their labels",
            first.display(),
            second.display()
        );
        args.x = x.apply(&args.x);
        args.y = y.apply(&args.y);
        args.groups = args.groups.map(|groups| y.apply(&groups));
    }
    Ok(args)
}

/// Where both lists number their runs, they must number them alike.
fn check_pairs(args: &Args) -> anyhow::Result<()> {
    let (Some(of_x), Some(of_y)) = (numbers(&args.x), numbers(&args.y)) else {
        return Ok(());
    };
    let shift = |run: usize| of_y[run] - of_x[run];
    let wrong = (1..of_x.len().min(of_y.len())).find(|&run| shift(run) != shift(0));
    match wrong {
        Some(run) if of_x.len() == of_y.len() => bail!(
            "{}: found run {} paired with run {} of the features ({}), expected the same runs in both lists",
            args.y[run].display(),
            of_y[run],
            of_x[run],
            args.x[run].display()
        ),
        _ => Ok(()),
    }
}

/// The numbers of the runs, if all have one.
fn numbers(files: &[PathBuf]) -> Option<Vec<i128>> {
    files
        .iter()
        .map(|file| BidsName::of(file).run_number().map(i128::from))
        .collect()
}
