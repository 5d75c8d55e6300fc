//! `lpp-score`: log-probabilities of a language model, and what is made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Artefact, Choice, Dtype};

/// What a model says of items, texts or token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreStep {
    /// The command: `pairs`, `choices`, `text`, `ids` or `generate`.
    pub measure: &'static str,
    /// Items or texts, files of the tokenizer and of the checkpoint.
    pub files: Vec<PathBuf>,
    /// Seed of an untrained control; 0 for trained weights.
    pub seed: u64,
    /// Arithmetic.
    pub dtype: Dtype,
    /// What else decides the numbers: the prefix, the format of the items, the windows.
    pub settings: BTreeMap<&'static str, Value>,
    /// The table, or the tensors.
    pub output: PathBuf,
    /// A table of the tokens, on request.
    pub tokens: Option<PathBuf>,
}

impl ScoreStep {
    /// The files that it writes, the main one first.
    #[must_use]
    pub fn artefacts(&self) -> Vec<Artefact> {
        let paths = [&self.output].into_iter().chain(&self.tokens);
        paths.map(|path| self.artefact(path)).collect()
    }

    /// One of them.
    #[must_use]
    pub fn artefact(&self, path: &Path) -> Artefact {
        let artefact = Artefact::new(path)
            .inputs(&self.files)
            .with("measure", self.measure)
            .with("precision", self.dtype.name())
            .with("seed", self.seed);
        let settings = self.settings.iter();
        settings.fold(artefact, |artefact, (name, value)| artefact.with(name, value))
    }
}
