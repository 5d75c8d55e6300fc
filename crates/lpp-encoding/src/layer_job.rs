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

/// Computes a file beside the scores of each set of a fit, unless it is up to date.
///
/// `artefacts` gives the inputs, outputs and parameters for a set; `compute` gives the values of the first output and the
/// content of their sidecar, and writes the others.
pub(crate) fn beside_fit<Info: Serialize + DeserializeOwned>(
    fit: &FitJob,
    software: Software,
    progress: &dyn Progress,
    artefacts: impl Fn(&TargetSet) -> Vec<Artefact>,
    compute: impl Fn(&TargetSet) -> Result<(Array2<f32>, Info), EncodingError>,
) -> Result<Vec<LayerOutcome<Info>>, EncodingError> {
    let mut outcomes = Vec::new();
    for set in &fit.step.targets {
        let artefacts = artefacts(set);
        let Some(path) = artefacts.first().map(|artefact| artefact.path.clone()) else {
            continue;
        };
        let done = run_if_stale(software, artefacts, fit.force, || {
            let (values, info) = compute(set)?;
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
