//! From files to files: the cleaned time courses of a run.

use std::path::PathBuf;

use lpp_files::check_outputs;
use lpp_study::{Software, Step};

use crate::FmriError;
use crate::clean::CleaningParams;
use crate::mask::Mask;
use crate::repetition_time::RepetitionTime;
use crate::signals::Signals;

/// An image and a mask in, an array of time courses out.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanJob {
    /// The run.
    pub image: PathBuf,
    /// The mask, on the run's grid.
    pub mask: PathBuf,
    /// Full width at half maximum, in mm, of the Gaussian that smooths the volumes before they are masked.
    pub smoothing_fwhm_mm: Option<f64>,
    /// What is done to the time courses; the repetition time is that of `tr`.
    pub cleaning: CleaningParams,
    /// What is said of the repetition time, besides the image.
    pub tr: RepetitionTime,
    /// The `.npy` file to write, of shape (`n_scans`, `n_voxels`): `f32`, or `f64` for images of `f64` and scaled ones.
    pub output: PathBuf,
    /// Compute again what is up to date.
    pub force: bool,
}

/// Time courses as they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanReport {
    /// Number of scans.
    pub n_scans: usize,
    /// Number of voxels.
    pub n_voxels: usize,
    /// Voxels that do not vary, NaN counted as 0.
    pub n_constant: usize,
}

impl CleanJob {
    /// Writes the time courses and their provenance; `None` if they were up to date.
    ///
    /// # Errors
    /// [`FmriError`] if an input cannot be read, image and mask lie on different grids, the run is too short for the
    /// filter, repetition times contradict each other, a setting is impossible, or the output cannot be written.
    pub fn run(&self, software: Software) -> Result<Option<CleanReport>, FmriError> {
        check_outputs(
            &[self.image.clone(), self.mask.clone()],
            std::slice::from_ref(&self.output),
        )?;
        let image = std::slice::from_ref(&self.image);
        let tr_s = match self.cleaning.high_pass_hz {
            Some(_) => self.tr.of_runs(image)?,
            // Nothing depends on it, but contradictions are contradictions.
            None => self.tr.agreed(image)?.unwrap_or(self.cleaning.tr_s),
        };
        let cleaning = CleaningParams {
            tr_s,
            ..self.cleaning
        };
        let cleaner = cleaning.check()?;
        let step = Step::new(software, &self.output)
            .input(&self.image)?
            .input(&self.mask)?
            .parameter("smoothing_fwhm_mm", self.smoothing_fwhm_mm)
            .parameter("detrend", cleaning.detrend)
            .parameter("high_pass_hz", cleaning.high_pass_hz)
            .parameter("standardise", cleaning.standardise)
            .parameter("tr_s", cleaning.tr_s);
        if step.is_done(self.force)? {
            return Ok(None);
        }
        let mask = Mask::load(&self.mask)?;
        let raw = Signals::extract(&self.image, &mask, self.smoothing_fwhm_mm)?;
        let clean = raw.clean(&cleaner).map_err(|e| match e {
            FmriError::TooFewScans { found, needed } => FmriError::malformed(
                &self.image,
                format!("{found} scans"),
                format!("{needed} or more for the filter"),
            ),
            other => other,
        })?;
        clean.save(&self.output)?;
        step.finish()?;
        Ok(Some(CleanReport {
            n_scans: clean.n_scans(),
            n_voxels: clean.n_voxels(),
            n_constant: raw.n_constant(),
        }))
    }
}
