//! Predictions of the held-out scans and coefficients, computed on request.

use ndarray::{Array2, Array3, ArrayRef2, ArrayView2, Axis, concatenate, s};
use rayon::prelude::*;

use super::block::Block;
use super::workers::over_blocks;
use crate::design::runs::check_targets;
use crate::engine::product::{Update, update};
use crate::results::fit::RidgeCvFit;
use crate::systems::factor::penalised_readout;
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

impl<A: Number> Factored<A> {
    pub(crate) fn predict_matrices(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[ArrayView2<'_, A>],
        columns: &[usize],
    ) -> Result<Vec<Array2<A>>, RidgeError> {
        self.check_fit(fit, y_runs, columns)?;
        let parts = self.model.in_pool(|| {
            self.make_test_operators(&self.used(fit, columns))?;
            over_blocks(self, columns, |block, columns| {
                block.load(y_runs, columns)?;
                self.predict_block(fit, block, columns)
            })
        })?;
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let stack = concatenate(Axis(1), &views).unwrap_or_else(|_| unreachable!("blocks have all scans"));
        Ok((0..self.layout.n_runs())
            .map(|run| self.layout.take(run, &stack))
            .collect())
    }

    pub(crate) fn solve_matrices(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[ArrayView2<'_, A>],
        columns: &[usize],
    ) -> Result<Array3<A>, RidgeError> {
        self.check_fit(fit, y_runs, columns)?;
        let x = self.x.mapv(Number::to_double);
        let y = self.stacked_targets(y_runs, columns);
        let mut out = Array3::from_elem((self.n_folds(), x.ncols(), columns.len()), A::nan());
        self.model.in_pool(|| {
            out.axis_iter_mut(Axis(0))
                .into_par_iter()
                .enumerate()
                .try_for_each(|(fold, mut out)| {
                    for (alpha, places) in self.places(fit, fold, columns) {
                        let solved = self.solve(fold, alpha, &x, &y.select(Axis(1), &places))?;
                        for (column, &place) in solved.columns().into_iter().zip(&places) {
                            out.column_mut(place).assign(&column.mapv(A::from_double));
                        }
                    }
                    Ok(())
                })
        })?;
        Ok(out)
    }

    /// Some targets of all runs, stacked, in double precision.
    pub(crate) fn stacked_targets(&self, y_runs: &[ArrayView2<'_, A>], columns: &[usize]) -> Array2<f64> {
        let mut y = Array2::zeros((self.layout.n_scans(), columns.len()));
        for (run, y_run) in y_runs.iter().enumerate() {
            let chosen = y_run.select(Axis(1), columns).mapv(Number::to_double);
            self.layout.put(run, &chosen, &mut y.view_mut());
        }
        y
    }

    /// Coefficients (`n_features`, width) of targets `y` (`n_scans`, width) fitted on the training scans of a fold.
    pub(crate) fn solve(
        &self,
        fold: usize,
        alpha: usize,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
    ) -> Result<Array2<f64>, RidgeError> {
        let train = &self.plan.folds[fold].train;
        let alpha = self.model.alphas()[alpha];
        let with = &*self.with;
        let system = self.gram.system(train, &self.layout);
        let ranges = self.layout.ranges(train);
        if self.is_primal() {
            let mut right = Array2::zeros((x.ncols(), y.ncols()));
            for rows in ranges {
                self.model.check_stop()?;
                let (x, y) = (x.slice(s![rows.clone(), ..]), y.slice(s![rows, ..]));
                update(&mut right.view_mut(), Update::Add, &x.t(), &y);
            }
            return Ok(penalised_readout(with, &system, alpha, &right.t())?.reversed_axes());
        }
        let of_ranges: Vec<_> = ranges.iter().map(|rows| y.slice(s![rows.clone(), ..])).collect();
        let right =
            concatenate(Axis(0), &of_ranges).unwrap_or_else(|_| unreachable!("ranges are equally wide"));
        let dual = penalised_readout(with, &system, alpha, &right.t())?.reversed_axes();
        let (mut top, mut out) = (0, Array2::zeros((x.ncols(), y.ncols())));
        for rows in ranges {
            self.model.check_stop()?;
            let n = rows.len();
            let (x, dual) = (x.slice(s![rows, ..]), dual.slice(s![top..top + n, ..]));
            update(&mut out.view_mut(), Update::Add, &x.t(), &dual);
            top += n;
        }
        Ok(out)
    }

    /// Predictions of all scans, stacked, for the targets of a loaded block.
    fn predict_block(
        &self,
        fit: &RidgeCvFit,
        block: &mut Block<'_, A>,
        columns: &[usize],
    ) -> Result<Array2<A>, RidgeError> {
        let mut out = Array2::from_elem((self.layout.n_scans(), columns.len()), A::nan());
        for fold in 0..self.n_folds() {
            let train = &self.plan.folds[fold].train;
            let ranges = self.layout.ranges(self.tested(fold));
            if ranges.is_empty() {
                continue;
            }
            block.train_on(train)?;
            for (alpha, places) in self.places(fit, fold, columns) {
                block.predict(self.test_operator(fold, alpha)?, train)?;
                let mut top = 0;
                for rows in &ranges {
                    let mut out = out.slice_mut(s![rows.clone(), ..]);
                    let predicted = block.predictions(top + rows.len())?;
                    for &j in &places {
                        out.column_mut(j).assign(&predicted.slice(s![top.., j]));
                    }
                    top += rows.len();
                }
            }
        }
        Ok(out)
    }

    /// The penalties of a fold used by `columns`, each with the indices in `columns` that use it.
    fn places(&self, fit: &RidgeCvFit, fold: usize, columns: &[usize]) -> Vec<(usize, Vec<usize>)> {
        let chosen: Vec<_> = columns.iter().map(|&c| fit.alpha_index_of(fold, c)).collect();
        (0..self.model.alphas().len())
            .map(|alpha| {
                let uses = |&j: &usize| chosen[j] == Some(alpha);
                (alpha, (0..columns.len()).filter(uses).collect::<Vec<_>>())
            })
            .filter(|(_, places)| !places.is_empty())
            .collect()
    }

    /// All (fold, penalty) pairs that `columns` use.
    fn used(&self, fit: &RidgeCvFit, columns: &[usize]) -> Vec<(usize, usize)> {
        (0..self.n_folds())
            .flat_map(|fold| {
                self.places(fit, fold, columns)
                    .into_iter()
                    .map(move |(alpha, _)| (fold, alpha))
            })
            .collect()
    }

    pub(crate) fn check_fit(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[ArrayView2<'_, A>],
        columns: &[usize],
    ) -> Result<(), RidgeError> {
        let n_targets = check_targets(y_runs, &self.layout)?;
        let expected = [self.n_folds(), n_targets];
        let found = [fit.fold_scores.nrows(), fit.fold_scores.ncols()];
        if found != expected || fit.alphas != self.model.alphas() {
            return Err(RidgeError::ForeignFit { found, expected });
        }
        if columns.is_empty() {
            return Err(RidgeError::NoTargets);
        }
        match columns.iter().find(|&&c| c >= n_targets) {
            Some(&column) => Err(RidgeError::NoSuchTarget { column, n_targets }),
            None => Ok(()),
        }
    }
}
