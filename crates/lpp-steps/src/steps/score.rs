//! `lpp-score`: log-probabilities of a language model, and what is made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Artefact, Choice, Dtype};

/// What a model says of items, texts or token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreStep {
    /// The command: `pairs`, `choices`, `text`, `ids` or `generate`.
    pub measure: &'static str,
    /// Items or texts, files of the tokenizer and of the checkpoint.
    pub files: Vec<PathBuf>,
    /// Seed of an untrained control; 0 for trained weights.
    pub seed: u64,
    /// Arithmetic.
    pub dtype: Dtype,
    /// What else decides the numbers: the prefix, the format of the items, the windows.
    pub settings: ScoreSettings,
    /// The table, or the tensors.
    pub output: PathBuf,
    /// A table of the tokens, on request.
    pub tokens: Option<PathBuf>,
}

impl ScoreStep {
    /// The files that it writes, the main one first.
    #[must_use]
    pub fn artefacts(&self) -> Vec<Artefact> {
        let paths = [&self.output].into_iter().chain(&self.tokens);
        paths.map(|path| self.artefact(path)).collect()
    }

    /// One of them.
    #[must_use]
    pub fn artefact(&self, path: &Path) -> Artefact {
        let artefact = Artefact::new(path)
            .inputs(&self.files)
            .with("measure", self.measure)
            .with("precision", self.dtype.name())
            .with("seed", self.seed);
        let settings = self.settings.iter();
        settings.fold(artefact, |artefact, (name, value)| artefact.with(name, value))
    }
}

/// What decides the numbers of a score beside files, model and arithmetic.
pub type ScoreSettings = BTreeMap<&'static str, Value>;

impl ScoreStep {
    /// The settings of minimal pairs: the token in front, a blank in front, and number and seed of a sample.
    #[must_use]
    pub fn of_pairs(prefix: &str, leading_space: bool, sample: Option<(u32, u64)>) -> ScoreSettings {
        let mut settings =
            BTreeMap::from([("prefix", prefix.into()), ("leading_space", leading_space.into())]);
        if let Some((n, seed)) = sample {
            settings.extend([("sample", n.into()), ("sample_seed", seed.into())]);
        }
        settings
    }

    /// The settings of multiple choice.
    #[must_use]
    pub fn of_choices(format: &str, norm: &str, prefix: &str) -> ScoreSettings {
        BTreeMap::from([
            ("format", format.into()),
            ("norm", norm.into()),
            ("prefix", prefix.into()),
        ])
    }

    /// The settings of a text; length and overlap of its windows are known once the model is.
    #[must_use]
    pub fn of_text(
        prefix: &str,
        content_only: bool,
        lang: &str,
        windows: Option<(usize, usize)>,
    ) -> ScoreSettings {
        let mut settings = BTreeMap::from([
            ("prefix", prefix.into()),
            ("content_only", content_only.into()),
            ("lang", lang.into()),
        ]);
        if let Some((window, overlap)) = windows {
            settings.extend([("window", window.into()), ("overlap", overlap.into())]);
        }
        settings
    }
}

/// How texts are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GenerateSettings {
    /// Continuations of each prompt.
    pub samples: u32,
    /// New tokens of each, at most.
    pub max_new: u32,
    /// Divisor of the logits.
    pub temperature: f64,
    /// Share of the distribution that is drawn from.
    pub top_p: f64,
    /// Number of tokens that are drawn from.
    pub top_k: Option<u32>,
    /// Seed of the random numbers.
    pub sampling_seed: u64,
    /// Whether texts go on after the end-of-text token.
    pub keep_going: bool,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            samples: 40,
            max_new: 60,
            temperature: 1.0,
            top_p: 0.95,
            top_k: None,
            sampling_seed: 1,
            keep_going: false,
        }
    }
}

impl GenerateSettings {
    /// The same as settings of a score, with the token in front.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> ScoreSettings {
        BTreeMap::from([
            ("prefix", prefix.into()),
            ("samples", self.samples.into()),
            ("max_new", self.max_new.into()),
            ("temperature", self.temperature.into()),
            ("top_p", self.top_p.into()),
            ("top_k", self.top_k.into()),
            ("sampling_seed", self.sampling_seed.into()),
            ("keep_going", self.keep_going.into()),
        ])
    }
}

/// A table of minimal pairs that are made by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakePairsStep {
    /// `arithmetic` or `dyck`.
    pub battery: String,
    /// Pairs of each set.
    pub n_pairs: usize,
    /// Seed.
    pub seed: u64,
    /// The table.
    pub output: PathBuf,
}

impl MakePairsStep {
    /// The table.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .with("battery", &self.battery)
            .with("n_pairs", self.n_pairs)
            .with("seed", self.seed)
    }
}
