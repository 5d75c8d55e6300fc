//! What every step tells.

use std::path::PathBuf;

use serde::Serialize;

use crate::{Artefact, Cost, Estimator};

/// How it is told whether a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Completion {
    /// By the record beside each output.
    Provenance,
    /// By a record of the step itself, for programs whose outputs depend on what they find.
    Record,
    /// By the outputs being there.
    Presence,
}

/// One call of one program, to be run in the study folder.
pub trait Step {
    /// The program.
    const PROGRAM: &'static str;

    /// The name of the step: `fit:gpt2:en`.
    fn id(&self) -> String;

    /// The arguments of the program; threads come on top.
    fn arguments(&self) -> Vec<String>;

    /// The files that it makes; with [`Completion::Record`], those that are known beforehand.
    fn artefacts(&self) -> Vec<Artefact>;

    /// Files that must be there besides the inputs of the artefacts.
    fn further_inputs(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Files that go in if they are there.
    fn optional_inputs(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// How it is told whether the step is done.
    fn completion(&self) -> Completion {
        Completion::Provenance
    }

    /// Whether the program may leave outputs out and say so.
    fn may_leave_out(&self) -> bool {
        false
    }

    /// What it takes.
    fn cost(&self, estimator: &Estimator) -> Cost;
}
