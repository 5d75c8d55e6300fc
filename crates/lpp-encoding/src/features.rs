//! Activations of words as features of scans.

use std::path::{Path, PathBuf};

use lpp_fmri::{Hrf, RegressorOperator};
use lpp_ridge::trim_and_standardise;
use lpp_study::{Activations, WordTable};
use ndarray::Array2;

use crate::EncodingError;

/// Turns the layers of an activations file into features, with one regressor matrix per run for all layers.
#[derive(Debug)]
pub struct LayerFeatures {
    path: PathBuf,
    activations: Activations,
    operators: Vec<RegressorOperator>,
    trim_scans: usize,
}

impl LayerFeatures {
    /// Opens `activations` and prepares the regressors of runs with `n_scans` scans each.
    ///
    /// # Errors
    /// [`EncodingError::Study`] if a file cannot be read, [`EncodingError::Mismatch`] if words, activations and scans
    /// differ in runs or words, [`EncodingError::Fmri`] if a run is too short for a regressor.
    pub fn open(
        activations: &Path,
        words: &Path,
        n_scans: &[usize],
        tr_s: f64,
        trim_scans: usize,
    ) -> Result<Self, EncodingError> {
        let path = activations.to_owned();
        let activations = Activations::open(&path)?;
        let table = WordTable::load(words)?;
        let mismatch = |path: &Path, found: usize, expected: String| EncodingError::Mismatch {
            path: path.to_owned(),
            found: format!("{found} runs"),
            expected,
        };
        if table.n_runs() != activations.n_runs() {
            let expected = format!("{} as in {}", activations.n_runs(), path.display());
            return Err(mismatch(words, table.n_runs(), expected));
        }
        if n_scans.len() != activations.n_runs() {
            return Err(mismatch(
                &path,
                activations.n_runs(),
                format!("{} as there are runs of scans", n_scans.len()),
            ));
        }
        let mut operators = Vec::with_capacity(n_scans.len());
        for (run, &n) in n_scans.iter().enumerate() {
            let (onsets, offsets): (Vec<f64>, Vec<f64>) =
                table.run(run).iter().map(|w| (w.onset_s, w.offset_s)).unzip();
            operators.push(RegressorOperator::new(&onsets, &offsets, n, tr_s, Hrf::Glover)?);
        }
        Ok(Self {
            path,
            activations,
            operators,
            trim_scans,
        })
    }

    /// The activations.
    #[must_use]
    pub fn activations(&self) -> &Activations {
        &self.activations
    }

    /// Features of one layer: (`n_scans` − 2·trim, `n_hidden`) of each run, columns z-scored.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`] if a run has another number of words than its word table or another width than the
    /// first run, [`EncodingError::Run`] if a run is too short to trim, [`EncodingError::Study`] for a broken file.
    pub fn layer(&self, layer: usize) -> Result<Vec<Array2<f64>>, EncodingError> {
        let mut runs: Vec<Array2<f64>> = Vec::with_capacity(self.operators.len());
        for (run, operator) in self.operators.iter().enumerate() {
            let words = self.activations.layer(run, layer)?;
            let width = runs.first().map_or(words.ncols(), Array2::ncols);
            if words.dim() != (operator.n_words(), width) {
                return Err(EncodingError::Mismatch {
                    path: self.path.clone(),
                    found: format!("run {run}, layer {layer} of shape {:?}", words.dim()),
                    expected: format!("{:?} (words, width)", (operator.n_words(), width)),
                });
            }
            let features = operator.apply(&words)?;
            let features =
                trim_and_standardise(&features, self.trim_scans).map_err(|source| EncodingError::Run {
                    path: self.path.clone(),
                    source,
                })?;
            runs.push(features);
        }
        Ok(runs)
    }
}
