//! The entry points of the fits, compiled once for each number type.
//!
//! The public functions are generic over the type of the runs. They call these functions of a fixed type, so the
//! algorithm is compiled with this crate and not again in each program that uses it.

use ndarray::{Array2, Array3, ArrayView2};

use crate::folds::Purpose;
use crate::{
    BandedRidge, BandedRidgeFit, NullOrders, PreparedFeatures, RidgeCv, RidgeCvFit, RidgeError, RidgeModel,
};

/// The fits in one number type.
#[allow(missing_docs, reason = "each is the method of the same name")]
pub trait Compiled: Sized {
    fn prepare(model: &RidgeCv, x: &[ArrayView2<'_, Self>]) -> Result<PreparedFeatures<Self>, RidgeError>;
    fn score(prepared: &PreparedFeatures<Self>, y: &[ArrayView2<'_, Self>])
    -> Result<RidgeCvFit, RidgeError>;
    fn predictions(
        prepared: &PreparedFeatures<Self>,
        fit: &RidgeCvFit,
        y: &[ArrayView2<'_, Self>],
        columns: &[usize],
    ) -> Result<Vec<Array2<Self>>, RidgeError>;
    fn coefficients(
        prepared: &PreparedFeatures<Self>,
        fit: &RidgeCvFit,
        y: &[ArrayView2<'_, Self>],
        columns: &[usize],
    ) -> Result<Array3<Self>, RidgeError>;
    fn null_scores(
        prepared: &PreparedFeatures<Self>,
        fit: &RidgeCvFit,
        y: &[ArrayView2<'_, Self>],
        nulls: &NullOrders,
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
    fn predict(model: &RidgeModel<Self>, x: &ArrayView2<'_, Self>) -> Result<Array2<Self>, RidgeError>;
}

macro_rules! compiled {
    ($($element:ty),+) => {
        $(impl Compiled for $element {
            fn prepare(model: &RidgeCv, x: &[ArrayView2<'_, Self>]) -> Result<PreparedFeatures<Self>, RidgeError> {
                PreparedFeatures::new(model.clone(), x, Purpose::Scores)
            }

            fn score(prepared: &PreparedFeatures<Self>, y: &[ArrayView2<'_, Self>]) -> Result<RidgeCvFit, RidgeError> {
                prepared.score_matrices(y)
            }

            fn predictions(
                prepared: &PreparedFeatures<Self>,
                fit: &RidgeCvFit,
                y: &[ArrayView2<'_, Self>],
                columns: &[usize],
            ) -> Result<Vec<Array2<Self>>, RidgeError> {
                prepared.predict_matrices(fit, y, columns)
            }

            fn coefficients(
                prepared: &PreparedFeatures<Self>,
                fit: &RidgeCvFit,
                y: &[ArrayView2<'_, Self>],
                columns: &[usize],
            ) -> Result<Array3<Self>, RidgeError> {
                prepared.solve_matrices(fit, y, columns)
            }

            fn null_scores(
                prepared: &PreparedFeatures<Self>,
                fit: &RidgeCvFit,
                y: &[ArrayView2<'_, Self>],
                nulls: &NullOrders,
            ) -> Result<Array2<f32>, RidgeError> {
                prepared.null_scores_of_matrices(fit, y, nulls)
            }

            fn refit(
                model: &RidgeCv,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
            ) -> Result<RidgeModel<Self>, RidgeError> {
                RidgeModel::fit(model, x, y)
            }

            fn fit_banded(
                model: &BandedRidge,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
            ) -> Result<BandedRidgeFit, RidgeError> {
                model.fit_matrices(x, y)
            }

            fn refit_banded(
                model: &BandedRidge,
                x: &[ArrayView2<'_, Self>],
                y: &[ArrayView2<'_, Self>],
            ) -> Result<RidgeModel<Self>, RidgeError> {
                model.refit_matrices(x, y)
            }

            fn predict(model: &RidgeModel<Self>, x: &ArrayView2<'_, Self>) -> Result<Array2<Self>, RidgeError> {
                model.predict_matrix(x)
            }
        })+
    };
}
compiled!(f32, f64);
