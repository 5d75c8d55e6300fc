//! A step as it is planned: one call of one program, in files of the study folder.

use std::path::PathBuf;

use lpp_steps::{Artefact, Completion, Cost, Estimator, FetchModelStep, Step};
use lpp_study::Study;
use serde::Serialize;

use crate::plan::relative;

/// One call of one program, with paths from the study folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// Its name: `fit:gpt2:en`.
    pub id: String,
    /// The program.
    pub program: &'static str,
    /// Its arguments, for a call from the study folder; threads come on top.
    pub arguments: Vec<String>,
    /// The files that must be there.
    pub inputs: Vec<PathBuf>,
    /// Files that go in if they are there.
    pub optional_inputs: Vec<PathBuf>,
    /// The files that it makes; with [`Completion::Record`], those that are known beforehand.
    pub outputs: Vec<Artefact>,
    /// How it is told whether the step is done.
    pub check: Completion,
    /// Whether the program may leave outputs out and say so: then its end is recorded too.
    pub may_leave_out: bool,
    /// Steps that come first without making an input: they write a file that this one would write too.
    pub after: Vec<String>,
    /// The language model that it runs: to be fetched if the study does not have it.
    #[serde(skip)]
    pub needs_model: Option<FetchModelStep>,
    /// Whether later steps can only be known after this one, because it brings the files that they depend on.
    pub brings_inputs: bool,
    /// What it takes.
    pub cost: Cost,
}

impl Call {
    /// The call that runs `step` in `study`.
    pub fn of<S: Step>(step: &S, study: &Study, estimator: &Estimator<'_>) -> Self {
        let within = |paths: Vec<PathBuf>| -> Vec<PathBuf> {
            paths.iter().map(|path| relative(study, path)).collect()
        };
        let outputs: Vec<Artefact> = step
            .artefacts()
            .into_iter()
            .map(|artefact| Artefact {
                path: relative(study, &artefact.path),
                inputs: within(artefact.inputs),
                parameters: artefact.parameters,
            })
            .collect();
        let mut inputs: Vec<PathBuf> = Vec::new();
        let of_outputs = outputs.iter().flat_map(|output| output.inputs.clone());
        for input in of_outputs.chain(within(step.further_inputs())) {
            let made_here = outputs.iter().any(|output| output.path == input);
            if !made_here && !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        Self {
            id: step.id(),
            program: S::PROGRAM,
            arguments: step.arguments(),
            inputs,
            optional_inputs: within(step.optional_inputs()),
            outputs,
            check: step.completion(),
            may_leave_out: step.may_leave_out(),
            after: Vec::new(),
            needs_model: None,
            brings_inputs: false,
            cost: step.cost(estimator),
        }
    }

    /// Inputs that must be there, and those that may be.
    pub(crate) fn all_inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.inputs.iter().chain(&self.optional_inputs)
    }
}
