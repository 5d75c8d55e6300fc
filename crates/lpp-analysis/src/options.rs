//! How an analysis is done.

use std::path::PathBuf;

use crate::LayerRule;

/// What an analysis may need beside the scores, and how it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisOptions {
    /// The table of models, if not the study's `model_info_en.csv`.
    pub model_info: Option<PathBuf>,
    /// The label image, if not the study's `atlas/atlas.nii.gz`.
    pub atlas: Option<PathBuf>,
    /// The names of its labels, if not the study's `atlas/labels.xml` or `atlas/labels.csv`.
    pub atlas_labels: Option<PathBuf>,
    /// Which layers count.
    pub layers: LayerRule,
    /// Seed of the bootstraps: bands of regression lines, intervals of correlations.
    pub seed: u64,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            model_info: None,
            atlas: None,
            atlas_labels: None,
            layers: LayerRule::default(),
            // Any will do; the paper's bands have none.
            seed: 1,
        }
    }
}
