//! `lpp.toml`, the configuration of a study.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{EntityChoice, Language, StudyError};

/// Which corrections the annotation of the words gets before use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnotationCorrections {
    /// Those that the paper's script makes, by row label; right for the published files only.
    #[default]
    Published,
    /// None: the file is used as it is.
    None,
}

impl std::str::FromStr for AnnotationCorrections {
    type Err = StudyError;

    fn from_str(name: &str) -> Result<Self, StudyError> {
        match name {
            "published" => Ok(Self::Published),
            "none" => Ok(Self::None),
            _ => Err(StudyError::UnknownCorrections {
                name: name.to_owned(),
            }),
        }
    }
}

/// Where inputs lie when they are not at their place in the study folder.
///
/// Relative paths start at the study folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredPaths {
    /// Folder with `EN/lppEN_word_information.csv` (default `annotation`).
    pub annotation: Option<PathBuf>,
    /// Folder with `lpp_en_text.zip` or a folder `lpp_en_text` (default `text`).
    pub text: Option<PathBuf>,
    /// Folder with one checkpoint folder per model (default `models`).
    pub models: Option<PathBuf>,
    /// File of GloVe vectors (default: the only file in `glove`, or `glove/glove.6B.300d.txt`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glove: Option<PathBuf>,
}

/// Which models are fitted to which individual subjects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredIndividuals {
    /// The subjects, `EN057` say; none: all that have scans.
    pub subjects: Vec<String>,
    /// The models.
    pub models: Vec<String>,
}

/// What lpp-run asks of the fits of models to the average subject beyond their scores.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredFits {
    /// Whether layers are also chosen on inner data.
    pub nested_layer: bool,
    /// Low-level controls beside which one layer is also fitted, `wordrate` say; none: no joint fit.
    pub controls: Vec<String>,
    /// Nulls against which one layer is also tested; 0: no test.
    pub nulls: u32,
}

impl ConfiguredFits {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// By what runs of different subjects belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairRuns {
    /// By their labels: `run-2` of one subject is `run-2` of another.
    Label,
    /// By their places: the k-th run of one subject is the k-th of another. The labels are a scanner's count.
    Place,
}

/// What the files of the corpus are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredCorpus {
    /// By what runs of subjects belong together; `None`: by place in files of ds003643, by label in all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair_runs: Option<PairRuns>,
    /// Which of several spaces, tasks, sessions and so on of a subject's scans are meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<EntityChoice>,
}

impl ConfiguredCorpus {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// The contents of `lpp.toml`; what the file leaves out takes the paper's value.
///
/// ```
/// let config: lpp_study::StudyConfig = "tr_s = 1.5".parse()?;
/// assert_eq!((config.tr_s, config.trim_scans), (Some(1.5), 10));
/// # Ok::<(), lpp_study::StudyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StudyConfig {
    /// Languages of the study.
    pub languages: Vec<Language>,
    /// Repetition time, seconds from one scan to the next; `None`: what the scans themselves say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tr_s: Option<f64>,
    /// Scans cut from both ends of each run before fitting.
    pub trim_scans: usize,
    /// Penalties of the ridge regression, as on the command line.
    pub alphas: String,
    /// Corrections of the word annotation.
    pub annotation_corrections: AnnotationCorrections,
    /// Models per language, in the order in which tables list them.
    pub models: BTreeMap<Language, Vec<String>>,
    /// Baselines per language.
    pub baselines: BTreeMap<Language, Vec<String>>,
    /// Untrained twins per language, `gpt2_untrained_seed1` say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub untrained: BTreeMap<Language, Vec<String>>,
    /// Models at several moments of their training per language, `pythia-6.9b_step1000` say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub training: BTreeMap<Language, Vec<String>>,
    /// Subjects per language whose scans are preprocessed and averaged; none: those that are there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<Language, Vec<String>>,
    /// Fits to individual subjects, per language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub individuals: BTreeMap<Language, ConfiguredIndividuals>,
    /// What is fitted beyond the scores of models.
    #[serde(skip_serializing_if = "ConfiguredFits::is_plain")]
    pub fits: ConfiguredFits,
    /// What the files of the corpus are.
    #[serde(skip_serializing_if = "ConfiguredCorpus::is_plain")]
    pub corpus: ConfiguredCorpus,
    /// Where inputs lie.
    pub paths: ConfiguredPaths,
}

impl Default for StudyConfig {
    fn default() -> Self {
        Self {
            languages: vec![Language::English],
            tr_s: None,
            // Trim and alphas of the original scripts (fit_average_subject.py).
            trim_scans: 10,
            alphas: "logspace:2:7:16".to_owned(),
            annotation_corrections: AnnotationCorrections::Published,
            models: BTreeMap::new(),
            baselines: BTreeMap::new(),
            untrained: BTreeMap::new(),
            training: BTreeMap::new(),
            subjects: BTreeMap::new(),
            individuals: BTreeMap::new(),
            fits: ConfiguredFits::default(),
            corpus: ConfiguredCorpus::default(),
            paths: ConfiguredPaths::default(),
        }
    }
}

impl StudyConfig {
    /// Repetition time of the published study, seconds (`fit_average_subject.py` of the original).
    pub const REFERENCE_TR_S: f64 = 2.0;

    /// The repetition time of `lpp.toml`, or the published study's.
    #[must_use]
    pub fn tr_or_reference_s(&self) -> f64 {
        self.tr_s.unwrap_or(Self::REFERENCE_TR_S)
    }

    /// Reads `path`.
    ///
    /// # Errors
    /// [`StudyError::Read`] if it cannot be read, [`StudyError::Malformed`] naming the line if a key is unknown or a
    /// value is out of range.
    pub fn load(path: &Path) -> Result<Self, StudyError> {
        let text = fs::read_to_string(path).map_err(StudyError::read(path))?;
        Self::parse(&text, path)
    }

    /// The configuration as the text of an `lpp.toml`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Every field is a string, a number, or a list or table of those, which TOML can always hold.
        toml::to_string(self).unwrap_or_default()
    }

    fn parse(text: &str, path: &Path) -> Result<Self, StudyError> {
        let config: Self = toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            StudyError::malformed(
                path,
                format!("{} (line {line})", one_line(e.message())),
                "a study configuration",
            )
        })?;
        // No scanner needs a minute for a volume: that would be milliseconds.
        if let Some(tr_s) = config.tr_s.filter(|s| !(*s > 0.0 && *s < 60.0)) {
            return Err(StudyError::malformed(
                path,
                format!("tr_s = {tr_s}"),
                "a positive number of seconds, below 60",
            ));
        }
        Ok(config)
    }
}

impl std::str::FromStr for StudyConfig {
    type Err = StudyError;

    fn from_str(text: &str) -> Result<Self, StudyError> {
        Self::parse(text, Path::new("lpp.toml"))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_papers_configuration() {
        let config: StudyConfig = "".parse().unwrap();
        assert_eq!(config, StudyConfig::default());
    }

    #[test]
    fn a_repetition_time_is_seconds() {
        for wrong in ["0.0", "-2.0", "nan", "inf", "1500.0"] {
            let error = format!("tr_s = {wrong}").parse::<StudyConfig>().unwrap_err().to_string();
            assert!(error.contains("tr_s") && error.contains("seconds"), "{error}");
        }
        assert_eq!("tr_s = 0.72".parse::<StudyConfig>().unwrap().tr_or_reference_s(), 0.72);
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_line() {
        let error = "tr_s = 2.0\ntrim_scan = 3"
            .parse::<StudyConfig>()
            .unwrap_err()
            .to_string();
        assert!(error.contains("trim_scan") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn a_written_configuration_reads_back() {
        let mut config = StudyConfig::default();
        let individuals = ConfiguredIndividuals {
            subjects: vec!["FR001".into()],
            models: vec!["gpt2-base-french".into()],
        };
        config.individuals.insert(Language::French, individuals);
        config.paths.glove = Some("vectors.txt".into());
        config.fits.controls = vec!["wordrate".into()];
        config.tr_s = Some(1.49);
        config.corpus.pair_runs = Some(PairRuns::Place);
        config.corpus.only = vec!["space-T1w".parse().unwrap()];
        config
            .models
            .insert(Language::French, vec!["gpt2-base-french".into()]);
        assert_eq!(config.to_toml().parse::<StudyConfig>().unwrap(), config);
    }
}
