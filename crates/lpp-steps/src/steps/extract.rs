//! `lpp-extract`: activations of a language model.

use std::path::PathBuf;

use lpp_files::StoredAs;

use super::words::WORDS_AS_TEXT;
use super::{place, words};
use crate::{AnnotationSource, Artefact, Choice, Cost, Estimator, Step, WordsStep};

/// Arithmetic of a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dtype {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit brain floats.
    Bf16,
}

impl Choice for Dtype {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::F32, "f32", "32-bit floats"),
        (Self::Bf16, "bf16", "16-bit brain floats: faster, about 1 % off"),
    ];
}

/// Activations of one model for the words of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractStep {
    /// The annotation.
    pub annotation: AnnotationSource,
    /// The model as requested: `gpt2`, `org/name`.
    pub model: String,
    /// The name of the activations: `gpt2_untrained_seed1`.
    pub name: String,
    /// Seed of an untrained control; 0 for trained weights.
    pub seed: u64,
    /// Whether the dropout of the original stays active; trained models have none.
    pub dropout: Option<bool>,
    /// Arithmetic.
    pub dtype: Dtype,
    /// Type of the stored numbers.
    pub stored_as: StoredAs,
    /// Tokens per window and overlap of the windows, once the model's configuration is read.
    pub window: Option<(usize, usize)>,
    /// The context of each word, if it has one of its own: `words:10`.
    pub context: Option<String>,
    /// The archive, folder or file of the text; none if the words are the text.
    pub text: Option<PathBuf>,
    /// Files of text, tokenizer and checkpoint, if known.
    pub files: Vec<PathBuf>,
    /// Whether only one block is held in memory at a time.
    pub stream_layers: bool,
    /// Whether the bits do not depend on the number of threads.
    pub equal_bits: bool,
    /// The activations.
    pub output: PathBuf,
    /// The table of words, if this step makes it.
    pub words: Option<WordsStep>,
}

impl ExtractStep {
    /// The activations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        self.annotation
            .artefact(&self.output)
            .inputs(&self.files)
            .with("model", &self.name)
            .with("seed", self.seed)
            .if_known("text", self.text.is_none().then_some(WORDS_AS_TEXT))
            .if_known("dropout", self.dropout)
            .with("precision", self.dtype.name())
            .with("stored_as", self.stored_as.name())
            .if_known("window", self.window.map(|(len, _)| len))
            .if_known("overlap", self.window.map(|(_, overlap)| overlap))
            .if_known("context", self.context.as_ref())
            .if_known("equal_bits", self.equal_bits.then_some(true))
    }
}

impl Step for ExtractStep {
    const PROGRAM: &'static str = "lpp-extract";

    fn id(&self) -> String {
        format!("extract:{}:{}", self.name, self.annotation.lang)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = [words(["--model", &self.model]), place(self.annotation.lang)].concat();
        if self.seed > 0 {
            arguments.extend(words(["--seed", &self.seed.to_string()]));
        }
        if self.stream_layers {
            arguments.extend(words(["--stream-layers"]));
        }
        if self.equal_bits {
            arguments.extend(words(["--equal-bits"]));
        }
        arguments
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let words = self.words.as_ref().map(WordsStep::artefact);
        [self.artefact()].into_iter().chain(words).collect()
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.text.iter().cloned().collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        let size = estimator.model_size(&self.model);
        size.map_or_else(Cost::default, |size| estimator.extract(&size, self.stream_layers))
    }
}
