//! The table of words and tokens of one tokenizer.

use std::path::PathBuf;

use lpp_steps::{AlignStep, AnnotationSource, Done, Software, run_if_stale};
use lpp_text::{
    TextError, TextTokenizer, WindowLayout, load_texts, prepare_corpus, save_alignment, text_files,
};

use crate::annotation::{load_annotation, writing_of};
use crate::features::FeatureReport;

/// Reads words, text and tokenizer, and writes the table of words and tokens.
#[derive(Debug, Clone)]
pub struct AlignJob {
    /// The words.
    pub annotation: AnnotationSource,
    /// The text: archive or folder, see [`load_texts`].
    pub text: PathBuf,
    /// The tokenizer, see [`TextTokenizer::load`].
    pub tokenizer: PathBuf,
    /// Tokens per window.
    pub max_len: usize,
    /// Output: the table.
    pub output: PathBuf,
    /// Recompute even if the table is up to date.
    pub force: bool,
}

impl AlignJob {
    /// Writes the table, unless it is up to date.
    ///
    /// # Errors
    /// As [`prepare_corpus`] and the functions that read its input; [`TextError::File`] if the table cannot be written.
    pub fn run(&self, software: Software) -> Result<FeatureReport, TextError> {
        let lang = self.annotation.lang;
        let annotation = load_annotation(&self.annotation)?;
        let tokenizer = TextTokenizer::load(&self.tokenizer)?;
        let step = AlignStep {
            annotation: self.annotation.clone(),
            files: [text_files(&self.text, lang.code())?, tokenizer.files().to_vec()].concat(),
            max_len: self.max_len,
            output: self.output.clone(),
        };
        let done: Done<()> = run_if_stale(software, vec![step.artefact()], self.force, || {
            let layout = WindowLayout::reference(self.max_len);
            let texts = load_texts(&self.text, lang.code())?;
            let runs = prepare_corpus(&annotation, texts, &tokenizer, layout, writing_of(lang))?;
            save_alignment(&runs, &tokenizer, &self.output)
        })?;
        Ok(FeatureReport {
            up_to_date: done.is_up_to_date(),
            n_words: annotation.n_words(),
            n_missing: 0,
        })
    }
}
