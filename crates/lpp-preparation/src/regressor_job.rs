//! The features of one run, from files to files.

use lpp_files::npy::{self, NpyArray};
use lpp_files::{FileError, check_outputs};
use lpp_fmri::{FmriError, RegressorOperator, RunTimes, WordEvents};
use lpp_steps::{RegressorsStep, Software, run_if_stale};
use ndarray::{Array2, ArrayD, Ix2};

/// Reads word times and activations, and writes features.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressorJob {
    /// Inputs and outputs.
    pub step: RegressorsStep,
    /// Recompute even if the features are up to date.
    pub force: bool,
}

impl RegressorJob {
    /// Writes the features and their provenance; returns `false` if they were up to date.
    ///
    /// # Errors
    /// [`FmriError`] if an input cannot be read, the activations do not match the words or have a NaN, most words are
    /// outside the scans, the design is invalid, or the output cannot be written.
    pub fn run(&self, software: Software) -> Result<bool, FmriError> {
        let step = &self.step;
        let done = run_if_stale(software, vec![step.artefact()], self.force, || {
            let inputs = [step.events.clone(), step.activations.clone()];
            check_outputs(&inputs, std::slice::from_ref(&step.output))?;
            let events = WordEvents::load(&step.events, step.run.as_deref())?;
            self.compare(&events)?;
            let (onsets_s, offsets_s) = (events.onsets_s(), events.offsets_s());
            let (n_scans, tr_s) = (step.n_scans, step.tr_s);
            let start_s = step.start_s.unwrap_or(0.5 * tr_s);
            let operator =
                RegressorOperator::starting_at(start_s, onsets_s, offsets_s, n_scans, tr_s, &step.hrf)?;
            npy::save(&step.output, &self.features(&operator)?)?;
            Ok::<_, FmriError>(())
        })?;
        Ok(!done.is_up_to_date())
    }

    /// Compares the times with the scans. Single words may be outside, as in nilearn, with a warning.
    fn compare(&self, events: &WordEvents) -> Result<(), FmriError> {
        let run = self
            .step
            .run
            .as_ref()
            .map_or("the run".to_owned(), |run| format!("run {run}"));
        let tr_s = self.step.tr_s;
        let start_s = self.step.start_s.unwrap_or(0.5 * tr_s);
        let from_first = |times: &[f64]| RunTimes::from_first_scan(times, start_s, tr_s);
        let times = RunTimes {
            file: &self.step.events,
            run: &run,
            onsets_s: &from_first(events.onsets_s()),
            offsets_s: &from_first(events.offsets_s()),
            name: &|word| format!("row {}", events.rows()[word]),
            n_scans: self.step.n_scans,
            tr_s,
        };
        for warning in times.check_most()? {
            tracing::warn!("{warning}");
        }
        Ok(())
    }

    fn features(&self, operator: &RegressorOperator) -> Result<Array2<f64>, FmriError> {
        let result = match npy::load(&self.step.activations)? {
            NpyArray::F32(array) => operator.apply(&self.matrix(array, operator)?),
            NpyArray::F64(array) => operator.apply(&self.matrix(array, operator)?),
            other => {
                let found = format!("elements of {}", other.dtype());
                return Err(FileError::malformed(&self.step.activations, found, "float32 or float64").into());
            }
        };
        result.map_err(|error| match error {
            FmriError::NonFiniteActivation { .. } => {
                FileError::malformed(&self.step.activations, error.to_string(), "finite activations").into()
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
            FileError::malformed(&self.step.activations, found, expected).into()
        })
    }
}
