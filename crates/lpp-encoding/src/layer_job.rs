//! What the fits of one chosen layer share: joint fits and nulls.

use std::path::PathBuf;

use lpp_files::Progress;
use lpp_steps::{Artefact, Software, TargetSet, run_if_stale};
use lpp_study::{load_sidecar, save_with_sidecar};
use ndarray::Array2;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{EncodingError, FitJob};

/// What the fit of one layer came to.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerOutcome<Info> {
    /// The file.
    pub path: PathBuf,
    /// Whether it was already up to date.
    pub up_to_date: bool,
    /// Its sidecar.
    pub info: Info,
}

/// Fits one layer to each set of a fit, unless the result is up to date. The layer is the requested one, or the one
/// chosen for the set.
///
/// `artefact` gives the inputs, outputs and parameters for a set and its layer; `compute` gives the values and the
/// content of their sidecar.
pub(crate) fn fit_layer<Info: Serialize + DeserializeOwned>(
    fit: &FitJob,
    software: Software,
    progress: &dyn Progress,
    artefact: impl Fn(&TargetSet, usize) -> Option<Artefact>,
    compute: impl Fn(&TargetSet, usize) -> Result<(Array2<f32>, Info), EncodingError>,
) -> Result<Vec<LayerOutcome<Info>>, EncodingError> {
    let mut outcomes = Vec::new();
    for set in &fit.step.targets {
        let layer = fit.step.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
        let Some(artefact) = artefact(set, layer) else {
            continue;
        };
        let path = artefact.path.clone();
        let done = run_if_stale(software, vec![artefact], fit.force, || {
            let (values, info) = compute(set, layer)?;
            save_with_sidecar(&path, &values, &info)?;
            Ok::<_, EncodingError>(info)
        })?;
        let up_to_date = done.is_up_to_date();
        let info = match done.made() {
            Some(info) => info,
            None => load_sidecar(&path)?,
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
