//! Which scans are predicted, and where their scores go.

use std::path::PathBuf;

use lpp_fmri::{Mask, MaskOf};
use lpp_study::{Language, Study};
use ndarray::Array2;

use crate::EncodingError;
use crate::individual_job::IndividualJob;
use crate::targets::{self, Targets};

/// The name of the average subject.
const AVERAGE: &str = "average";

/// One subject, or the average one: the scans that a model is to predict.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetSet {
    /// Subject, or `average`, for the sidecar.
    pub subject: String,
    /// Scans of each run, `.npy` (`n_scans`, `n_voxels`).
    pub runs: Vec<PathBuf>,
    /// The brain mask whose voxels the columns of the runs are; without it no map is written.
    pub mask: Option<PathBuf>,
    /// Where the scores go.
    pub scores: PathBuf,
    /// Where the map of the best score over layers goes, if there is a mask.
    pub score_map: PathBuf,
}

impl TargetSet {
    /// The average subject of a study with `n_runs` runs.
    #[must_use]
    pub fn average(study: &Study, model: &str, lang: Language, n_runs: usize) -> Self {
        Self {
            subject: AVERAGE.to_owned(),
            runs: (0..n_runs).map(|run| study.average_run(lang, run)).collect(),
            mask: Some(study.mask(lang)),
            scores: study.scores(model, lang),
            score_map: study.score_map(model, lang),
        }
    }

    /// A subject of a study, from the mask and the runs that `prepared` writes.
    #[must_use]
    pub fn individual(study: &Study, model: &str, lang: Language, prepared: &IndividualJob) -> Self {
        let subject = &prepared.subject.name;
        Self {
            subject: subject.clone(),
            runs: prepared.cleaned.clone(),
            mask: Some(prepared.mask.clone()),
            scores: study.subject_scores(subject, model, lang),
            score_map: study.subject_score_map(subject, model, lang),
        }
    }

    /// Whose mask it is.
    pub(crate) fn mask_of(&self) -> MaskOf {
        if self.subject == AVERAGE {
            MaskOf::Group
        } else {
            MaskOf::Subject
        }
    }

    /// The mask, checked against scans of `n_voxels`.
    pub(crate) fn load_mask(&self, n_voxels: usize) -> Result<Option<Mask>, EncodingError> {
        let Some(path) = &self.mask else { return Ok(None) };
        let mask = Mask::load(path)?;
        if mask.n_voxels() != n_voxels {
            return Err(EncodingError::Mismatch {
                path: self.runs.first().cloned().unwrap_or_default(),
                found: format!("{n_voxels} voxels"),
                expected: format!("{} as in {}", mask.n_voxels(), path.display()),
            });
        }
        Ok(Some(mask))
    }

    /// The scans, trimmed and z-scored, which must be as many in each run as the features have (`n_scans`, before
    /// trimming).
    pub(crate) fn load(
        &self,
        trim_scans: usize,
        n_scans: &[usize],
    ) -> Result<Vec<Array2<f32>>, EncodingError> {
        let Targets { runs, n_scans: found } = targets::read(&self.runs, trim_scans)?;
        self.check_scans(&found, n_scans)?;
        Ok(runs)
    }

    /// Number of voxels, if all runs have as many and as many scans as they must; read from the heads of the files.
    pub(crate) fn check(&self, n_scans: &[usize]) -> Result<usize, EncodingError> {
        let shapes = self.runs.iter().map(|run| targets::shape(run));
        let (found, n_voxels): (Vec<_>, Vec<_>) = shapes.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        targets::check_voxels(&self.runs, n_voxels.iter().copied())?;
        self.check_scans(&found, n_scans)?;
        Ok(n_voxels.first().copied().unwrap_or(0))
    }

    fn check_scans(&self, found: &[usize], expected: &[usize]) -> Result<(), EncodingError> {
        let differs = |(found, expected): (&usize, &usize)| found != expected;
        match found.iter().zip(expected).position(differs) {
            Some(run) => Err(EncodingError::Mismatch {
                path: self.runs[run].clone(),
                found: format!("{} scans", found[run]),
                expected: format!("{} as in the other subjects", expected[run]),
            }),
            None => Ok(()),
        }
    }
}
