//! Settings of a banded ridge regression, and the model.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2};

use super::weights::BandWeights;
use crate::{RidgeCv, RidgeError};

/// A ridge regression on several feature spaces ("bands"), each with its own penalty.
///
/// Minimises ‖Y − Σ Xᵦ Bᵦ‖² + Σ αᵦ ‖Bᵦ‖² with αᵦ = α / γᵦ. The weights γ of the bands are chosen from candidates that
/// are drawn at random or given. In each fold, each candidate is validated with each α by the given [`RidgeCv`], and
/// the best pair is tested. A weight of 0 leaves a band out. [`AlphaScope`](crate::AlphaScope) says who shares the
/// pair: with `PerTarget`, called `local_alpha` in himalaya, each target has its own. Folds, inner validation, metric,
/// groups and threads are those of the [`RidgeCv`]. The search over α is always exhaustive, and a target without a
/// validation score is always left out of a shared choice.
///
/// A candidate costs one preparation and validation of a ridge regression; chosen candidates are prepared once more for
/// the test runs. Memory does not grow with the number of candidates.
///
/// ```
/// use lpp_ridge::{AlphaScope, BandWeights, BandedRidge, InnerValidation, RidgeCv};
/// use ndarray::{Array2, s};
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// // One useful feature, then a band of twenty that have nothing to do with the target.
/// let x: Vec<Array2<f64>> =
///     (0..4).map(|r| Array2::from_shape_fn((30, 21), |(i, j)| (37.0 * (r + i * (j + 2)) as f64).sin())).collect();
/// let y: Vec<Array2<f64>> = x.iter().map(|x| x.slice(s![.., ..1]).to_owned()).collect();
/// let ridge = RidgeCv::params().alphas([1.0, 10.0]).inner(InnerValidation::All).alpha_scope(AlphaScope::PerTarget);
/// let banded = BandedRidge::params(ridge.check()?, [1, 20])
///     .weights(BandWeights::random(10, 0))
///     .split(true)
///     .check()?;
/// let fit = banded.fit(&x, &y)?;
/// assert!(fit.scores[0] > 0.99);
/// let penalties = fit.penalties(0, 0).unwrap_or_default();
/// assert!(penalties[0] < penalties[1]);
/// # Ok(())
/// # }
/// ```
///
/// # References
/// A. O. Nunez-Elizalde et al. (2019), <https://doi.org/10.1016/j.neuroimage.2019.04.012>. The search is that of T.
/// Dupré la Tour et al. (2022), <https://doi.org/10.1016/j.neuroimage.2022.119728>, `himalaya`.
#[derive(Debug, Clone)]
pub struct BandedRidge {
    pub(super) ridge: RidgeCv,
    pub(super) bands: Vec<Range<usize>>,
    pub(super) weights: Array2<f64>,
    /// Number of candidates of a descent from the first of `weights`; `None` to try all of `weights`.
    pub(super) descent: Option<usize>,
    pub(super) split: bool,
}

impl BandedRidge {
    /// Initial settings: the model used for validation, and the number of features of each band, in order.
    pub fn params(ridge: RidgeCv, bands: impl Into<Vec<usize>>) -> BandedRidgeParams {
        BandedRidgeParams::new(ridge, bands.into())
    }

    /// The candidates, (`n_candidates`, `n_bands`); for a descent, its start.
    #[must_use]
    pub fn weights(&self) -> &ArrayRef2<f64> {
        &self.weights
    }
}

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
    fn new(ridge: RidgeCv, widths: Vec<usize>) -> Self {
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
    let mut left = 0_usize;
    let mut next = |&width: &usize| {
        // A sum beyond the largest number stays there and so differs from any number of features.
        let band = left..left.saturating_add(width);
        left = band.end;
        band
    };
    Ok(widths.iter().map(&mut next).collect())
}
