//! Settings of a banded ridge regression.

use std::ops::Range;

use super::{BandWeights, BandedRidge};
use crate::{RidgeCv, RidgeError};

/// Unchecked settings; [`check`](Self::check) returns a [`BandedRidge`].
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are checked"]
pub struct BandedRidgeParams {
    ridge: RidgeCv,
    widths: Vec<usize>,
    weights: BandWeights,
    split: bool,
}

impl BandedRidgeParams {
    pub(super) fn new(ridge: RidgeCv, widths: Vec<usize>) -> Self {
        Self {
            ridge,
            widths,
            weights: BandWeights::default(),
            split: false,
        }
    }

    /// Sets the candidates for the weights of the bands.
    pub fn weights(mut self, weights: BandWeights) -> Self {
        self.weights = weights;
        self
    }

    /// Sets whether R² on the test runs is split among the bands; this costs a prediction per band.
    pub fn split(mut self, split: bool) -> Self {
        self.split = split;
        self
    }

    /// Checks the settings and draws the candidates.
    ///
    /// # Errors
    /// [`RidgeError::NoBands`] and [`RidgeError::EmptyBand`] for the widths; for the weights as [`BandWeights::draw`].
    pub fn check(self) -> Result<BandedRidge, RidgeError> {
        let bands = columns_of(&self.widths)?;
        Ok(BandedRidge {
            weights: self.weights.draw(bands.len())?,
            descent: self.weights.descent(),
            ridge: self.ridge,
            bands,
            split: self.split,
        })
    }
}

/// The columns of each band.
fn columns_of(widths: &[usize]) -> Result<Vec<Range<usize>>, RidgeError> {
    if widths.is_empty() {
        return Err(RidgeError::NoBands);
    }
    if let Some(band) = widths.iter().position(|&w| w == 0) {
        return Err(RidgeError::EmptyBand { band });
    }
    let mut left = 0;
    let mut next = |&width: &usize| {
        let band = left..left + width;
        left = band.end;
        band
    };
    Ok(widths.iter().map(&mut next).collect())
}
