//! The working memory of one thread: a block of targets and the products shared by all penalties.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2, concatenate, s};

#[cfg(feature = "torch")]
use crate::Engine;
use crate::design::layout::Layout;
use crate::engine::pearson::TargetMoments;
use crate::engine::product::{Update, update};
use crate::engine::r_squared::score_columns;
#[cfg(feature = "torch")]
use crate::engine::torch::{self, DeviceBlock};
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

/// Largest block width. It is a multiple of the row tiles of all BLAS kernels in use (16, 32, 48, 64), so that a target
/// is always processed by the same kernel; with 300 scans the predictions take half a mebibyte in single precision.
const MAX_WIDTH: usize = 384;

/// Narrow data use narrower blocks, in whole tiles.
const TILE: usize = 192;

/// Block width for `n_targets` targets.
pub(crate) fn block_width<A: Number>(factored: &Factored<A>, n_targets: usize) -> usize {
    #[cfg(feature = "torch")]
    if let Engine::Torch(device) = factored.model.settings.engine {
        // Targets and their products in the type of the features; predictions, four times over, in double precision.
        let cross = if factored.gram.is_primal() {
            factored.layout.n_pieces() * factored.x.ncols()
        } else {
            0
        };
        let bytes = (factored.layout.n_scans() + cross) * size_of::<A>() + 32 * factored.max_operator_rows();
        return torch::block_width(device, n_targets, bytes);
    }
    let _ = factored;
    n_targets.next_multiple_of(TILE).min(MAX_WIDTH)
}

/// The part of a block on a device, if the engine has one.
#[cfg(feature = "torch")]
fn device_block<A: Number>(factored: &Factored<A>) -> Result<Option<DeviceBlock<A>>, RidgeError> {
    let Engine::Torch(device) = factored.model.settings.engine else {
        return Ok(None);
    };
    let x = factored.gram.is_primal().then_some(&factored.x);
    DeviceBlock::new(device, factored.model.settings.metric, x).map(Some)
}

/// Columns of a product of selected targets: whole tiles of the kernels, so that a target is processed by the same
/// kernel as in a block.
const NARROW_TILE: usize = 48;

/// A block of targets being processed.
///
/// Blocks are always `width` wide; columns beyond the last target are zero. The memory does not grow with the number of
/// targets.
pub(crate) struct Block<'p, A> {
    factored: &'p Factored<A>,
    /// Targets of all runs, (`n_scans`, width).
    y: Array2<A>,
    /// Mean and spread of the targets in each set of rows that is scored.
    moments: Vec<TargetMoments>,
    /// `XᵀY` of each piece, (`n_features`, width); primal only.
    cross: Vec<Array2<A>>,
    /// Sum of `cross` over the current training pieces; primal only.
    right: Array2<A>,
    /// Predictions of one operator, (its rows, width).
    predicted: Array2<A>,
    /// The last three on a device.
    #[cfg(feature = "torch")]
    device: Option<DeviceBlock<A>>,
}

impl<'p, A: Number> Block<'p, A> {
    pub(crate) fn new(factored: &'p Factored<A>, width: usize) -> Result<Self, RidgeError> {
        let layout = &factored.layout;
        let shape = (factored.x.ncols(), width);
        let on_host = !factored.model.settings.engine.works_alone();
        let primal = factored.gram.is_primal() && on_host;
        let n_rows = if on_host { factored.max_predicted_rows() } else { 0 };
        Ok(Self {
            y: Array2::zeros((layout.n_scans(), width)),
            moments: Vec::new(),
            cross: (0..if primal { layout.n_pieces() } else { 0 })
                .map(|_| Array2::zeros(shape))
                .collect(),
            right: Array2::zeros(if primal { shape } else { (0, 0) }),
            predicted: Array2::zeros((n_rows, width)),
            #[cfg(feature = "torch")]
            device: device_block(factored)?,
            factored,
        })
    }

    /// Loads the targets `columns`.
    pub(crate) fn load(&mut self, y_runs: &[ArrayView2<'_, A>], columns: &[usize]) -> Result<(), RidgeError> {
        let layout = &self.factored.layout;
        load_targets(layout, y_runs, columns, &mut self.y);
        let moments = |scored: &Vec<usize>| TargetMoments::new(&rows_of(&self.y, &layout.ranges(scored)));
        self.moments = self.factored.plan.scored.iter().map(moments).collect();
        #[cfg(feature = "torch")]
        if let Some(device) = &mut self.device {
            let pieces: Vec<Range<usize>> = (0..layout.n_pieces()).map(|p| layout.rows(p)).collect();
            return device.load(&self.y, &pieces, self.moments.iter().map(TargetMoments::slices));
        }
        for (piece, cross) in self.cross.iter_mut().enumerate() {
            let rows = layout.rows(piece);
            let (x, y) = (
                self.factored.x.slice(s![rows.clone(), ..]),
                self.y.slice(s![rows, ..]),
            );
            update(&mut cross.view_mut(), Update::Replace, &x.t(), &y);
        }
        Ok(())
    }

    /// Computes the right-hand side of the fits on `train`.
    pub(crate) fn train_on(&mut self, train: &[usize]) -> Result<(), RidgeError> {
        #[cfg(feature = "torch")]
        if let Some(device) = &mut self.device {
            return device.train_on(train, &self.factored.layout.ranges(train));
        }
        if self.factored.gram.is_primal() {
            self.right.assign(&self.cross[train[0]]);
            train[1..]
                .iter()
                .for_each(|&r| self.right.zip_mut_with(&self.cross[r], |sum, &v| *sum = *sum + v));
        }
        Ok(())
    }

    /// Predicts with `operator`, fitted on the training pieces of the last call of [`train_on`](Self::train_on).
    pub(crate) fn predict(&mut self, operator: &ArrayRef2<A>, train: &[usize]) -> Result<(), RidgeError> {
        self.predict_below(0, operator, train)
    }

    /// The same, writing predictions from row `top` on; on a device they replace all others, from row 0 on.
    pub(crate) fn predict_below(
        &mut self,
        top: usize,
        operator: &ArrayRef2<A>,
        train: &[usize],
    ) -> Result<(), RidgeError> {
        #[cfg(feature = "torch")]
        if let Some(device) = &mut self.device {
            return device.predict(operator, None);
        }
        let mut out = self.predicted.slice_mut(s![top..top + operator.nrows(), ..]);
        if self.factored.gram.is_primal() {
            update(&mut out, Update::Replace, operator, &self.right);
            return Ok(());
        }
        let (mut left, mut change) = (0, Update::Replace);
        for rows in self.factored.layout.ranges(train) {
            let part = operator.slice(s![.., left..left + rows.len()]);
            left += rows.len();
            update(&mut out, change, &part, &self.y.slice(s![rows, ..]));
            change = Update::Add;
        }
        Ok(())
    }

    /// Combines stacked predictions of `n_rows` rows each, and writes the results below them, one for each row of
    /// `coefficients`.
    pub(crate) fn combine(&mut self, n_rows: usize, coefficients: &ArrayRef2<A>) {
        let (n_out, n_in) = coefficients.dim();
        let length = n_rows * self.width();
        let (basis, below) = self.predicted.view_mut().split_at(Axis(0), n_in * n_rows);
        let (out, _) = below.split_at(Axis(0), n_out * n_rows);
        let flat = "predictions are contiguous";
        let basis = basis.into_shape_with_order((n_in, length)).expect(flat);
        let mut out = out.into_shape_with_order((n_out, length)).expect(flat);
        update(&mut out, Update::Replace, coefficients, &basis);
    }

    /// Predicts only some columns, in their order, as a separate product.
    pub(crate) fn predict_some(
        &mut self,
        operator: &ArrayRef2<A>,
        train: &[usize],
        columns: &[usize],
    ) -> Result<(), RidgeError> {
        #[cfg(feature = "torch")]
        if let Some(device) = &mut self.device {
            return device.predict(operator, Some(columns));
        }
        let width = columns.len().next_multiple_of(NARROW_TILE);
        let mut out = self.predicted.slice_mut(s![..operator.nrows(), ..width]);
        if self.factored.gram.is_primal() {
            let right = gather(&self.right, columns, width);
            update(&mut out, Update::Replace, operator, &right);
            return Ok(());
        }
        let (mut left, mut change) = (0, Update::Replace);
        for rows in self.factored.layout.ranges(train) {
            let part = operator.slice(s![.., left..left + rows.len()]);
            left += rows.len();
            let right = gather(&self.y.slice(s![rows, ..]), columns, width);
            update(&mut out, change, &part, &right);
            change = Update::Add;
        }
        Ok(())
    }

    /// Scores the last predictions, from row `top` on, against the targets of a set of rows ([`crate::design::plan::Plan::scored`]):
    /// correlations, or R² if the settings say so.
    pub(crate) fn score(&self, top: usize, scored: usize, out: &mut [f64]) -> Result<(), RidgeError> {
        let ranges = self.ranges_of(scored);
        #[cfg(feature = "torch")]
        if let Some(device) = &self.device {
            out.copy_from_slice(&device.score(top, scored, &ranges, None)?);
            return Ok(());
        }
        let observed = rows_of(&self.y, &ranges);
        let predicted = self.predicted.slice(s![top..top + observed.nrows(), ..]);
        let metric = self.factored.model.settings.metric;
        score_columns(metric, &predicted, &observed, &self.moments[scored], out);
        Ok(())
    }

    /// Scores the predictions of [`predict_some`](Self::predict_some) for a set of rows.
    pub(crate) fn score_some(&self, scored: usize, columns: &[usize]) -> Result<Vec<f64>, RidgeError> {
        let ranges = self.ranges_of(scored);
        #[cfg(feature = "torch")]
        if let Some(device) = &self.device {
            return device.score(0, scored, &ranges, Some(columns));
        }
        let observed = rows_of(&self.y, &ranges);
        let predicted = self.predicted.slice(s![..observed.nrows(), ..columns.len()]);
        let observed = gather(&observed, columns, columns.len());
        let mut out = vec![0.0; columns.len()];
        score_columns(
            self.factored.model.settings.metric,
            &predicted,
            &observed,
            &self.moments[scored].select(columns),
            &mut out,
        );
        Ok(out)
    }

    fn ranges_of(&self, scored: usize) -> Vec<Range<usize>> {
        self.factored.layout.ranges(&self.factored.plan.scored[scored])
    }

    /// The first `n_rows` rows of the last predictions, (`n_rows`, width).
    pub(crate) fn predictions(&self, n_rows: usize) -> Result<CowArray<'_, A, Ix2>, RidgeError> {
        #[cfg(feature = "torch")]
        if let Some(device) = &self.device {
            return Ok(device.predictions(n_rows)?.into());
        }
        Ok(self.predicted.slice(s![..n_rows, ..]).into())
    }

    /// The targets of a set of rows, (rows, width), and their moments.
    pub(crate) fn targets(&self, scored: usize) -> (CowArray<'_, A, Ix2>, &TargetMoments) {
        (rows_of(&self.y, &self.ranges_of(scored)), &self.moments[scored])
    }

    /// Columns of every array here, including zero columns.
    pub(crate) fn width(&self) -> usize {
        self.y.ncols()
    }
}

/// The rows of some ranges; a view if there is one range.
pub(crate) fn rows_of<'y, A: Number>(y: &'y ArrayRef2<A>, ranges: &[Range<usize>]) -> CowArray<'y, A, Ix2> {
    if let [range] = ranges {
        return y.slice(s![range.clone(), ..]).into();
    }
    let parts: Vec<_> = ranges
        .iter()
        .map(|range| y.slice(s![range.clone(), ..]))
        .collect();
    concatenate(Axis(0), &parts)
        .unwrap_or_else(|_| unreachable!("rows are equally wide"))
        .into()
}

/// Copies targets of all runs to the first columns of a stack of all scans, and clears its other columns.
pub(crate) fn load_targets<A: Number>(
    layout: &Layout,
    y_runs: &[ArrayView2<'_, A>],
    columns: &[usize],
    stack: &mut Array2<A>,
) {
    stack.slice_mut(s![.., columns.len()..]).fill(A::zero());
    let ranges = neighbours(columns);
    for (run, y) in y_runs.iter().enumerate() {
        layout.for_each_segment(run, |from, to| {
            let (from, mut to) = (y.slice(s![from, ..]), stack.slice_mut(s![to, ..]));
            copy_columns(&from, columns, &ranges, &mut to);
        });
    }
}

/// Copies some columns of `from` to the first ones of `to`.
fn copy_columns<A: Number>(
    from: &ArrayView2<'_, A>,
    columns: &[usize],
    ranges: &[(Range<usize>, Range<usize>)],
    to: &mut ArrayViewMut2<'_, A>,
) {
    if ranges.len() <= MOST_RANGES {
        for (left, right) in ranges {
            to.slice_mut(s![.., left.clone()])
                .assign(&from.slice(s![.., right.clone()]));
        }
        return;
    }
    // Row by row: a row of all targets stays in cache while some of them are picked.
    for (mut to, from) in to.rows_mut().into_iter().zip(from.rows()) {
        to.iter_mut().zip(columns).for_each(|(to, &c)| *to = from[c]);
    }
}

/// The given columns, padded with zeros up to `width`.
fn gather<A: Number>(matrix: &ArrayRef2<A>, columns: &[usize], width: usize) -> Array2<A> {
    let mut out = Array2::zeros((matrix.nrows(), width));
    for (mut to, from) in out.rows_mut().into_iter().zip(matrix.rows()) {
        to.iter_mut().zip(columns).for_each(|(to, &c)| *to = from[c]);
    }
    out
}

/// Largest number of ranges of neighbouring columns that are copied one by one.
const MOST_RANGES: usize = 8;

/// Joins neighbouring columns; returns target and source of each range.
fn neighbours(columns: &[usize]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut ranges: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (to, &from) in columns.iter().enumerate() {
        match ranges.last_mut() {
            Some((last_to, last_from)) if last_from.end == from => {
                last_to.end += 1;
                last_from.end += 1;
            }
            _ => ranges.push((to..to + 1, from..from + 1)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_columns_are_copied_together_and_others_in_their_order() {
        assert_eq!(
            neighbours(&[3, 4, 5, 9, 1, 2]),
            [(0..3, 3..6), (3..4, 9..10), (4..6, 1..3)]
        );
        let layout = Layout::of_runs(&[2, 3]);
        let y = [2, 3].map(|n| Array2::from_shape_fn((n, 40), |(i, j)| (1000 * n + 100 * i + j) as f64));
        let views = [y[0].view(), y[1].view()];
        let scattered: Vec<usize> = (0..20).map(|i| (i * 7 + 3) % 40).collect();
        for columns in [&[3, 4, 5, 9, 1, 2][..], &scattered] {
            let mut stack = Array2::from_elem((5, 24), f64::NAN);
            load_targets(&layout, &views, columns, &mut stack);
            for ((row, place), &value) in stack.indexed_iter() {
                let (run, scan) = if row < 2 { (0, row) } else { (1, row - 2) };
                let expected = columns.get(place).map_or(0.0, |&column| y[run][[scan, column]]);
                assert_eq!(value.to_bits(), expected.to_bits(), "row {row}, place {place}");
            }
        }
    }
}
