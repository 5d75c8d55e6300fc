//! From the files of a study to the activations of a model.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_files::{Activations, FileError, Progress, StoredAs, WordTable, sha256_of_file};
use lpp_llm::{Extraction, Identity, ModelInfo, ModelParams, model_files};
use lpp_model_flags::WindowFlags;
use lpp_preparation::{load_annotation, save_words, text_inputs, texts_of, writing_of};
use lpp_steps::{AnnotationSource, Dtype, ExtractStep, Making, Software, WordsStep};
use lpp_text::{Context, TextTokenizer, Windowing, prepare_corpus};

use crate::surprisal_job::{SurprisalJob, tokens_of};

/// Extracts the activations of one model in one language.
#[derive(Debug, Clone)]
pub(crate) struct ExtractJob {
    pub(crate) model: ModelParams,
    pub(crate) dtype: Dtype,
    /// The model as it was asked for.
    pub(crate) asked: String,
    /// Name under which the study keeps the activations.
    pub(crate) name: String,
    pub(crate) tokenizer: PathBuf,
    pub(crate) annotation: AnnotationSource,
    pub(crate) text: Option<PathBuf>,
    pub(crate) output: PathBuf,
    pub(crate) words: PathBuf,
    /// Where the model is: its folder, from the study if it lies inside, or `org/name@revision` on the hub. Activations of
    /// another source under the same name are not replaced without `force`.
    pub(crate) source: String,
    /// Commit of the hub's repository from which the model comes, if it does; noted in the activations.
    pub(crate) commit: Option<String>,
    pub(crate) stored: StoredAs,
    pub(crate) windows: ContextFlags,
    /// Whether surprisal is written, too.
    pub(crate) surprisal: bool,
    pub(crate) force: bool,
}

/// What was asked of the windows of tokens.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct ContextFlags {
    #[command(flatten)]
    windows: WindowFlags,
    /// Read each word in a separate window after words:N (the N words before it) or tokens:N, or read each run in one pass
    /// (run) [default: overlapping windows, as in the reference study]
    #[arg(long, value_name = "CONTEXT", conflicts_with = "advance")]
    context: Option<Context>,
    /// Refuse to run more windows than this, over all runs: each is a pass through the model
    #[arg(long, value_name = "N")]
    max_windows: Option<usize>,
}

impl ContextFlags {
    pub(crate) fn are_given(&self) -> bool {
        self.windows.are_given() || self.max_windows.is_some() || self.context.is_some()
    }

    /// The windows for a model that takes `n_positions` tokens, if it has a limit.
    fn windowing(&self, n_positions: Option<usize>) -> anyhow::Result<Windowing> {
        Ok(Windowing {
            layout: self.windows.layout(n_positions)?,
            context: self.context,
            max_windows: self.max_windows,
        })
    }
}

/// How an extraction ended.
#[derive(Debug, Clone)]
pub(crate) struct ExtractReport {
    pub(crate) up_to_date: bool,
    pub(crate) n_words: usize,
    /// Windows over all runs; 0 if nothing was done.
    pub(crate) n_windows: usize,
    pub(crate) n_layers: usize,
    /// The controls of `--surprisal`, and whether they were up to date.
    pub(crate) controls: Vec<(PathBuf, bool)>,
}

impl ExtractJob {
    /// Writes the activations and the words, unless they are up to date.
    pub(crate) fn run(&self, software: Software, progress: &dyn Progress) -> anyhow::Result<ExtractReport> {
        let info = ModelInfo::of_folder(&self.model.folder)?;
        lpp_llm::warn_of_unknown_keys(&self.model.folder)?;
        let annotation = load_annotation(&self.annotation)?;
        let tokenizer = TextTokenizer::load(&self.tokenizer)?;
        let windowing = self.windows.windowing(info.n_positions)?;
        let step = self.step(&tokenizer, windowing)?;
        let words = WordsStep {
            annotation: self.annotation.clone(),
            output: self.words.clone(),
        };
        let making = Making::of(software, step.artefact())?;
        let mut report = ExtractReport {
            up_to_date: true,
            n_words: annotation.n_words(),
            n_windows: 0,
            n_layers: info.n_layers,
            controls: Vec::new(),
        };
        if !self.force && !making.is_current() {
            self.refuse_another_source()?;
        }
        report.up_to_date = making.is_done(self.force)?;
        let mut surprisal = self.surprisal.then_some(SurprisalJob {
            model: &self.model,
            step: &step,
            eos_id: tokenizer.eos_id(),
            force: self.force,
        });
        let controls_are_current = match &surprisal {
            Some(surprisal) => surprisal.are_current(software)?,
            None => true,
        };
        if let Some(surprisal) = &surprisal {
            let outputs = surprisal.outputs().into_iter();
            report.controls = outputs.map(|path| (path, controls_are_current)).collect();
        }
        if report.up_to_date && controls_are_current {
            save_words(software, &words, &annotation)?;
            return Ok(report);
        }
        // Alignment comes first: it takes seconds and finds most mistakes.
        let lang = self.annotation.lang;
        let texts = texts_of(self.text.as_deref(), lang, &annotation)?;
        let corpus = prepare_corpus(&annotation, texts, &tokenizer, windowing, writing_of(lang))?;
        if !report.up_to_date {
            let extraction = Extraction {
                model: &self.model,
                info: &info,
                name: &self.name,
                corpus: &corpus,
                output: &self.output,
                stored: self.stored,
                metadata: self.metadata(&step, &info, &tokenizer, &annotation.word_table()?, software)?,
            };
            report.n_windows = extraction.n_windows();
            if extraction.can_score()
                && let Some(surprisal) = surprisal.take_if(|_| !controls_are_current)
            {
                let controls = surprisal.claimed(software)?;
                let tokens = tokens_of(&corpus);
                let scores = extraction.write_scored(&tokens, progress)?;
                save_words(software, &words, &annotation)?;
                making.finish()?;
                surprisal.save(&annotation, &corpus, &tokens, &scores, controls)?;
            } else {
                let identity =
                    Identity::new(software.program, software.version, &self.model, making.inputs());
                let leftover = extraction.write(identity, self.force, progress)?;
                save_words(software, &words, &annotation)?;
                making.finish()?;
                leftover.remove()?;
            }
        }
        if let Some(surprisal) = surprisal.filter(|_| !controls_are_current) {
            surprisal.run(&annotation, &corpus, software, progress)?;
        }
        Ok(report)
    }

    fn step(&self, tokenizer: &TextTokenizer, windowing: Windowing) -> anyhow::Result<ExtractStep> {
        let texts = text_inputs(self.text.as_deref(), self.annotation.lang)?;
        let weights = model_files(&self.model.folder, self.model.training)?;
        let (seed, dropout) = self.model.seed_and_dropout()?;
        Ok(ExtractStep {
            annotation: self.annotation.clone(),
            model: self.asked.clone(),
            name: self.name.clone(),
            seed,
            dropout,
            dtype: self.dtype,
            stored_as: self.stored,
            window: Some((windowing.layout.max_len, windowing.layout.overlap)),
            context: windowing.context.map(|context| context.to_string()),
            text: self.text.clone(),
            files: [texts, tokenizer.files().to_vec(), weights].concat(),
            stream_layers: self.model.stream_layers,
            equal_bits: self.model.equal_bits,
            output: self.output.clone(),
            words: None,
        })
    }

    /// Refuses to replace activations of another model of the same name: `a/tiny` and `b/tiny`, for example.
    fn refuse_another_source(&self) -> Result<(), FileError> {
        let Ok(there) = Activations::open(&self.output) else {
            return Ok(());
        };
        match there.metadata().get("source") {
            Some(source) if *source != self.source => {
                let why = format!(
                    "it was made with the model {source}, not {}; give a different name (--model)",
                    self.source
                );
                let path = self.output.clone();
                Err(FileError::NotOurs { path, why })
            }
            _ => Ok(()),
        }
    }

    fn metadata(
        &self,
        step: &ExtractStep,
        info: &ModelInfo,
        tokenizer: &TextTokenizer,
        words: &WordTable,
        software: Software,
    ) -> Result<BTreeMap<String, String>, FileError> {
        let tokenizer_hash = match tokenizer.files().first() {
            Some(file) => sha256_of_file(file)?,
            None => String::new(),
        };
        let (window, overlap) = step.window.unwrap_or_default();
        let entries = [
            ("model", self.name.clone()),
            ("family", info.family.to_string()),
            ("n_parameters", info.n_parameters.to_string()),
            ("n_layers", info.n_layers.to_string()),
            ("n_hidden", info.n_hidden.to_string()),
            ("tokenizer_sha256", tokenizer_hash),
            ("source", self.source.clone()),
            ("lang", self.annotation.lang.to_string()),
            (WordTable::HASH_KEY, words.sha256()),
            ("window", window.to_string()),
            ("stride", overlap.to_string()),
            // Seed 0 stands for trained weights, as in the original scripts.
            ("seed", step.seed.to_string()),
            ("dropout", step.dropout.unwrap_or(false).to_string()),
            ("precision", self.model.precision.name().to_string()),
            ("stored_as", self.stored.name().to_string()),
            ("software", format!("{} {}", software.program, software.version)),
        ];
        let commit = self.commit.clone().map(|commit| ("revision", commit));
        let context = step.context.clone().map(|context| ("context", context));
        let entries = entries.into_iter().chain(commit).chain(context);
        Ok(entries.map(|(key, value)| (key.to_string(), value)).collect())
    }
}
