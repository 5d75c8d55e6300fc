//! The share of each band in R², by predictions of each band alone.

use std::ops::{Deref, Range};

use ndarray::{Array2, ArrayRef1, ArrayRef2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use super::Data;
use crate::block::Block;
use crate::factor::penalised_readout;
use crate::plan::others;
use crate::workers::over_blocks;
use crate::{Element, PreparedFeatures, RidgeError};

/// Writes the split of the targets that have a penalty in `alphas` to `out` (`n_bands`, `n_targets`).
pub(super) fn split_of_fold<A, Y>(
    prepared: &PreparedFeatures<A>,
    data: &Data<'_, A, Y>,
    alphas: &ArrayRef1<Option<usize>>,
    fold: usize,
    out: &mut ArrayViewMut2<'_, f64>,
) -> Result<(), RidgeError>
where
    A: Element,
    Y: Deref<Target = ArrayRef2<A>> + Sync,
{
    let bands = &data.model.bands;
    let train = others(prepared.n_runs(), &[fold]);
    for (alpha, operators) in band_operators(prepared, bands, alphas, fold, &train)? {
        let columns: Vec<usize> = (0..alphas.len()).filter(|&j| alphas[j] == Some(alpha)).collect();
        let parts = over_blocks(prepared, &columns, |block, columns| {
            block.load(data.y, columns);
            block.train_on(&train);
            let predicted = predict_bands(block, &operators, bands.len(), &train);
            Ok((columns.to_vec(), shares(block, fold, &predicted, columns.len())))
        })?;
        for (columns, shares) in parts {
            for (&column, share) in columns.iter().zip(shares.columns()) {
                out.column_mut(column).assign(&share);
            }
        }
    }
    Ok(())
}

/// For each penalty in use, the operators of all bands, one below the other: (`n_bands` · scans of the test run, system
/// order). Their sum is the operator of the whole model.
fn band_operators<A: Element>(
    prepared: &PreparedFeatures<A>,
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
    let system = prepared.gram.system(train, &prepared.layout);
    let readout = band_readouts(prepared, bands, fold, train);
    used.into_par_iter()
        .map(|alpha| {
            let operators = penalised_readout(&system, prepared.model.alphas()[alpha], &readout)?;
            Ok((alpha, operators.mapv(A::from_double)))
        })
        .collect()
}

/// What stands left of the inverse for each band: its features beside zeros (primal), or its part of the kernel (dual).
fn band_readouts<A: Element>(
    prepared: &PreparedFeatures<A>,
    bands: &[Range<usize>],
    fold: usize,
    train: &[usize],
) -> Array2<f64> {
    let layout = &prepared.layout;
    let x = |rows: Range<usize>, band: &Range<usize>| {
        prepared.x.slice(s![rows, band.clone()]).mapv(Element::to_double)
    };
    let n_test = layout.len(fold);
    let order = if prepared.is_primal() {
        prepared.n_features()
    } else {
        layout.total(train)
    };
    let mut out = Array2::zeros((bands.len() * n_test, order));
    for (band, mut out) in bands.iter().zip(out.axis_chunks_iter_mut(Axis(0), n_test)) {
        let test = x(layout.rows(fold), band);
        if prepared.is_primal() {
            out.slice_mut(s![.., band.clone()]).assign(&test);
            continue;
        }
        let mut left = 0;
        for rows in layout.pieces(train) {
            let columns = left..left + rows.len();
            left = columns.end;
            out.slice_mut(s![.., columns])
                .assign(&test.dot(&x(rows, band).t()));
        }
    }
    out
}

/// Predictions of each band for a loaded block, each (scans of the test run, width).
fn predict_bands<A: Element>(
    block: &mut Block<'_, A>,
    operators: &Array2<A>,
    n_bands: usize,
    train: &[usize],
) -> Vec<Array2<A>> {
    let n_test = operators.nrows() / n_bands;
    operators
        .axis_chunks_iter(Axis(0), n_test)
        .map(|operator| {
            block.predict(&operator, train);
            block.predictions(n_test).to_owned()
        })
        .collect()
}

/// Σ ŷᵦ (2y − ŷ) / Σ(y − ȳ)² of each band and target, (`n_bands`, `n_used`).
fn shares<A: Element>(
    block: &Block<'_, A>,
    fold: usize,
    predicted: &[Array2<A>],
    n_used: usize,
) -> Array2<f64> {
    let (observed, moments) = block.targets(fold);
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
