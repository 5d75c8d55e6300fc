//! Additional files of a score file: nested scores, joint fits, nulls. They are arrays over voxels, each with a JSON
//! sidecar.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, npy, write_atomically};

use ndarray::{ArrayBase, Data, Dimension};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Additional files of a model's scores that are used in tables; see [`beside_scores`].
pub const BESIDE_SCORES: [&str; 11] = [
    "nested",
    "joint",
    "nulls",
    "runs",
    "nested_runs",
    "joint_runs",
    "joint_layer_runs",
    "swaps",
    "dimensions",
    "partition",
    "partition_runs",
];

/// Split-half correlations beside `isc/isc_en.npy`: of each voxel in each halving and run, and without each subject.
pub const VOXELWISE_ISC: [&str; 2] = ["voxelwise", "jackknife"];

/// The additional file `scores/gpt2_en_nested.npy` of `scores/gpt2_en.npy`, and so on.
///
/// ```
/// let nested = lpp_study::beside_scores("scores/gpt2_en.npy".as_ref(), "nested");
/// assert_eq!(nested, std::path::Path::new("scores/gpt2_en_nested.npy"));
/// ```
#[must_use]
pub fn beside_scores(scores: &Path, what: &str) -> PathBuf {
    let stem = scores.file_stem().unwrap_or_default().to_string_lossy();
    scores.with_file_name(format!("{stem}_{what}.npy"))
}

/// The additional file `isc/isc_en_voxelwise.npy` of `isc/isc_en.npy`, and so on.
///
/// ```
/// let voxelwise = lpp_study::beside_isc("isc/isc_en.npy".as_ref(), "voxelwise");
/// assert_eq!(voxelwise, std::path::Path::new("isc/isc_en_voxelwise.npy"));
/// ```
#[must_use]
pub fn beside_isc(isc: &Path, what: &str) -> PathBuf {
    beside_scores(isc, what)
}

/// Sidecar of `gpt2_en_nested.npy`, (`n_voxels`): scores of layers chosen on inner data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NestedInfo {
    /// Name of the model.
    pub model: String,
    /// Subject, or `average`.
    pub subject: String,
    /// Mean over voxels of the score of the layer chosen by validation for each voxel and fold.
    pub score_mean: f64,
    /// Mean over voxels of the largest score over layers, as in the paper.
    pub best_of_test_mean: f64,
    /// Their difference, over voxels that have both.
    pub optimism: f64,
    /// The layer with the largest mean validation score in each fold.
    pub layer_per_fold: Vec<usize>,
    /// Mean score if all voxels use the layer of the fold.
    pub shared_score_mean: f64,
    /// Largest mean score of a layer.
    pub best_layer_mean: f64,
    /// Their difference.
    pub shared_optimism: f64,
    /// The layer with the largest mean validation score over all folds.
    pub layer: usize,
    /// Voxels without a nested score.
    pub n_nan_voxels: usize,
}

/// Sidecar of `gpt2_en_joint.npy`, (rows, `n_voxels`): joint fit of a layer with low-level controls. The rows of each fold
/// are in `gpt2_en_joint_runs.npy`, (`n_runs`, rows, `n_voxels`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointInfo {
    /// Name of the model.
    pub model: String,
    /// Subject, or `average`.
    pub subject: String,
    /// The layer.
    pub layer: usize,
    /// Whether the layer was `given` or chosen `by validation`.
    #[serde(default = "not_recorded")]
    pub layer_choice: String,
    /// Names of the controls.
    pub controls: Vec<String>,
    /// Names of the rows.
    pub rows: Vec<String>,
    /// Mean of each row over voxels, without NaN.
    pub means: Vec<f64>,
    /// Features of each band: the model's, then the controls'.
    pub band_widths: Vec<usize>,
    /// The ratio of the bands that each fold chose by r, 1 for equal traces; the mean over voxels if each chose its own.
    #[serde(default)]
    pub ratio_per_fold: Vec<f64>,
    /// The same by R².
    #[serde(default)]
    pub ratio_per_fold_r2: Vec<f64>,
}

/// The sidecar of a joint fit as it is written: the fit, and the test of what is unique to the layer.
///
/// The scores of the layer alone in each fold, by r and by R², are in `gpt2_en_joint_layer_runs.npy`, (`n_runs`, 2, `n_voxels`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointRecord {
    /// The fit.
    #[serde(flatten)]
    pub fit: JointInfo,
    /// Weight of each control's band in each fold, by r, where each is a band; they add up to the number of columns.
    #[serde(default)]
    pub control_weights_per_fold: Vec<Vec<f64>>,
    /// p of the unique scores under shifts of the layer's features, if they were tested.
    #[serde(default)]
    pub unique_p: Option<UniqueP>,
    /// What the nulls of the unique scores were, or why there are none.
    #[serde(default = "not_recorded")]
    pub unique_nulls: String,
}

/// p of unique scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UniqueP {
    /// Of the difference of correlations.
    pub unique_r: MeanP,
    /// Of the difference of R².
    pub unique_r2: MeanP,
}

/// p of the mean over voxels and of the mean of each side, against larger ones; sides by x are null without a mask.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanP {
    /// Mean over both sides.
    pub mean: f64,
    /// Mean over voxels left of x = 0.
    pub left: Option<f64>,
    /// Mean over voxels right of x = 0.
    pub right: Option<f64>,
}

/// Sidecar of `gpt2_en_partition.npy`, (parts, `n_voxels`): R² divided among a layer and one or two other feature spaces. The
/// parts of each fold are in `gpt2_en_partition_runs.npy`, (`n_runs`, parts, `n_voxels`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionInfo {
    /// Name of the model.
    pub model: String,
    /// Subject, or `average`.
    pub subject: String,
    /// The layer, given or chosen by validation.
    pub layer: usize,
    /// The feature spaces, the layer first.
    pub spaces: Vec<String>,
    /// Columns of each.
    pub widths: Vec<usize>,
    /// The spaces that share each part and are joined by `&`: what one space has alone, what two of them and no other have.
    pub parts: Vec<String>,
    /// Mean of each part over voxels, without NaN.
    pub means: Vec<f64>,
    /// p of each part: the largest over shifts of each of its spaces; empty if they were not tested.
    #[serde(default)]
    pub part_p: Vec<MeanP>,
    /// What the nulls were, or why there are none.
    #[serde(default = "not_recorded")]
    pub nulls: String,
}

/// A statistic with its p-value under a null.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NullTest {
    /// The observed value.
    pub observed: f64,
    /// Share of the nulls, including the observed value, that are as extreme.
    pub p: f64,
}

/// A difference of left and right with its p-values. Those that are not defined are null in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SidesTest {
    /// The observed value.
    pub observed: f64,
    /// Share of the nulls, including the observed value, that are as extreme. The nulls have no encoding on either side.
    #[serde(alias = "p")]
    pub no_encoding_p: f64,
    /// p of the t over runs, for runs that share training data; only if the mean score is significant.
    #[serde(default)]
    pub runs_p: Option<f64>,
    /// p under exchanges of the sides of whole runs; only for pairs, and if it can be 5 % or less.
    #[serde(default)]
    pub swap_p: Option<f64>,
}

/// The difference of left and right, by three definitions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NullLateral {
    /// Means of the two halves of the masked array, as in the paper; needs a mask whose halves are the two sides.
    pub halves: Option<SidesTest>,
    /// Means of the voxels left and right of x = 0; needs the mask.
    pub x: Option<SidesTest>,
    /// Mean over homotopic pairs; needs the mask.
    pub pairs: Option<SidesTest>,
}

/// Sidecar of `gpt2_en_nulls.npy`, (rows, `n_voxels`): p-values of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NullsInfo {
    /// Name of the model.
    pub model: String,
    /// Subject, or `average`.
    pub subject: String,
    /// The layer, of the scans in their own order.
    pub layer: usize,
    /// Whether the layer was `given` or chosen by validation `in each null`; `not recorded` by older versions, whose
    /// choices were not made anew.
    #[serde(default = "not_recorded")]
    pub layer_choice: String,
    /// In how many nulls each layer was chosen.
    #[serde(default)]
    pub null_layers: Vec<usize>,
    /// How the scans were permuted.
    pub null: String,
    /// Number of nulls.
    pub n_nulls: usize,
    /// Names of the rows.
    pub rows: Vec<String>,
    /// A score above this is significant at 5 % over the whole map; infinite, and therefore null in JSON, for fewer
    /// than 19 nulls.
    pub threshold_fwe_05: Option<f64>,
    /// Voxels with a corrected p of 5 % or less.
    pub n_significant: usize,
    /// Mean score over voxels, against larger ones.
    pub mean_score: NullTest,
    /// p of the mean score over both sides: above 5 % there is no encoding whose sides could be compared.
    #[serde(default)]
    pub gate_p: Option<f64>,
    /// Left minus right, two-sided.
    pub l_minus_r: NullLateral,
    /// Number of patterns of exchanged sides, or why there are none.
    #[serde(default = "not_recorded")]
    pub swaps: String,
}

/// What sidecars of older versions do not say.
fn not_recorded() -> String {
    "not recorded".to_owned()
}

/// Sidecar of `gpt2_en_swaps.npy`, (`n_patterns`, measures): mean left minus right score of homotopic pairs while the
/// sides of whole runs are exchanged.
///
/// Up to 1024 patterns are a binary counter: run 0 is the lowest bit, the last run is never exchanged, and the first pattern
/// is the data as they are. More than eleven runs have 1023 random patterns behind the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapsInfo {
    /// Name of the model.
    pub model: String,
    /// Subject, or `average`.
    pub subject: String,
    /// The layer, given or chosen by validation.
    pub layer: usize,
    /// Number of runs.
    pub n_runs: usize,
    /// Names of the columns: over `all` pairs and `reliable_pairs`, then each of them in each run, such as `all/run-0`.
    pub measures: Vec<String>,
    /// Number of pairs of each of the former.
    pub n_pairs: Vec<usize>,
    /// Seed of random patterns.
    pub seed: u64,
}

impl SwapsInfo {
    /// The name of a measure in one run, from 0.
    #[must_use]
    pub fn of_run(measure: &str, run: usize) -> String {
        format!("{measure}/run-{run}")
    }
}

/// Sidecar of `gpt2_en_dimensions.npy`, (`n_layers`, columns): the dimension of each layer's activations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DimensionsInfo {
    /// Name of the model.
    pub model: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Number of words.
    pub n_words: usize,
}

impl DimensionsInfo {
    /// The columns: number of features, participation ratio of their covariance, intrinsic dimension by two neighbours (NaN
    /// where too few words differ).
    pub const COLUMNS: [&'static str; 3] = ["n_features", "participation_ratio", "two_nn"];
}

/// Sidecar of `canary_en_nulls.npy`, (`n_layers`, 1 + `n_nulls`): mean scores of the time-only control model, first the
/// observed one, then those of the nulls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanaryInfo {
    /// Subject, or `average`.
    pub subject: String,
    /// Number of nulls.
    pub n_nulls: usize,
    /// Number of voxels in the mean, spread over the mask.
    pub n_voxels: usize,
    /// Each layer against larger scores: slow waves, then slow noise.
    pub layers: Vec<NullTest>,
    /// A mean score above this is significant at 5 %, for each layer.
    pub thresholds_05: Vec<f64>,
}

/// Writes the sidecar of `path`, then the array, so that every array has its sidecar.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written.
pub fn save_with_sidecar<S, D>(
    path: &Path,
    values: &ArrayBase<S, D>,
    info: &impl Serialize,
) -> Result<(), FileError>
where
    S: Data<Elem = f32>,
    D: Dimension,
{
    let sidecar = path.with_extension("json");
    let text = serde_json::to_string_pretty(info).map_err(|e| FileError::write(&sidecar)(e.into()))?;
    write_atomically(&sidecar, text.as_bytes())?;
    npy::save(path, values)
}

/// Reads the sidecar of `path`.
///
/// # Errors
/// [`FileError::Read`] if it does not exist, [`FileError::Malformed`] if it is a different sidecar.
pub fn load_sidecar<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let sidecar = path.with_extension("json");
    let text = lpp_files::read_input_text(&sidecar).map_err(FileError::read(&sidecar))?;
    let wrong = |e: serde_json::Error| {
        let expected = format!("the sidecar of {}", path.display());
        FileError::malformed(&sidecar, e.to_string(), expected)
    };
    lpp_files::json::from_str(&text).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn array_and_sidecar_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = beside_scores(&dir.path().join("toy_en.npy"), "joint");
        let test = NullTest {
            observed: 0.1,
            p: 0.25,
        };
        save_with_sidecar(&path, &array![[0.5_f32, 0.25]], &test).unwrap();
        assert_eq!(load_sidecar::<NullTest>(&path).unwrap(), test);
        assert_eq!(npy::load_f32_matrix(&path).unwrap(), array![[0.5, 0.25]]);
        let error = load_sidecar::<JointInfo>(&path).unwrap_err().to_string();
        assert!(error.contains("toy_en_joint.json"), "{error}");
    }
}
