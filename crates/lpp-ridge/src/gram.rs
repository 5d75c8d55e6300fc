//! Inner products of the features, in double precision: the only thing a ridge fit needs of them.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, ArrayViewMut2, s};
use rayon::prelude::*;

use crate::Element;
use crate::product::{Output, multiply};
use crate::runs::RunLayout;

/// The Gram matrix of each run (primal) or the kernel between all scans (dual).
#[derive(Debug)]
pub(crate) enum Gram {
    /// `XᵣᵀXᵣ` of each run, (`n_features`, `n_features`).
    PerRun(Vec<Array2<f64>>),
    /// `XXᵀ` over all scans, (`n_scans`, `n_scans`).
    Kernel(Array2<f64>),
}

impl Gram {
    pub(crate) fn new<A: Element>(x: &ArrayRef2<A>, layout: &RunLayout, primal: bool) -> Self {
        let runs: Vec<Array2<f64>> = (0..layout.n_runs())
            .map(|r| x.slice(s![layout.rows(r), ..]).mapv(Element::to_double))
            .collect();
        if primal {
            return Self::PerRun(runs.par_iter().map(|x| x.t().dot(x)).collect());
        }
        let pairs: Vec<(usize, usize)> = (0..runs.len())
            .flat_map(|a| (0..=a).map(move |b| (a, b)))
            .collect();
        let blocks: Vec<Array2<f64>> = pairs
            .par_iter()
            .map(|&(a, b)| runs[a].dot(&runs[b].t()))
            .collect();
        let mut kernel = Array2::zeros((layout.n_scans(), layout.n_scans()));
        for (&(a, b), block) in pairs.iter().zip(&blocks) {
            kernel.slice_mut(s![layout.rows(a), layout.rows(b)]).assign(block);
            kernel
                .slice_mut(s![layout.rows(b), layout.rows(a)])
                .assign(&block.t());
        }
        Self::Kernel(kernel)
    }

    /// Whether the systems are features by features.
    pub(crate) fn is_primal(&self) -> bool {
        matches!(self, Self::PerRun(_))
    }

    /// The symmetric matrix whose penalised inverse a fit on `train` needs.
    pub(crate) fn system(&self, train: &[usize], layout: &RunLayout) -> Array2<f64> {
        match self {
            Self::PerRun(grams) => {
                let mut sum = Array2::zeros(grams[0].raw_dim());
                for &run in train {
                    sum += &grams[run];
                }
                sum
            }
            Self::Kernel(kernel) => select(kernel, &layout.pieces(train), train, layout),
        }
    }

    /// What stands left of the inverse when the scans of `predict` are predicted from `train`:
    /// their features (primal) or their inner products with the training scans (dual).
    pub(crate) fn readout<A: Element>(
        &self,
        predict: &[usize],
        train: &[usize],
        x: &ArrayRef2<A>,
        layout: &RunLayout,
    ) -> Array2<f64> {
        let rows: Vec<_> = predict.iter().map(|&r| layout.rows(r)).collect();
        match self {
            Self::PerRun(_) => {
                let mut out = Array2::zeros((layout.total(predict), x.ncols()));
                let mut top = 0;
                for rows in rows {
                    let part = x.slice(s![rows.clone(), ..]);
                    out.slice_mut(s![top..top + rows.len(), ..])
                        .zip_mut_with(&part, |o, v| *o = v.to_double());
                    top += rows.len();
                }
                out
            }
            Self::Kernel(kernel) => select(kernel, &rows, train, layout),
        }
    }
}

/// Some rows of the kernel, and the columns of the training runs.
fn select(kernel: &Array2<f64>, rows: &[Range<usize>], train: &[usize], layout: &RunLayout) -> Array2<f64> {
    let columns = layout.pieces(train);
    let n_rows = rows.iter().map(ExactSizeIterator::len).sum();
    let mut out = Array2::zeros((n_rows, layout.total(train)));
    let mut top = 0;
    for r in rows {
        let mut left = 0;
        for c in &columns {
            out.slice_mut(s![top..top + r.len(), left..left + c.len()])
                .assign(&kernel.slice(s![r.clone(), c.clone()]));
            left += c.len();
        }
        top += r.len();
    }
    out
}

/// The right-hand side `XᵀY` of one run over a block of targets, written to `out` (`n_features`, width).
pub(crate) fn cross_products<A: Element>(
    x_run: &ArrayRef2<A>,
    y_run: &ArrayRef2<A>,
    out: &mut ArrayViewMut2<'_, A>,
) {
    multiply(&x_run.t(), y_run, Output::Replace, out);
}
