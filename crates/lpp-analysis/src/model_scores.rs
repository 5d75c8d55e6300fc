//! The scores of one model, reduced to what the tables need.

use std::path::{Path, PathBuf};

use lpp_stats::{LateralScore, MeanScore, VoxelSet, best_over_layers};
use lpp_study::{ModelKind, Scores, ScoresInfo};

use crate::AnalysisError;
use crate::Brain;

/// Mean scores over a selection of voxels: whole, left and right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectionScores {
    /// Mean over the whole selection, midline included.
    pub whole: MeanScore,
    /// Means over its sides.
    pub sides: LateralScore,
}

impl SelectionScores {
    /// Averages `values` over the selection and its sides.
    ///
    /// # Errors
    /// [`AnalysisError::Stats`] if the selection does not fit the array.
    pub fn over(values: &[f64], selection: &VoxelSet, brain: &Brain) -> Result<Self, AnalysisError> {
        Ok(Self {
            whole: MeanScore::over(values, selection)?,
            sides: LateralScore::over(values, &brain.hemispheres().within(selection))?,
        })
    }
}

/// A model's voxel scores and the means of its layers.
#[derive(Debug, Clone)]
pub struct ModelScores {
    /// The file that they came from.
    pub path: PathBuf,
    /// Its sidecar.
    pub info: ScoresInfo,
    /// Score of each voxel: the best over the layers.
    pub best: Vec<f64>,
    /// Means of each layer over all voxels.
    pub layers: Vec<SelectionScores>,
    /// Means of each layer over the reliable voxels, if they are known.
    pub reliable_layers: Option<Vec<SelectionScores>>,
}

impl ModelScores {
    /// Reads `scores/MODEL_LANG.npy` and its sidecar.
    ///
    /// NaN voxels are kept, left out of all means, and counted in a warning.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file if it cannot be read, holds no layer or does not fit the mask.
    pub fn load(path: &Path, brain: &Brain) -> Result<Self, AnalysisError> {
        let Scores { values, info } = Scores::load(path)?;
        brain.check_voxels(path, values.ncols())?;
        if values.nrows() == 0 {
            return Err(AnalysisError::Malformed {
                path: path.to_owned(),
                found: "no layers".to_owned(),
                expected: "at least one layer of scores".to_owned(),
            });
        }
        let values = values.mapv(f64::from);
        let best = best_over_layers(&values)?.to_vec();
        let n_nan = best.iter().filter(|score| score.is_nan()).count();
        if n_nan > 0 {
            tracing::warn!(
                "{}: {n_nan} voxels have no score and are left out",
                path.display()
            );
        }
        let per_layer = |selection: &VoxelSet| -> Result<Vec<SelectionScores>, AnalysisError> {
            values
                .rows()
                .into_iter()
                .map(|row| SelectionScores::over(&row.to_vec(), selection, brain))
                .collect()
        };
        let layers = per_layer(&brain.all())?;
        let reliable_layers = brain
            .reliable()
            .map(|reliable| per_layer(&reliable.voxels))
            .transpose()?;
        Ok(Self {
            path: path.to_owned(),
            info,
            best,
            layers,
            reliable_layers,
        })
    }

    /// Name of the model.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.model
    }

    /// Family, or the first part of the name where the sidecar names none.
    #[must_use]
    pub fn family(&self) -> String {
        self.info.family.clone().unwrap_or_else(|| {
            let name = self.info.model.as_str();
            name.split(['-', '_']).next().unwrap_or(name).to_owned()
        })
    }

    /// What kind of features gave the scores, as tables name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.info.kind {
            ModelKind::Model => "model",
            ModelKind::Untrained => "untrained",
            ModelKind::Baseline => "baseline",
            ModelKind::Control => "control",
            ModelKind::Canary => "canary",
        }
    }

    /// Whether this is a trained language model, which regressions on size are made of.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.info.kind == ModelKind::Model
    }

    /// The layer with the largest mean over all voxels, from 0, and its relative depth, its number
    /// over the number of layers (the reference's definition: at most (n − 1)/n).
    #[must_use]
    pub fn best_layer(&self) -> Option<(usize, f64)> {
        let (layer, _) = self
            .layers
            .iter()
            .map(|layer| layer.whole.mean)
            .enumerate()
            .filter(|(_, mean)| !mean.is_nan())
            // The first of equals, as NumPy's argmax.
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        Some((layer, layer as f64 / self.layers.len() as f64))
    }
}
