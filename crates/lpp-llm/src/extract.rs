//! Activations of a model for every word of a study, from the files of the study to a file of activations.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use lpp_study::{ActivationsWriter, LayerShape, Progress, Software, Step, sha256_of_file};
use lpp_text::{
    Annotation, AnnotationSource, CorpusRun, SpanAverager, TextTokenizer, WindowLayout, load_texts,
    prepare_corpus, text_files,
};
use ndarray::Array2;

use crate::error::LlmError;
use crate::model::{CausalModel, ModelInfo, ModelParams, Training, WindowInput, model_files};
use crate::plan::Plan;
use crate::stream::{Identity, LayerReducer, LayerStream, WorkFolder, write_values};

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
/// use lpp_study::{Language, Silent, Software, Study};
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
        if !self.force && step.is_current() {
            self.annotation
                .save_words(&annotation.word_table()?, &self.words, software)?;
            return Ok(report(info, 0, true));
        }
        // Alignment comes first: it takes seconds and finds most mistakes.
        let corpus = self.corpus(&annotation, &tokenizer, layout)?;
        let plan = Plan::new(&self.model)?;
        let windows = windows_of(&corpus);
        for window in &windows {
            plan.check(&window.input)?;
        }
        self.annotation
            .save_words(&annotation.word_table()?, &self.words, software)?;
        let metadata = self.metadata(&info, &tokenizer, layout, software)?;
        let writer = || ActivationsWriter::create(&self.output, &layer_shapes(&corpus, &info), &metadata);
        let n_windows = corpus.iter().map(|run| run.tokens.windows().len()).sum();
        if self.model.stream_layers {
            let work = WorkFolder::open(
                &self.output,
                self.identity(software, &step, &windows, &corpus),
                self.force,
            )?;
            let inputs: Vec<_> = windows.iter().map(|window| window.input).collect();
            let mut stream = LayerStream::new(&self.model, plan, &inputs, work);
            stream.run(
                &|width| Box::new(WordMeans::new(self, &corpus, &windows, width)),
                progress,
            )?;
            let (_, work) = stream.into_parts();
            put_together(&work, &corpus, &info, writer()?)?;
            step.finish()?;
            work.remove()?;
        } else {
            let model = CausalModel::load(&self.model)?;
            let mut writer = writer()?;
            progress.start(&format!("windows through {}", self.name), windows.len() as u64);
            for (index, run) in corpus.iter().enumerate() {
                let of_run = windows.iter().filter(|window| window.run == index);
                let vectors = word_vectors(&model, run, of_run, progress)?;
                for (layer, vectors) in vectors.iter().enumerate() {
                    writer.write(index, layer, vectors)?;
                }
            }
            progress.finish();
            writer.commit()?;
            step.finish()?;
        }
        Ok(report(info, n_windows, false))
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
            .parameter("corrections", self.annotation.corrections)
            .parameter("window", layout.max_len)
            .parameter("overlap", layout.overlap)
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
            ("lang", self.annotation.lang.to_string()),
            ("window", layout.max_len.to_string()),
            ("stride", layout.overlap.to_string()),
            ("seed", seed.to_string()),
            ("dropout", dropout.to_string()),
            ("precision", self.model.precision.name().to_string()),
            ("software", format!("{} {}", software.program, software.version)),
        ];
        Ok(entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), value))
            .collect())
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

/// A window with words in it, as the model gets it.
#[derive(Debug, Clone, Copy)]
struct RunWindow<'a> {
    run: usize,
    /// Index among the run's windows.
    index: usize,
    input: WindowInput<'a>,
}

/// The windows that some word touches.
fn windows_of(corpus: &[CorpusRun]) -> Vec<RunWindow<'_>> {
    let windows = corpus.iter().enumerate().flat_map(|(run, content)| {
        let windows = content.tokens.windows().iter().enumerate();
        windows.filter_map(move |(index, window)| {
            let needed = content.spans.needed(index)?;
            // A causal model gives the same states whatever follows, so tokens behind the last word are left out.
            let input = WindowInput {
                ids: window.ids.get(..needed.end).unwrap_or(&window.ids),
                attention_mask: window.attention_mask.get(..needed.end),
                first_needed: needed.start,
                key: ((run as u64) << 32) | index as u64,
            };
            Some(RunWindow { run, index, input })
        })
    });
    windows.collect()
}

/// Word vectors of one run, one matrix (`n_words`, width) a layer.
fn word_vectors<'a>(
    model: &CausalModel,
    run: &CorpusRun,
    windows: impl Iterator<Item = &'a RunWindow<'a>>,
    progress: &dyn Progress,
) -> Result<Vec<Array2<f32>>, LlmError> {
    let info = model.info();
    let mut averagers: Vec<_> = (0..info.n_layers)
        .map(|layer| SpanAverager::new(&run.spans, info.width(layer)))
        .collect();
    for window in windows {
        model.forward(&window.input, &mut |layer, states| {
            if let Some(averager) = averagers.get_mut(layer) {
                averager.add_window(window.index, window.input.first_needed, &states)?;
            }
            Ok(())
        })?;
        progress.advance(1);
    }
    averagers
        .into_iter()
        .map(|averager| Ok(averager.finish()?))
        .collect()
}

/// The word vectors of one layer, run by run.
#[derive(Debug)]
struct WordMeans<'a> {
    corpus: &'a [CorpusRun],
    windows: &'a [RunWindow<'a>],
    width: usize,
    path: &'a Path,
    /// The run under way.
    run: usize,
    averager: Option<SpanAverager<'a>>,
}

impl<'a> WordMeans<'a> {
    fn new(job: &'a ExtractJob, corpus: &'a [CorpusRun], windows: &'a [RunWindow<'a>], width: usize) -> Self {
        Self {
            corpus,
            windows,
            width,
            path: &job.output,
            run: 0,
            averager: corpus.first().map(|run| SpanAverager::new(&run.spans, width)),
        }
    }

    /// Writes the runs before `run` that are not written yet.
    fn go_to(&mut self, run: usize, out: &mut dyn Write) -> Result<(), LlmError> {
        while self.run < run {
            if let Some(averager) = self.averager.take() {
                write_values(&averager.finish()?, out).map_err(LlmError::write(self.path))?;
            }
            self.run += 1;
            let next = self.corpus.get(self.run);
            self.averager = next.map(|run| SpanAverager::new(&run.spans, self.width));
        }
        Ok(())
    }
}

impl LayerReducer for WordMeans<'_> {
    fn add(&mut self, window: usize, states: &Array2<f32>, out: &mut dyn Write) -> Result<(), LlmError> {
        let Some(window) = self.windows.get(window) else {
            return Ok(());
        };
        self.go_to(window.run, out)?;
        if let Some(averager) = &mut self.averager {
            averager.add_window(window.index, window.input.first_needed, states)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), LlmError> {
        self.go_to(self.corpus.len(), out)
    }
}

/// Copies the finished layers into the activations file.
fn put_together(
    work: &WorkFolder,
    corpus: &[CorpusRun],
    info: &ModelInfo,
    mut writer: ActivationsWriter,
) -> Result<(), LlmError> {
    for layer in 0..info.n_layers {
        let mut content = work.open_layer(layer)?;
        for (index, run) in corpus.iter().enumerate() {
            let dim = (run.words.n_words(), info.width(layer));
            writer.write(index, layer, &content.next_matrix(dim)?)?;
        }
    }
    Ok(writer.commit()?)
}
