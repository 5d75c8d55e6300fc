//! From files to files: one subject's own mask and cleaned signals.

use std::path::PathBuf;

use lpp_files::Progress;
use lpp_fmri::{CleanJob, CleaningParams, MaskJob, RepetitionTime, SubjectRuns};
use lpp_study::{Language, Software, Study};

use crate::EncodingError;

/// The runs of one subject in, its mask and its cleaned time courses out.
///
/// The mask is the subject's own: the symmetric part of what most of its runs share. Volumes are smoothed before they are
/// masked. A voxel that does not vary in some run is kept; it will have no score.
///
/// # References
/// Bonnasse-Gahot and Pallier (2024), <https://arxiv.org/abs/2405.17992>, script `fit_individual_subject.py`.
///
/// ```no_run
/// use lpp_encoding::IndividualJob;
/// use lpp_fmri::resampled_runs_of;
/// use lpp_files::Silent;
/// use lpp_study::{Language, Software, Study};
///
/// # fn main() -> Result<(), lpp_encoding::EncodingError> {
/// let study = Study::open("study")?;
/// let subject = resampled_runs_of(&study, Language::English, "EN057")?;
/// let job = IndividualJob::of_study(&study, Language::English, subject);
/// job.run(Software { program: "my-program", version: "0.1.0", commit: None }, &Silent)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct IndividualJob {
    /// The subject; its runs are images.
    pub subject: SubjectRuns,
    /// Full width at half maximum of the Gaussian that smooths the volumes, mm.
    pub smoothing_fwhm_mm: f64,
    /// What is done to the time courses; the repetition time is that of `tr`.
    pub cleaning: CleaningParams,
    /// What is said of the repetition time, besides the images.
    pub tr: RepetitionTime,
    /// The mask to write.
    pub mask: PathBuf,
    /// The cleaned runs to write, `.npy` (`n_scans`, `n_voxels`).
    pub cleaned: Vec<PathBuf>,
    /// Compute again what is up to date.
    pub force: bool,
}

impl IndividualJob {
    /// Smoothing of the reference study, mm.
    pub const REFERENCE_FWHM_MM: f64 = 4.0;

    /// The job for a subject of a study, every output at its place, with the settings of the reference.
    #[must_use]
    pub fn of_study(study: &Study, lang: Language, subject: SubjectRuns) -> Self {
        let cleaned = (0..subject.runs.len()).map(|run| study.subject_run(&subject.name, lang, run));
        Self {
            smoothing_fwhm_mm: Self::REFERENCE_FWHM_MM,
            cleaning: CleaningParams::reference(),
            tr: RepetitionTime::of_study(study),
            mask: study.subject_mask(&subject.name),
            cleaned: cleaned.collect(),
            subject,
            force: false,
        }
    }

    /// Writes mask and time courses with their provenance, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError::Fmri`] naming the run that cannot be read, has another repetition time, lies on another grid than the first, holds no brain or
    /// is too short, or the output that cannot be written.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<(), EncodingError> {
        // Runs that contradict each other show before any of them is cleaned.
        self.tr.agreed(&self.subject.runs)?;
        let mask = MaskJob {
            runs: self.subject.runs.clone(),
            symmetric: true,
            run_masks: None,
            output: self.mask.clone(),
            force: self.force,
        };
        for run in mask.run(software, progress)?.empty_runs {
            tracing::warn!(
                "{}: no brain was found in this run; it counts as empty",
                run.display()
            );
        }
        progress.start(
            &format!("cleaning {}", self.subject.name),
            self.subject.runs.len() as u64,
        );
        for (image, output) in self.subject.runs.iter().zip(&self.cleaned) {
            let clean = CleanJob {
                image: image.clone(),
                mask: self.mask.clone(),
                smoothing_fwhm_mm: Some(self.smoothing_fwhm_mm),
                cleaning: self.cleaning,
                tr: self.tr,
                output: output.clone(),
                force: self.force,
            };
            clean.run(software)?;
            progress.advance(1);
        }
        progress.finish();
        Ok(())
    }
}
