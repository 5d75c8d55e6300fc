//! The versions of a run from which targets are put together.

use ndarray::{Array2, ArrayRef1};

use super::orders::NullOrders;
use super::swaps::SideSwaps;
use crate::{Number, RidgeError};

/// Targets whose runs come in several versions, and the combinations of versions that are scored.
#[derive(Debug, Clone, Copy)]
pub enum Versions<'v> {
    /// Some targets, the scans of each run permuted.
    Orders(&'v [usize], &'v NullOrders),
    /// The left targets of pairs; the second version of a run is that of the right target.
    Sides(&'v SideSwaps),
}

impl Versions<'_> {
    /// Number of rows of the result: targets or pairs.
    pub(super) fn n_targets(&self) -> usize {
        match self {
            Self::Orders(columns, _) => columns.len(),
            Self::Sides(swaps) => swaps.left().len(),
        }
    }

    /// Columns of the targets from `first` on: the left ones, and behind them the right ones.
    pub(super) fn columns(&self, first: usize, width: usize) -> Vec<usize> {
        let some = first..first + width;
        match self {
            Self::Orders(columns, _) => columns[some].to_vec(),
            Self::Sides(swaps) => [&swaps.left()[some.clone()], &swaps.right()[some]].concat(),
        }
    }

    /// Number of versions of each run.
    pub(super) fn counts(&self) -> Vec<usize> {
        match self {
            Self::Orders(_, nulls) => nulls.orders().iter().map(Vec::len).collect(),
            Self::Sides(swaps) => vec![2; swaps.draws().ncols()],
        }
    }

    /// The version of each run in each combination, (`n_combinations`, `n_runs`).
    pub(super) fn draws(&self) -> &Array2<usize> {
        match self {
            Self::Orders(_, nulls) => nulls.draws(),
            Self::Sides(swaps) => swaps.draws(),
        }
    }

    /// Where a target of a block of `width` has the values of a version.
    pub(super) fn column(&self, target: usize, version: usize, width: usize) -> usize {
        match self {
            Self::Orders(..) => target,
            Self::Sides(_) => target + version * width,
        }
    }

    /// Copies a version of a run of one target from its values.
    pub(super) fn copy<A: Number>(&self, run: usize, version: usize, from: &ArrayRef1<A>, to: &mut [A]) {
        match self {
            Self::Orders(_, nulls) => {
                let order = &nulls.orders()[run][version];
                to.iter_mut().zip(order).for_each(|(to, &scan)| *to = from[scan]);
            }
            Self::Sides(_) => to.iter_mut().zip(from).for_each(|(to, &value)| *to = value),
        }
    }

    pub(super) fn check(&self, lengths: &[usize]) -> Result<(), RidgeError> {
        match self {
            Self::Orders(_, nulls) => nulls.check(lengths),
            Self::Sides(swaps) if swaps.draws().ncols() != lengths.len() => {
                Err(RidgeError::NullDraws { null: 0 })
            }
            Self::Sides(_) => Ok(()),
        }
    }
}
