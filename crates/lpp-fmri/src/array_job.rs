//! From a joblib dump to a `.npy` file: arrays as the reference study publishes them, in the form that programs map.

use std::path::PathBuf;

use lpp_files::npy;
use lpp_study::{Software, Step};

use crate::FmriError;
use crate::joblib::load_array;
use crate::numeric::NumArray;

/// One published array.
///
/// ```no_run
/// use lpp_fmri::ArrayJob;
/// use lpp_study::Software;
///
/// let job = ArrayJob {
///     input: "published/en/average_subject_run-0.gz".into(),
///     output: "average_subject/en/run-0.npy".into(),
///     force: false,
/// };
/// job.run(Software { program: "example", version: "0.1.0", commit: None })?;
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayJob {
    /// The joblib dump of one array of two axes.
    pub input: PathBuf,
    /// The `.npy` file to write: `f32` stays `f32`, everything else becomes `f64`.
    pub output: PathBuf,
    /// Write again what is up to date.
    pub force: bool,
}

impl ArrayJob {
    /// Writes the array and its provenance; `false` if it was up to date.
    ///
    /// # Errors
    /// [`FmriError`] if the dump cannot be read, is damaged or not a matrix, or the output cannot be written.
    pub fn run(&self, software: Software) -> Result<bool, FmriError> {
        let step = Step::new(software, &self.output).input(&self.input)?;
        if step.is_done(self.force)? {
            return Ok(false);
        }
        let array = load_array(&self.input)?;
        if array.shape().len() != 2 {
            let found = format!("an array of shape {:?}", array.shape());
            return Err(FmriError::malformed(&self.input, found, "two axes"));
        }
        match array {
            NumArray::F32(array) => npy::save(&self.output, &array)?,
            other => npy::save(&self.output, &other.into_f64())?,
        }
        step.finish()?;
        Ok(true)
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

    fn job(case: &str, folder: &tempfile::TempDir) -> ArrayJob {
        ArrayJob {
            input: lpp_testkit::fixture(case),
            output: folder.path().join("deep/run-0.npy"),
            force: false,
        }
    }

    #[test]
    fn a_published_array_becomes_a_npy_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let job = job("fmri/joblib/gzip.gz", &folder);
        assert!(job.run(SOFTWARE).unwrap());
        let expected = crate::load_matrix(&job.input).unwrap();
        assert_eq!(crate::load_matrix(&job.output).unwrap(), expected);
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
