//! A simulated average subject who hears the real words.

use std::path::PathBuf;

use lpp_files::{Progress, WordTable, npy};
use lpp_fmri::{Mask, load_isc};
use lpp_stats::mean_over_trials;
use lpp_steps::{Making, SimulateScansStep, Software};
use lpp_study::{Language, Study};
use ndarray::Array2;

use crate::SimError;
use crate::bold::BoldSimulator;
use crate::brain::PlantedBrain;
use crate::latent::WordLatents;
use crate::study_job::is_simulation;

/// A simulated average subject for real words, a real mask and a real inter-subject correlation.
///
/// The response of a voxel is the square root of the reliability of the group average. If r is the mean correlation
/// between two halves of the group, the reliability is 2r/(1 + r) (C. Spearman 1910; W. Brown 1910). Voxels with r ≤ 0
/// do not respond.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectSimulation {
    /// The study in which the average subject and the inter-subject correlation are written.
    pub root: PathBuf,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Language of the words.
    pub lang: Language,
    /// The words and their times, `words_en.csv`.
    pub words: PathBuf,
    /// The brain mask.
    pub mask: PathBuf,
    /// Inter-subject correlation, (`n_trials`, `n_voxels`): `.npy` or joblib.
    pub isc: PathBuf,
    /// Number of scans of each run.
    pub n_scans: Vec<usize>,
}

impl SubjectSimulation {
    /// Makes the runs of the average subject and `isc_<lang>.npy`, unless they are up to date. Returns whether they
    /// were made.
    ///
    /// # Errors
    /// [`SimError`] if the study has its own scans and `force` is not set, an input cannot be read, mask and
    /// correlation have different numbers of voxels, or a file cannot be written.
    pub fn run(&self, software: Software, force: bool, progress: &dyn Progress) -> Result<bool, SimError> {
        let study = Study::open(&self.root)?;
        let making = self.step(&study).artefacts().into_iter();
        let making = making.map(|artefact| Making::of(software, artefact));
        let making = making.collect::<Result<Vec<_>, _>>()?;
        if !force && making.iter().all(Making::is_current) {
            return Ok(false);
        }
        // The scans of a simulated study are this program's, though they have no record.
        let force = force || is_simulation(&self.root, software);
        making.iter().try_for_each(|making| making.claim(force))?;
        let isc = self.load_isc()?;
        let brain = PlantedBrain::responding(mean_over_trials(&isc)?.mapv(response_of_isc));
        let words = WordTable::load(&self.words)?;
        let tr_s = study.config().tr_or_reference_s();
        let mut latents = WordLatents::new(self.seed);
        let bold = BoldSimulator::new(self.seed, &words, &self.n_scans, tr_s, &brain, &mut latents)?;
        progress.start("simulating scans", self.n_scans.len() as u64);
        npy::save(&study.isc(self.lang), &isc.mapv(|r| r as f32))?;
        for run in 0..self.n_scans.len() {
            npy::save(&study.average_run(self.lang, run), &bold.run(run)?)?;
            progress.advance(1);
        }
        progress.finish();
        for making in making {
            making.finish()?;
        }
        Ok(true)
    }

    /// Inputs and outputs.
    fn step(&self, study: &Study) -> SimulateScansStep {
        let runs = (0..self.n_scans.len()).map(|run| study.average_run(self.lang, run));
        SimulateScansStep {
            words: self.words.clone(),
            mask: self.mask.clone(),
            isc: self.isc.clone(),
            seed: self.seed,
            tr_s: study.config().tr_or_reference_s(),
            n_scans: self.n_scans.clone(),
            outputs: runs.chain([study.isc(self.lang)]).collect(),
        }
    }

    fn load_isc(&self) -> Result<Array2<f64>, SimError> {
        let n_voxels = Mask::load(&self.mask)?.n_voxels();
        let isc = load_isc(&self.isc)?;
        if isc.ncols() != n_voxels {
            return Err(SimError::Mismatch {
                path: self.isc.clone(),
                found: format!("{} voxels", isc.ncols()),
                expected: format!("{n_voxels} as in {}", self.mask.display()),
            });
        }
        Ok(isc)
    }
}

/// Largest response; it is below 1, so that every voxel has some noise.
const LARGEST_RESPONSE: f64 = 0.99;

fn response_of_isc(isc: f64) -> f64 {
    if isc > 0.0 {
        (2.0 * isc / (1.0 + isc)).sqrt().min(LARGEST_RESPONSE)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_follow_spearman_and_brown() {
        assert_eq!(response_of_isc(-0.1).to_bits(), 0.0_f64.to_bits());
        assert_eq!(response_of_isc(f64::NAN).to_bits(), 0.0_f64.to_bits());
        // 2·0.5/1.5 = 2/3; one rounding of the square root.
        assert!((response_of_isc(0.5) - (2.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!(response_of_isc(1.0) < 1.0);
    }
}
