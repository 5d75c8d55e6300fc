//! `lpp-align`: the table of words and their tokens.

use std::path::PathBuf;

use super::words::WORDS_AS_TEXT;
use crate::{AnnotationSource, Artefact};

/// A table of words and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlignStep {
    /// The annotation.
    pub annotation: AnnotationSource,
    /// Whether there is a text; otherwise the words are the text.
    pub has_text: bool,
    /// The files of the text and of the tokenizer.
    pub files: Vec<PathBuf>,
    /// Tokens per window.
    pub max_len: usize,
    /// Tokens by which windows advance, if not as published.
    pub advance: Option<usize>,
    /// The context of each word, if it has one of its own: `words:10`.
    pub context: Option<String>,
    /// The table.
    pub output: PathBuf,
}

impl AlignStep {
    /// The table.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        let table = self.annotation.artefact(&self.output);
        table
            .inputs(&self.files)
            .if_known("text", (!self.has_text).then_some(WORDS_AS_TEXT))
            .with("max_len", self.max_len)
            .if_known("advance", self.advance)
            .if_known("context", self.context.as_ref())
    }
}
