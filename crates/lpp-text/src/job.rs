//! What the programs `lpp-align`, `lpp-glove` and `lpp-random` do, from files to files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{ActivationsWriter, FileError, LayerShape, WordTable};
use lpp_study::{AnnotationCorrections, Language, Provenance, Software, Step, is_published_annotation};
use ndarray::Array2;

use crate::{
    Annotation, Corrections, Glove, RandomBaseline, TextError, TextTokenizer, WindowLayout, load_texts,
    prepare_corpus, save_alignment, text_files,
};

/// Longest random vectors: beyond it the whole story would take more than eight gigabytes.
const MAX_DIMS: usize = 65_536;

/// The annotation that a job reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationSource {
    /// The CSV file.
    pub path: PathBuf,
    /// Its language.
    pub lang: Language,
    /// Which corrections it gets.
    pub corrections: AnnotationCorrections,
}

impl AnnotationSource {
    /// Reads and corrects the annotation.
    ///
    /// Without a choice ([`AnnotationCorrections::Auto`]) only a published file, known by its hash, is corrected. The published
    /// corrections of any other file are made if they are asked for, and said.
    ///
    /// # Errors
    /// As [`Annotation::load`].
    pub fn load(&self) -> Result<Annotation, TextError> {
        // A file that is not there is named by its reader.
        if self.path.exists() {
            self.tell_of_corrections()?;
        }
        Annotation::load(&self.path, &Corrections::of(self.lang, self.resolved()?))
    }

    /// The corrections that the file gets.
    ///
    /// # Errors
    /// [`TextError::File`] if the file cannot be read.
    pub fn resolved(&self) -> Result<AnnotationCorrections, TextError> {
        Ok(self.corrections.resolve(&self.path, self.lang)?)
    }

    fn tell_of_corrections(&self) -> Result<(), TextError> {
        let Self { path, lang, .. } = self;
        if self.corrections == AnnotationCorrections::None || is_published_annotation(path, *lang)? {
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if self.corrections == AnnotationCorrections::Published {
            tracing::warn!(
                "{} is not the published annotation (its hash differs); the published corrections are made all the same",
                path.display()
            );
        } else if name == published_name(*lang) {
            tracing::warn!(
                "{} is not the published annotation (its hash differs), so that no corrections are made; --corrections published \
                 makes them, --corrections none says that none are wanted",
                path.display()
            );
        }
        Ok(())
    }

    /// A step with the annotation as its first input.
    pub(crate) fn step(&self, software: Software, output: &Path) -> Result<Step, TextError> {
        let step = Step::new(software, output).input(&self.path)?;
        Ok(step
            .parameter("lang", self.lang)
            .parameter("corrections", self.resolved()?))
    }

    /// Writes the words to `path`, such as `words_en.csv`, with their provenance, unless the same words are there and their
    /// provenance too, whichever program wrote them. Words that no program wrote are left alone.
    ///
    /// # Errors
    /// [`TextError::File`] if the file cannot be written, or holds other words that no program wrote.
    pub fn save_words(&self, words: &WordTable, path: &Path, software: Software) -> Result<(), TextError> {
        let step = self.step(software, path)?;
        let same = WordTable::load(path).is_ok_and(|there| there == *words);
        let is_own = path.exists() && Provenance::load(path).is_err();
        if same && (is_own || step.is_current_of_any_program()) {
            return Ok(());
        }
        if is_own {
            let expected = format!("those of {}, or no file: no program made it", self.path.display());
            return Err(FileError::malformed(path, "other words", expected).into());
        }
        step.claim(true)?;
        words.save(path)?;
        step.finish()?;
        Ok(())
    }
}

/// Name of the published annotation: `lppEN_word_information.csv`.
fn published_name(lang: Language) -> String {
    format!("lpp{}_word_information.csv", lang.to_string().to_uppercase())
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobReport {
    /// Whether the output was up to date, so that nothing was done.
    pub up_to_date: bool,
    /// Number of words over all runs.
    pub n_words: usize,
    /// Words without a vector of their own, or 0 where that cannot be.
    pub n_missing: usize,
}

/// The word–token table of one tokenizer.
#[derive(Debug, Clone)]
pub struct AlignJob {
    /// The words.
    pub annotation: AnnotationSource,
    /// The text: archive or folder, as [`load_texts`] takes it.
    pub text: PathBuf,
    /// The tokenizer, as [`TextTokenizer::load`] takes it.
    pub tokenizer: PathBuf,
    /// Tokens of a window.
    pub max_len: usize,
    /// The table to write.
    pub output: PathBuf,
    /// Whether to do it again if the table is up to date.
    pub force: bool,
}

impl AlignJob {
    /// Writes the table, unless it is up to date.
    ///
    /// # Errors
    /// Those of [`prepare_corpus`] and of what it is given; [`TextError::File`] if the table cannot be written.
    pub fn run(&self, software: Software) -> Result<JobReport, TextError> {
        let lang = self.annotation.lang;
        let annotation = self.annotation.load()?;
        let tokenizer = TextTokenizer::load(&self.tokenizer)?;
        let mut step = self
            .annotation
            .step(software, &self.output)?
            .parameter("max_len", self.max_len);
        for file in text_files(&self.text, lang)?.iter().chain(tokenizer.files()) {
            step = step.input(file)?;
        }
        let mut report = JobReport {
            up_to_date: true,
            n_words: annotation.n_words(),
            n_missing: 0,
        };
        if !step.is_done(self.force)? {
            let layout = WindowLayout::reference(self.max_len);
            let runs = prepare_corpus(
                &annotation,
                load_texts(&self.text, lang)?,
                &tokenizer,
                layout,
                lang,
            )?;
            save_alignment(&runs, &tokenizer, &self.output)?;
            step.finish()?;
            report.up_to_date = false;
        }
        Ok(report)
    }
}

/// Where the vectors of a baseline come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineSource {
    /// A file of GloVe vectors.
    Glove(PathBuf),
    /// A random generator.
    Random(RandomBaseline),
}

impl BaselineSource {
    /// The model name under which the study keeps the baseline: `glove`, `random_vector_300d_seed1`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Glove(_) => "glove".to_owned(),
            Self::Random(random) => random.name(),
        }
    }
}

/// Activations of a baseline that needs no language model.
#[derive(Debug, Clone)]
pub struct BaselineJob {
    /// The words.
    pub annotation: AnnotationSource,
    /// Where the vectors come from.
    pub source: BaselineSource,
    /// The activations file to write.
    pub output: PathBuf,
    /// The table of the words to write, such as `words_en.csv`.
    pub words: PathBuf,
    /// Whether to do it again if the file is up to date.
    pub force: bool,
}

impl BaselineJob {
    /// Writes the activations, one layer, and the words, unless they are up to date.
    ///
    /// Random numbers are drawn in `f64` and stored in `f32`, as activations are.
    ///
    /// # Errors
    /// Those of [`Annotation::load`] and [`Glove::load`]; [`TextError::BadSetting`] for vectors without dimensions;
    /// [`TextError::File`] if a file cannot be written.
    pub fn run(&self, software: Software) -> Result<JobReport, TextError> {
        let annotation = self.annotation.load()?;
        self.annotation
            .save_words(&annotation.word_table()?, &self.words, software)?;
        let step = self.step(software)?;
        let mut report = JobReport {
            up_to_date: true,
            n_words: annotation.n_words(),
            n_missing: 0,
        };
        if !step.is_done(self.force)? {
            let runs = self.vectors(&annotation, &mut report)?;
            self.save(&runs)?;
            step.finish()?;
            report.up_to_date = false;
        }
        Ok(report)
    }

    fn step(&self, software: Software) -> Result<Step, TextError> {
        let step = self.annotation.step(software, &self.output)?;
        Ok(match &self.source {
            BaselineSource::Glove(file) => step.input(file)?,
            BaselineSource::Random(random) => step
                .parameter("type", random.kind.name())
                .parameter("dims", random.n_dims)
                .parameter("seed", random.seed),
        })
    }

    fn vectors(
        &self,
        annotation: &Annotation,
        report: &mut JobReport,
    ) -> Result<Vec<Array2<f32>>, TextError> {
        match &self.source {
            BaselineSource::Glove(file) => {
                let glove = Glove::load(file, annotation.runs())?.embed(annotation.runs());
                report.n_missing = glove.n_missing();
                if report.n_missing > 0 {
                    let kinds: Vec<&str> = glove.missing.keys().map(String::as_str).collect();
                    tracing::warn!(
                        "{} of {} words ({} kinds) have no vector and get zeros: {}",
                        report.n_missing,
                        report.n_words,
                        kinds.len(),
                        kinds.join(" ")
                    );
                }
                Ok(glove.runs)
            }
            BaselineSource::Random(random) if !(1..=MAX_DIMS).contains(&random.n_dims) => {
                Err(TextError::BadSetting {
                    what: "dimensions",
                    found: random.n_dims.to_string(),
                    expected: "1 to 65536",
                })
            }
            #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
            BaselineSource::Random(random) => {
                let runs = random.draw(annotation.runs());
                Ok(runs.iter().map(|run| run.mapv(|value| value as f32)).collect())
            }
        }
    }

    fn save(&self, runs: &[Array2<f32>]) -> Result<(), TextError> {
        let mut metadata = BTreeMap::from([
            ("model".to_owned(), self.source.name()),
            ("lang".to_owned(), self.annotation.lang.to_string()),
        ]);
        if let BaselineSource::Random(random) = &self.source {
            metadata.insert("seed".to_owned(), random.seed.to_string());
        }
        save_one_layer(&self.output, runs, metadata)
    }
}

/// Writes activations of one layer, (`n_words`, `n_hidden`) of each run; the software is added to `metadata`.
pub(crate) fn save_one_layer(
    output: &Path,
    runs: &[Array2<f32>],
    mut metadata: BTreeMap<String, String>,
) -> Result<(), TextError> {
    let shapes: Vec<LayerShape> = runs
        .iter()
        .enumerate()
        .map(|(run, values)| LayerShape {
            run,
            layer: 0,
            n_words: values.nrows(),
            n_hidden: values.ncols(),
        })
        .collect();
    metadata.insert(
        "software".to_owned(),
        format!("lpp-rs {}", env!("CARGO_PKG_VERSION")),
    );
    let mut writer = ActivationsWriter::create(output, &shapes, &metadata)?;
    for (run, values) in runs.iter().enumerate() {
        writer.write(run, 0, values)?;
    }
    Ok(writer.commit()?)
}
