//! Activations of words as features of scans.

use std::path::{Path, PathBuf};

use lpp_fmri::{Hrf, RegressorOperator};
use lpp_ridge::trim_and_standardise;
use lpp_study::{Activations, WordTable};
use ndarray::Array2;

use crate::EncodingError;

/// Turns the layers of an activations file into features, with one regressor matrix per run for all layers.
///
/// If the metadata of the file say `rows` = `scans`, its rows are features of the scans already.
#[derive(Debug)]
pub struct LayerFeatures {
    path: PathBuf,
    activations: Activations,
    rows: Rows,
    trim_scans: usize,
}

/// What the rows of the activations are.
#[derive(Debug)]
enum Rows {
    /// Words, which these matrices turn into scans.
    Words(Vec<RegressorOperator>),
    /// Scans, as many in each run.
    Scans(Vec<usize>),
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
        let mismatch = |path: &Path, found: usize, expected: String| EncodingError::Mismatch {
            path: path.to_owned(),
            found: format!("{found} runs"),
            expected,
        };
        if n_scans.len() != activations.n_runs() {
            return Err(mismatch(
                &path,
                activations.n_runs(),
                format!("{} as there are runs of scans", n_scans.len()),
            ));
        }
        if activations
            .metadata()
            .get("rows")
            .is_some_and(|rows| rows == "scans")
        {
            return Ok(Self {
                path,
                activations,
                rows: Rows::Scans(n_scans.to_vec()),
                trim_scans,
            });
        }
        let table = WordTable::load(words)?;
        if table.n_runs() != activations.n_runs() {
            let expected = format!("{} as in {}", activations.n_runs(), path.display());
            return Err(mismatch(words, table.n_runs(), expected));
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
            rows: Rows::Words(operators),
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
    /// [`EncodingError::Mismatch`] if a run has another number of words (or scans) than its word table or another width than the
    /// first run, [`EncodingError::Run`] if a run is too short to trim, [`EncodingError::Study`] for a broken file.
    pub fn layer(&self, layer: usize) -> Result<Vec<Array2<f64>>, EncodingError> {
        let n_runs = self.activations.n_runs();
        let mut runs: Vec<Array2<f64>> = Vec::with_capacity(n_runs);
        for run in 0..n_runs {
            let rows = self.activations.layer(run, layer)?;
            let width = runs.first().map_or(rows.ncols(), Array2::ncols);
            if rows.dim() != (self.n_rows(run), width) {
                return Err(EncodingError::Mismatch {
                    path: self.path.clone(),
                    found: format!("run {run}, layer {layer} of shape {:?}", rows.dim()),
                    expected: format!("{:?} ({}, width)", (self.n_rows(run), width), self.kind_of_rows()),
                });
            }
            let features = match &self.rows {
                Rows::Words(operators) => operators[run].apply(&rows)?,
                Rows::Scans(_) => rows.mapv(f64::from),
            };
            let features =
                trim_and_standardise(&features, self.trim_scans).map_err(|source| EncodingError::Run {
                    path: self.path.clone(),
                    source,
                })?;
            runs.push(features);
        }
        Ok(runs)
    }

    fn n_rows(&self, run: usize) -> usize {
        match &self.rows {
            Rows::Words(operators) => operators[run].n_words(),
            Rows::Scans(n_scans) => n_scans[run],
        }
    }

    fn kind_of_rows(&self) -> &'static str {
        match &self.rows {
            Rows::Words(_) => "words",
            Rows::Scans(_) => "scans",
        }
    }
}
