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
    /// The requested corrections.
    pub asked: AnnotationCorrections,
    /// The corrections to apply; `auto` is resolved from the contents of the file.
    pub corrections: AnnotationCorrections,
}

impl AnnotationSource {
    /// The annotation at `path` with the corrections to apply. A file that cannot be read is reported by its reader.
    #[must_use]
    pub fn new(path: PathBuf, lang: Language, asked: AnnotationCorrections) -> Self {
        Self {
            corrections: asked.resolve(&path, lang).unwrap_or(asked),
            path,
            lang,
            asked,
        }
    }

    /// An artefact made from the annotation.
    pub(super) fn artefact(&self, path: impl Into<PathBuf>) -> Artefact {
        Artefact::new(path)
            .input(&self.path)
            .with("lang", self.lang)
            .with("corrections", self.corrections)
    }
}

/// The table of words and their times, which is part of every step that makes features of words.
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
