//! Where each run lies in a stack of runs, and the checks of what a caller hands over.

use std::ops::{Deref, Range};

use ndarray::{Array2, ArrayRef2, s};

use crate::{Element, RidgeError};

/// Fewest runs that nested validation can work with: one to test, one to validate, one to learn from.
pub(crate) const MIN_RUNS: usize = 3;

/// The rows of each run in the stack of all runs.
///
/// If runs are left out in groups, a "run" is such a group, its runs stacked in their order; what a caller hands over
/// run by run is found by [`source`](Self::source).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunLayout {
    starts: Vec<usize>,
    /// Rows of each run as given.
    sources: Vec<Range<usize>>,
}

impl RunLayout {
    pub(crate) fn new(lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        for length in lengths {
            starts.push(starts[starts.len() - 1] + length);
        }
        let sources = starts.windows(2).map(|pair| pair[0]..pair[1]).collect();
        Self { starts, sources }
    }

    /// Runs of `lengths` stacked by their labels in `groups`, ascending; there is a label for each run.
    pub(crate) fn grouped(lengths: &[usize], groups: &[usize]) -> Self {
        let mut labels = groups.to_vec();
        labels.sort_unstable();
        labels.dedup();
        let (mut starts, mut sources, mut top) = (vec![0], vec![0..0; lengths.len()], 0);
        for label in labels {
            for run in (0..lengths.len()).filter(|&run| groups[run] == label) {
                sources[run] = top..top + lengths[run];
                top += lengths[run];
            }
            starts.push(top);
        }
        Self { starts, sources }
    }

    /// Number of runs that a caller hands over.
    pub(crate) fn n_sources(&self) -> usize {
        self.sources.len()
    }

    /// Rows of a run as it was given.
    pub(crate) fn source(&self, run: usize) -> Range<usize> {
        self.sources[run].clone()
    }

    pub(crate) fn n_runs(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn n_scans(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Rows of one run.
    pub(crate) fn rows(&self, run: usize) -> Range<usize> {
        self.starts[run]..self.starts[run + 1]
    }

    pub(crate) fn len(&self, run: usize) -> usize {
        self.rows(run).len()
    }

    /// Number of rows of several runs.
    pub(crate) fn total(&self, runs: &[usize]) -> usize {
        runs.iter().map(|&r| self.len(r)).sum()
    }

    /// The rows of ascending `runs`, neighbours joined: as few pieces as possible.
    pub(crate) fn pieces(&self, runs: &[usize]) -> Vec<Range<usize>> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        for rows in runs.iter().map(|&r| self.rows(r)) {
            match pieces.last_mut() {
                Some(last) if last.end == rows.start => last.end = rows.end,
                _ => pieces.push(rows),
            }
        }
        pieces
    }
}

/// Checks features and says where each run would lie in their stack, by groups if there are labels.
pub(crate) fn check_features<A, X>(runs: &[X], groups: Option<&[usize]>) -> Result<RunLayout, RidgeError>
where
    A: Element,
    X: Deref<Target = ArrayRef2<A>>,
{
    if runs.len() < MIN_RUNS {
        return Err(RidgeError::TooFewRuns {
            found: runs.len(),
            needed: MIN_RUNS,
        });
    }
    let n_features = runs[0].ncols();
    for (run, x) in runs.iter().enumerate() {
        check_feature_run(run, x, n_features)?;
    }
    let lengths: Vec<usize> = runs.iter().map(|x| x.nrows()).collect();
    match groups {
        None => Ok(RunLayout::new(lengths)),
        Some(groups) if groups.len() == runs.len() => Ok(RunLayout::grouped(&lengths, groups)),
        Some(groups) => Err(RidgeError::GroupCount {
            found: groups.len(),
            expected: runs.len(),
        }),
    }
}

/// Checks features and stacks them, by groups if there are labels.
pub(crate) fn stack_features<A, X>(
    runs: &[X],
    groups: Option<&[usize]>,
) -> Result<(Array2<A>, RunLayout), RidgeError>
where
    A: Element,
    X: Deref<Target = ArrayRef2<A>>,
{
    let layout = check_features(runs, groups)?;
    let mut stack = Array2::zeros((layout.n_scans(), runs[0].ncols()));
    for (run, x) in runs.iter().enumerate() {
        stack.slice_mut(s![layout.source(run), ..]).assign(&**x);
    }
    Ok((stack, layout))
}

fn check_feature_run<A: Element>(run: usize, x: &ArrayRef2<A>, expected: usize) -> Result<(), RidgeError> {
    let (n_scans, found) = x.dim();
    if found == 0 {
        return Err(RidgeError::NoFeatures { run });
    }
    if found != expected {
        return Err(RidgeError::FeatureCount { run, found, expected });
    }
    if n_scans < 2 {
        return Err(RidgeError::TooFewScans { run, found: n_scans });
    }
    match x.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((scan, feature), value)) => Err(RidgeError::NonFiniteFeature {
            run,
            scan,
            feature,
            value: value.to_double(),
        }),
        None => Ok(()),
    }
}

/// Checks that targets fit the features; returns their number.
pub(crate) fn check_targets<A, Y>(runs: &[Y], layout: &RunLayout) -> Result<usize, RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>>,
{
    if runs.len() != layout.n_sources() {
        return Err(RidgeError::RunCount {
            found: runs.len(),
            expected: layout.n_sources(),
        });
    }
    let n_targets = runs[0].ncols();
    if n_targets == 0 {
        return Err(RidgeError::NoTargets);
    }
    for (run, y) in runs.iter().enumerate() {
        if y.ncols() != n_targets {
            return Err(RidgeError::TargetCount {
                run,
                found: y.ncols(),
                expected: n_targets,
            });
        }
        let expected = layout.source(run).len();
        if y.nrows() != expected {
            return Err(RidgeError::ScanCount {
                run,
                found: y.nrows(),
                expected,
            });
        }
    }
    Ok(n_targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_runs_are_one_piece() {
        let layout = RunLayout::new([3, 2, 4, 1]);
        assert_eq!(layout.n_scans(), 10);
        assert_eq!(layout.rows(2), 5..9);
        assert_eq!(layout.pieces(&[0, 1, 3]), [0..5, 9..10]);
        assert_eq!(layout.total(&[0, 3]), 4);
    }

    #[test]
    fn groups_are_stacked_by_label_and_runs_found_again() {
        let layout = RunLayout::grouped(&[3, 2, 4, 1], &[7, 2, 7, 5]);
        assert_eq!(
            (layout.n_runs(), layout.n_sources(), layout.n_scans()),
            (3, 4, 10)
        );
        assert_eq!(
            (layout.rows(0), layout.rows(1), layout.rows(2)),
            (0..2, 2..3, 3..10)
        );
        let sources: Vec<_> = (0..4).map(|run| layout.source(run)).collect();
        assert_eq!(sources, [3..6, 0..2, 6..10, 2..3]);
    }
}
