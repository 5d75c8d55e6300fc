//! The share of each band in R², from predictions of each band alone.

use std::ops::Range;

use ndarray::{Array2, ArrayRef1, ArrayViewMut2, Axis, concatenate, s};
use rayon::prelude::*;

use super::data::Data;
use crate::search::block::Block;
use crate::search::workers::over_blocks;
use crate::systems::factor::penalised_readout;
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

/// Writes the split of the targets that have a penalty in `alphas` to `out` (`n_bands`, `n_targets`).
pub(super) fn split_of_fold<A: Number>(
    factored: &Factored<A>,
    data: &Data<'_, A>,
    alphas: &ArrayRef1<Option<usize>>,
    fold: usize,
    out: &mut ArrayViewMut2<'_, f64>,
) -> Result<(), RidgeError> {
    let bands = &data.model.bands;
    let train = factored.plan.folds[fold].train.clone();
    let Some(test) = factored.plan.folds[fold].test else {
        return Ok(());
    };
    for (alpha, operators) in band_operators(factored, bands, alphas, fold, &train)? {
        let columns: Vec<usize> = (0..alphas.len()).filter(|&j| alphas[j] == Some(alpha)).collect();
        let parts = over_blocks(factored, &columns, |block, columns| {
            data.load(block, columns)?;
            block.train_on(&train)?;
            let predicted = predict_bands(block, &operators, bands.len(), &train)?;
            Ok((columns.to_vec(), shares(block, test, &predicted, columns.len())))
        })?;
        for (columns, shares) in parts {
            for (&column, share) in columns.iter().zip(shares.columns()) {
                out.column_mut(column).assign(&share);
            }
        }
    }
    Ok(())
}

/// For each penalty in use, the stacked operators of all bands: (`n_bands` · scans of the test run, system order).
/// Their sum is the operator of the whole model.
fn band_operators<A: Number>(
    factored: &Factored<A>,
    bands: &[Range<usize>],
    alphas: &ArrayRef1<Option<usize>>,
    fold: usize,
    train: &[usize],
) -> Result<Vec<(usize, Array2<A>)>, RidgeError> {
    let mut used: Vec<usize> = alphas.iter().copied().flatten().collect();
    used.sort_unstable();
    used.dedup();
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let system = factored.gram.system(train, &factored.layout);
    let readout = band_readouts(factored, bands, fold, train)?;
    let with = &*factored.with;
    used.into_par_iter()
        .map(|alpha| {
            let operators = penalised_readout(with, &system, factored.model.alphas()[alpha], &readout)?;
            Ok((alpha, operators.mapv(A::from_double)))
        })
        .collect()
}

/// The left factor of the inverse for each band: its features padded with zeros (primal), or its part of the kernel
/// (dual).
fn band_readouts<A: Number>(
    factored: &Factored<A>,
    bands: &[Range<usize>],
    fold: usize,
    train: &[usize],
) -> Result<Array2<f64>, RidgeError> {
    let layout = &factored.layout;
    let x = |ranges: &[Range<usize>], band: &Range<usize>| {
        let parts: Vec<_> = ranges
            .iter()
            .map(|rows| factored.x.slice(s![rows.clone(), band.clone()]))
            .collect();
        let all = concatenate(Axis(0), &parts).unwrap_or_else(|_| unreachable!("rows are equally wide"));
        all.mapv(Number::to_double)
    };
    let tested = layout.ranges(factored.tested(fold));
    let n_test: usize = tested.iter().map(ExactSizeIterator::len).sum();
    let order = if factored.is_primal() {
        factored.n_features()
    } else {
        layout.total(train)
    };
    let trained = layout.ranges(train);
    let mut out = Array2::zeros((bands.len() * n_test, order));
    for (band, mut out) in bands.iter().zip(out.axis_chunks_iter_mut(Axis(0), n_test)) {
        let test = x(&tested, band);
        if factored.is_primal() {
            out.slice_mut(s![.., band.clone()]).assign(&test);
        } else {
            out.assign(&factored.with.product(&test, &x(&trained, band).t())?);
        }
    }
    Ok(out)
}

/// Predictions of each band for a loaded block, each (scans of the test run, width).
fn predict_bands<A: Number>(
    block: &mut Block<'_, A>,
    operators: &Array2<A>,
    n_bands: usize,
    train: &[usize],
) -> Result<Vec<Array2<A>>, RidgeError> {
    let n_test = operators.nrows() / n_bands;
    operators
        .axis_chunks_iter(Axis(0), n_test)
        .map(|operator| {
            block.predict(&operator, train)?;
            Ok(block.predictions(n_test)?.into_owned())
        })
        .collect()
}

/// Σ ŷᵦ (2y − ŷ) / Σ(y − ȳ)² of each band and target, (`n_bands`, `n_used`).
fn shares<A: Number>(
    block: &Block<'_, A>,
    test: usize,
    predicted: &[Array2<A>],
    n_used: usize,
) -> Array2<f64> {
    let (observed, moments) = block.targets(test);
    let mut out = Array2::zeros((predicted.len(), n_used));
    for scan in 0..observed.nrows() {
        for target in 0..n_used {
            let of_band = |band: &Array2<A>| band[[scan, target]].to_double();
            let whole: f64 = predicted.iter().map(of_band).sum();
            let rest = 2.0 * observed[[scan, target]].to_double() - whole;
            for (out, band) in out.column_mut(target).iter_mut().zip(predicted) {
                *out += of_band(band) * rest;
            }
        }
    }
    for (target, mut column) in out.columns_mut().into_iter().enumerate() {
        column /= moments.spread(target);
    }
    out
}
