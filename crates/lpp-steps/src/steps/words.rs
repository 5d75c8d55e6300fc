//! The annotation of the words, and the table of words that all features share.

use std::path::PathBuf;

use lpp_study::{AnnotationCorrections, Language};

use crate::Artefact;

/// A word annotation, its language and its corrections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationSource {
    /// The annotation, `lppEN_word_information.csv`.
    pub path: PathBuf,
    /// Its language.
    pub lang: Language,
    /// Which corrections are asked for.
    pub asked: AnnotationCorrections,
    /// Which it gets: what `auto` means is decided by the contents of the file.
    pub corrections: AnnotationCorrections,
}

impl AnnotationSource {
    /// The annotation at `path` with the corrections that it gets. A file that cannot be read is for its reader to name.
    #[must_use]
    pub fn new(path: PathBuf, lang: Language, asked: AnnotationCorrections) -> Self {
        Self {
            corrections: asked.resolve(&path, lang).unwrap_or(asked),
            path,
            lang,
            asked,
        }
    }

    /// An artefact that is made of the annotation.
    pub(super) fn artefact(&self, path: impl Into<PathBuf>) -> Artefact {
        Artefact::new(path)
            .input(&self.path)
            .with("lang", self.lang)
            .with("corrections", self.corrections)
    }
}

/// The table of words and their times: part of every step that makes features of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordsStep {
    /// The annotation.
    pub annotation: AnnotationSource,
    /// The table, `words_en.csv`.
    pub output: PathBuf,
}

impl WordsStep {
    /// The table.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        self.annotation.artefact(&self.output)
    }
}
