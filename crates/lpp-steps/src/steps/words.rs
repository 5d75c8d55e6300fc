//! The annotation of the words, and the table of words that all features share.

use std::path::{Path, PathBuf};

use lpp_study::{AnnotationCorrections, Language, Study};

use crate::{Artefact, Provenance};

/// The text of an artefact whose text is the words joined by blanks.
pub(super) const WORDS_AS_TEXT: &str = "words";

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

    /// The words of a study: its annotation, or its own table of words if there is no annotation.
    ///
    /// A table is the study's own if no program made it out of an annotation: the user wrote it, or lpp-import.
    #[must_use]
    pub fn of_study(study: &Study, lang: Language, asked: AnnotationCorrections) -> Self {
        let (annotation, table) = (study.annotation(lang), study.words(lang));
        let is_own = if table.exists() {
            is_imported(&table)
        } else {
            !lang.is_published()
        };
        let path = if is_own && !annotation.exists() {
            table
        } else {
            annotation
        };
        Self::new(path, lang, asked)
    }

    /// Whether it is the table of words at `path`.
    #[must_use]
    pub fn is_table(&self, path: &Path) -> bool {
        let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        place(&self.path) == place(path)
    }

    /// The text of a study; none if the study has only a table of words, which are then the text.
    #[must_use]
    pub fn text(&self, study: &Study) -> Option<PathBuf> {
        let text = study.text(self.lang);
        let is_needed =
            text.exists() || study.config().corpus.text.is_some() || !self.is_table(&study.words(self.lang));
        is_needed.then_some(text)
    }

    /// An artefact made from the annotation.
    pub(super) fn artefact(&self, path: impl Into<PathBuf>) -> Artefact {
        Artefact::new(path)
            .input(&self.path)
            .with("lang", self.lang)
            .with("corrections", self.corrections)
    }
}

/// The programs that write a table of words of the study's own: lpp-run leaves out stories of it.
const IMPORTERS: [&str; 2] = ["lpp-import", "lpp-run"];

/// Whether no program made a table of words out of an annotation.
fn is_imported(table: &Path) -> bool {
    Provenance::load(table).map_or_else(
        |_| !Provenance::path_of(table).exists(),
        |made| IMPORTERS.contains(&made.program()),
    )
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
