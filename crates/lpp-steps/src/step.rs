//! The interface of all steps.

use std::path::PathBuf;

use serde::Serialize;

use crate::{Artefact, Cost, Estimator};

/// How to determine whether a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Completion {
    /// By the record next to each output.
    Provenance,
    /// By a record of the step, for steps whose outputs are not known in advance.
    Record,
    /// By the existence of the outputs.
    Presence,
}

/// One call of one program, run in the study folder.
pub trait Step {
    /// The program.
    const PROGRAM: &'static str;

    /// The name of the step: `fit:gpt2:en`.
    fn id(&self) -> String;

    /// The arguments of the program, without the number of threads.
    fn arguments(&self) -> Vec<String>;

    /// The files that it makes; with [`Completion::Record`], those known in advance.
    fn artefacts(&self) -> Vec<Artefact>;

    /// Files that must exist in addition to the inputs of the artefacts.
    fn further_inputs(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Optional input files.
    fn optional_inputs(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// How to determine whether the step is done.
    fn completion(&self) -> Completion {
        Completion::Provenance
    }

    /// Whether the program may leave out outputs, with a message.
    fn may_leave_out(&self) -> bool {
        false
    }

    /// Its cost.
    fn cost(&self, estimator: &Estimator) -> Cost;
}
