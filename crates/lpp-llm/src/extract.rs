//! Activations of a model for every word of a study, from the files of the study to a file of activations.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_study::{
    Activations, ActivationsWriter, LayerShape, Progress, Software, Step, StoredAs, StudyError,
    sha256_of_file,
};
use lpp_text::{
    Annotation, AnnotationSource, CorpusRun, TextTokenizer, WindowLayout, load_texts, prepare_corpus,
    text_files,
};

use crate::causal_model::CausalModel;
use crate::error::LlmError;
use crate::model::{ModelInfo, ModelParams, Training, model_files, warn_of_unknown_keys};
use crate::plan::Plan;
use crate::stream::{Identity, LayerReducer, LayerStream, WorkFolder};
use crate::word_vectors::{RunWindow, WordMeans, windows_of, word_vectors};

/// Window length of models without a limit, as in the reference.
const UNLIMITED_WINDOW: usize = 32_000;

/// Extracts the activations of one model in one language.
///
/// The text of each run is cut into windows, each window goes through the model once, and the hidden states of
/// the tokens of a word are averaged, layer by layer.
///
/// # Examples
/// ```no_run
/// use lpp_llm::{ExtractJob, ModelParams};
/// use lpp_study::{Language, Silent, Software, StoredAs, Study};
/// use lpp_text::AnnotationSource;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let study = Study::open("study")?;
/// let lang = Language::English;
/// let model = ModelParams::new(study.model_dir("gpt2")).untrained(1);
/// let name = model.activations_name("gpt2");
/// let job = ExtractJob {
///     output: study.activations(&name, lang),
///     name,
///     tokenizer: model.folder.clone(),
///     model,
///     annotation: AnnotationSource {
///         path: study.annotation(lang),
///         lang,
///         corrections: study.config().annotation_corrections,
///     },
///     text: study.text(lang),
///     words: study.words(lang),
///     source: "models/gpt2".to_owned(),
///     commit: None,
///     stored: StoredAs::F32,
///     force: false,
/// };
/// let software = Software { program: "example", version: "0.1.0", commit: None };
/// println!("{} words", job.run(software, &Silent)?.n_words);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ExtractJob {
    /// The model.
    pub model: ModelParams,
    /// Name under which the study keeps the activations, see [`ModelParams::activations_name`].
    pub name: String,
    /// The tokenizer, as [`TextTokenizer::load`] takes it; usually the model's folder.
    pub tokenizer: PathBuf,
    /// The words and their times.
    pub annotation: AnnotationSource,
    /// The text: archive or folder, as [`load_texts`] takes it.
    pub text: PathBuf,
    /// The activations file to write.
    pub output: PathBuf,
    /// The table of the words to write, such as `words_en.csv`.
    pub words: PathBuf,
    /// Where the model is: its folder, from the study if it lies inside, or `org/name@revision` on the hub. Activations of
    /// another source under the same name are not replaced without `force`.
    pub source: String,
    /// Commit of the hub's repository from which the model comes, if it does; noted in the activations.
    pub commit: Option<String>,
    /// Type of the numbers in the activations file.
    pub stored: StoredAs,
    /// Whether to do it again if the file is up to date.
    pub force: bool,
}

/// How an extraction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtractReport {
    /// Whether the output was up to date, so that nothing was done.
    pub up_to_date: bool,
    /// Number of words over all runs.
    pub n_words: usize,
    /// Number of windows over all runs; 0 if nothing was done.
    pub n_windows: usize,
    /// The model.
    pub model: ModelInfo,
}

impl ExtractJob {
    /// Writes the activations and the words, unless they are up to date.
    ///
    /// # Errors
    /// [`LlmError`] if the model cannot be loaded, a file of the study is missing or malformed, a word has no
    /// token, or the disk refuses. Nothing stands under the final name then.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<ExtractReport, LlmError> {
        let info = ModelInfo::of_folder(&self.model.folder)?;
        warn_of_unknown_keys(&self.model.folder)?;
        let annotation = self.annotation.load()?;
        let tokenizer = TextTokenizer::load(&self.tokenizer)?;
        let layout = WindowLayout::reference(info.n_positions.unwrap_or(UNLIMITED_WINDOW));
        let step = self.step(software, &tokenizer, layout)?;
        let n_words = annotation.n_words();
        let report = |model, n_windows, up_to_date| ExtractReport {
            up_to_date,
            n_words,
            n_windows,
            model,
        };
        if !self.force && !step.is_current() {
            self.refuse_another_source()?;
        }
        if step.is_done(self.force)? {
            self.annotation
                .save_words(&annotation.word_table()?, &self.words, software)?;
            return Ok(report(info, 0, true));
        }
        // Alignment comes first: it takes seconds and finds most mistakes.
        let corpus = self.corpus(&annotation, &tokenizer, layout)?;
        let windows = windows_of(&corpus);
        let extraction = Extraction {
            job: self,
            info: &info,
            metadata: self.metadata(&info, &tokenizer, layout, software)?,
            corpus: &corpus,
            windows: &windows,
        };
        let work = if self.model.stream_layers {
            let identity = self.identity(software, &step, &windows, &corpus);
            Some(extraction.streamed(identity, progress)?)
        } else {
            extraction.whole(progress)?;
            None
        };
        self.annotation
            .save_words(&annotation.word_table()?, &self.words, software)?;
        step.finish()?;
        if let Some(work) = work {
            work.remove()?;
        }
        let n_windows = corpus.iter().map(|run| run.tokens.windows().len()).sum();
        Ok(report(info, n_windows, false))
    }

    /// Two models of one name, `a/tiny` and `b/tiny` say, would take each other's place in silence.
    fn refuse_another_source(&self) -> Result<(), LlmError> {
        let Ok(there) = Activations::open(&self.output) else {
            return Ok(());
        };
        match there.metadata().get("source") {
            Some(source) if *source != self.source => {
                let why = format!(
                    "it holds the model of {source}, not of {}; give this one a name of its own (--model)",
                    self.source
                );
                let path = self.output.clone();
                Err(StudyError::NotOurs { path, why }.into())
            }
            _ => Ok(()),
        }
    }

    /// Besides the files, what decides the layers of a streamed run: the windows, and the tokens of each word.
    fn identity(
        &self,
        software: Software,
        step: &Step,
        windows: &[RunWindow<'_>],
        corpus: &[CorpusRun],
    ) -> Identity {
        let mut identity = Identity::new(software, &self.model, step.inputs());
        let inputs: Vec<_> = windows.iter().map(|window| window.input).collect();
        identity.add_windows(&inputs);
        for run in corpus {
            identity.add(&format!("{:?}", run.spans));
        }
        identity
    }

    fn corpus(
        &self,
        annotation: &Annotation,
        tokenizer: &TextTokenizer,
        layout: WindowLayout,
    ) -> Result<Vec<CorpusRun>, LlmError> {
        let lang = self.annotation.lang;
        let texts = load_texts(&self.text, lang)?;
        Ok(prepare_corpus(annotation, texts, tokenizer, layout, lang)?)
    }

    fn step(
        &self,
        software: Software,
        tokenizer: &TextTokenizer,
        layout: WindowLayout,
    ) -> Result<Step, LlmError> {
        let mut step = self
            .model
            .described_by(Step::new(software, &self.output))?
            .parameter("model", &self.name)
            .parameter("lang", self.annotation.lang)
            .parameter("corrections", self.annotation.resolved()?)
            .parameter("window", layout.max_len)
            .parameter("overlap", layout.overlap)
            .parameter("stored_as", self.stored.name())
            .input(&self.annotation.path)?;
        let texts = text_files(&self.text, self.annotation.lang)?;
        let weights = model_files(&self.model.folder, self.model.training)?;
        for file in texts.iter().chain(tokenizer.files()).chain(&weights) {
            step = step.input(file)?;
        }
        Ok(step)
    }

    fn metadata(
        &self,
        model: &ModelInfo,
        tokenizer: &TextTokenizer,
        layout: WindowLayout,
        software: Software,
    ) -> Result<BTreeMap<String, String>, LlmError> {
        let tokenizer_hash = match tokenizer.files().first() {
            Some(file) => sha256_of_file(file)?,
            None => String::new(),
        };
        // Seed 0 stands for trained weights, as in the original scripts.
        let (seed, dropout) = match self.model.training {
            Training::Pretrained => (0, false),
            Training::Untrained { seed, dropout } => (seed, dropout),
        };
        let entries = [
            ("model", self.name.clone()),
            ("family", model.family.to_string()),
            ("n_parameters", model.n_parameters.to_string()),
            ("n_layers", model.n_layers.to_string()),
            ("n_hidden", model.n_hidden.to_string()),
            ("tokenizer_sha256", tokenizer_hash),
            ("source", self.source.clone()),
            ("lang", self.annotation.lang.to_string()),
            ("window", layout.max_len.to_string()),
            ("stride", layout.overlap.to_string()),
            ("seed", seed.to_string()),
            ("dropout", dropout.to_string()),
            ("precision", self.model.precision.name().to_string()),
            ("stored_as", self.stored.name().to_string()),
            ("software", format!("{} {}", software.program, software.version)),
        ];
        let commit = self.commit.clone().map(|commit| ("revision", commit));
        Ok(entries
            .into_iter()
            .chain(commit)
            .map(|(key, value)| (key.to_string(), value))
            .collect())
    }
}

/// What both ways of running the model share.
#[derive(Debug)]
struct Extraction<'a> {
    job: &'a ExtractJob,
    info: &'a ModelInfo,
    metadata: BTreeMap<String, String>,
    corpus: &'a [CorpusRun],
    windows: &'a [RunWindow<'a>],
}

impl Extraction<'_> {
    fn writer(&self) -> Result<ActivationsWriter, LlmError> {
        let shapes = layer_shapes(self.corpus, self.info);
        Ok(ActivationsWriter::create_stored(
            &self.job.output,
            &shapes,
            &self.metadata,
            self.job.stored,
        )?)
    }

    /// The model in memory, one window after the other.
    fn whole(&self, progress: &dyn Progress) -> Result<(), LlmError> {
        let model = CausalModel::load(&self.job.model)?;
        let mut writer = self.writer()?;
        progress.start(
            &format!("windows through {}", self.job.name),
            self.windows.len() as u64,
        );
        for (index, run) in self.corpus.iter().enumerate() {
            let of_run = self.windows.iter().filter(|window| window.run == index);
            let vectors = word_vectors(&model, run, of_run, progress)?;
            for (layer, vectors) in vectors.iter().enumerate() {
                writer.write(index, layer, vectors)?;
            }
        }
        progress.finish();
        Ok(writer.commit()?)
    }

    /// One block in memory, all windows through it. Returns the folder that has become superfluous.
    fn streamed(&self, identity: Identity, progress: &dyn Progress) -> Result<WorkFolder, LlmError> {
        let output = &self.job.output;
        let plan = Plan::new(&self.job.model)?;
        let inputs: Vec<_> = self.windows.iter().map(|window| window.input).collect();
        inputs.iter().try_for_each(|window| plan.check(window))?;
        let work = WorkFolder::open(output, identity, self.job.force)?;
        let mut stream = LayerStream::new(&self.job.model, plan, &inputs, work);
        let reducer = |width| -> Box<dyn LayerReducer + '_> {
            Box::new(WordMeans::new(self.corpus, self.windows, width, output))
        };
        stream.run(&reducer, progress)?;
        let (_, work) = stream.into_parts();
        let mut writer = self.writer()?;
        for layer in 0..self.info.n_layers {
            let mut content = work.open_layer(layer)?;
            for (index, run) in self.corpus.iter().enumerate() {
                let dim = (run.words.n_words(), self.info.width(layer));
                writer.write(index, layer, &content.next_matrix(dim)?)?;
            }
        }
        writer.commit()?;
        Ok(work)
    }
}

fn layer_shapes(corpus: &[CorpusRun], model: &ModelInfo) -> Vec<LayerShape> {
    let runs = corpus.iter().enumerate();
    runs.flat_map(|(run, content)| {
        let n_words = content.words.n_words();
        (0..model.n_layers).map(move |layer| LayerShape {
            run,
            layer,
            n_words,
            n_hidden: model.width(layer),
        })
    })
    .collect()
}
