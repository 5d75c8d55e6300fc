//! Banded ridge regression: several feature spaces side by side, each with a penalty of its own.

mod fit;
mod params;
mod search;
mod split;
mod test_pass;
mod weights;

use std::ops::{Deref, Range};

use ndarray::{Array2, ArrayRef2, s};

pub use fit::{BandChoice, BandedRidgeFit};
pub use params::BandedRidgeParams;
pub use weights::BandWeights;

use crate::plan::InnerSet;
use crate::runs::{RunLayout, check_targets, stack_features};
use crate::{Element, PreparedFeatures, RidgeCv, RidgeError};

/// A ridge regression on several feature spaces ("bands"), each with its own penalty.
///
/// Minimises ‖Y − Σ Xᵦ Bᵦ‖² + Σ αᵦ ‖Bᵦ‖² with αᵦ = α / γᵦ. The weights γ of the bands come from a list of
/// candidates, drawn at random or given; for each fold, each candidate with each α is validated as by the [`RidgeCv`]
/// within, and the best pair is tested. A weight of 0 leaves a band out. Who shares the pair follows
/// [`AlphaScope`](crate::AlphaScope): with `PerTarget`, what himalaya calls `local_alpha`, each target has its own. Folds,
/// inner validation, metric, groups and threads are those of the [`RidgeCv`]; the search over α is always exhaustive, and
/// a target without validation score is always left out of a shared choice.
///
/// A candidate costs a preparation and a validation as for one ridge regression; the candidates that are chosen are
/// prepared once more for the test runs. Memory does not grow with their number.
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
/// A. O. Nunez-Elizalde et al. (2019), <https://doi.org/10.1016/j.neuroimage.2019.04.012>; the search is that of
/// T. Dupré la Tour et al. (2022), <https://doi.org/10.1016/j.neuroimage.2022.119728>, `himalaya`.
#[derive(Debug, Clone)]
pub struct BandedRidge {
    ridge: RidgeCv,
    bands: Vec<Range<usize>>,
    weights: Array2<f64>,
    split: bool,
}

impl BandedRidge {
    /// Settings to start from: the model that validates, and the number of features of each band, in their order.
    pub fn params(ridge: RidgeCv, bands: impl Into<Vec<usize>>) -> BandedRidgeParams {
        BandedRidgeParams::new(ridge, bands.into())
    }

    /// The candidates, (`n_candidates`, `n_bands`).
    #[must_use]
    pub fn weights(&self) -> &ArrayRef2<f64> {
        &self.weights
    }

    /// Chooses weights and penalties within the training runs and scores the test runs.
    ///
    /// # Shapes
    /// As [`RidgeCv::fit`]; the features of all bands stand side by side in each run.
    ///
    /// # Errors
    /// As [`RidgeCv::prepare`] and [`PreparedFeatures::score`]; [`RidgeError::BandWidths`] if the bands do not add up to the
    /// features.
    pub fn fit<A, X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<BandedRidgeFit, RidgeError>
    where
        A: Element,
        X: Deref<Target = ArrayRef2<A>>,
        Y: Deref<Target = ArrayRef2<A>> + Sync,
    {
        let (x, layout) = stack_features(x_runs, self.ridge.settings.options.groups.as_deref())?;
        let covered = self.bands.last().map_or(0, |band| band.end);
        if covered != x.ncols() {
            return Err(RidgeError::BandWidths {
                found: covered,
                expected: x.ncols(),
            });
        }
        let n_targets = check_targets(y_runs, &layout)?;
        let data = Data {
            model: self,
            x,
            layout,
            y: y_runs,
            n_targets,
        };
        self.ridge.in_pool(|| {
            let found = search::search(&data)?;
            test_pass::test(&data, found)
        })
    }
}

/// What the search and the test pass work on.
struct Data<'d, A, Y> {
    model: &'d BandedRidge,
    /// Features of all runs, not weighted.
    x: Array2<A>,
    layout: RunLayout,
    y: &'d [Y],
    n_targets: usize,
}

impl<A: Element, Y> Data<'_, A, Y> {
    fn n_folds(&self) -> usize {
        self.layout.n_runs()
    }

    /// Features with the weights of a candidate: a band times √γ, so that one α serves all.
    fn weighted(
        &self,
        ridge: RidgeCv,
        candidate: usize,
        sets: Vec<InnerSet>,
    ) -> Result<PreparedFeatures<A>, RidgeError> {
        let mut x = self.x.clone();
        for (band, &weight) in self.model.bands.iter().zip(self.model.weights.row(candidate)) {
            let root = A::from_double(weight.sqrt());
            x.slice_mut(s![.., band.clone()]).mapv_inplace(|v| v * root);
        }
        PreparedFeatures::from_stack(ridge, x, self.layout.clone(), sets)
    }
}
