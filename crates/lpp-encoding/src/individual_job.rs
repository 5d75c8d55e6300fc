//! From files to files: one subject's own mask and cleaned signals.

use lpp_files::Progress;
use lpp_preparation::{CleanJob, MaskJob, RepetitionTime};
use lpp_steps::{Software, SubjectStep, confounds_of};
use lpp_study::{Language, Study, SubjectRuns};

use crate::EncodingError;

/// The runs of one subject in, its mask and its cleaned time courses out.
///
/// The mask is the symmetric part of the voxels that most runs of the subject share. Volumes are smoothed before they
/// are masked. A voxel that is constant in some run is kept, but will have no score.
///
/// # References
/// Bonnasse-Gahot and Pallier (2024), <https://arxiv.org/abs/2405.17992>, script `fit_individual_subject.py`.
///
/// ```no_run
/// use lpp_encoding::IndividualJob;
/// use lpp_files::Silent;
/// use lpp_steps::Software;
/// use lpp_study::{Language, Study, resampled_runs_of};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let study = Study::open("study")?;
/// let subject = resampled_runs_of(&study, Language::English, "EN057")?;
/// let job = IndividualJob::of_study(&study, Language::English, subject)?;
/// job.run(Software { program: "my-program", version: "0.1.0", commit: None }, &Silent)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct IndividualJob {
    /// Inputs, outputs and parameters; the runs are images.
    pub step: SubjectStep,
    /// What is said of the repetition time, besides the images.
    pub tr: RepetitionTime,
    /// Recompute even if mask and runs are up to date.
    pub force: bool,
}

impl IndividualJob {
    /// The job for a subject of a study, every output at its place, with the settings of `lpp.toml`.
    ///
    /// # Errors
    /// As [`confounds_of`].
    pub fn of_study(study: &Study, lang: Language, subject: SubjectRuns) -> Result<Self, EncodingError> {
        let n_runs = subject.runs.len();
        let confounds = confounds_of(study, &subject)?;
        let step = SubjectStep {
            stories: subject.stories,
            confounds,
            ..SubjectStep::of_study(study, lang, &subject.name, subject.runs, n_runs)
        };
        Ok(Self {
            step,
            tr: RepetitionTime::of_study(study),
            force: false,
        })
    }

    /// Writes mask and time courses with their provenance, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError::Fmri`] naming the run that cannot be read, has another repetition time, is on a different grid
    /// from the first, has no brain or is too short, or the output that cannot be written.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<(), EncodingError> {
        // Runs that contradict each other show before any of them is cleaned.
        self.tr.agreed(&self.step.runs)?;
        let mask = MaskJob {
            step: self.step.mask(),
            run_masks: None,
            force: self.force,
        };
        for run in mask.run(software, progress)?.empty_runs {
            tracing::warn!("{}: no brain found in this run; its mask is empty", run.display());
        }
        progress.start(
            &format!("cleaning {}", self.step.name),
            self.step.runs.len() as u64,
        );
        for step in self.step.cleanings() {
            let clean = CleanJob {
                step,
                tr: self.tr,
                force: self.force,
            };
            clean.run(software)?;
            progress.advance(1);
        }
        progress.finish();
        Ok(())
    }
}
