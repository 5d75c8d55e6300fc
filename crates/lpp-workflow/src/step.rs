//! A step of a study: one call of one program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::estimate::Cost;

/// A file that a step makes, and what its provenance must say for it to be up to date.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Artefact {
    /// The file, from the study folder.
    pub path: PathBuf,
    /// Files that must have gone in; its provenance may name more.
    #[serde(skip)]
    pub inputs: Vec<PathBuf>,
    /// Parameters that it must have been made with; its provenance may name more.
    pub parameters: BTreeMap<String, Value>,
}

/// How it is told whether a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// By the provenance beside each output.
    Provenance,
    /// By a record of the step itself, for programs whose outputs depend on what they find.
    Record,
    /// By the outputs being there.
    Presence,
}

/// One call of one program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name: `fit:gpt2:en`.
    pub id: String,
    /// The program.
    pub program: &'static str,
    /// Its arguments, for a call from the study folder; threads come on top.
    pub arguments: Vec<String>,
    /// The files that must be there, from the study folder.
    pub inputs: Vec<PathBuf>,
    /// Files that go in if they are there.
    pub optional_inputs: Vec<PathBuf>,
    /// The files that it makes; with [`Check::Record`], those that are known beforehand.
    pub outputs: Vec<Artefact>,
    /// How it is told whether the step is done.
    pub check: Check,
    /// Whether the program may leave outputs out and say so: then its end is recorded too.
    pub may_leave_out: bool,
    /// Steps that come first without making an input: they write a file that this one would write too.
    pub after: Vec<String>,
    /// Whether later steps can only be known after this one, because it brings the files that they depend on.
    pub brings_inputs: bool,
    /// What it takes.
    pub cost: Cost,
}

impl Step {
    pub(crate) fn new(id: String, program: &'static str, cost: Cost) -> Self {
        Self {
            id,
            program,
            arguments: Vec::new(),
            inputs: Vec::new(),
            optional_inputs: Vec::new(),
            outputs: Vec::new(),
            check: Check::Provenance,
            may_leave_out: false,
            after: Vec::new(),
            brings_inputs: false,
            cost,
        }
    }

    pub(crate) fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn input(mut self, path: PathBuf) -> Self {
        if !self.inputs.contains(&path) {
            self.inputs.push(path);
        }
        self
    }

    pub(crate) fn inputs(self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        paths.into_iter().fold(self, Self::input)
    }

    pub(crate) fn optional_inputs(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.optional_inputs.extend(paths);
        self
    }

    /// Inputs that must be there, and those that may be.
    pub(crate) fn all_inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.inputs.iter().chain(&self.optional_inputs)
    }

    /// An output that everything in `inputs` goes into.
    pub(crate) fn output(mut self, path: PathBuf, inputs: &[PathBuf], parameters: &Parameters) -> Self {
        self.outputs.push(Artefact {
            path,
            inputs: inputs.to_vec(),
            parameters: parameters.0.clone(),
        });
        self
    }
}

/// Parameters of an artefact, built one by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    pub(crate) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        // Names and numbers of a configuration can always be JSON.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.0.insert(name.to_owned(), value);
        self
    }
}
