//! Converts a joblib dump to a `.npy` file: the arrays published by the reference study, in a form that programs can
//! map.

use lpp_files::{FileError, npy};
use lpp_fmri::joblib::load_array;
use lpp_fmri::{FmriError, NumArray};
use lpp_steps::{PublishedArrayStep, Software, run_if_stale};

/// Reads a joblib dump and writes a NumPy array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedArrayJob {
    /// Inputs and outputs. `f32` stays `f32`; everything else becomes `f64`.
    pub step: PublishedArrayStep,
    /// Recompute even if the array is up to date.
    pub force: bool,
}

impl PublishedArrayJob {
    /// Writes the array and its record; returns `false` if it was up to date.
    ///
    /// # Errors
    /// [`FmriError`] if the dump cannot be read, is damaged or not a matrix, or the output cannot be written.
    pub fn run(&self, software: Software) -> Result<bool, FmriError> {
        let PublishedArrayStep { input, output } = &self.step;
        let done = run_if_stale(software, vec![self.step.artefact()], self.force, || {
            let array = load_array(input)?;
            if array.shape().len() != 2 {
                let found = format!("an array of shape {:?}", array.shape());
                return Err(FileError::malformed(input, found, "two axes").into());
            }
            match array {
                NumArray::F32(array) => npy::save(output, &array)?,
                other => npy::save(output, &other.into_f64())?,
            }
            Ok::<_, FmriError>(())
        })?;
        Ok(!done.is_up_to_date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOFTWARE: Software = Software {
        program: "lpp-test",
        version: "0",
        commit: None,
    };

    fn job(case: &str, folder: &tempfile::TempDir) -> PublishedArrayJob {
        PublishedArrayJob {
            step: PublishedArrayStep {
                input: lpp_testkit::fixture(case),
                output: folder.path().join("deep/run-0.npy"),
            },
            force: false,
        }
    }

    #[test]
    fn a_published_array_becomes_a_npy_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let job = job("fmri/joblib/gzip.gz", &folder);
        assert!(job.run(SOFTWARE).unwrap());
        let expected = lpp_fmri::load_matrix(&job.step.input).unwrap();
        assert_eq!(lpp_fmri::load_matrix(&job.step.output).unwrap(), expected);
        assert!(!job.run(SOFTWARE).unwrap(), "up to date");
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = job("fmri/joblib/scalar.gz", &folder)
            .run(SOFTWARE)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("scalar.gz") && error.contains("two axes"),
            "{error}"
        );
    }
}
