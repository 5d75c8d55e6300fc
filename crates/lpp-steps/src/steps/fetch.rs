//! `lpp-fetch`: downloads for a study.

use std::path::PathBuf;

use lpp_study::Language;

use super::words;
use crate::{Artefact, Completion, Cost, Estimator, Step};

/// Speed of a connection in bytes per second, for the estimate: 100 Mbit/s.
const BYTES_PER_S: f64 = 12.5e6;
/// The archive of `GloVe` vectors, bytes.
const GLOVE_BYTES: u64 = 862_182_613;
/// The annotations of the words, bytes.
const WORDS_BYTES: u64 = 1_100_000;
/// Configuration and tokenizer of a model, bytes.
const CONFIGURATION_BYTES: u64 = 3_000_000;

fn download(bytes: u64) -> Cost {
    Cost {
        seconds: bytes as f64 / BYTES_PER_S,
        memory_bytes: 64 << 20,
        disk_bytes: bytes,
        scratch_bytes: 0,
    }
}

fn place(subcommand: &str, lang: Language) -> Vec<String> {
    words([subcommand, "--study", ".", "--lang", lang.code()])
}

fn files(paths: &[PathBuf]) -> Vec<Artefact> {
    paths.iter().map(Artefact::new).collect()
}

/// The word annotation of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchWordsStep {
    /// Language.
    pub lang: Language,
    /// The annotation.
    pub output: PathBuf,
}

impl Step for FetchWordsStep {
    const PROGRAM: &'static str = "lpp-fetch";

    fn id(&self) -> String {
        format!("fetch:words:{}", self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        [place("data", self.lang), words(["--kind", "words"])].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![Artefact::new(&self.output)]
    }

    fn completion(&self) -> Completion {
        Completion::Presence
    }

    fn cost(&self, _: &Estimator) -> Cost {
        download(WORDS_BYTES)
    }
}

/// The published scans of subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchScansStep {
    /// Language.
    pub lang: Language,
    /// Names of the subjects, without `sub-`.
    pub subjects: Vec<String>,
    /// Their folders.
    pub outputs: Vec<PathBuf>,
}

impl Step for FetchScansStep {
    const PROGRAM: &'static str = "lpp-fetch";

    fn id(&self) -> String {
        format!("fetch:scans:{}", self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        let subjects = self.subjects.join(",");
        let what = words(["--kind", "derivatives", "--subject", &subjects]);
        [place("data", self.lang), what].concat()
    }

    fn artefacts(&self) -> Vec<Artefact> {
        files(&self.outputs)
    }

    fn completion(&self) -> Completion {
        Completion::Presence
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        download(estimator.derivative_bytes() * self.subjects.len() as u64)
    }
}

/// The authors' average subject, mask, correlation and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPrecomputedStep {
    /// Language.
    pub lang: Language,
    /// The files.
    pub outputs: Vec<PathBuf>,
}

impl Step for FetchPrecomputedStep {
    const PROGRAM: &'static str = "lpp-fetch";

    fn id(&self) -> String {
        format!("fetch:precomputed:{}", self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        place("precomputed", self.lang)
    }

    fn artefacts(&self) -> Vec<Artefact> {
        files(&self.outputs)
    }

    fn completion(&self) -> Completion {
        Completion::Presence
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        download(estimator.average_bytes())
    }
}

/// The `GloVe` vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchGloveStep {
    /// The file.
    pub output: PathBuf,
    /// Hash of the archive, once known.
    pub archive_sha256: Option<String>,
}

impl FetchGloveStep {
    /// The file of vectors.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        let name = self.output.file_name().unwrap_or_default().to_string_lossy();
        Artefact::new(&self.output)
            .if_known("archive_sha256", self.archive_sha256.as_ref())
            .with("file", name)
    }
}

impl Step for FetchGloveStep {
    const PROGRAM: &'static str = "lpp-fetch";

    fn id(&self) -> String {
        "fetch:glove".to_owned()
    }

    fn arguments(&self) -> Vec<String> {
        words(["glove", "--study", "."])
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![self.artefact()]
    }

    fn completion(&self) -> Completion {
        Completion::Presence
    }

    fn cost(&self, _: &Estimator) -> Cost {
        download(GLOVE_BYTES)
    }
}

/// A model in the cache of the hub; the study has only a record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchModelStep {
    /// The model as requested.
    pub model: String,
    /// Whether its weights are needed.
    pub weights: bool,
}

impl FetchModelStep {
    /// The name of the step that fetches a model.
    #[must_use]
    pub fn id_of(model: &str) -> String {
        format!("fetch:model:{model}")
    }
}

impl Step for FetchModelStep {
    const PROGRAM: &'static str = "lpp-fetch";

    fn id(&self) -> String {
        Self::id_of(&self.model)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = words(["model", &self.model]);
        if !self.weights {
            arguments.extend(words(["--without-weights"]));
        }
        arguments
    }

    fn artefacts(&self) -> Vec<Artefact> {
        Vec::new()
    }

    fn completion(&self) -> Completion {
        Completion::Record
    }

    /// Weights in the usual published type: small models in f32, large ones in 16 bits.
    fn cost(&self, estimator: &Estimator) -> Cost {
        let n_parameters = estimator
            .model_size(&self.model)
            .map_or(0, |size| size.n_parameters);
        let bytes = n_parameters * if n_parameters < 2_000_000_000 { 4 } else { 2 };
        download(if self.weights { bytes } else { CONFIGURATION_BYTES })
    }
}
