//! Inner products of the features in double precision.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, s};
use rayon::prelude::*;

use crate::design::layout::{Layout, block_of};
use crate::engine::factorisations::Factorisations;
use crate::{Number, RidgeError};

/// The Gram matrix of each piece (primal) or the kernel between all scans (dual).
#[derive(Debug)]
pub(crate) enum Gram {
    /// `XᵣᵀXᵣ` of each piece, (`n_features`, `n_features`).
    PerPiece(Vec<Array2<f64>>),
    /// `XXᵀ` over all scans, (`n_scans`, `n_scans`).
    Kernel(Array2<f64>),
}

impl Gram {
    pub(crate) fn new<A: Number>(
        with: &dyn Factorisations,
        x: &ArrayRef2<A>,
        layout: &Layout,
        primal: bool,
    ) -> Result<Self, RidgeError> {
        let pieces: Vec<Array2<f64>> = (0..layout.n_pieces())
            .map(|p| x.slice(s![layout.rows(p), ..]).mapv(Number::to_double))
            .collect();
        if primal {
            let grams = pieces.par_iter().map(|x| with.product(&x.t(), x));
            return Ok(Self::PerPiece(grams.collect::<Result<_, _>>()?));
        }
        let pairs: Vec<(usize, usize)> = (0..pieces.len())
            .flat_map(|a| (0..=a).map(move |b| (a, b)))
            .collect();
        let blocks: Vec<Array2<f64>> = pairs
            .par_iter()
            .map(|&(a, b)| with.product(&pieces[a], &pieces[b].t()))
            .collect::<Result<_, _>>()?;
        let mut kernel = Array2::zeros((layout.n_scans(), layout.n_scans()));
        for (&(a, b), block) in pairs.iter().zip(&blocks) {
            kernel.slice_mut(s![layout.rows(a), layout.rows(b)]).assign(block);
            kernel
                .slice_mut(s![layout.rows(b), layout.rows(a)])
                .assign(&block.t());
        }
        Ok(Self::Kernel(kernel))
    }

    /// Mean of the diagonal over all runs: the scale relative to which a penalty is small or large.
    pub(crate) fn scale(&self) -> f64 {
        match self {
            Self::PerPiece(grams) => {
                let traces = grams.iter().map(|gram| gram.diag().sum());
                traces.sum::<f64>() / grams[0].nrows() as f64
            }
            Self::Kernel(kernel) => kernel.diag().sum() / kernel.nrows() as f64,
        }
    }

    /// Whether the primal systems (features by features) are solved.
    pub(crate) fn is_primal(&self) -> bool {
        matches!(self, Self::PerPiece(_))
    }

    /// The symmetric matrix of a fit on `train`.
    pub(crate) fn system(&self, train: &[usize], layout: &Layout) -> Array2<f64> {
        match self {
            Self::PerPiece(grams) => {
                let mut sum = Array2::zeros(grams[0].raw_dim());
                for &run in train {
                    sum += &grams[run];
                }
                sum
            }
            Self::Kernel(kernel) => {
                let train = layout.ranges(train);
                block_of(kernel, &train, &train)
            }
        }
    }

    /// The left factor of the inverse for predicting the scans of `predict` from `train`: their features (primal) or
    /// their inner products with the training scans (dual).
    pub(crate) fn readout<A: Number>(
        &self,
        predict: &[usize],
        train: &[usize],
        x: &ArrayRef2<A>,
        layout: &Layout,
    ) -> Array2<f64> {
        let rows: Vec<Range<usize>> = predict.iter().map(|&r| layout.rows(r)).collect();
        match self {
            Self::PerPiece(_) => {
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
            Self::Kernel(kernel) => block_of(kernel, &rows, &layout.ranges(train)),
        }
    }
}
