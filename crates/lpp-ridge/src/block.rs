//! The working memory of one thread: a block of targets and the products that all penalties share.

use std::ops::{Deref, Range};

use ndarray::{Array2, ArrayRef2, ArrayView2, s};

use crate::gram::cross_products;
use crate::metric::r_squared;
use crate::pearson::{Defect, TargetMoments, correlate};
use crate::prepared::PreparedFeatures;
use crate::product::{Output, multiply};
use crate::{Element, Metric};

/// Widest block. A multiple of the row tiles of all BLAS kernels in use (16, 32, 48, 64), so that a target meets the
/// same kernel wherever it stands; with 300 scans its predictions take half a mebibyte in single precision.
const MAX_WIDTH: usize = 384;

/// Narrow data need no wide block, but whole tiles.
const TILE: usize = 192;

/// Width of the blocks for that many targets.
pub(crate) fn block_width(n_targets: usize) -> usize {
    n_targets.next_multiple_of(TILE).min(MAX_WIDTH)
}

/// A block of targets under work.
///
/// Blocks are always `width` wide; columns beyond the last target are zero. Nothing here grows with the number of
/// targets.
pub(crate) struct Block<'p, A> {
    prepared: &'p PreparedFeatures<A>,
    /// Targets of all runs, (`n_scans`, width).
    y: Array2<A>,
    /// Mean and spread of the targets in each run.
    moments: Vec<TargetMoments>,
    /// `XᵀY` of each run, (`n_features`, width); primal only.
    cross: Vec<Array2<A>>,
    /// Sum of `cross` over the training runs of the moment; primal only.
    right: Array2<A>,
    /// Predictions of one operator, (its rows, width).
    predicted: Array2<A>,
}

impl<'p, A: Element> Block<'p, A> {
    pub(crate) fn new(prepared: &'p PreparedFeatures<A>, width: usize) -> Self {
        let layout = &prepared.layout;
        let shape = (prepared.x.ncols(), width);
        let primal = prepared.gram.is_primal();
        Self {
            prepared,
            y: Array2::zeros((layout.n_scans(), width)),
            moments: Vec::new(),
            cross: (0..if primal { layout.n_runs() } else { 0 })
                .map(|_| Array2::zeros(shape))
                .collect(),
            right: Array2::zeros(if primal { shape } else { (0, 0) }),
            predicted: Array2::zeros((prepared.max_operator_rows(), width)),
        }
    }

    /// Brings in the targets `columns`.
    pub(crate) fn load<Y: Deref<Target = ArrayRef2<A>>>(&mut self, y_runs: &[Y], columns: &[usize]) {
        let layout = &self.prepared.layout;
        self.y.slice_mut(s![.., columns.len()..]).fill(A::zero());
        for (run, y) in y_runs.iter().enumerate() {
            let mut part = self.y.slice_mut(s![layout.source(run), ..columns.len()]);
            match contiguous(columns) {
                Some(range) => part.assign(&y.slice(s![.., range])),
                // Row by row: a row of all targets stays in cache while some of them are picked.
                None => {
                    for (mut to, from) in part.rows_mut().into_iter().zip(y.rows()) {
                        to.iter_mut().zip(columns).for_each(|(to, &c)| *to = from[c]);
                    }
                }
            }
        }
        self.moments = (0..layout.n_runs())
            .map(|r| TargetMoments::new(&self.y.slice(s![layout.rows(r), ..])))
            .collect();
        for (run, cross) in self.cross.iter_mut().enumerate() {
            let rows = layout.rows(run);
            let (x, y) = (
                self.prepared.x.slice(s![rows.clone(), ..]),
                self.y.slice(s![rows, ..]),
            );
            cross_products(&x, &y, &mut cross.view_mut());
        }
    }

    /// Makes the right-hand side of the fits on `train`.
    pub(crate) fn train_on(&mut self, train: &[usize]) {
        if self.prepared.gram.is_primal() {
            self.right.assign(&self.cross[train[0]]);
            train[1..]
                .iter()
                .for_each(|&r| self.right.zip_mut_with(&self.cross[r], |sum, &v| *sum = *sum + v));
        }
    }

    /// Predicts with `operator`, fitted on the training runs last given to [`train_on`](Self::train_on).
    pub(crate) fn predict(&mut self, operator: &ArrayRef2<A>, train: &[usize]) {
        let mut out = self.predicted.slice_mut(s![..operator.nrows(), ..]);
        if self.prepared.gram.is_primal() {
            multiply(operator, &self.right, Output::Replace, &mut out);
            return;
        }
        let (mut left, mut output) = (0, Output::Replace);
        for rows in self.prepared.layout.pieces(train) {
            let part = operator.slice(s![.., left..left + rows.len()]);
            left += rows.len();
            multiply(&part, &self.y.slice(s![rows, ..]), output, &mut out);
            output = Output::Add;
        }
    }

    /// Scores the last predictions, from row `top` on, against the targets of `run`: correlations, or R² if the
    /// settings say so.
    pub(crate) fn score(&self, top: usize, run: usize, out: &mut [f64]) {
        let rows = self.prepared.layout.rows(run);
        let predicted = self.predicted.slice(s![top..top + rows.len(), ..]);
        let observed = self.y.slice(s![rows, ..]);
        match self.prepared.model.settings.options.metric {
            Metric::Pearson => correlate(&predicted, &observed, &self.moments[run], out),
            Metric::R2 => r_squared(&predicted, &observed, &self.moments[run], out),
        }
    }

    /// The first `n_rows` rows of the last predictions, (`n_rows`, width).
    pub(crate) fn predictions(&self, n_rows: usize) -> ArrayView2<'_, A> {
        self.predicted.slice(s![..n_rows, ..])
    }

    /// The targets of a run, (`n_scans`, width), and their moments.
    pub(crate) fn targets(&self, run: usize) -> (ArrayView2<'_, A>, &TargetMoments) {
        (
            self.y.slice(s![self.prepared.layout.rows(run), ..]),
            &self.moments[run],
        )
    }

    /// Columns of every array here, real or zero.
    pub(crate) fn width(&self) -> usize {
        self.y.ncols()
    }

    /// What is wrong with the target in a column, over all runs.
    pub(crate) fn defect(&self, column: usize) -> Option<Defect> {
        self.moments.iter().filter_map(|m| m.defect(column)).max()
    }
}

fn contiguous(columns: &[usize]) -> Option<Range<usize>> {
    let first = *columns.first()?;
    columns
        .iter()
        .enumerate()
        .all(|(i, &c)| c == first + i)
        .then(|| first..first + columns.len())
}
