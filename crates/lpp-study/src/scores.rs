//! Brain scores and their sidecars.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, npy, write_atomically};

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::{FitTerms, Language, Transfer};

/// The kind of the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// A trained language model.
    Model,
    /// The same architecture with random weights.
    Untrained,
    /// Word vectors or random vectors.
    Baseline,
    /// A low-level property of the words, such as their rate.
    Control,
    /// The time-only control model, which should score 0.
    Canary,
}

/// The name of the explainable variance among the scores of a subject: `scores/explainable_de.npy`.
pub const EXPLAINABLE: &str = "explainable";

/// The JSON sidecar of a score file, `scores/gpt2_en.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoresInfo {
    /// Name of the model or baseline.
    pub model: String,
    /// Language of text and subjects.
    pub lang: Language,
    /// Subject, or `average`.
    pub subject: String,
    /// Model, untrained model or baseline.
    pub kind: ModelKind,
    /// Family, for grouping in figures: `model_type` of the checkpoint.
    pub family: Option<String>,
    /// Number of parameters, without the head if it is tied.
    pub n_parameters: Option<u64>,
    /// Width of each layer.
    pub n_hidden: Vec<usize>,
    /// Metric, response and folds.
    #[serde(flatten)]
    pub terms: FitTerms,
    /// Number of runs of scans.
    pub n_runs: usize,
    /// Number of voxels.
    pub n_voxels: usize,
    /// SHA-256 of the mask file, in hexadecimal.
    pub mask_sha256: Option<String>,
    /// SHA-256 of the table of words ([`lpp_files::WordTable::sha256`]); none for features of scans and in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words_sha256: Option<String>,
    /// Where the weights come from, of scores of a kept model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// The penalties tried.
    pub alphas: Vec<f64>,
    /// The chosen penalty of each layer and fold, as an index into `alphas`; empty if each voxel has its own.
    pub alpha_index: Vec<Vec<usize>>,
    /// How many voxels chose each penalty in each layer and fold; empty if voxels share one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpha_counts: Vec<Vec<Vec<usize>>>,
    /// The test scans of each fold, in the order of the rows of `MODEL_LANG_runs.npy`; empty in older files.
    #[serde(default)]
    pub test_folds: Vec<String>,
    /// Mean score over voxels of each layer and fold, without NaN.
    pub fold_means: Vec<Vec<f64>>,
    /// Voxels without a score, per layer.
    pub n_nan_voxels: Vec<usize>,
    /// Wall time of the fit of each layer, seconds.
    pub wall_s: Vec<f64>,
}

/// Scores (`n_layers`, `n_voxels`), mean over test runs, and their sidecar.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Held-out correlation of each layer and voxel; NaN if there is none.
    pub values: Array2<f32>,
    /// The sidecar.
    pub info: ScoresInfo,
}

impl Scores {
    /// Reads `path` and its sidecar.
    ///
    /// # Errors
    /// [`FileError::Read`] if either is missing, [`FileError::Malformed`] if they do not match.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let values = npy::load_f32_matrix(path)?;
        let info = Self::load_info(path)?;
        let sidecar = path.with_extension("json");
        let described = [info.n_hidden.len(), info.n_voxels];
        if values.shape() != described {
            let expected = format!("{described:?} (layers, voxels) as {} says", sidecar.display());
            return Err(FileError::malformed(
                path,
                format!("shape {:?}", values.shape()),
                expected,
            ));
        }
        Ok(Self { values, info })
    }

    /// Reads only the sidecar of the scores at `path`.
    ///
    /// # Errors
    /// As [`Scores::load`].
    pub fn load_info(path: &Path) -> Result<ScoresInfo, FileError> {
        let sidecar = path.with_extension("json");
        let text = lpp_files::read_input_text(&sidecar).map_err(FileError::read(&sidecar))?;
        lpp_files::json::from_str(&text)
            .map_err(|e| FileError::malformed(&sidecar, e.to_string(), "the sidecar of a score file"))
    }

    /// Writes the sidecar, then the scores, so that every score file has its sidecar.
    ///
    /// # Errors
    /// [`FileError::Write`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let sidecar = path.with_extension("json");
        let text =
            serde_json::to_string_pretty(&self.info).map_err(|e| FileError::write(&sidecar)(e.into()))?;
        write_atomically(&sidecar, text.as_bytes())?;
        npy::save(path, &self.values)
    }

    /// The score files of one language in `folder`, sorted by name; the explainable variance is none of them.
    ///
    /// # Errors
    /// [`FileError::Read`] if the folder does not exist, [`FileError::Malformed`] if it has no scores.
    pub fn list(folder: &Path, lang: Language) -> Result<Vec<PathBuf>, FileError> {
        let ending = format!("_{lang}.npy");
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(FileError::read(folder))? {
            let path = entry.map_err(FileError::read(folder))?.path();
            if path
                .file_name()
                .map(|name| name.to_string_lossy())
                .and_then(|name| name.strip_suffix(&ending).map(str::to_owned))
                .is_some_and(|name| name != EXPLAINABLE)
            {
                files.push(path);
            }
        }
        if files.is_empty() {
            let expected = format!("files MODEL{ending} (lpp-fit makes them)");
            return Err(FileError::malformed(folder, "no scores", expected));
        }
        files.sort();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn scores() -> Scores {
        let info = ScoresInfo {
            model: "toy".into(),
            lang: Language::English,
            subject: "average".into(),
            kind: ModelKind::Model,
            family: Some("gpt2".into()),
            n_parameters: Some(12),
            n_hidden: vec![4, 4],
            terms: FitTerms::default(),
            n_runs: 9,
            n_voxels: 3,
            mask_sha256: None,
            words_sha256: Some("5a".into()),
            transfer: None,
            alphas: vec![1.0],
            alpha_index: vec![vec![0; 9]; 2],
            alpha_counts: Vec::new(),
            test_folds: vec!["run 0".into()],
            fold_means: vec![vec![0.1; 9]; 2],
            n_nan_voxels: vec![0, 1],
            wall_s: vec![0.5, 0.5],
        };
        Scores {
            values: array![[0.1, 0.2, 0.3], [0.1, 0.2, 0.0]],
            info,
        }
    }

    #[test]
    fn scores_come_back_with_their_sidecar() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("toy_en.npy");
        scores().save(&path).unwrap();
        npy::save(&dir.path().join("explainable_en.npy"), &array![[0.5_f32]]).unwrap();
        assert_eq!(Scores::load(&path).unwrap(), scores());
        assert_eq!(Scores::list(dir.path(), Language::English).unwrap(), [path]);
        assert!(Scores::list(dir.path(), Language::French).is_err());
    }

    #[test]
    fn a_sidecar_without_terms_is_of_the_published_fit() {
        let mut old = serde_json::to_value(scores().info).unwrap();
        for key in ["metric", "hrf", "alpha_scope", "folds", "gap_scans", "test_folds"] {
            assert!(old.as_object_mut().unwrap().remove(key).is_some(), "{key}");
        }
        let info: ScoresInfo = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(info.terms, FitTerms::default());
        old["hrf"] = serde_json::Value::Null;
        old["folds"] = "chunks:4".into();
        let info: ScoresInfo = serde_json::from_value(old).unwrap();
        assert_eq!(
            (info.terms.hrf, info.terms.folds),
            (None, crate::FoldRule::Chunks(4))
        );
    }

    #[test]
    fn scores_and_sidecar_must_fit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("toy_en.npy");
        scores().save(&path).unwrap();
        npy::save(&path, &array![[0.1_f32, 0.2]]).unwrap();
        let error = Scores::load(&path).unwrap_err().to_string();
        assert!(error.contains("shape [1, 2], expected [2, 3]"), "{error}");
    }
}
