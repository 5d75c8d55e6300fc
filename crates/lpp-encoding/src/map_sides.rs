//! The sides of a map: halves of the array, left and right of x = 0, homotopic pairs.

use lpp_fmri::{BrainMask, MaskOf, Sides};
use lpp_stats::{Hemispheres, HomotopicPairs, VoxelSet};
use ndarray::{Array1, Array2, ArrayRef2};

use crate::EncodingError;

/// Left and right by three definitions.
pub(crate) struct MapSides {
    sides: Sides,
    pairs: HomotopicPairs,
}

/// A number for each definition of left and right: halves, x, pairs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lateral<T> {
    pub(crate) halves: Option<T>,
    pub(crate) x: Option<T>,
    pub(crate) pairs: Option<T>,
}

impl<T> Lateral<T> {
    pub(crate) fn map<U>(self, change: impl Fn(T) -> U) -> Lateral<U> {
        Lateral {
            halves: self.halves.map(&change),
            x: self.x.map(&change),
            pairs: self.pairs.map(&change),
        }
    }
}

impl MapSides {
    /// The sides of a mask; without pairs, and with a warning, if its grid has no mirror images.
    pub(crate) fn of(mask: &BrainMask, of: MaskOf) -> Result<Self, EncodingError> {
        let pairs = match mask.homotopic_pairs() {
            Err(error) if error.is_without_pairs() => {
                tracing::warn!("{error}; there are no homotopic pairs");
                Vec::new()
            }
            other => other?,
        };
        let (left, right) = pairs.iter().map(|pair| (pair.left, pair.right)).unzip();
        Ok(Self {
            sides: mask.sides(of),
            pairs: HomotopicPairs::new(left, right)?,
        })
    }

    /// The homotopic pairs, if there are any.
    pub(crate) fn pairs(&self) -> Option<&HomotopicPairs> {
        (!self.pairs.is_empty()).then_some(&self.pairs)
    }

    /// Left and right of x = 0.
    pub(crate) fn by_x(&self) -> &Hemispheres {
        self.sides.by_x()
    }

    /// Mean left minus mean right of each column of `scores`, (`n_voxels`, columns).
    pub(crate) fn l_minus_r(&self, scores: &ArrayRef2<f32>) -> Lateral<Array1<f64>> {
        let of = |sides: &Hemispheres| means(scores, sides.left()) - means(scores, sides.right());
        Lateral {
            halves: self.sides.halves().map(of),
            x: Some(of(self.by_x())),
            pairs: self
                .pairs()
                .map(|pairs| means(&differences(scores, pairs), &VoxelSet::all(pairs.len()))),
        }
    }
}

/// Left minus right of each pair in each column.
pub(crate) fn differences(scores: &ArrayRef2<f32>, pairs: &HomotopicPairs) -> Array2<f32> {
    let mut out = Array2::zeros((pairs.len(), scores.ncols()));
    for ((mut row, &left), &right) in out.rows_mut().into_iter().zip(pairs.left()).zip(pairs.right()) {
        row.assign(&scores.row(left));
        row -= &scores.row(right);
    }
    out
}

/// Mean over the rows of a set in each column, without rows that have no score.
pub(crate) fn means(scores: &ArrayRef2<f32>, set: &VoxelSet) -> Array1<f64> {
    let (mut sum, mut n) = (Array1::zeros(scores.ncols()), 0_u32);
    for &row in set.indices() {
        let row = scores.row(row);
        if !row[0].is_nan() {
            sum.zip_mut_with(&row, |sum, &score| *sum += f64::from(score));
            n += 1;
        }
    }
    sum / f64::from(n)
}
