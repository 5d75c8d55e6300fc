//! `lpp-score`: log-probabilities of a language model, and what is made of them.

use std::path::{Path, PathBuf};

use crate::{Artefact, Choice, Dtype, ScoreSettings};

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
    pub settings: ScoreSettings,
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

/// A table of minimal pairs that are made by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakePairsStep {
    /// `arithmetic` or `dyck`.
    pub battery: String,
    /// Pairs of each set.
    pub n_pairs: usize,
    /// Seed.
    pub seed: u64,
    /// The table.
    pub output: PathBuf,
}

impl MakePairsStep {
    /// The table.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .with("battery", &self.battery)
            .with("n_pairs", self.n_pairs)
            .with("seed", self.seed)
    }
}
