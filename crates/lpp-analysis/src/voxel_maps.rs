//! Maps of voxels as files on the places of the mask.

use std::path::Path;

use ndarray::Array1;

use crate::{AnalysisError, Brain};

/// One value per voxel, under the name of its file.
#[derive(Debug, Clone)]
pub(crate) struct VoxelMap {
    /// Name of the map, the stem of its file without the language.
    pub(crate) name: String,
    /// A value per voxel; NaN where there is none.
    pub(crate) values: Vec<f64>,
}

impl VoxelMap {
    /// Writes the map in single precision.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "maps are single precision, as the scores are"
    )]
    pub(crate) fn save(&self, brain: &Brain, path: &Path) -> Result<(), AnalysisError> {
        let values: Array1<f32> = self.values.iter().map(|&value| value as f32).collect();
        Ok(brain.mask().save_map(path, &self.name, &values)?)
    }
}
