//! What is planted in a synthetic study, `simulation/truth.json`.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, write_atomically};
use serde::{Deserialize, Serialize};

/// How the left side of a synthetic study differs from the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asymmetry {
    /// In nothing.
    None,
    /// Its ceilings are higher: it responds more strongly, to small and large models alike. The scores of larger models
    /// differ more only because they are larger.
    #[default]
    Ceiling,
    /// At equal ceilings it weighs more what only larger models know. The right weighs instead what no model knows.
    Growth,
}

/// What is planted in the brain of a synthetic study. The default is what simulations had before there was a choice.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Plant {
    /// How the left side differs from the right.
    pub asymmetry: Asymmetry,
    /// By how much ceilings in the centres of language regions are higher on the left, for [`Asymmetry::Ceiling`]; `None`
    /// for a value of each region.
    pub ceiling_left: Option<f64>,
    /// Ceiling of the voxels at x = 0 in the back half of the brain; `None` for that of their neighbours.
    pub midline: Option<f64>,
    /// Full width at half maximum of the smoothness of the noise, in mm; 0 for noise that is independent in each voxel.
    pub noise_fwhm_mm: f64,
    /// Share of the variance of the noise that is common to the voxels of a side.
    pub noise_shared: f64,
    /// The group whose average is analysed; `None` if the average itself is simulated.
    pub group: Option<Group>,
}

/// Subjects with gains of their own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Number of subjects.
    pub n_subjects: usize,
    /// Standard deviation of the natural logarithm of a subject's gain, drawn for each side.
    pub gain_sd: f64,
}

/// The planted effects of a synthetic study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Seed of the study.
    pub seed: u64,
    /// What was planted in the brain.
    #[serde(default)]
    pub plant: Plant,
    /// Mean ceiling of the left and of the right voxels; `None` in files of older versions.
    #[serde(default)]
    pub ceilings: Option<[f64; 2]>,
    /// The regions.
    pub regions: Vec<PlantedRegion>,
    /// The models.
    pub models: Vec<PlantedModel>,
}

/// Planted response of a region: the correlation with the signal, averaged over its voxels; its ceiling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedRegion {
    /// Name of the region.
    pub name: String,
    /// Mean response of the left region.
    pub left: f64,
    /// Mean response of its mirror image on the right.
    pub right: f64,
    /// Score, left and right, that the model that knows most would reach without noise in the fit; `None` in files of older
    /// versions.
    #[serde(default)]
    pub scores: Option<[f64; 2]>,
}

/// What a model knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedModel {
    /// Name of the model.
    pub model: String,
    /// Share of the signal's variance that its embedding explains, in voxels that weigh all that larger models know.
    pub explained_share: f64,
    /// Score that it would reach without noise in the fit: mean over the left and over the right voxels; `None` in files
    /// of older versions.
    #[serde(default)]
    pub sides: Option<[f64; 2]>,
}

impl Truth {
    /// The path of the truth of a study in the folder `root`.
    #[must_use]
    pub fn path(root: &Path) -> PathBuf {
        root.join("simulation").join("truth.json")
    }

    /// Reads the truth of the study in the folder `root`.
    ///
    /// # Errors
    /// [`FileError`] if the study is not a synthetic one.
    pub fn load(root: &Path) -> Result<Self, FileError> {
        let path = Self::path(root);
        let text = lpp_files::read_input_text(&path).map_err(FileError::read(&path))?;
        lpp_files::json::from_str(&text)
            .map_err(|e| FileError::malformed(&path, e.to_string(), "the truth of a synthetic study"))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`FileError`] naming the file if the disk refuses.
    pub fn save(&self, root: &Path) -> Result<(), FileError> {
        let path = Self::path(root);
        let text = serde_json::to_string_pretty(self).map_err(|e| FileError::Write {
            path: path.clone(),
            source: e.into(),
        })?;
        write_atomically(&path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_older_versions_are_read() {
        let text =
            r#"{"seed": 1, "regions": [], "models": [{"model": "sim-gpt2-4", "explained_share": 0.2}]}"#;
        let truth: Truth = serde_json::from_str(text).unwrap();
        assert_eq!(truth.plant, Plant::default());
        assert_eq!(truth.plant.asymmetry, Asymmetry::Ceiling);
        assert_eq!((truth.ceilings, truth.models[0].sides), (None, None));
    }
}
