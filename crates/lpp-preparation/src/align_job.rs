//! The table of words and tokens of one tokenizer.

use std::path::PathBuf;

use lpp_steps::{AlignStep, AnnotationSource, Done, Software, run_if_stale};
use lpp_text::{Context, TextError, TextTokenizer, WindowLayout, Windowing, prepare_corpus, save_alignment};

use crate::annotation::{load_annotation, text_inputs, texts_of, writing_of};
use crate::features::FeatureReport;

/// Reads words, text and tokenizer, and writes the table of words and tokens.
#[derive(Debug, Clone)]
pub struct AlignJob {
    /// The words.
    pub annotation: AnnotationSource,
    /// The text: archive, folder or file, see [`load_texts`](lpp_text::load_texts). Without one, the words joined by blanks are the text.
    pub text: Option<PathBuf>,
    /// The tokenizer, see [`TextTokenizer::load`].
    pub tokenizer: PathBuf,
    /// Tokens per window.
    pub max_len: usize,
    /// Tokens by which windows advance, if not as published.
    pub advance: Option<usize>,
    /// A context for each word.
    pub context: Option<Context>,
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
            has_text: self.text.is_some(),
            files: [
                text_inputs(self.text.as_deref(), lang)?,
                tokenizer.files().to_vec(),
            ]
            .concat(),
            max_len: self.max_len,
            advance: self.advance,
            context: self.context.map(|context| context.to_string()),
            output: self.output.clone(),
        };
        let done: Done<()> = run_if_stale(software, vec![step.artefact()], self.force, || {
            let layout = match self.advance {
                Some(advance) => WindowLayout::advancing(self.max_len, advance),
                None => WindowLayout::reference(self.max_len),
            };
            let windowing = Windowing {
                context: self.context,
                ..Windowing::from(layout)
            };
            let texts = texts_of(self.text.as_deref(), lang, &annotation)?;
            let runs = prepare_corpus(&annotation, texts, &tokenizer, windowing, writing_of(lang))?;
            save_alignment(&runs, &tokenizer, &self.output)
        })?;
        Ok(FeatureReport {
            up_to_date: done.is_up_to_date(),
            n_words: annotation.n_words(),
            n_missing: 0,
        })
    }
}
