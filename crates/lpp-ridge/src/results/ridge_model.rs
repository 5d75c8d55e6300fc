//! A model that can be saved: coefficients of all data, for predicting new scans.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, s};

use crate::Number;

/// A ridge regression fitted to all given runs, with the penalty chosen by cross-validation over them.
///
/// Created by [`crate::RidgeCv::refit`] or [`crate::BandedRidge::refit`]. There is no intercept. Standardise features
/// for predictions like those of the fit; predictions are in units of standardised targets.
///
/// ```
/// use lpp_ridge::{RidgeCv, RidgeModel};
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// // Four stories of 40 scans, 3 features and 2 targets; the last one is new to the model.
/// let x: Vec<Array2<f64>> =
///     (0..4).map(|r| Array2::from_shape_fn((40, 3), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
/// let y: Vec<Array2<f64>> = x.iter().map(|x| x.dot(&ndarray::array![[1.0, 0.2], [0.5, -1.0], [0.0, 0.3]])).collect();
/// let model = RidgeCv::params().alphas([1e-6, 1.0, 1e6]).check()?.refit(&x[..3], &y[..3])?;
/// let predicted = model.predict(&x[3])?;
/// assert!((&predicted - &y[3]).iter().all(|d| d.abs() < 1e-6));
/// assert_eq!(model.alphas().row(0).to_vec(), [1e-6, 1e-6]);
/// # let folder = std::env::temp_dir().join("lpp-ridge-doc");
/// # std::fs::create_dir_all(&folder).unwrap();
///
/// let path = folder.join("model.safetensors");
/// model.save(&path)?;
/// assert_eq!(RidgeModel::load(&path)?, model);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeModel<A> {
    pub(crate) coefficients: Array2<A>,
    pub(crate) alphas: Array2<f64>,
    pub(crate) validation_curve: Array1<f64>,
    pub(crate) best_scores: Array1<f64>,
}

impl<A: Number> RidgeModel<A> {
    /// A model without targets.
    pub(crate) fn empty(n_features: usize, n_targets: usize, n_bands: usize) -> Self {
        Self {
            coefficients: Array2::from_elem((n_features, n_targets), A::nan()),
            alphas: Array2::from_elem((n_bands, n_targets), f64::NAN),
            validation_curve: Array1::zeros(0),
            best_scores: Array1::from_elem(n_targets, f64::NAN),
        }
    }

    /// Turns coefficients of weighted bands into those of the features, and stores the penalty of each band.
    pub(crate) fn set_bands(
        &mut self,
        bands: &[Range<usize>],
        weights: &ArrayRef1<f64>,
        penalties: &ArrayRef1<f64>,
        columns: &[usize],
    ) {
        for &column in columns {
            self.alphas.column_mut(column).assign(penalties);
            for (band, weight) in bands.iter().zip(weights) {
                let root = A::from_double(weight.sqrt());
                let mut part = self.coefficients.slice_mut(s![band.clone(), column]);
                part.mapv_inplace(|v| v * root);
            }
        }
    }

    /// The coefficients, (`n_features`, `n_targets`); NaN for a target that was constant or not finite in the fit.
    #[must_use]
    pub fn coefficients(&self) -> &ArrayRef2<A> {
        &self.coefficients
    }

    /// The penalty of each band and target, (`n_bands`, `n_targets`), with one band for a plain ridge regression;
    /// infinite for a band that is left out, NaN for a target that was constant or not finite.
    #[must_use]
    pub fn alphas(&self) -> &ArrayRef2<f64> {
        &self.alphas
    }

    /// Mean score of each penalty over folds and targets, (`n_alphas`), from which a shared one was chosen; empty for
    /// bands.
    #[must_use]
    pub fn validation_curve(&self) -> &ArrayRef1<f64> {
        &self.validation_curve
    }

    /// Mean score of each target over the folds, with its chosen penalties, (`n_targets`); NaN for a target without a
    /// score.
    #[must_use]
    pub fn best_scores(&self) -> &ArrayRef1<f64> {
        &self.best_scores
    }

    /// Stores the validation scores of some targets.
    pub(crate) fn set_best_scores(&mut self, columns: &[usize], score: impl Fn(usize) -> f64) {
        for (target, &column) in columns.iter().enumerate() {
            self.best_scores[column] = score(target);
        }
    }
}
