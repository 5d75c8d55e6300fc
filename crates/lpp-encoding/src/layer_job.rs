//! What the fits of one chosen layer share: joint fits and nulls.

use std::path::PathBuf;

use lpp_files::Progress;
use lpp_study::{Software, Step, beside_scores, load_sidecar, save_with_sidecar};
use ndarray::Array2;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::target_set::TargetSet;
use crate::{EncodingError, FitJob};

/// What the fit of one layer came to.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerOutcome<Info> {
    /// The file.
    pub path: PathBuf,
    /// Whether it was up to date and left alone.
    pub up_to_date: bool,
    /// Its sidecar.
    pub info: Info,
}

/// One layer for each target set, whose results lie beside the scores.
pub(crate) struct LayerJob<'a> {
    pub(crate) fit: &'a FitJob,
    /// The layer; `None` takes the one that a fit with [`FitJob::nested_layer`] chose by validation.
    pub(crate) layer: Option<usize>,
    /// End of the name of the results: `scores/gpt2_en_SUFFIX.npy`.
    pub(crate) suffix: &'static str,
}

impl LayerJob<'_> {
    /// Calls `compute` for each target set whose results, made with `parameters`, are not up to date, and saves what it gives.
    pub(crate) fn run<Info: Serialize + DeserializeOwned>(
        &self,
        software: Software,
        progress: &dyn Progress,
        parameters: impl Fn(Step) -> Result<Step, EncodingError>,
        compute: impl Fn(&TargetSet, usize) -> Result<(Array2<f32>, Info), EncodingError>,
    ) -> Result<Vec<LayerOutcome<Info>>, EncodingError> {
        let mut outcomes = Vec::new();
        for set in &self.fit.targets {
            let layer = self.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
            let path = beside_scores(&set.scores, self.suffix);
            let step = self.fit.step(software, set, &path)?;
            let step = parameters(step.parameter("layer", layer))?;
            let up_to_date = step.is_done(self.fit.force)?;
            let info = if up_to_date {
                load_sidecar(&path)?
            } else {
                let (values, info) = compute(set, layer)?;
                save_with_sidecar(&path, &values, &info)?;
                step.finish()?;
                info
            };
            outcomes.push(LayerOutcome {
                path,
                up_to_date,
                info,
            });
            progress.advance(1);
        }
        Ok(outcomes)
    }
}
