//! The voxels of a study: mask, hemispheres, reliable voxels.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lpp_fmri::{Mask, load_isc};
use lpp_stats::{Hemispheres, ReliableVoxels, VoxelSet, mean_over_trials};

use crate::AnalysisError;

/// How voxels are told left from right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HemisphereRule {
    /// The two halves of the masked array, as in the paper; it cuts the midline in two.
    #[default]
    Halves,
    /// The sign of the world x coordinate; the midline belongs to neither side.
    WorldX,
}

impl fmt::Display for HemisphereRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Halves => "halves",
            Self::WorldX => "x",
        })
    }
}

impl FromStr for HemisphereRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "halves" => Ok(Self::Halves),
            "x" => Ok(Self::WorldX),
            _ => Err(format!("unknown hemisphere rule {text:?}, expected halves or x")),
        }
    }
}

/// Mask, sides and inter-subject correlation of one language.
#[derive(Debug, Clone)]
pub struct Brain {
    mask: Mask,
    mask_path: PathBuf,
    rule: HemisphereRule,
    hemispheres: Hemispheres,
    isc: Option<Vec<f64>>,
    n_isc_trials: usize,
    reliable: Option<ReliableVoxels>,
}

impl Brain {
    /// Reads the mask and, if there is one, the inter-subject correlation.
    ///
    /// The correlation may be `.npy` or a joblib dump, of shape (`n_trials`, `n_voxels`).
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file that cannot be read, and
    /// [`AnalysisError::VoxelCount`] if the correlation does not fit the mask.
    pub fn load(
        mask_path: &Path,
        isc_path: Option<&Path>,
        rule: HemisphereRule,
    ) -> Result<Self, AnalysisError> {
        let mask = Mask::load(mask_path)?;
        let hemispheres = match rule {
            HemisphereRule::Halves => Hemispheres::array_halves(mask.n_voxels()),
            HemisphereRule::WorldX => {
                let x_mm: Vec<f64> = mask.world_coordinates().iter().map(|place| place[0]).collect();
                Hemispheres::by_world_x(&x_mm)
            }
        };
        let mut brain = Self {
            mask,
            mask_path: mask_path.to_owned(),
            rule,
            hemispheres,
            isc: None,
            n_isc_trials: 0,
            reliable: None,
        };
        if let Some(path) = isc_path {
            brain.load_isc(path)?;
        }
        Ok(brain)
    }

    fn load_isc(&mut self, path: &Path) -> Result<(), AnalysisError> {
        let trials = load_isc(path)?;
        self.check_voxels(path, trials.ncols())?;
        let mean = mean_over_trials(&trials)?.to_vec();
        let reliable = ReliableVoxels::above_percentile(&mean, ReliableVoxels::PAPER_PERCENTILE)?;
        if reliable.n_nan > 0 {
            tracing::warn!(
                "{}: voxels without a correlation, never reliable: {}",
                path.display(),
                reliable.n_nan
            );
        }
        self.n_isc_trials = trials.nrows();
        self.reliable = Some(reliable);
        self.isc = Some(mean);
        Ok(())
    }

    /// Makes sure that an array from `path` has one value per voxel.
    ///
    /// # Errors
    /// [`AnalysisError::VoxelCount`].
    pub fn check_voxels(&self, path: &Path, found: usize) -> Result<(), AnalysisError> {
        if found == self.n_voxels() {
            return Ok(());
        }
        Err(AnalysisError::VoxelCount {
            path: path.to_owned(),
            found,
            mask: self.mask_path.clone(),
            expected: self.n_voxels(),
        })
    }

    /// The mask.
    #[must_use]
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Number of voxels.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.mask.n_voxels()
    }

    /// The rule that told left from right.
    #[must_use]
    pub fn rule(&self) -> HemisphereRule {
        self.rule
    }

    /// Left and right voxels.
    #[must_use]
    pub fn hemispheres(&self) -> &Hemispheres {
        &self.hemispheres
    }

    /// All voxels.
    #[must_use]
    pub fn all(&self) -> VoxelSet {
        VoxelSet::all(self.n_voxels())
    }

    /// The reliable voxels and their threshold, if there is an inter-subject correlation.
    #[must_use]
    pub fn reliable(&self) -> Option<&ReliableVoxels> {
        self.reliable.as_ref()
    }

    /// Inter-subject correlation, mean over trials, one value per voxel.
    #[must_use]
    pub fn isc(&self) -> Option<&[f64]> {
        self.isc.as_deref()
    }

    /// Number of trials that the correlation is the mean of; 0 without one.
    #[must_use]
    pub fn n_isc_trials(&self) -> usize {
        self.n_isc_trials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_one_name_each() {
        for rule in [HemisphereRule::Halves, HemisphereRule::WorldX] {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        assert!("left".parse::<HemisphereRule>().is_err());
    }
}
