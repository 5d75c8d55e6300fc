//! The precision of a fit, and the entry points of the fits, compiled once for each.
//!
//! The public functions are generic over the type of the runs. They call these functions of a fixed type, so the
//! algorithm is compiled with this crate and not again in each program that uses it.

use ndarray::{Array1, Array2, Array3, ArrayRef2, ArrayView2};

use crate::design::splits::Purpose;
use crate::engine::product::product;
use crate::nulls::forecasts::Scored;
use crate::nulls::versions::Versions;
use crate::results::ridge_model::RidgeModel;
use crate::systems::factored::Factored;
use crate::{BandedRidge, BandedRidgeFit, Metric, NullOrders, Number, RidgeCv, RidgeCvFit, RidgeError};
use crate::{banded, search};

/// The type of features, targets and wide products: `f32` or `f64`.
///
/// For both types, Gram matrices are summed and factored in `f64`, and correlations are accumulated in `f64`. The type
/// is that of the products over all targets, which take nearly all of the time. Scores in `f32` are within 1e-4 of
/// `f64`, usually within 1e-6. The trait is sealed: the fits are compiled for these two types.
pub trait Element: Number + Compiled {}

impl Element for f32 {}
impl Element for f64 {}

/// The fits in one number type.
#[allow(missing_docs, reason = "each is the method of the same name")]
pub trait Compiled: Sized {
    fn prepare(model: &RidgeCv, x: &[ArrayView2<'_, Self>]) -> Result<Factored<Self>, RidgeError>;
    fn score(factored: &Factored<Self>, y: &[ArrayView2<'_, Self>]) -> Result<RidgeCvFit, RidgeError>;
    fn predictions(
        factored: &Factored<Self>,
        fit: &RidgeCvFit,
        y: &[ArrayView2<'_, Self>],
        columns: &[usize],
    ) -> Result<Vec<Array2<Self>>, RidgeError>;
    fn coefficients(
        factored: &Factored<Self>,
        fit: &RidgeCvFit,
        y: &[ArrayView2<'_, Self>],
        columns: &[usize],
    ) -> Result<Array3<Self>, RidgeError>;
    fn scores_of_versions(
        factored: &Factored<Self>,
        fit: &RidgeCvFit,
        y: &[ArrayView2<'_, Self>],
        versions: Versions<'_>,
        scored: Scored<'_>,
    ) -> Result<Array2<f32>, RidgeError>;
    fn refit(
        model: &RidgeCv,
        x: &[ArrayView2<'_, Self>],
        y: &[ArrayView2<'_, Self>],
    ) -> Result<RidgeModel<Self>, RidgeError>;
    fn fit_banded(
        model: &BandedRidge,
        x: &[ArrayView2<'_, Self>],
        y: &[ArrayView2<'_, Self>],
    ) -> Result<BandedRidgeFit, RidgeError>;
    fn refit_banded(
        model: &BandedRidge,
        x: &[ArrayView2<'_, Self>],
        y: &[ArrayView2<'_, Self>],
    ) -> Result<RidgeModel<Self>, RidgeError>;
    fn permuted(
        model: &BandedRidge,
        x: &[ArrayView2<'_, Self>],
        y: &[ArrayView2<'_, Self>],
        orders: &NullOrders,
        metrics: &[Metric],
    ) -> Result<Option<Vec<Array2<f64>>>, RidgeError>;
    fn product(left: &ArrayRef2<Self>, right: &ArrayRef2<Self>) -> Array2<Self>;
    fn score_new(
        coefficients: &ArrayRef2<Self>,
        x: &ArrayRef2<Self>,
        y: &ArrayRef2<Self>,
        metric: Metric,
    ) -> Array1<f64>;
}

macro_rules! compiled {
    ($($element:ty),+) => {
        $(impl Compiled for $element {
            fn prepare(model: &RidgeCv, x: &[ArrayView2<'_, Self>]) -> Result<Factored<Self>, RidgeError> {
                Factored::new(model.clone(), x, Purpose::Scores)
            }

            fn score(factored: &Factored<Self>, y: &[ArrayView2<'_, Self>]) -> Result<RidgeCvFit, RidgeError> {
                search::score::score(factored, y)
            }

            fn predictions(
                factored: &Factored<Self>,
                fit: &RidgeCvFit,
                y: &[ArrayView2<'_, Self>],
                columns: &[usize],
            ) -> Result<Vec<Array2<Self>>, RidgeError> {
                factored.predict_matrices(fit, y, columns)
            }

            fn coefficients(
                factored: &Factored<Self>,
                fit: &RidgeCvFit,
                y: &[ArrayView2<'_, Self>],
                columns: &[usize],
            ) -> Result<Array3<Self>, RidgeError> {
                factored.solve_matrices(fit, y, columns)
            }

            fn scores_of_versions(
                factored: &Factored<Self>,
                fit: &RidgeCvFit,
                y: &[ArrayView2<'_, Self>],
                versions: Versions<'_>,
                scored: Scored<'_>,
            ) -> Result<Array2<f32>, RidgeError> {
                factored.scores_of_versions(fit, y, versions, scored)
            }

            fn refit(
                model: &RidgeCv,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
            ) -> Result<RidgeModel<Self>, RidgeError> {
                search::refit::refit(model, x, y)
            }

            fn fit_banded(
                model: &BandedRidge,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
            ) -> Result<BandedRidgeFit, RidgeError> {
                banded::fit(model, x, y)
            }

            fn refit_banded(
                model: &BandedRidge,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
            ) -> Result<RidgeModel<Self>, RidgeError> {
                banded::refit(model, x, y)
            }

            fn permuted(
                model: &BandedRidge,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
                orders: &NullOrders,
                metrics: &[Metric],
            ) -> Result<Option<Vec<Array2<f64>>>, RidgeError> {
                banded::permuted::scores(model, x, y, orders, metrics)
            }

            fn product(left: &ArrayRef2<Self>, right: &ArrayRef2<Self>) -> Array2<Self> {
                product(left, right)
            }

            fn score_new(
                coefficients: &ArrayRef2<Self>,
                x: &ArrayRef2<Self>,
                y: &ArrayRef2<Self>,
                metric: Metric,
            ) -> Array1<f64> {
                search::new_scans::score_new(coefficients, x, y, metric)
            }
        })+
    };
}
compiled!(f32, f64);
