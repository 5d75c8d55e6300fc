//! Models that a fit keeps, and scores of their weights in another study, language or story.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, write_atomically};
use serde::{Deserialize, Serialize};

use crate::{FitTerms, Language, Study};

/// The description of a kept model inside its folder.
const DESCRIPTION: &str = "model.json";
/// The format of the description.
const FORMAT: &str = "lpp-fit model 1";

/// A kept model: the weights of each layer, and what a study must have so that they mean something there. It is the file
/// `scores/gpt2_en_model/model.json`; the weights are beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptModel {
    /// The format, which changes if the meaning of a key does.
    format: String,
    /// Where the weights come from.
    #[serde(flatten)]
    pub source: ModelSource,
    /// Name of the model or baseline.
    pub model: String,
    /// What the metadata of the activations said of the features.
    pub features: BTreeMap<String, String>,
    /// Metric, response and folds of the fit.
    #[serde(flatten)]
    pub terms: FitTerms,
    /// Repetition time, seconds.
    pub tr_s: f64,
    /// Scans trimmed at both ends of each run.
    pub trim_scans: usize,
    /// The mask beside this file, if the scans have one.
    pub mask: Option<KeptFile>,
    /// Number of voxels.
    pub n_voxels: usize,
    /// `f32` or `f64`, the type of the weights.
    pub precision: String,
    /// The layers, from 0.
    pub layers: Vec<KeptLayer>,
}

/// The study, language and subject of a kept model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelSource {
    /// Name of the study: that of the corpus in `lpp.toml`, or that of the folder.
    pub study: String,
    /// Language.
    pub lang: Language,
    /// Subject, or `average`.
    pub subject: String,
    /// SHA-256 of the table of words; `None` for features of scans.
    pub words_sha256: Option<String>,
}

/// A file of a kept model, in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Name.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The weights of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptLayer {
    /// Weights, penalties and validation scores: a model of lpp-ridge.
    #[serde(flatten)]
    pub weights: KeptFile,
    /// Number of features, the rows of the weights.
    pub n_features: usize,
    /// The penalty; `None` if each voxel has its own.
    pub alpha: Option<f64>,
    /// Mean over voxels of the validation score with the chosen penalty; `None` if no voxel has one.
    pub validation_mean: Option<f64>,
}

/// Where transferred scores come from, in their sidecar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Whose weights were applied.
    pub source: ModelSource,
    /// SHA-256 of the description of the kept model.
    pub model_sha256: String,
    /// Mean validation score of each layer in the source: chooses a layer without the scores.
    pub validation_means: Vec<Option<f64>>,
    /// Voxels that the masks of the two have in common.
    pub n_common_voxels: usize,
}

impl KeptModel {
    /// A model without layers.
    #[must_use]
    pub fn new(source: ModelSource, model: &str, terms: FitTerms) -> Self {
        Self {
            format: FORMAT.to_owned(),
            source,
            model: model.to_owned(),
            features: BTreeMap::new(),
            terms,
            tr_s: 0.0,
            trim_scans: 0,
            mask: None,
            n_voxels: 0,
            precision: String::new(),
            layers: Vec::new(),
        }
    }

    /// The description beside the scores at `scores`.
    ///
    /// ```
    /// let kept = lpp_study::KeptModel::beside("scores/gpt2_en.npy".as_ref());
    /// assert_eq!(kept, std::path::Path::new("scores/gpt2_en_model/model.json"));
    /// ```
    #[must_use]
    pub fn beside(scores: &Path) -> PathBuf {
        let stem = scores.file_stem().unwrap_or_default().to_string_lossy();
        scores.with_file_name(format!("{stem}_model")).join(DESCRIPTION)
    }

    /// The description of a model that a user names by its folder or by the description itself.
    #[must_use]
    pub fn description(named: &Path) -> PathBuf {
        if named.is_dir() {
            named.join(DESCRIPTION)
        } else {
            named.to_owned()
        }
    }

    /// Reads a description.
    ///
    /// # Errors
    /// [`FileError::Read`] if it does not exist, [`FileError::Malformed`] if it is another file.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let text = lpp_files::read_input_text(path).map_err(FileError::read(path))?;
        let wrong = |found| {
            let expected = "the model.json of a kept model (lpp-fit --keep-model writes it)";
            FileError::malformed(path, found, expected)
        };
        let kept: Self = lpp_files::json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        match kept.format.as_str() {
            FORMAT => Ok(kept),
            other => Err(wrong(format!("the format {other:?}"))),
        }
    }

    /// Writes the description.
    ///
    /// # Errors
    /// [`FileError::Write`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(self).map_err(|e| FileError::write(path)(e.into()))?;
        write_atomically(path, text.as_bytes())
    }
}

impl ModelSource {
    /// The name of a study in the records of its models.
    #[must_use]
    pub fn name_of(study: &Study) -> String {
        let folder = || {
            let root = study
                .root()
                .canonicalize()
                .unwrap_or_else(|_| study.root().to_owned());
            root.file_name()
                .map_or_else(|| "study".to_owned(), |name| name.to_string_lossy().into_owned())
        };
        study.config().corpus.name.clone().unwrap_or_else(folder)
    }

    /// The name in paths, of the folder `scores/transfer-LABEL`: `My-story-en`, or `My-story-en-sub-01` of a single subject.
    #[must_use]
    pub fn label(&self) -> String {
        let subject = match self.subject.as_str() {
            "average" => String::new(),
            subject => format!("-{subject}"),
        };
        let label = format!("{}-{}{subject}", self.study, self.lang);
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        };
        label.chars().map(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn source(study: &str, subject: &str) -> ModelSource {
        ModelSource {
            study: study.to_owned(),
            lang: Language::English,
            subject: subject.to_owned(),
            words_sha256: None,
        }
    }

    #[test]
    fn a_description_comes_back_and_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("toy_en_model").join(DESCRIPTION);
        fs::create_dir(path.parent().unwrap()).unwrap();
        let mut kept = KeptModel::new(source("own", "average"), "toy", FitTerms::default());
        kept.layers.push(KeptLayer {
            weights: KeptFile {
                file: "layer-0.safetensors".to_owned(),
                sha256: "00".to_owned(),
            },
            n_features: 3,
            alpha: None,
            validation_mean: Some(0.1),
        });
        kept.save(&path).unwrap();
        assert_eq!(KeptModel::load(&path).unwrap(), kept);
        assert_eq!(KeptModel::description(path.parent().unwrap()), path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("model 1", "model 2")).unwrap();
        let error = KeptModel::load(&path).unwrap_err().to_string();
        assert!(error.contains("found the format \"lpp-fit model 2\""), "{error}");
        fs::write(&path, "{}").unwrap();
        let error = KeptModel::load(&path).unwrap_err().to_string();
        assert!(error.contains("lpp-fit --keep-model writes it"), "{error}");
    }

    #[test]
    fn a_label_is_one_plain_folder() {
        assert_eq!(source("The owl/fox", "average").label(), "The-owl-fox-en");
        assert_eq!(source("ds1", "sub-01").label(), "ds1-en-sub-01");
    }
}
