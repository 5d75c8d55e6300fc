//! The position of each piece in the stack of all runs.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, s};

use crate::Number;

/// Consecutive rows of a run that are consecutive in the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    /// In the run.
    rows: Range<usize>,
    /// First row in the stack.
    at: usize,
}

/// The rows of each piece in the stack, and the position of the rows of each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    starts: Vec<usize>,
    /// Segments of each run as passed by the caller.
    runs: Vec<Vec<Segment>>,
}

impl Layout {
    /// Stacks pieces, which are lists of rows numbered over all runs; together they are all rows.
    pub(crate) fn new(lengths: &[usize], pieces: &[Vec<usize>]) -> Self {
        let mut starts = vec![0];
        let mut place = vec![0; lengths.iter().sum()];
        for piece in pieces {
            let top = starts[starts.len() - 1];
            piece
                .iter()
                .enumerate()
                .for_each(|(i, &row)| place[row] = top + i);
            starts.push(top + piece.len());
        }
        let mut first = 0;
        let segments = |&n: &usize| {
            let of_run = &place[first..first + n];
            first += n;
            let mut segments: Vec<Segment> = Vec::new();
            for (row, &at) in of_run.iter().enumerate() {
                match segments.last_mut() {
                    Some(last) if last.at + last.rows.len() == at => last.rows.end = row + 1,
                    _ => segments.push(Segment {
                        rows: row..row + 1,
                        at,
                    }),
                }
            }
            segments
        };
        Self {
            runs: lengths.iter().map(segments).collect(),
            starts,
        }
    }

    /// Runs as pieces, in their order.
    #[cfg(test)]
    pub(crate) fn of_runs(lengths: &[usize]) -> Self {
        let mut top = 0;
        let mut next = |&n: &usize| {
            top += n;
            (top - n..top).collect::<Vec<usize>>()
        };
        let pieces: Vec<Vec<usize>> = lengths.iter().map(&mut next).collect();
        Self::new(lengths, &pieces)
    }

    /// Number of runs passed by the caller.
    pub(crate) fn n_runs(&self) -> usize {
        self.runs.len()
    }

    /// Number of rows of a run as passed by the caller.
    pub(crate) fn n_rows_of_run(&self, run: usize) -> usize {
        self.runs[run].iter().map(|segment| segment.rows.len()).sum()
    }

    pub(crate) fn n_pieces(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn n_scans(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Rows of one piece.
    pub(crate) fn rows(&self, piece: usize) -> Range<usize> {
        self.starts[piece]..self.starts[piece + 1]
    }

    pub(crate) fn len(&self, piece: usize) -> usize {
        self.rows(piece).len()
    }

    /// Number of rows of several pieces.
    pub(crate) fn total(&self, pieces: &[usize]) -> usize {
        pieces.iter().map(|&p| self.len(p)).sum()
    }

    /// The rows of `pieces` in as few ranges as possible, with neighbours joined.
    pub(crate) fn ranges(&self, pieces: &[usize]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for rows in pieces.iter().map(|&p| self.rows(p)) {
            match ranges.last_mut() {
                Some(last) if last.end == rows.start => last.end = rows.end,
                _ => ranges.push(rows),
            }
        }
        ranges
    }

    /// Calls `copy` with the rows of a run and their position in the stack.
    pub(crate) fn for_each_segment(&self, run: usize, mut copy: impl FnMut(Range<usize>, Range<usize>)) {
        for Segment { rows, at } in &self.runs[run] {
            copy(rows.clone(), *at..at + rows.len());
        }
    }

    /// All runs stacked.
    pub(crate) fn stack<A: Number>(&self, runs: &[ArrayView2<'_, A>]) -> Array2<A> {
        let mut stack = Array2::zeros((self.n_scans(), runs[0].ncols()));
        for (run, values) in runs.iter().enumerate() {
            self.put(run, values, &mut stack.view_mut());
        }
        stack
    }

    /// Copies the rows of a run to their places in a stack.
    pub(crate) fn put<A: Number>(&self, run: usize, values: &ArrayRef2<A>, stack: &mut ArrayViewMut2<'_, A>) {
        self.for_each_segment(run, |from, to| {
            stack.slice_mut(s![to, ..]).assign(&values.slice(s![from, ..]));
        });
    }

    /// The rows of a run, from a stack.
    pub(crate) fn take<A: Number>(&self, run: usize, stack: &ArrayRef2<A>) -> Array2<A> {
        let mut out = Array2::zeros((self.n_rows_of_run(run), stack.ncols()));
        self.for_each_segment(run, |to, from| {
            out.slice_mut(s![to, ..]).assign(&stack.slice(s![from, ..]));
        });
        out
    }
}

/// Some rows and columns of a matrix, in the order of the ranges.
pub(crate) fn block_of<A: Number>(
    matrix: &ArrayRef2<A>,
    rows: &[Range<usize>],
    columns: &[Range<usize>],
) -> Array2<A> {
    let total = |ranges: &[Range<usize>]| ranges.iter().map(ExactSizeIterator::len).sum();
    let mut out = Array2::zeros((total(rows), total(columns)));
    let mut top = 0;
    for r in rows {
        let mut left = 0;
        for c in columns {
            out.slice_mut(s![top..top + r.len(), left..left + c.len()])
                .assign(&matrix.slice(s![r.clone(), c.clone()]));
            left += c.len();
        }
        top += r.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_pieces_are_one_range() {
        let layout = Layout::of_runs(&[3, 2, 4, 1]);
        assert_eq!(layout.n_scans(), 10);
        assert_eq!(layout.rows(2), 5..9);
        assert_eq!(layout.ranges(&[0, 1, 3]), [0..5, 9..10]);
        assert_eq!(layout.total(&[0, 3]), 4);
    }

    #[test]
    fn rows_are_found_again_wherever_they_went() {
        let layout = Layout::new(&[3, 4], &[vec![1, 5], vec![0, 2, 3], vec![4, 6]]);
        let runs = [3, 4].map(|n| Array2::from_shape_fn((n, 2), |(i, j)| (100 * n + 10 * i + j) as f64));
        let stack = layout.stack(&[runs[0].view(), runs[1].view()]);
        assert_eq!(
            stack.column(0).to_vec(),
            [310.0, 420.0, 300.0, 320.0, 400.0, 410.0, 430.0]
        );
        assert_eq!(layout.take(0, &stack), runs[0]);
        assert_eq!(layout.take(1, &stack), runs[1]);
    }
}
