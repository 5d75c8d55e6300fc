//! Activations of words as features of scans.

use std::path::{Path, PathBuf};

use lpp_files::{Activations, TimedWord, WordTable};
use lpp_fmri::{FmriError, Hrf, RegressorOperator, RunTimes};
use lpp_ridge::trim_and_standardise;
use ndarray::{Array2, ArrayRef2};

use crate::EncodingError;

/// Turns the layers of an activations file into features, with one regressor matrix per run for all layers.
///
/// If the metadata of the file contain `rows` = `scans`, its rows are already features of scans.
#[derive(Debug)]
pub struct LayerFeatures {
    path: PathBuf,
    activations: Activations,
    rows: Rows,
    trim_scans: usize,
    warnings: Vec<String>,
}

/// What the rows of the activations are.
#[derive(Debug)]
enum Rows {
    /// Words, which these matrices turn into scans.
    Words(Vec<RegressorOperator>),
    /// Scans, as many in each run.
    Scans(Vec<usize>),
}

/// Features of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// (`n_scans` − 2·trim, `n_hidden`) of each run, columns z-scored; a feature that is constant in a run is 0 there.
    pub runs: Vec<Array2<f64>>,
    /// Features that are constant in at least one run.
    pub n_constant: usize,
}

/// Whether the rows of an activations file are scans. If the metadata do not say, they are words.
pub(crate) fn rows_are_scans(path: &Path, activations: &Activations) -> Result<bool, EncodingError> {
    match activations.metadata().get("rows").map(String::as_str) {
        None | Some("words") => Ok(false),
        Some("scans") => Ok(true),
        Some(other) => Err(EncodingError::Mismatch {
            path: path.to_owned(),
            found: format!("rows = {other:?} in the metadata"),
            expected: "words or scans".to_owned(),
        }),
    }
}

impl LayerFeatures {
    /// Opens `activations` and prepares the regressors of runs with `n_scans` scans each. `words` are not read if the rows are
    /// scans.
    ///
    /// # Errors
    /// [`EncodingError::File`] if a file cannot be read, [`EncodingError::Mismatch`] if words, activations and scans
    /// differ in runs or words, [`EncodingError::Fmri`] if a run is too short for a regressor or its words are outside
    /// its scans.
    pub fn open(
        activations: &Path,
        words: Option<&Path>,
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
        let mut warnings = Vec::new();
        let rows = if rows_are_scans(&path, &activations)? {
            Rows::Scans(n_scans.to_vec())
        } else {
            let words = words.ok_or_else(|| EncodingError::Mismatch {
                path: path.clone(),
                found: "activations of words, and no table of words".to_owned(),
                expected: "the words with their times".to_owned(),
            })?;
            let table = WordTable::load(words)?;
            if table.n_runs() != activations.n_runs() {
                let expected = format!("{} as in {}", activations.n_runs(), path.display());
                return Err(mismatch(words, table.n_runs(), expected));
            }
            let runs = n_scans.iter().enumerate().map(|(run, &n)| {
                let (operator, of_run) = regressor(words, run, table.run(run), n, tr_s)?;
                warnings.extend(of_run);
                Ok(operator)
            });
            Rows::Words(runs.collect::<Result<_, EncodingError>>()?)
        };
        Ok(Self {
            path,
            activations,
            rows,
            trim_scans,
            warnings,
        })
    }

    /// The activations.
    #[must_use]
    pub fn activations(&self) -> &Activations {
        &self.activations
    }

    /// Doubts about the times of the words relative to the scans.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Features of one layer.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`] if the number of words (or scans) of a run differs from its word table, if its width
    /// differs from the first run, or if it contains a NaN or an infinity, [`EncodingError::Run`] if a run is too short
    /// to trim, [`EncodingError::File`] for a broken file.
    pub fn layer(&self, layer: usize) -> Result<Layer, EncodingError> {
        let n_runs = self.activations.n_runs();
        let mut runs: Vec<Array2<f64>> = Vec::with_capacity(n_runs);
        let mut constant: Vec<bool> = Vec::new();
        for run in 0..n_runs {
            let rows = self.activations.layer(run, layer)?;
            let width = runs.first().map_or(rows.ncols(), Array2::ncols);
            if rows.dim() != (self.n_rows(run), width) {
                return Err(self.mismatch(
                    format!("run {run}, layer {layer} of shape {:?}", rows.dim()),
                    format!("{:?} ({}s, width)", (self.n_rows(run), width), self.row_name()),
                ));
            }
            constant.resize(width, false);
            let (features, constant_here) = standardised(&self.of_scans(run, layer, &rows)?, self.trim_scans)
                .map_err(|source| EncodingError::Run {
                    path: self.path.clone(),
                    source,
                })?;
            for column in constant_here {
                constant[column] = true;
            }
            runs.push(features);
        }
        Ok(Layer {
            runs,
            n_constant: constant.into_iter().filter(|constant| *constant).count(),
        })
    }

    /// Features of all scans of a run.
    fn of_scans(&self, run: usize, layer: usize, rows: &Array2<f32>) -> Result<Array2<f64>, EncodingError> {
        let not_finite = |row: usize, feature: usize, value: f64| {
            self.mismatch(
                format!(
                    "the activation {value} at run {run}, layer {layer}, {} {row}, feature {feature} (all count from 0)",
                    self.row_name()
                ),
                "finite numbers".to_owned(),
            )
        };
        match &self.rows {
            Rows::Words(operators) => operators[run].apply(rows).map_err(|error| match error {
                FmriError::NonFiniteActivation { word, feature, value } => not_finite(word, feature, value),
                other => other.into(),
            }),
            Rows::Scans(_) => match rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
                Some(((row, feature), value)) => Err(not_finite(row, feature, f64::from(*value))),
                None => Ok(rows.mapv(f64::from)),
            },
        }
    }

    fn mismatch(&self, found: String, expected: String) -> EncodingError {
        EncodingError::Mismatch {
            path: self.path.clone(),
            found,
            expected,
        }
    }

    fn n_rows(&self, run: usize) -> usize {
        match &self.rows {
            Rows::Words(operators) => operators[run].n_words(),
            Rows::Scans(n_scans) => n_scans[run],
        }
    }

    fn row_name(&self) -> &'static str {
        match &self.rows {
            Rows::Words(_) => "word",
            Rows::Scans(_) => "scan",
        }
    }
}

/// The regressors of a run, and doubts about its times.
fn regressor(
    file: &Path,
    run: usize,
    words: &[TimedWord],
    n_scans: usize,
    tr_s: f64,
) -> Result<(RegressorOperator, Vec<String>), EncodingError> {
    let (onsets, offsets): (Vec<f64>, Vec<f64>) = words.iter().map(|w| (w.onset_s, w.offset_s)).unzip();
    let times = RunTimes {
        file,
        run: &format!("run {run}"),
        onsets_s: &onsets,
        offsets_s: &offsets,
        name: &|word| format!("word {word} ({:?})", words[word].word),
        n_scans,
        tr_s,
    };
    let warnings = times.check()?;
    let operator = RegressorOperator::new(&onsets, &offsets, n_scans, tr_s, Hrf::Glover)?;
    Ok((operator, warnings))
}

/// Trims and z-scores features; returns the columns that are constant, which [`trim_and_standardise`] sets to 0.
fn standardised(
    features: &ArrayRef2<f64>,
    trim: usize,
) -> Result<(Array2<f64>, Vec<usize>), lpp_ridge::RidgeError> {
    let standardised = trim_and_standardise(features, trim)?;
    let is_zero = |&column: &usize| standardised.column(column).iter().all(|v| v.abs() <= 0.0);
    let constant = (0..standardised.ncols()).filter(is_zero).collect();
    Ok((standardised, constant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    #[test]
    fn constant_features_become_0_at_any_scale_and_harm_no_other() {
        let n = 49;
        let wave = |i: usize| (0.3 * i as f64).sin();
        let columns: [&dyn Fn(usize) -> f64; 7] = [
            &wave,
            &|_| 0.0,
            &|_| 437.3,
            &|_| -0.1e-20,
            &|i| 76.71 + if i % 2 == 0 { 1e-14 } else { 0.0 },
            // Constant once the ends are cut.
            &|i| if (5..44).contains(&i) { 1.0 } else { wave(i) },
            &|i| 1e6 + 1e-3 * wave(i),
        ];
        let features = Array2::from_shape_fn((n, columns.len()), |(i, j)| columns[j](i));
        let (found, constant) = standardised(&features, 5).unwrap();
        assert_eq!(constant, [1, 2, 3, 4, 5]);
        for column in [1, 2, 3, 4, 5] {
            assert!(found.column(column).iter().all(|v| *v == 0.0));
        }
        let (alone, none) = standardised(&features.slice(s![.., ..1]), 5).unwrap();
        assert!(none.is_empty() && alone.column(0) == found.column(0));
        // What a feature of 1e6 keeps of a thousandth.
        assert!(
            (&found.column(6) - &found.column(0))
                .iter()
                .all(|d| d.abs() < 1e-6)
        );
    }
}
