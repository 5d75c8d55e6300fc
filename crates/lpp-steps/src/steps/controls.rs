//! `lpp-controls`: low-level properties of the words and of the scans.

use std::path::PathBuf;

use lpp_study::Language;

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
    /// The text with its punctuation, if the control needs it: an archive, folder or file.
    pub text: Option<PathBuf>,
    /// Its files, if known.
    pub texts: Vec<PathBuf>,
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
        let activations = activations.with("control", &self.control);
        let activations = activations.inputs(&self.counts).inputs(&self.texts);
        match &self.recordings {
            Some((files, cutoff_hz)) => activations.with("cutoff_hz", cutoff_hz).inputs(files),
            None => activations,
        }
    }
}

/// One control of the scans of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanControlStep {
    /// Language.
    pub lang: Language,
    /// The control: `pictures` or `dvars`.
    pub control: String,
    /// The table of pictures, if there is one and the control needs it.
    pub pictures: Option<PathBuf>,
    /// The files of each run: of the average subject, or of each subject.
    pub runs: Vec<Vec<PathBuf>>,
    /// The mask, if the control needs the values of scans.
    pub mask: Option<PathBuf>,
    /// Repetition time in seconds, once known.
    pub tr_s: Option<f64>,
    /// The haemodynamic response, if the control is convolved.
    pub hrf: Option<String>,
    /// The features.
    pub output: PathBuf,
}

impl ScanControlStep {
    /// The features.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .inputs(self.runs.iter().flatten())
            .inputs(&self.mask)
            .inputs(&self.pictures)
            .with("lang", self.lang)
            .with("control", &self.control)
            .if_known("tr_s", self.tr_s)
            .if_known("hrf", self.hrf.as_ref())
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

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.text.iter().cloned().collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.vectors(1)
    }
}

impl Step for ScanControlStep {
    const PROGRAM: &'static str = "lpp-controls";

    fn id(&self) -> String {
        format!("controls:{}:{}", self.control, self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        [words(["--controls", &self.control]), place(self.lang)].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![self.artefact()]
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.vectors(1)
    }
}
