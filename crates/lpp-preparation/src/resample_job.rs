//! Resampling of runs to another grid.

use lpp_files::{FileError, Progress, check_outputs};
use lpp_fmri::{FmriError, check_target, resample_file};
use lpp_steps::{Artefact, ResampleStep, Software, Step, run_if_stale};
use lpp_study::RunKind;

use crate::repetition_time::RepetitionTime;

/// Reads images and writes them on a common grid.
#[derive(Debug, Clone, PartialEq)]
pub struct ResampleJob {
    /// Inputs and outputs.
    pub step: ResampleStep,
    /// Recompute even if the images are up to date.
    pub force: bool,
}

impl ResampleJob {
    /// Writes the images and their records; returns, for each image, whether it was written (`true`) or up to date.
    ///
    /// Volumes are read one after the other and resampled in parallel. Memory holds the result and a few volumes; if
    /// the grids differ only by whole voxels, it holds the whole image.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if an image cannot be read or does not overlap the target grid, or if an output
    /// cannot be written; images before it stay written. Before anything is written, [`FmriError`] if an output is also
    /// an input or the output of another image.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<Vec<bool>, FmriError> {
        let images = &self.step.images;
        if images.is_empty() {
            return Err(FmriError::NoRuns);
        }
        if let Some((image, _)) = images
            .iter()
            .find(|(image, _)| RunKind::have_vertices(std::slice::from_ref(image)))
        {
            let expected = "volumes; surfaces and grayordinates stay on their own places";
            return Err(FileError::malformed(image, "surfaces or grayordinates", expected).into());
        }
        check_target(&self.step.target)?;
        let (inputs, outputs): (Vec<_>, Vec<_>) = images.iter().cloned().unzip();
        check_outputs(&inputs, &outputs)?;
        progress.start("resampling", images.len() as u64);
        let mut written = Vec::with_capacity(images.len());
        for artefact in self.step.artefacts() {
            written.push(self.resample(software, artefact)?);
            progress.advance(1);
        }
        progress.finish();
        Ok(written)
    }

    fn resample(&self, software: Software, artefact: Artefact) -> Result<bool, FmriError> {
        let (input, output) = (artefact.inputs[0].clone(), artefact.path.clone());
        let done = run_if_stale(software, vec![artefact], self.force, || {
            // The file beside the image does not come along: what it alone says goes into the header.
            let tr_s = RepetitionTime::beside(&input)?;
            let image = resample_file(&input, &self.step.target, self.step.interpolation)?;
            match tr_s {
                Some(tr_s) => image.with_time_step(tr_s).save(&output),
                None => image.save(&output),
            }
        })?;
        Ok(!done.is_up_to_date())
    }
}
