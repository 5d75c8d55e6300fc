//! What is to be known of a study's voxels and their reliability.

use std::fmt;
use std::path::Path;

use lpp_stats::{Hemispheres, LateralScore, VoxelSet};
use lpp_tables::Isc;
use serde::Serialize;

use crate::{AnalysisError, Brain, HemisphereRule};

/// Counts and inter-subject correlations of the mask and of its reliable voxels.
///
/// Serialises to one flat JSON object.
///
/// ```no_run
/// use lpp_analysis::IscSummary;
/// let summary = IscSummary::load("mask_lpp_en.nii.gz".as_ref(), "isc_10trials_en.gz".as_ref())?;
/// assert_eq!((summary.n_voxels, summary.n_reliable), (25_870, 6_468));
/// # Ok::<(), lpp_analysis::AnalysisError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IscSummary {
    /// Voxels of the mask.
    pub n_voxels: usize,
    /// Voxels with x < 0.
    pub n_left_of_midline: usize,
    /// Voxels with x = 0.
    pub n_midline: usize,
    /// Voxels with x > 0.
    pub n_right_of_midline: usize,
    /// Trials that the correlation is averaged over.
    pub n_trials: usize,
    /// Voxels without a correlation.
    pub n_nan: usize,
    /// Smallest correlation.
    pub isc_min: f64,
    /// Largest correlation.
    pub isc_max: f64,
    /// Mean correlation over all voxels.
    pub isc_mean: f64,
    /// The 75th percentile; reliable voxels are above.
    pub isc_percentile_75: f64,
    /// Reliable voxels.
    pub n_reliable: usize,
    /// Left and right by array halves, as in the paper; `None` where the halves are not the sides.
    pub halves: Option<IscSides>,
    /// Left and right by the sign of x, the midline left out; on surfaces, by structure.
    pub by_x: IscSides,
    /// Whether the sides are those of structures.
    #[serde(skip)]
    are_structures: bool,
}

/// Counts and correlations of the two sides under one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IscSides {
    /// Voxels on the left.
    pub n_left: usize,
    /// Voxels on the right.
    pub n_right: usize,
    /// Mean correlation on the left.
    pub isc_left: f64,
    /// Mean correlation on the right.
    pub isc_right: f64,
    /// Left minus right.
    pub isc_left_minus_right: f64,
    /// Reliable voxels on the left.
    pub n_reliable_left: usize,
    /// Reliable voxels on the right.
    pub n_reliable_right: usize,
    /// Mean correlation of the reliable voxels on the left.
    pub isc_reliable_left: f64,
    /// Mean correlation of the reliable voxels on the right.
    pub isc_reliable_right: f64,
    /// Left minus right over reliable voxels.
    pub isc_reliable_left_minus_right: f64,
}

impl IscSummary {
    /// Reads a mask and an inter-subject correlation and summarises them.
    ///
    /// # Errors
    /// As [`Brain::load`].
    pub fn load(mask: &Path, isc: &Path) -> Result<Self, AnalysisError> {
        let brain = Brain::load(mask, Some(isc), HemisphereRule::Halves)?;
        Self::of(&brain)?.ok_or_else(|| AnalysisError::Malformed {
            path: isc.to_owned(),
            found: "no correlation".to_owned(),
            expected: "an array of shape (trials, voxels)".to_owned(),
        })
    }

    /// Summarises a brain; `None` if it has no inter-subject correlation.
    ///
    /// # Errors
    /// [`AnalysisError::Stats`] if the parts do not fit, which [`Brain::load`] excludes.
    pub fn of(brain: &Brain) -> Result<Option<Self>, AnalysisError> {
        let (Some(isc), Some(reliable)) = (brain.isc(), brain.reliable()) else {
            return Ok(None);
        };
        let by_x = brain.sides().by_x();
        let halves = brain.sides().halves();
        let known = || isc.iter().copied().filter(|value| !value.is_nan());
        Ok(Some(Self {
            n_voxels: isc.len(),
            n_left_of_midline: by_x.left().len(),
            n_midline: by_x.midline().len(),
            n_right_of_midline: by_x.right().len(),
            n_trials: brain.n_isc_trials(),
            n_nan: reliable.n_nan,
            isc_min: known().fold(f64::INFINITY, f64::min),
            isc_max: known().fold(f64::NEG_INFINITY, f64::max),
            isc_mean: lpp_stats::MeanScore::of(isc).mean,
            isc_percentile_75: reliable.threshold,
            n_reliable: reliable.voxels.len(),
            halves: halves
                .map(|halves| IscSides::of(isc, halves, &reliable.voxels))
                .transpose()?,
            by_x: IscSides::of(isc, by_x, &reliable.voxels)?,
            are_structures: brain.sides().are_structures(),
        }))
    }

    /// The rows of the table `isc`, one per rule and selection.
    #[must_use]
    pub fn rows(&self) -> Vec<Isc> {
        let rule = if self.are_structures { "structure" } else { "x" };
        [("halves", self.halves.as_ref()), (rule, Some(&self.by_x))]
            .into_iter()
            .flat_map(|(rule, sides)| IscSides::rows(rule, sides))
            .collect()
    }
}

impl fmt::Display for IscSummary {
    /// A few lines for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, mid, right) = (self.n_left_of_midline, self.n_midline, self.n_right_of_midline);
        let names = if self.are_structures {
            ["left: ", "neither: ", "right: "]
        } else {
            ["x < 0: ", "x = 0: ", "x > 0: "]
        };
        writeln!(
            f,
            "voxels           {} ({}{left}, {}{mid}, {}{right})",
            self.n_voxels, names[0], names[1], names[2]
        )?;
        writeln!(f, "trials           {}, NaN voxels {}", self.n_trials, self.n_nan)?;
        writeln!(
            f,
            "ISC              {:.6} to {:.6}, mean {:.6}",
            self.isc_min, self.isc_max, self.isc_mean
        )?;
        writeln!(f, "75th percentile  {:.6}", self.isc_percentile_75)?;
        writeln!(f, "reliable voxels  {}", self.n_reliable)?;
        match &self.halves {
            Some(halves) => writeln!(f, "halves           {halves}")?,
            None if self.are_structures => {}
            None => writeln!(f, "halves           not the left and right side of this mask")?,
        }
        let rule = if self.are_structures {
            "by structure    "
        } else {
            "by x            "
        };
        write!(f, "{rule} {}", self.by_x)
    }
}

impl fmt::Display for IscSides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "all: left {:.6} right {:.6} L-R {:.6}; reliable ({}/{}): left {:.6} right {:.6} L-R {:.6}",
            self.isc_left,
            self.isc_right,
            self.isc_left_minus_right,
            self.n_reliable_left,
            self.n_reliable_right,
            self.isc_reliable_left,
            self.isc_reliable_right,
            self.isc_reliable_left_minus_right
        )
    }
}

impl IscSides {
    /// A row over all and one over reliable voxels; empty where the rule does not hold.
    fn rows(rule: &str, sides: Option<&Self>) -> [Isc; 2] {
        let count = |of: fn(&Self) -> usize| sides.map(of);
        let number = |of: fn(&Self) -> f64| sides.map_or(f64::NAN, of);
        [
            Isc {
                hemisphere_rule: rule.to_owned(),
                voxels: "all".to_owned(),
                n_left: count(|s| s.n_left),
                n_right: count(|s| s.n_right),
                isc_left: number(|s| s.isc_left),
                isc_right: number(|s| s.isc_right),
                isc_left_minus_right: number(|s| s.isc_left_minus_right),
            },
            Isc {
                hemisphere_rule: rule.to_owned(),
                voxels: "reliable".to_owned(),
                n_left: count(|s| s.n_reliable_left),
                n_right: count(|s| s.n_reliable_right),
                isc_left: number(|s| s.isc_reliable_left),
                isc_right: number(|s| s.isc_reliable_right),
                isc_left_minus_right: number(|s| s.isc_reliable_left_minus_right),
            },
        ]
    }

    fn of(isc: &[f64], sides: &Hemispheres, reliable: &VoxelSet) -> Result<Self, AnalysisError> {
        let reliable_sides = sides.within(reliable);
        let all = LateralScore::over(isc, sides)?;
        let best = LateralScore::over(isc, &reliable_sides)?;
        Ok(Self {
            n_left: sides.left().len(),
            n_right: sides.right().len(),
            isc_left: all.left.mean,
            isc_right: all.right.mean,
            isc_left_minus_right: all.difference(),
            n_reliable_left: reliable_sides.left().len(),
            n_reliable_right: reliable_sides.right().len(),
            isc_reliable_left: best.left.mean,
            isc_reliable_right: best.right.mean,
            isc_reliable_left_minus_right: best.difference(),
        })
    }
}
