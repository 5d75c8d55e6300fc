//! The voxels of a study: mask, hemispheres, reliable voxels.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lpp_files::sha256_of_file;
use lpp_fmri::surface::load_mesh;
use lpp_fmri::{BrainMask, MaskOf, Sides, load_isc, warn_once};
use lpp_stats::{Hemispheres, HomotopicPairs, ReliableVoxels, VoxelSet, mean_over_trials};
use ndarray::Array2;

use crate::AnalysisError;

/// How voxels are told left from right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HemisphereRule {
    /// The two halves of the masked array, as in the paper; it cuts the midline in two. On a mask whose halves are not its sides
    /// (see [`Sides`]) it is the other rule, with a warning.
    #[default]
    Halves,
    /// The sign of the world x coordinate; the midline belongs to neither side.
    WorldX,
    /// The structures of surfaces and grayordinates, which are left, right or neither; whatever is asked for.
    Structure,
}

impl fmt::Display for HemisphereRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Halves => "halves",
            Self::WorldX => "x",
            Self::Structure => "structure",
        })
    }
}

impl FromStr for HemisphereRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "halves" => Ok(Self::Halves),
            "x" => Ok(Self::WorldX),
            "structure" => Ok(Self::Structure),
            _ => Err(format!("unknown hemisphere rule {text:?}, expected halves or x")),
        }
    }
}

/// The rule that holds for a mask if `asked` is asked for. The halves of a mask that is stored otherwise than from left to right
/// are not its sides: then it is x, and a warning says why.
pub(crate) fn rule_for(mask: &Path, sides: &Sides, asked: HemisphereRule) -> HemisphereRule {
    if sides.are_structures() {
        return HemisphereRule::Structure;
    }
    match (asked, sides.why_no_halves()) {
        // A volume has no structures; its sides are known by x.
        (HemisphereRule::Structure, _) => HemisphereRule::WorldX,
        (HemisphereRule::Halves, Some(why)) => {
            let note = format!(
                "{why}: the halves of the array are not the left and right side, and results by halves are left out; left is x < 0 and right is x > 0 (--hemisphere x)"
            );
            warn_once(mask, &note);
            HemisphereRule::WorldX
        }
        (HemisphereRule::Halves, None) if sides.share_elsewhere() > 0.0 => {
            let share = 100.0 * sides.share_elsewhere();
            let note = format!(
                "{share:.2} % of the voxels of its left and right half are on the other side of x = 0"
            );
            warn_once(mask, &note);
            asked
        }
        _ => asked,
    }
}

/// How far beyond 1 a correlation in single precision may come out.
const ROUNDING: f64 = 1e-4;

/// Mask, sides and inter-subject correlation of one language.
#[derive(Debug, Clone)]
pub struct Brain {
    mask: BrainMask,
    mask_path: PathBuf,
    mask_sha256: String,
    sides: Sides,
    rule: HemisphereRule,
    hemispheres: Hemispheres,
    isc: Option<Vec<f64>>,
    n_isc_trials: usize,
    reliable: Option<ReliableVoxels>,
    /// Where voxels and vertices lie, if the meshes are known.
    on_meshes_mm: Option<Vec<[f64; 3]>>,
}

impl Brain {
    /// Reads the mask of a group and, if there is one, the inter-subject correlation.
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
        let mut brain = Self::of(mask_path, MaskOf::Group, rule)?;
        if let Some(path) = isc_path {
            brain.load_isc(path)?;
        }
        Ok(brain)
    }

    /// Reads the mask of one subject.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the mask if it cannot be read.
    pub fn of_subject(mask_path: &Path, rule: HemisphereRule) -> Result<Self, AnalysisError> {
        Self::of(mask_path, MaskOf::Subject, rule)
    }

    fn of(mask_path: &Path, of: MaskOf, asked: HemisphereRule) -> Result<Self, AnalysisError> {
        let mask = BrainMask::load(mask_path)?;
        let sides = mask.sides(of);
        let rule = rule_for(mask_path, &sides, asked);
        let hemispheres = match (rule, sides.halves()) {
            (HemisphereRule::Halves, Some(halves)) => halves.clone(),
            _ => sides.by_x().clone(),
        };
        Ok(Self {
            mask,
            mask_path: mask_path.to_owned(),
            mask_sha256: sha256_of_file(mask_path)?,
            sides,
            rule,
            hemispheres,
            isc: None,
            n_isc_trials: 0,
            reliable: None,
            on_meshes_mm: None,
        })
    }

    /// The same with the places of vertices on the middle or pial surfaces in `files`, left before right.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file that cannot be read, or has other vertices than the mask.
    pub(crate) fn on_meshes(mut self, [left, right]: &[PathBuf; 2]) -> Result<Self, AnalysisError> {
        if let BrainMask::Surface(mask) = &self.mask {
            let meshes = [load_mesh(left)?, load_mesh(right)?];
            let folder = left.parent().unwrap_or(left);
            self.on_meshes_mm = Some(mask.places().places_on([&meshes[0], &meshes[1]], folder)?);
        }
        Ok(self)
    }

    /// Where voxels and vertices lie, in mm; NaN for vertices without a mesh.
    pub(crate) fn places_mm(&self) -> Vec<[f64; 3]> {
        let known = self.on_meshes_mm.clone();
        known.unwrap_or_else(|| self.mask.world_coordinates())
    }

    fn load_isc(&mut self, path: &Path) -> Result<(), AnalysisError> {
        let trials = load_isc(path)?;
        self.check_voxels(path, trials.ncols())?;
        check_correlations(path, &trials)?;
        let mean = mean_over_trials(&trials)?.to_vec();
        let reliable = ReliableVoxels::above_percentile(&mean, ReliableVoxels::PAPER_PERCENTILE)?;
        if reliable.n_nan > 0 {
            tracing::warn!(
                "{}: {} voxels have no correlation and are never reliable",
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

    /// Warns of scores that were fitted with another file of a mask: as many voxels may be others, or in another order.
    pub(crate) fn check_mask(&self, recorded: Option<&str>) {
        if let Some(sha256) = recorded.filter(|sha256| **sha256 != self.mask_sha256) {
            let short: String = sha256.chars().take(12).collect();
            let note = format!(
                "scores were fitted with a different mask file (SHA-256 {short}…): if its voxels or their order differ, positions and sides are wrong; give that mask (--mask), or fit again"
            );
            warn_once(&self.mask_path, &note);
        }
    }

    /// The mask.
    #[must_use]
    pub fn mask(&self) -> &BrainMask {
        &self.mask
    }

    /// Number of voxels.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.mask.n_voxels()
    }

    /// The rule that told left from right; x where the halves were asked for and are no sides.
    #[must_use]
    pub fn rule(&self) -> HemisphereRule {
        self.rule
    }

    /// Left and right voxels.
    #[must_use]
    pub fn hemispheres(&self) -> &Hemispheres {
        &self.hemispheres
    }

    /// Where the voxels lie, whatever the rule.
    #[must_use]
    pub fn sides(&self) -> &Sides {
        &self.sides
    }

    /// Voxels and their mirror images; none, with a warning, if the mask's grid has no mirror images.
    ///
    /// # Errors
    /// None in practice: a voxel has one mirror image.
    pub fn homotopic_pairs(&self) -> Result<HomotopicPairs, AnalysisError> {
        let pairs = match self.mask.homotopic_pairs() {
            Ok(pairs) => pairs,
            Err(error) if error.is_without_pairs() => {
                warn_once(&self.mask_path, &format!("{error}; there are no homotopic pairs"));
                Vec::new()
            }
            Err(other) => return Err(other.into()),
        };
        let (left, right) = pairs.iter().map(|pair| (pair.left, pair.right)).unzip();
        Ok(HomotopicPairs::new(left, right)?)
    }

    /// For each voxel the one at the opposite x, if it is in the mask; none on a grid without mirror images.
    #[must_use]
    pub fn mirror_images(&self) -> Vec<Option<usize>> {
        let images = self.mask.mirror_images();
        images.unwrap_or_else(|_| vec![None; self.n_voxels()])
    }

    /// Left minus mirrored right, shown on the left: the asymmetry of a map. Only left voxels with a mirror image have a value.
    ///
    /// # Panics
    /// If `values` has not one value per voxel.
    #[must_use]
    pub fn mirror_difference(&self, values: &[f64]) -> Vec<f64> {
        let mirror = self.mirror_images();
        let mut difference = vec![f64::NAN; self.n_voxels()];
        for &voxel in self.sides.by_x().left().indices() {
            if let Some(opposite) = mirror[voxel] {
                difference[voxel] = values[voxel] - values[opposite];
            }
        }
        difference
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

/// Correlations lie between −1 and 1, apart from rounding; there must be one, and they should differ.
fn check_correlations(path: &Path, trials: &Array2<f64>) -> Result<(), AnalysisError> {
    let known = || trials.iter().copied().filter(|r| !r.is_nan());
    let (least, largest) = known().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, largest), r| {
        (least.min(r), largest.max(r))
    });
    let found = if known().next().is_none() {
        "NaN everywhere".to_owned()
    } else if least < -1.0 - ROUNDING || largest > 1.0 + ROUNDING {
        format!("values from {least} to {largest}")
    } else {
        if least.to_bits() == largest.to_bits() {
            let note = format!("the correlation is {least} everywhere, so no voxel is reliable");
            warn_once(path, &note);
        }
        return Ok(());
    };
    Err(AnalysisError::Malformed {
        path: path.to_owned(),
        found,
        expected: "correlations, from -1 to 1 (not percent, nor Fisher's z)".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_correlations() {
        let check = |values: &[f64]| {
            let trials = Array2::from_shape_vec((1, values.len()), values.to_vec()).unwrap();
            check_correlations(Path::new("isc.npy"), &trials)
        };
        for good in [&[-1.0, 1.0][..], &[0.2, f64::NAN], &[1.000_01, -0.3], &[0.0, 0.0]] {
            check(good).unwrap();
        }
        for bad in [
            &[36.5, 12.0][..],
            &[0.2, -1.2],
            &[0.1, f64::INFINITY],
            &[f64::NAN, f64::NAN],
        ] {
            let error = check(bad).unwrap_err().to_string();
            assert!(
                error.starts_with("isc.npy: found ") && error.contains("correlations"),
                "{error}"
            );
        }
    }

    #[test]
    fn rules_have_one_name_each() {
        for rule in [
            HemisphereRule::Halves,
            HemisphereRule::WorldX,
            HemisphereRule::Structure,
        ] {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        assert!("left".parse::<HemisphereRule>().is_err());
    }
}
