//! `lpp.toml`, the configuration of a study.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lpp_files::{EntityChoice, FileError};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::configured_fit::is_default;
use crate::feature_lists::{ByLanguage, features, features_by_language};
use crate::{
    ConfiguredCompetence, ConfiguredFit, FoldRule, Language, NameError, Penalties, StudyGrid, check_subject,
};

/// Largest file. A parser of TOML takes some eighty times the memory of its text.
const MOST_BYTES: usize = 256 << 10;

/// The corrections applied to the word annotation.
///
/// [`resolve`](Self::resolve) resolves `Auto` for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnotationCorrections {
    /// Those of the paper for a published file, recognised by its hash; none for other files.
    #[default]
    Auto,
    /// Those of the paper's script, by row label, for any file.
    Published,
    /// None: the file is used as it is.
    None,
}

impl std::str::FromStr for AnnotationCorrections {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        match name {
            "auto" => Ok(Self::Auto),
            "published" => Ok(Self::Published),
            "none" => Ok(Self::None),
            _ => Err(NameError::UnknownCorrections {
                name: name.to_owned(),
            }),
        }
    }
}

/// Paths of inputs that are not at their default paths in the study folder.
///
/// Relative paths are relative to the study folder.
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
    /// Folder of the cortical meshes that reports draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface: Option<PathBuf>,
}

/// Fits of models to individual subjects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredIndividuals {
    /// The subjects, for example `EN057`; empty for all that have scans.
    #[serde(deserialize_with = "subjects")]
    pub subjects: Vec<String>,
    /// The models.
    #[serde(deserialize_with = "features")]
    pub models: Vec<String>,
}

/// What is left out in each fold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredFolds {
    /// The test scans of each fold.
    pub folds: FoldRule,
    /// Scans purged on both sides of a chunk.
    #[serde(rename = "gap", skip_serializing_if = "is_default")]
    pub gap_scans: usize,
}

/// How the runs of different subjects are paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairRuns {
    /// By their labels: `run-2` of one subject is `run-2` of another.
    Label,
    /// By position: the k-th run of one subject is the k-th of another. Use it if the labels are the scanner's
    /// numbering.
    Place,
}

/// What the files of the corpus are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredCorpus {
    /// Name of the study, for the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The text, if it is not at a default path: an archive, folder or file, or files named by a pattern such as
    /// `text/{lang}/*.txt`, in which `{lang}` stands for the language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Names of the stories in the order of the runs of the words, if there is no `runs.csv`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stories: Vec<String>,
    /// How the runs of subjects are paired; `None` for by position in files of ds003643 and by label in all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair_runs: Option<PairRuns>,
    /// Choices among several spaces, tasks, sessions and so on of a subject's scans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<EntityChoice>,
}

/// How time courses are cleaned; what is not said is as in the published study.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredClean {
    /// Columns of the tables of confounds to regress out; `trans_*` stands for all names that begin so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Cut-off of the high-pass filter in Hz; 0 for no filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_pass_hz: Option<f64>,
    /// Whether mean and linear trend are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detrend: Option<bool>,
    /// FWHM of the smoothing in mm; 0 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothing_mm: Option<f64>,
}

impl ConfiguredClean {
    /// A number that cannot be, with its name.
    fn fault(&self) -> Option<(&'static str, f64)> {
        let numbers = [
            ("high_pass_hz", self.high_pass_hz),
            ("smoothing_mm", self.smoothing_mm),
        ];
        let known = numbers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        known
            .into_iter()
            .find(|(_, value)| !(value.is_finite() && *value >= 0.0))
    }
}

/// The contents of `lpp.toml`; missing keys have the values of the paper.
///
/// ```
/// let config: lpp_study::StudyConfig = "tr_s = 1.5".parse()?;
/// assert_eq!((config.tr_s, config.trim_scans), (Some(1.5), 10));
/// # Ok::<(), lpp_files::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StudyConfig {
    /// Languages of the study.
    pub languages: Vec<Language>,
    /// Repetition time in seconds; `None` for that of the scans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tr_s: Option<f64>,
    /// Scans trimmed at both ends of each run before fitting.
    pub trim_scans: usize,
    /// Penalties of the ridge regression.
    pub alphas: Penalties,
    /// Corrections of the word annotation.
    pub annotation_corrections: AnnotationCorrections,
    /// Whether lpp-run makes the seven regions of the published study.
    #[serde(skip_serializing_if = "is_true")]
    pub regions: bool,
    /// Models per language, in the order in which tables list them.
    #[serde(deserialize_with = "features_by_language")]
    pub models: BTreeMap<Language, Vec<String>>,
    /// Baselines per language.
    #[serde(deserialize_with = "features_by_language")]
    pub baselines: BTreeMap<Language, Vec<String>>,
    /// Untrained controls per language, for example `gpt2_untrained_seed1`.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "features_by_language"
    )]
    pub untrained: BTreeMap<Language, Vec<String>>,
    /// Models at several training steps per language, for example `pythia-6.9b_step1000`.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "features_by_language"
    )]
    pub training: BTreeMap<Language, Vec<String>>,
    /// Subjects per language whose scans are preprocessed and averaged; empty for all existing ones.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "subjects_by_language"
    )]
    pub subjects: BTreeMap<Language, Vec<String>>,
    /// Fits to individual subjects, per language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub individuals: BTreeMap<Language, ConfiguredIndividuals>,
    /// For each language, where the weights come from that are applied to its words: other languages of the study, or folders
    /// of kept models of other studies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub transfer: BTreeMap<Language, Vec<String>>,
    /// The folds of the fits.
    #[serde(skip_serializing_if = "is_default")]
    pub cv: ConfiguredFolds,
    /// The fits, and their additional results; older files call it `[fits]`.
    #[serde(alias = "fits", skip_serializing_if = "is_default")]
    pub fit: ConfiguredFit,
    /// The grid of the scans; `None` for the default ([`Study::grid`](crate::Study::grid)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<StudyGrid>,
    /// The cleaning of time courses.
    #[serde(skip_serializing_if = "is_default")]
    pub clean: ConfiguredClean,
    /// What the files of the corpus are.
    #[serde(skip_serializing_if = "is_default")]
    pub corpus: ConfiguredCorpus,
    /// What models are asked about language.
    #[serde(skip_serializing_if = "is_default")]
    pub competence: ConfiguredCompetence,
    /// Paths of inputs.
    pub paths: ConfiguredPaths,
}

impl Default for StudyConfig {
    fn default() -> Self {
        Self {
            languages: vec![Language::English],
            tr_s: None,
            // Trim and alphas of the original scripts (fit_average_subject.py).
            trim_scans: 10,
            alphas: Penalties::default(),
            annotation_corrections: AnnotationCorrections::Auto,
            models: BTreeMap::new(),
            baselines: BTreeMap::new(),
            untrained: BTreeMap::new(),
            training: BTreeMap::new(),
            subjects: BTreeMap::new(),
            individuals: BTreeMap::new(),
            transfer: BTreeMap::new(),
            regions: true,
            fit: ConfiguredFit::default(),
            cv: ConfiguredFolds::default(),
            grid: None,
            clean: ConfiguredClean::default(),
            corpus: ConfiguredCorpus::default(),
            competence: ConfiguredCompetence::default(),
            paths: ConfiguredPaths::default(),
        }
    }
}

impl StudyConfig {
    /// Repetition time of the published study, seconds (`fit_average_subject.py` of the original).
    pub const REFERENCE_TR_S: f64 = 2.0;

    /// The repetition time of `lpp.toml`, or that of the published study.
    #[must_use]
    pub fn tr_or_reference_s(&self) -> f64 {
        self.tr_s.unwrap_or(Self::REFERENCE_TR_S)
    }

    /// Reads `path`.
    ///
    /// # Errors
    /// [`FileError::Read`] if it cannot be read, [`FileError::Malformed`] naming the line if a key is unknown or a
    /// value is out of range.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        Self::load_without(path, &[])
    }

    /// The same, ignoring the top-level settings `replaced` in the file.
    pub(crate) fn load_without(path: &Path, replaced: &[&str]) -> Result<Self, FileError> {
        let mut text = read_text(path)?;
        for key in replaced {
            take_default(&mut text, key);
        }
        Self::parse(&text, path)
    }

    /// The configuration as the text of an `lpp.toml`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Every field is a string, a number, or a list or table of those, which TOML can always hold.
        toml::to_string(self).unwrap_or_default()
    }

    fn parse(text: &str, path: &Path) -> Result<Self, FileError> {
        let config: Self = toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            FileError::malformed(
                path,
                format!(
                    "{} (line {line})",
                    // The end tells what is allowed.
                    lpp_files::shortened(&one_line(e.message()), 180)
                ),
                "a study configuration",
            )
        })?;
        if spans(text).contains_key("fits") {
            tracing::info!(
                "note: {}: [fits] is now called [fit]; it is read as before",
                path.display()
            );
        }
        if config.cv.gap_scans > 0 && !matches!(config.cv.folds, FoldRule::Chunks(_)) {
            let found = format!(
                "gap = {} with the folds {} under [cv]",
                config.cv.gap_scans, config.cv.folds
            );
            return Err(FileError::malformed(path, found, "folds = \"chunks:K\""));
        }
        if let Some((name, value)) = config.clean.fault() {
            return Err(FileError::malformed(
                path,
                format!("{name} = {value} under [clean]"),
                "a number that is not negative",
            ));
        }
        if let Some(lang) = config
            .transfer
            .keys()
            .find(|lang| !config.languages.contains(lang))
        {
            let expected = "a language that languages lists";
            return Err(FileError::malformed(
                path,
                format!("{lang} under [transfer]"),
                expected,
            ));
        }
        let fault = config.fit.fault();
        if let Some((found, expected)) = fault.or_else(|| config.competence.fault()) {
            return Err(FileError::malformed(path, found, expected));
        }
        // No scanner needs a minute for a volume: that would be milliseconds.
        if let Some(tr_s) = config.tr_s.filter(|s| !(*s > 0.0 && *s < 60.0)) {
            let line = line_of(text, "tr_s").unwrap_or_default();
            return Err(FileError::malformed(
                path,
                format!("tr_s = {tr_s} (line {line})"),
                "a positive number of seconds, below 60",
            ));
        }
        Ok(config)
    }
}

impl std::str::FromStr for StudyConfig {
    type Err = FileError;

    fn from_str(text: &str) -> Result<Self, FileError> {
        Self::parse(text, Path::new("lpp.toml"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_true(value: &bool) -> bool {
    *value
}

/// The text of a file of ordinary size.
fn read_text(path: &Path) -> Result<String, FileError> {
    let mut bytes = Vec::new();
    let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
    file.take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(FileError::read(path))?;
    if bytes.len() > MOST_BYTES {
        let found = format!("a file of more than {MOST_BYTES} bytes");
        return Err(FileError::malformed(path, found, "a study configuration"));
    }
    String::from_utf8(bytes)
        .map_err(|error| FileError::read(path)(io::Error::new(io::ErrorKind::InvalidData, error)))
}

/// Positions of the values of the top-level settings; empty if the text is not TOML.
fn spans(text: &str) -> BTreeMap<String, toml::Spanned<toml::Value>> {
    toml::from_str(text).unwrap_or_default()
}

/// The line of a top-level setting, from 1.
pub(crate) fn line_of(text: &str, key: &str) -> Option<usize> {
    let start = spans(text).get(key)?.span().start;
    Some(text[..start].matches('\n').count() + 1)
}

/// Replaces the value of a top-level setting by its default; removes the setting if it has none.
fn take_default(text: &mut String, key: &str) {
    let settings = spans(text);
    let Some(value) = settings.get(key) else { return };
    let Ok(toml::Value::Table(defaults)) = toml::Value::try_from(StudyConfig::default()) else {
        return;
    };
    if let Some(default) = defaults.get(key) {
        text.replace_range(value.span(), &default.to_string());
    } else {
        let line = text[..value.span().start].rfind('\n').map_or(0, |end| end + 1);
        text.replace_range(line..value.span().end, "");
    }
}

/// A name that is checked while reading, so that the error has its line.
struct Subject(String);

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        check_subject(&name).map_err(D::Error::custom)?;
        Ok(Self(name))
    }
}

fn subjects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<Subject>::deserialize(deserializer)?;
    Ok(names.into_iter().map(|subject| subject.0).collect())
}

fn subjects_by_language<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ByLanguage, D::Error> {
    let names = BTreeMap::<Language, Vec<Subject>>::deserialize(deserializer)?;
    let texts = |names: Vec<Subject>| names.into_iter().map(|subject| subject.0).collect();
    Ok(names
        .into_iter()
        .map(|(lang, names)| (lang, texts(names)))
        .collect())
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
    fn a_pipe_or_a_device_is_no_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lpp.toml");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        let refused = || {
            let error = crate::Study::open(folder.path()).unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error}: {}", source.unwrap_or_default());
            assert!(
                text.contains("lpp.toml") && text.contains("a pipe or device"),
                "{text}"
            );
        };
        refused();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        refused();
    }

    #[test]
    fn a_repetition_time_is_seconds() {
        for wrong in ["0.0", "-2.0", "nan", "inf", "1500.0"] {
            let error = format!("tr_s = {wrong}")
                .parse::<StudyConfig>()
                .unwrap_err()
                .to_string();
            assert!(error.contains("tr_s") && error.contains("seconds"), "{error}");
        }
        assert_eq!("tr_s = 0.72".parse::<StudyConfig>().unwrap().tr_s, Some(0.72));
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
    fn names_in_a_configuration_are_one_spelling_and_stay_in_the_study() {
        let config: StudyConfig = "[models]\nen = [\"openai-community/gpt2\", \"org--tiny\"]"
            .parse()
            .unwrap();
        assert_eq!(config.models[&Language::English], ["gpt2", "org/tiny"]);
        for text in [
            "tr_s = 2\n[models]\nen = [\"gpt2\", \"../../evil\"]",
            "tr_s = 2\n[baselines]\nen = [\"/evil\"]",
            "tr_s = 2\n[untrained]\nen = [\"evil\\u0000\"]",
            "tr_s = 2\n[training]\nen = [\"evil/a/b\"]",
            "tr_s = 2\n[subjects]\nen = [\"../evil\"]",
            "tr_s = 2\n[individuals.en]\nsubjects = [\"evil/..\"]",
            "tr_s = 2\n[individuals.en]\nmodels = [\"..\", \"evil\"]",
            "tr_s = 2\n[fit]\ncontrols = [\"../evil\"]",
            "tr_s = 2\n[fits]\ncontrols = [\"../evil\"]",
        ] {
            let error = text.parse::<StudyConfig>().unwrap_err().to_string();
            assert!(error.contains("(line 3)"), "{text}: {error}");
            assert!(error.contains("cannot be the name of a"), "{text}: {error}");
        }
    }

    #[test]
    fn a_bad_setting_is_named_with_its_line_unless_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lpp.toml");
        for (key, text) in [
            ("tr_s", "trim_scans = 4\ntr_s = -2"),
            ("tr_s", "trim_scans = 4\ntr_s = \"two\""),
            ("alphas", "trim_scans = 4\nalphas = 10"),
            (
                "annotation_corrections",
                "trim_scans = 4\nannotation_corrections = \"some\"",
            ),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = StudyConfig::load(&file).unwrap_err().to_string();
            assert!(error.contains("lpp.toml") && error.contains("line 2"), "{error}");
            let config = StudyConfig::load_without(&file, &[key]).unwrap();
            let expected = StudyConfig {
                trim_scans: 4,
                ..StudyConfig::default()
            };
            assert_eq!(config, expected, "{text}");
        }
        std::fs::write(&file, "trim_scans = 4\n\nalphas = \"ten\"").unwrap();
        let error = StudyConfig::load(&file).unwrap_err().to_string();
        assert!(
            error.contains("'ten' is not a number") && error.contains("(line 3)"),
            "{error}"
        );
    }

    #[test]
    fn a_file_of_megabytes_is_not_parsed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lpp.toml");
        let text = |n| format!("tr_s = 2.0\n{}", "#".repeat(n - 11));
        std::fs::write(&file, text(MOST_BYTES)).unwrap();
        assert_eq!(StudyConfig::load(&file).unwrap().tr_s, Some(2.0));
        std::fs::write(&file, text(MOST_BYTES + 1)).unwrap();
        let error = StudyConfig::load(&file).unwrap_err().to_string();
        assert!(error.contains("more than 262144 bytes"), "{error}");
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
        config.fit.controls = vec!["wordrate".into()];
        config.regions = false;
        config.languages.push(Language::French);
        config.transfer.insert(
            Language::French,
            vec!["en".into(), "../first/scores/gpt2_en_model".into()],
        );
        config.tr_s = Some(1.49);
        config.corpus.pair_runs = Some(PairRuns::Place);
        config.corpus.only = vec!["space-T1w".parse().unwrap()];
        config
            .models
            .insert(Language::French, vec!["gpt2-base-french".into()]);
        assert_eq!(config.to_toml().parse::<StudyConfig>().unwrap(), config);
    }
}
