//! The planted effects of a synthetic study.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, write_atomically};
use lpp_fmri::{Mask, REFERENCE_RADIUS_MM, SphereCentre, sphere};
use lpp_study::Study;
use ndarray::ArrayRef1;
use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::checkpoint::ModelSpec;
use crate::latent::explained_share;

/// The planted effects of a study, `simulation/truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Seed of the study.
    pub seed: u64,
    /// The regions.
    pub regions: Vec<PlantedRegion>,
    /// The models.
    pub models: Vec<PlantedModel>,
}

/// Planted response of a region: the correlation with the signal, averaged over its voxels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedRegion {
    /// Name of the region.
    pub name: String,
    /// Mean response of the left region.
    pub left: f64,
    /// Mean response of its mirror image on the right.
    pub right: f64,
}

/// What a model knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedModel {
    /// Name of the model.
    pub model: String,
    /// Share of the signal's variance that its embedding explains.
    pub explained_share: f64,
}

impl Truth {
    /// The truth about `responses` on `mask` and about `models`.
    ///
    /// # Errors
    /// [`SimError::Fmri`] if a region has no voxel in the mask.
    pub fn of(
        seed: u64,
        mask: &Mask,
        responses: &ArrayRef1<f64>,
        models: &[ModelSpec],
    ) -> Result<Self, SimError> {
        let mean_within = |centre_mm| -> Result<f64, SimError> {
            let inside = sphere(mask, centre_mm, REFERENCE_RADIUS_MM)?;
            let (sum, n) = inside
                .iter()
                .zip(responses)
                .filter(|(is_in, _)| **is_in)
                .fold((0.0, 0), |(s, n), (_, r)| (s + r, n + 1));
            Ok(sum / f64::from(n))
        };
        let mut regions = Vec::new();
        for centre in SphereCentre::reference_set() {
            let [x, y, z] = centre.centre_mm;
            let (left, right) = (mean_within([x, y, z])?, mean_within([-x, y, z])?);
            regions.push(PlantedRegion {
                name: centre.name,
                left,
                right,
            });
        }
        let models = models
            .iter()
            .map(|m| PlantedModel {
                model: m.name(),
                explained_share: explained_share(m.width),
            })
            .collect();
        Ok(Self {
            seed,
            regions,
            models,
        })
    }

    /// The path of the truth of a study.
    #[must_use]
    pub fn path(study: &Path) -> PathBuf {
        study.join("simulation").join("truth.json")
    }

    /// Reads the truth of a study.
    ///
    /// # Errors
    /// [`SimError::File`] if the study is not a synthetic one.
    pub fn load(study: &Study) -> Result<Self, SimError> {
        let path = Self::path(study.root());
        let text = fs::read_to_string(&path).map_err(|source| FileError::Read {
            path: path.clone(),
            source,
        })?;
        Ok(serde_json::from_str(&text)
            .map_err(|e| FileError::malformed(&path, e.to_string(), "the truth of a synthetic study"))?)
    }

    pub(crate) fn save(&self, study: &Path) -> Result<(), SimError> {
        let path = Self::path(study);
        let text = serde_json::to_string_pretty(self).map_err(|e| FileError::Write {
            path: path.clone(),
            source: e.into(),
        })?;
        Ok(write_atomically(&path, text.as_bytes())?)
    }
}
