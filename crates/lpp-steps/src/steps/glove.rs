//! `lpp-glove`: `GloVe` vectors of the words.

use std::path::PathBuf;

use super::{place, words};
use crate::{AnnotationSource, Artefact, Cost, Estimator, Step, WordsStep};

/// `GloVe` vectors of the words of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GloveStep {
    /// The annotation.
    pub annotation: AnnotationSource,
    /// The file of vectors.
    pub vectors: PathBuf,
    /// The activations.
    pub output: PathBuf,
    /// The table of words, if this step makes it.
    pub words: Option<WordsStep>,
}

impl GloveStep {
    /// The activations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        self.annotation.artefact(&self.output).input(&self.vectors)
    }
}

impl Step for GloveStep {
    const PROGRAM: &'static str = "lpp-glove";

    fn id(&self) -> String {
        format!("glove:{}", self.annotation.lang)
    }

    fn arguments(&self) -> Vec<String> {
        let vectors = self.vectors.display().to_string();
        [words(["--glove", &vectors]), place(self.annotation.lang)].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let words = self.words.as_ref().map(WordsStep::artefact);
        [self.artefact()].into_iter().chain(words).collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.vectors(300)
    }
}
