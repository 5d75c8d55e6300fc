//! `lpp-ridge`: scores of plain arrays.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::Artefact;

/// One ridge regression on plain arrays, all of whose outputs come of one fit.
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeStep {
    /// Features, then targets.
    pub inputs: Vec<PathBuf>,
    /// The settings, by the names of their flags.
    pub settings: Map<String, Value>,
    /// The files to write, the scores last.
    pub outputs: Vec<PathBuf>,
}

impl RidgeStep {
    /// The outputs, the scores last.
    #[must_use]
    pub fn artefacts(&self) -> Vec<Artefact> {
        let artefact = |output: &PathBuf| {
            let artefact = Artefact::new(output).inputs(&self.inputs);
            let settings = self.settings.iter();
            settings.fold(artefact, |artefact, (name, value)| artefact.with(name, value))
        };
        self.outputs.iter().map(artefact).collect()
    }
}
