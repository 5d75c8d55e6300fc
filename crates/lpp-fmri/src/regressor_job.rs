//! From files to files: the features of one run.

use std::path::PathBuf;

use lpp_files::check_outputs;
use lpp_files::npy::{self, NpyArray};
use lpp_study::{Software, Step};
use ndarray::{Array2, ArrayD, Ix2};

use crate::FmriError;
use crate::events::WordEvents;
use crate::hrf::Hrf;
use crate::regressor::RegressorOperator;
use crate::run_times::RunTimes;

/// Word times and activations in, features out.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressorJob {
    /// CSV file of word times; see [`WordEvents::load`].
    pub events: PathBuf,
    /// The run meant, where the file has several.
    pub run: Option<String>,
    /// `.npy` file of activations, `f32` or `f64`, of shape (`n_words`, `n_features`).
    pub activations: PathBuf,
    /// Number of scans of the run, before any trimming.
    pub n_scans: usize,
    /// Repetition time in s.
    pub tr_s: f64,
    /// The haemodynamic response.
    pub hrf: Hrf,
    /// The `.npy` file to write: `f64`, of shape (`n_scans`, `n_features`).
    pub output: PathBuf,
    /// Compute again what is up to date.
    pub force: bool,
}

impl RegressorJob {
    /// Writes the features and their provenance; returns `false` if they were up to date.
    ///
    /// # Errors
    /// [`FmriError`] if an input cannot be read, the activations do not match the words or hold a NaN, most words lie outside
    /// of the scans, the design is unusable, or the output cannot be written.
    pub fn run(&self, software: Software) -> Result<bool, FmriError> {
        let step = Step::new(software, &self.output)
            .input(&self.events)?
            .input(&self.activations)?
            .parameter("run", &self.run)
            .parameter("n_scans", self.n_scans)
            .parameter("tr_s", self.tr_s)
            .parameter("hrf", self.hrf.to_string());
        if step.is_done(self.force)? {
            return Ok(false);
        }
        check_outputs(
            &[self.events.clone(), self.activations.clone()],
            std::slice::from_ref(&self.output),
        )?;
        let events = WordEvents::load(&self.events, self.run.as_deref())?;
        self.compare(&events)?;
        let operator = RegressorOperator::new(
            events.onsets_s(),
            events.offsets_s(),
            self.n_scans,
            self.tr_s,
            self.hrf,
        )?;
        npy::save(&self.output, &self.features(&operator)?)?;
        step.finish()?;
        Ok(true)
    }

    /// Compares the times with the scans. Single words may lie outside, as in nilearn; a warning tells of them.
    fn compare(&self, events: &WordEvents) -> Result<(), FmriError> {
        let run = self
            .run
            .as_ref()
            .map_or("the run".to_owned(), |run| format!("run {run}"));
        let times = RunTimes {
            file: &self.events,
            run: &run,
            onsets_s: events.onsets_s(),
            offsets_s: events.offsets_s(),
            name: &|word| format!("row {}", events.rows()[word]),
            n_scans: self.n_scans,
            tr_s: self.tr_s,
        };
        for warning in times.check_most()? {
            tracing::warn!("{warning}");
        }
        Ok(())
    }

    fn features(&self, operator: &RegressorOperator) -> Result<Array2<f64>, FmriError> {
        let result = match npy::load(&self.activations)? {
            NpyArray::F32(array) => operator.apply(&self.matrix(array, operator)?),
            NpyArray::F64(array) => operator.apply(&self.matrix(array, operator)?),
            other => {
                let found = format!("elements of {}", other.dtype());
                return Err(FmriError::malformed(
                    &self.activations,
                    found,
                    "float32 or float64",
                ));
            }
        };
        result.map_err(|error| match error {
            FmriError::NonFiniteActivation { .. } => {
                FmriError::malformed(&self.activations, error.to_string(), "finite activations")
            }
            other => other,
        })
    }

    fn matrix<T>(
        &self,
        array: ArrayD<T>,
        operator: &RegressorOperator,
    ) -> Result<ndarray::Array<T, Ix2>, FmriError> {
        let found = format!("an array of shape {:?}", array.shape());
        let matrix = array
            .into_dimensionality::<Ix2>()
            .ok()
            .filter(|m| m.nrows() == operator.n_words());
        matrix.ok_or_else(|| {
            let expected = format!(
                "one row for each of the {} words of the events",
                operator.n_words()
            );
            FmriError::malformed(&self.activations, found, expected)
        })
    }
}
