//! Where the products of a fit run: one interface for BLAS on the host and libtorch on a device.

use std::ops::Deref;

use ndarray::ArrayRef2;

use crate::fit::RidgeCvFit;
use crate::{Element, PreparedFeatures, RidgeCv, RidgeError};

/// A place that can fit a [`RidgeCv`].
///
/// All backends follow the same settings and give the same scores to rounding; a setting that one of them does not know is
/// an error, never ignored.
///
/// ```
/// use lpp_ridge::{Blas, PreparedRidge, RidgeBackend, RidgeCv, RidgeError};
/// use ndarray::Array2;
///
/// fn mean_score<B: RidgeBackend<f64>>(backend: &B, x: &[Array2<f64>], y: &[Array2<f64>]) -> Result<f64, RidgeError> {
///     let model = RidgeCv::params().alphas([1.0, 10.0]).check()?;
///     Ok(backend.prepare(&model, x)?.score(y)?.mean_score())
/// }
///
/// let wave = |run: usize| Array2::from_shape_fn((20, 2), |(i, j)| ((run * 20 + i) as f64 * (j as f64 + 0.3)).sin());
/// let x: Vec<_> = (0..3).map(wave).collect();
/// assert!(mean_score(&Blas, &x, &x).unwrap() > 0.9);
/// ```
pub trait RidgeBackend<A: Element> {
    /// Features that this backend has factored.
    type Prepared: PreparedRidge<A>;

    /// Checks and factors the features: all work that does not depend on the targets.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_features`) per run; three runs or more.
    ///
    /// # Errors
    /// As [`RidgeCv::prepare`]; also for a setting that the backend does not support, and what its device reports.
    fn prepare<X>(&self, model: &RidgeCv, x_runs: &[X]) -> Result<Self::Prepared, RidgeError>
    where
        X: Deref<Target = ArrayRef2<A>>;
}

/// Features of a [`RidgeBackend`], factored once for any number of target sets.
pub trait PreparedRidge<A: Element> {
    /// Scores one target set.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_targets`) per run, standardised like the features.
    ///
    /// # Errors
    /// As [`PreparedFeatures::score`], and what the backend's device reports.
    fn score<Y>(&self, y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        Y: Deref<Target = ArrayRef2<A>> + Sync;

    /// The model whose settings these features follow.
    fn model(&self) -> &RidgeCv;

    /// Whether the systems are features by features rather than scans by scans.
    fn is_primal(&self) -> bool;
}

/// BLAS and LAPACK on the host, in the caller's rayon pool: what [`RidgeCv::fit`] uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blas;

impl<A: Element> RidgeBackend<A> for Blas {
    type Prepared = PreparedFeatures<A>;

    fn prepare<X>(&self, model: &RidgeCv, x_runs: &[X]) -> Result<Self::Prepared, RidgeError>
    where
        X: Deref<Target = ArrayRef2<A>>,
    {
        model.prepare(x_runs)
    }
}

impl<A: Element> PreparedRidge<A> for PreparedFeatures<A> {
    fn score<Y>(&self, y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        Y: Deref<Target = ArrayRef2<A>> + Sync,
    {
        Self::score(self, y_runs)
    }

    fn model(&self) -> &RidgeCv {
        Self::model(self)
    }

    fn is_primal(&self) -> bool {
        Self::is_primal(self)
    }
}
