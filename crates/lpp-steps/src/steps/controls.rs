//! `lpp-controls`: low-level properties of the words.

use std::path::PathBuf;

use super::{place, words};
use crate::{AnnotationSource, Artefact, Cost, Estimator, Step, WordsStep};

/// One control of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlStep {
    /// The annotation.
    pub annotation: AnnotationSource,
    /// The control: `wordrate`, `envelope` and so on.
    pub control: String,
    /// The table of word counts, if there is one and the control needs it.
    pub counts: Option<PathBuf>,
    /// The recordings, if the control needs them, with the cut-off of the envelope in Hz.
    pub recordings: Option<(Vec<PathBuf>, f64)>,
    /// The activations.
    pub output: PathBuf,
    /// The table of words, if this step makes it.
    pub words: Option<WordsStep>,
}

impl ControlStep {
    /// The activations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        let activations = self.annotation.artefact(&self.output);
        let activations = activations.with("control", &self.control).inputs(&self.counts);
        match &self.recordings {
            Some((files, cutoff_hz)) => activations.with("cutoff_hz", cutoff_hz).inputs(files),
            None => activations,
        }
    }
}

impl Step for ControlStep {
    const PROGRAM: &'static str = "lpp-controls";

    fn id(&self) -> String {
        format!("controls:{}:{}", self.control, self.annotation.lang)
    }

    fn arguments(&self) -> Vec<String> {
        [words(["--controls", &self.control]), place(self.annotation.lang)].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let words = self.words.as_ref().map(WordsStep::artefact);
        [self.artefact()].into_iter().chain(words).collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.vectors(1)
    }
}
