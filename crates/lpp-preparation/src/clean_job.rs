//! The cleaned time courses of a run, from files to files.

use lpp_files::{FileError, check_outputs};
use lpp_fmri::{BrainMask, CleaningParams, Confounds, FmriError};
use lpp_steps::{CleanStep, ConfoundColumns, Software, run_if_stale};

use crate::repetition_time::RepetitionTime;

/// Reads an image and a mask, and writes an array of time courses.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanJob {
    /// Inputs and outputs. The array has the shape (`n_scans`, `n_voxels`), in `f32`, or in `f64` for images in `f64`
    /// and scaled images. The repetition time is that of `tr`.
    pub step: CleanStep,
    /// Other sources of the repetition time, besides the image.
    pub tr: RepetitionTime,
    /// Recompute even if the array is up to date.
    pub force: bool,
}

/// The written time courses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanReport {
    /// Number of scans.
    pub n_scans: usize,
    /// Number of voxels.
    pub n_voxels: usize,
    /// Number of constant voxels, with NaN counted as 0.
    pub n_constant: usize,
    /// Number of columns of confounds.
    pub n_confounds: usize,
    /// Number of scans that were left out, which are NaN.
    pub n_scrubbed: usize,
}

/// The confounds of a run of `n_scans` scans.
///
/// # Errors
/// [`FmriError`] naming the table that cannot be read, lacks a column, or has another number of rows.
pub fn load_confounds(
    wanted: &ConfoundColumns,
    image: &std::path::Path,
    n_scans: usize,
) -> Result<Confounds, FmriError> {
    let confounds = Confounds::load(&wanted.table, &wanted.columns, wanted.scrub.as_ref())?;
    let n_rows = confounds.values().nrows();
    if n_rows == n_scans {
        return Ok(confounds);
    }
    let expected = format!("{n_scans}, as {} has scans", image.display());
    Err(FileError::malformed(&wanted.table, format!("{n_rows} rows"), expected).into())
}

impl CleanJob {
    /// Writes the time courses and their provenance; returns `None` if they were up to date.
    ///
    /// # Errors
    /// [`FmriError`] if an input cannot be read, image and mask are on different grids, the run is too short for the
    /// filter, repetition times contradict each other, a setting is invalid, or the output cannot be written.
    pub fn run(&self, software: Software) -> Result<Option<CleanReport>, FmriError> {
        let CleanStep {
            image, mask, output, ..
        } = &self.step;
        let image = image.as_ref().ok_or(FmriError::NoRuns)?;
        let table = self
            .step
            .confounds
            .as_ref()
            .map(|confounds| confounds.table.clone());
        let inputs: Vec<_> = [image.clone(), mask.clone()].into_iter().chain(table).collect();
        check_outputs(&inputs, std::slice::from_ref(output))?;
        let cleaning = self.cleaning_of(image)?;
        let cleaner = cleaning.check()?;
        let step = CleanStep {
            tr_s: Some(cleaning.tr_s),
            ..self.step.clone()
        };
        let done = run_if_stale(software, vec![step.artefact()], self.force, || {
            let raw = BrainMask::load(mask)?.signals(image, step.smoothing_fwhm_mm)?;
            let confounds = step
                .confounds
                .as_ref()
                .map(|wanted| load_confounds(wanted, image, raw.n_scans()));
            let confounds = confounds.transpose()?;
            let clean = match &confounds {
                Some(confounds) => cleaner
                    .removing(confounds)
                    .and_then(|cleaner| raw.clean(&cleaner)),
                None => raw.clean(&cleaner),
            };
            let clean = clean.map_err(|e| match e {
                FmriError::TooFewScans { found, needed } => FileError::malformed(
                    image,
                    format!("{found} scans"),
                    format!("{needed} or more for the filter"),
                )
                .into(),
                other => other,
            })?;
            clean.save(output)?;
            Ok::<_, FmriError>(CleanReport {
                n_scans: clean.n_scans(),
                n_voxels: clean.n_voxels(),
                n_constant: raw.n_constant(),
                n_confounds: confounds.as_ref().map_or(0, |confounds| confounds.names().len()),
                n_scrubbed: confounds
                    .as_ref()
                    .map_or(0, |confounds| confounds.scrubbed().len()),
            })
        })?;
        Ok(done.made())
    }

    /// The cleaning with the repetition time of the image.
    fn cleaning_of(&self, image: &std::path::PathBuf) -> Result<CleaningParams, FmriError> {
        let images = std::slice::from_ref(image);
        let cleaning = self.step.cleaning;
        let tr_s = match cleaning.high_pass_hz {
            Some(_) => self.tr.of_runs(images)?,
            // Nothing depends on it, but contradictions are contradictions.
            None => self.tr.agreed(images)?.unwrap_or(cleaning.tr_s),
        };
        Ok(CleaningParams { tr_s, ..cleaning })
    }
}
