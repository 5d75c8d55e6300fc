//! The scores of one model, reduced to what the tables need.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lpp_stats::{Hemispheres, LateralScore, MeanScore, VoxelSet, best_over_layers};
use lpp_study::{CheckpointName, Language, ModelKind, Projection, Scores, ScoresInfo, numbered};
use ndarray::{Array2, s};

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
        Self::over_sides(values, selection, &brain.hemispheres().within(selection))
    }

    /// The same where the sides of the selection are known already.
    fn over_sides(values: &[f64], selection: &VoxelSet, sides: &Hemispheres) -> Result<Self, AnalysisError> {
        Ok(Self {
            whole: MeanScore::over(values, selection)?,
            sides: LateralScore::over(values, sides)?,
        })
    }
}

/// Voxels whose mean decides which layer or model is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choosing {
    /// The reliable ones, as in the paper.
    Reliable,
    /// All of them, where no voxel is known to be reliable.
    All,
}

impl fmt::Display for Choosing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reliable => "reliable",
            Self::All => "all",
        })
    }
}

/// Which layers of a model count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LayerRule {
    /// All of them, the embedding (layer 0) included.
    #[default]
    All,
    /// Those that the paper's notebooks read: all of an English model, all but the last of a French or Chinese one.
    Published,
}

impl LayerRule {
    /// How many of `n_layers` count; features of a single layer keep it.
    fn n_kept(self, n_layers: usize, lang: Language) -> usize {
        match self {
            Self::Published if lang != Language::English && n_layers > 1 => n_layers - 1,
            _ => n_layers,
        }
    }
}

impl fmt::Display for LayerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Published => "published",
        })
    }
}

impl FromStr for LayerRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "published" => Ok(Self::Published),
            _ => Err(format!("unknown layer rule {text:?}, expected all or published")),
        }
    }
}

/// The scores of the layers of a model.
#[derive(Debug, Clone)]
pub struct LayerMaps {
    /// The sidecar.
    pub info: ScoresInfo,
    /// (`n_layers`, `n_voxels`).
    pub values: Array2<f64>,
    /// The best of each voxel.
    pub best: Vec<f64>,
}

impl LayerMaps {
    /// Reads `scores/MODEL_LANG.npy` and its sidecar, the layers that a rule keeps.
    ///
    /// # Errors
    /// As [`ModelScores::load`].
    pub fn load(path: &Path, brain: &Brain, layers: LayerRule) -> Result<Self, AnalysisError> {
        let Scores { values, info } = Scores::load(path)?;
        brain.check_voxels(path, values.ncols())?;
        brain.check_mask(info.mask_sha256.as_deref());
        if values.nrows() == 0 {
            return Err(AnalysisError::Malformed {
                path: path.to_owned(),
                found: "no layers".to_owned(),
                expected: "at least one layer of scores".to_owned(),
            });
        }
        let kept = layers.n_kept(values.nrows(), info.lang);
        let values = values.slice(s![..kept, ..]).mapv(f64::from);
        let best = best_over_layers(&values)?.to_vec();
        Ok(Self { info, values, best })
    }
}

/// The kind of a trained model in tables.
pub(crate) const TRAINED: &str = "model";

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
        Self::of_layers(path, brain, LayerRule::All)
    }

    /// The same with the layers that a rule keeps.
    ///
    /// # Errors
    /// As [`ModelScores::load`].
    pub fn of_layers(path: &Path, brain: &Brain, layers: LayerRule) -> Result<Self, AnalysisError> {
        let LayerMaps { info, values, best } = LayerMaps::load(path, brain, layers)?;
        let n_nan = best.iter().filter(|score| score.is_nan()).count();
        if n_nan > 0 {
            tracing::warn!(
                "{}: {n_nan} voxels have no score and are left out",
                path.display()
            );
        }
        let per_layer = |selection: &VoxelSet| -> Result<Vec<SelectionScores>, AnalysisError> {
            let sides = brain.hemispheres().within(selection);
            values
                .rows()
                .into_iter()
                .map(|row| SelectionScores::over_sides(&row.to_vec(), selection, &sides))
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

    /// Width of the last layer, if the sidecar tells it.
    pub(crate) fn width(&self) -> Option<usize> {
        self.info.n_hidden.last().copied()
    }

    /// What kind of features gave the scores, as tables name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.info.kind {
            ModelKind::Model if self.checkpoint().is_some() => "checkpoint",
            ModelKind::Model => TRAINED,
            ModelKind::Untrained => "untrained",
            ModelKind::Baseline => "baseline",
            ModelKind::Control => "control",
            ModelKind::Canary => "canary",
        }
    }

    /// Whether this is a trained language model, which regressions on size are made of; not a step on its way.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.info.kind == ModelKind::Model && self.checkpoint().is_none() && !self.is_projected()
    }

    /// Whether a trained model must beat this: word vectors, random vectors, untrained models.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        self.info.kind != ModelKind::Model && !self.is_projected()
    }

    /// Whether the features were projected at random; such scores are compared with each other only.
    #[must_use]
    pub fn is_projected(&self) -> bool {
        self.info.terms.projection.is_some()
    }

    /// The name without a projection.
    pub(crate) fn features_name(&self) -> &str {
        let split = self
            .info
            .terms
            .projection
            .and_then(|_| Projection::split(self.name()));
        split.map_or(self.name(), |(name, _)| name)
    }

    /// Model and step of a checkpoint of its training: `pythia-6.9b` and 1000 of `pythia-6.9b_step1000`.
    #[must_use]
    pub fn checkpoint(&self) -> Option<(&str, u64)> {
        (self.info.kind == ModelKind::Model).then_some(())?;
        CheckpointName::of(self.features_name()).map(|known| (known.model, known.step))
    }

    /// Model and seed of an untrained twin: `gpt2` and 1 of `gpt2_untrained_seed1`.
    #[must_use]
    pub fn twin(&self) -> Option<(&str, u64)> {
        (self.info.kind == ModelKind::Untrained).then_some(())?;
        let name = self.features_name();
        numbered(name, "_untrained_seed").or_else(|| numbered(name, "_seed"))
    }

    /// The layer with the largest mean over the voxels of [`ModelScores::voxels_of_best_layer`], from 0, and its relative
    /// depth, its number over the number of layers (the reference's definition: at most (n − 1)/n).
    #[must_use]
    pub fn best_layer(&self) -> Option<(usize, f64)> {
        let (layers, _) = self.choosing_layers();
        let (layer, _) = layers
            .iter()
            .map(|layer| layer.whole.mean)
            .enumerate()
            .filter(|(_, mean)| !mean.is_nan())
            // The first of equals, as NumPy's argmax.
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        Some((layer, layer as f64 / layers.len() as f64))
    }

    /// Which voxels choose the best layer: the reliable ones, as the paper's notebook has it, or all of them where the
    /// reliable ones are not known or none of them has a score.
    #[must_use]
    pub fn voxels_of_best_layer(&self) -> Choosing {
        self.choosing_layers().1
    }

    fn choosing_layers(&self) -> (&[SelectionScores], Choosing) {
        let known = |layers: &&Vec<SelectionScores>| layers.iter().any(|layer| !layer.whole.mean.is_nan());
        match self.reliable_layers.as_ref().filter(known) {
            Some(layers) => (layers, Choosing::Reliable),
            None => (&self.layers, Choosing::All),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_rule_drops_a_layer_of_french_and_chinese_models() {
        for (lang, n_layers, kept) in [
            (Language::English, 13, 13),
            (Language::Chinese, 13, 12),
            (Language::French, 13, 12),
            (Language::French, 1, 1),
        ] {
            assert_eq!(LayerRule::Published.n_kept(n_layers, lang), kept);
            assert_eq!(LayerRule::All.n_kept(n_layers, lang), n_layers);
        }
    }
}
