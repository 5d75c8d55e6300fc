//! Banded ridge regression: several feature spaces, each with its own penalty.

mod fit;
mod params;
mod search;
mod split;
mod test_pass;
mod walk;
mod weights;

use std::ops::Range;

use ndarray::{Array2, ArrayRef1, ArrayRef2, ArrayView2, s};

pub use fit::{BandChoice, BandedRidgeFit};
pub use params::BandedRidgeParams;
pub use weights::BandWeights;

use crate::block::Block;
use crate::compiled::Compiled;
use crate::defects::{Defect, survey, without_defect};
use crate::folds::Purpose;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::runs::{Run, check_features, check_targets, matrices};
use crate::{Element, PreparedFeatures, RidgeCv, RidgeError, RidgeModel};

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
    ridge: RidgeCv,
    bands: Vec<Range<usize>>,
    weights: Array2<f64>,
    /// Number of candidates of a descent from the first of `weights`; `None` to try all of `weights`.
    descent: Option<usize>,
    split: bool,
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

    /// Chooses weights and penalties within the training runs and scores the test runs.
    ///
    /// # Shapes
    /// As [`RidgeCv::fit`]; each run has the features of all bands as adjacent columns.
    ///
    /// # Errors
    /// As [`RidgeCv::prepare`] and [`PreparedFeatures::score`]; [`RidgeError::BandWidths`] if the bands do not add up to the
    /// features.
    pub fn fit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<BandedRidgeFit, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::fit_banded(self, &matrices(x_runs), &matrices(y_runs))
    }

    /// Fits one model to all runs, for predictions. Weights and penalties are those with the best mean score over the
    /// folds.
    ///
    /// # Shapes
    /// As [`RidgeCv::refit`].
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn refit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeModel<X::Element>, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::refit_banded(self, &matrices(x_runs), &matrices(y_runs))
    }

    pub(crate) fn fit_matrices<A: Element>(
        &self,
        x_runs: &[ArrayView2<'_, A>],
        y_runs: &[ArrayView2<'_, A>],
    ) -> Result<BandedRidgeFit, RidgeError> {
        self.ridge.in_pool(|| {
            let data = Data::new(self, x_runs, y_runs, Purpose::Scores)?;
            let found = search::search(&data)?;
            test_pass::test(&data, found)
        })
    }

    pub(crate) fn refit_matrices<A: Element>(
        &self,
        x_runs: &[ArrayView2<'_, A>],
        y_runs: &[ArrayView2<'_, A>],
    ) -> Result<RidgeModel<A>, RidgeError> {
        self.ridge.in_pool(|| {
            let data = Data::new(self, x_runs, y_runs, Purpose::Model)?;
            let found = search::search(&data)?;
            test_pass::solve(&data, &found)
        })
    }
}

/// The data of the search and the test pass.
struct Data<'d, A> {
    model: &'d BandedRidge,
    /// Features of all runs, not weighted.
    x: Array2<A>,
    layout: Layout,
    plan: Plan,
    y: &'d [ArrayView2<'d, A>],
    /// The defect of each target, if any.
    defects: Vec<Option<Defect>>,
    /// The targets without a defect. Search and test number only these; "target j" is column `columns[j]`.
    columns: Vec<usize>,
}

impl<'d, A: Element> Data<'d, A> {
    fn new(
        model: &'d BandedRidge,
        x_runs: &[ArrayView2<'_, A>],
        y_runs: &'d [ArrayView2<'d, A>],
        purpose: Purpose,
    ) -> Result<Self, RidgeError> {
        let settings = &model.ridge.settings;
        let lengths = check_features(x_runs, settings.options.groups.as_deref())?;
        let n_features = x_runs[0].ncols();
        let covered = model.bands.last().map_or(0, |band| band.end);
        if covered != n_features {
            return Err(RidgeError::BandWidths {
                found: covered,
                expected: n_features,
            });
        }
        let (layout, plan) = settings.design(&lengths, purpose)?;
        check_targets(y_runs, &layout)?;
        let defects = survey(y_runs);
        Ok(Self {
            model,
            x: layout.stack(x_runs),
            layout,
            plan,
            y: y_runs,
            columns: without_defect(&defects),
            defects,
        })
    }

    fn n_folds(&self) -> usize {
        self.plan.folds.len()
    }

    /// Number of targets without a defect.
    fn n_targets(&self) -> usize {
        self.columns.len()
    }

    /// Loads some of these targets.
    fn load(&self, block: &mut Block<'_, A>, targets: &[usize]) -> Result<(), RidgeError> {
        let columns: Vec<usize> = targets.iter().map(|&target| self.columns[target]).collect();
        block.load(self.y, &columns)
    }

    /// Features weighted for a candidate: each band times √γ, so that one α applies to all.
    fn weighted(
        &self,
        ridge: RidgeCv,
        weights: &ArrayRef1<f64>,
        plan: Plan,
    ) -> Result<PreparedFeatures<A>, RidgeError> {
        let mut x = self.x.clone();
        for (band, &weight) in self.model.bands.iter().zip(weights) {
            let root = A::from_double(weight.sqrt());
            x.slice_mut(s![.., band.clone()]).mapv_inplace(|v| v * root);
        }
        PreparedFeatures::from_stack(ridge, x, self.layout.clone(), plan)
    }
}
