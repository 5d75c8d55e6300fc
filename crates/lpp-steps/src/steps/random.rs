//! `lpp-random`: random vectors.

use std::path::PathBuf;

use super::{place, words};
use crate::{AnnotationSource, Artefact, Cost, Estimator, Step, WordsStep};

/// Random vectors for the words of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomStep {
    /// The annotation.
    pub annotation: AnnotationSource,
    /// `vector` (one for each spoken word) or `embedding` (one for each distinct word).
    pub kind: &'static str,
    /// Length of a vector.
    pub n_dims: u64,
    /// Seed.
    pub seed: u64,
    /// The activations.
    pub output: PathBuf,
    /// The table of words, if this step makes it.
    pub words: Option<WordsStep>,
}

impl RandomStep {
    /// The activations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        self.annotation
            .artefact(&self.output)
            .with("type", self.kind)
            .with("dims", self.n_dims)
            .with("seed", self.seed)
    }
}

impl Step for RandomStep {
    const PROGRAM: &'static str = "lpp-random";

    fn id(&self) -> String {
        let Self {
            kind, n_dims, seed, ..
        } = self;
        format!("random:{kind}_{n_dims}d_seed{seed}:{}", self.annotation.lang)
    }

    fn arguments(&self) -> Vec<String> {
        let (dims, seed) = (self.n_dims.to_string(), self.seed.to_string());
        let settings = words(["--type", self.kind, "--dims", &dims, "--seed", &seed]);
        [settings, place(self.annotation.lang)].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let words = self.words.as_ref().map(WordsStep::artefact);
        [self.artefact()].into_iter().chain(words).collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.vectors(self.n_dims)
    }
}
