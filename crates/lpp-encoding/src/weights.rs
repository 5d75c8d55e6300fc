//! The weights of a layer, fitted to all runs, in the arithmetic of the fit.

use std::path::Path;

use lpp_files::{AtomicFile, FileError};
use lpp_ridge::{Metric, RidgeCv, RidgeError, RidgeModel};
use lpp_stats::nan_mean;
use lpp_steps::Arithmetic;
use ndarray::{Array1, Array2};

use crate::prepared::to_f32;

/// Weights of all voxels on the features of a layer.
pub(crate) enum Weights {
    Single(RidgeModel<f32>),
    Double(RidgeModel<f64>),
}

impl Weights {
    /// Fits all pieces; `model` says how the penalty is chosen.
    pub(crate) fn fit(
        model: &RidgeCv,
        x: &[Array2<f64>],
        y: &[Array2<f32>],
        arithmetic: Arithmetic,
    ) -> Result<Self, RidgeError> {
        Ok(match arithmetic {
            Arithmetic::Single => {
                let x: Vec<Array2<f32>> = x.iter().map(|piece| piece.mapv(to_f32)).collect();
                Self::Single(model.refit(&x, y)?)
            }
            Arithmetic::Double => {
                let y: Vec<Array2<f64>> = y.iter().map(|piece| piece.mapv(f64::from)).collect();
                Self::Double(model.refit(x, &y)?)
            }
        })
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), FileError> {
        let mut file = AtomicFile::create(path)?;
        let written = match self {
            Self::Single(model) => model.write(&mut file),
            Self::Double(model) => model.write(&mut file),
        };
        written.map_err(FileError::write(path))?;
        file.commit()
    }

    pub(crate) fn load(path: &Path, arithmetic: Arithmetic) -> Result<Self, RidgeError> {
        Ok(match arithmetic {
            Arithmetic::Single => Self::Single(RidgeModel::load(path)?),
            Arithmetic::Double => Self::Double(RidgeModel::load(path)?),
        })
    }

    /// The weights of some voxels.
    pub(crate) fn select(&self, voxels: &[usize]) -> Result<Self, RidgeError> {
        Ok(match self {
            Self::Single(model) => Self::Single(model.select(voxels)?),
            Self::Double(model) => Self::Double(model.select(voxels)?),
        })
    }

    /// The score of each voxel in a piece.
    pub(crate) fn score(
        &self,
        x: &Array2<f64>,
        y: &Array2<f32>,
        metric: Metric,
    ) -> Result<Array1<f64>, RidgeError> {
        match self {
            Self::Single(model) => model.score(&x.mapv(to_f32), y, metric),
            Self::Double(model) => model.score(x, &y.mapv(f64::from), metric),
        }
    }

    /// Number of features and of voxels.
    pub(crate) fn shape(&self) -> (usize, usize) {
        match self {
            Self::Single(model) => model.coefficients().dim(),
            Self::Double(model) => model.coefficients().dim(),
        }
    }

    /// The penalty that all voxels with weights share, if they do.
    pub(crate) fn alpha(&self) -> Option<f64> {
        let alphas = match self {
            Self::Single(model) => model.alphas(),
            Self::Double(model) => model.alphas(),
        };
        let mut known = alphas.iter().copied().filter(|alpha| !alpha.is_nan());
        let first = known.next()?;
        known
            .all(|alpha| alpha.total_cmp(&first).is_eq())
            .then_some(first)
    }

    /// Mean validation score over voxels, if there is one.
    pub(crate) fn validation_mean(&self) -> Option<f64> {
        let scores = match self {
            Self::Single(model) => model.best_scores(),
            Self::Double(model) => model.best_scores(),
        };
        Some(nan_mean(scores.iter().copied())).filter(|mean| mean.is_finite())
    }
}
