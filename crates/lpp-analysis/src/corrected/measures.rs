//! Ways to sum up a model's voxel scores in one number: the paper's and the corrected ones.

use lpp_stats::{CeilingMatch, Hemispheres, LateralScore, MeanScore, VoxelSet, aveli, normalize_by_ceiling};

use super::Sample;
use crate::AnalysisError;
use crate::lateralization::{over_isc as ratio_to_isc, upper_decile};

/// Split-half correlations of matched voxels differ by at most this much; a hundredth is a fiftieth of a typical
/// reliable voxel's.
pub const CALIPER: f64 = 0.01;

/// A number per model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// Mean over all voxels.
    Mean,
    /// Mean score over the noise ceiling of each voxel, reliable voxels.
    MeanOverCeiling,
    /// L − R of means over the array halves.
    Halves,
    /// L − R of means by x, the midline left out.
    ByX,
    /// Mean difference of homotopic voxels.
    Pairs,
    /// `AveLI` over homotopic voxels; an index between −1 and 1, not a difference of scores.
    AveLi,
    /// L − R of 90th percentiles over the array halves.
    Percentile90,
    /// L − R of 90th percentiles by x.
    Percentile90ByX,
    /// L − R of means of score/ISC over the array halves.
    OverIsc,
    /// The same by x.
    OverIscByX,
    /// L − R of means of score/ceiling by x, reliable voxels.
    OverCeiling,
    /// L − R of means over voxels by x with matched ceilings.
    MatchedCeiling,
}

impl Measure {
    /// The same measure with sides by x, if it is one of the halves.
    #[must_use]
    pub fn by_x(self) -> Self {
        match self {
            Self::Halves => Self::ByX,
            Self::Percentile90 => Self::Percentile90ByX,
            Self::OverIsc => Self::OverIscByX,
            other => other,
        }
    }

    /// The measure of one model's voxel scores, over the `selection` if there is one.
    ///
    /// NaN where it is not defined: without split-half correlations, pairs or voxels.
    ///
    /// # Errors
    /// [`AnalysisError::Stats`] if `values` has not one value per voxel of the sample.
    pub fn of(
        self,
        sample: &Sample,
        values: &[f64],
        selection: Option<&VoxelSet>,
    ) -> Result<f64, AnalysisError> {
        let ceiling = sample.ceiling.as_ref();
        match self {
            Self::Mean => Ok(match selection {
                Some(set) => MeanScore::over(values, set)?.mean,
                None => MeanScore::of(values).mean,
            }),
            Self::MeanOverCeiling => ceiling.map_or(Ok(f64::NAN), |ceiling| {
                let relative = normalize_by_ceiling(values, &ceiling.mean)?;
                Ok(MeanScore::over(&relative, &ceiling.reliable)?.mean)
            }),
            Self::Halves => difference(values, &sample.halves, selection),
            Self::ByX => difference(values, &sample.by_x, selection),
            Self::Pairs => {
                let pairs = chosen(sample, selection);
                Ok(pairs.mirror_difference(values)?.difference.mean)
            }
            Self::AveLi => {
                let pairs = chosen(sample, selection);
                pairs.differences(values)?;
                let of = |side: &[usize]| side.iter().map(|&voxel| values[voxel]).collect::<Vec<_>>();
                Ok(aveli(&of(pairs.left()), &of(pairs.right())))
            }
            Self::Percentile90 => upper_difference(values, &sample.halves, selection),
            Self::Percentile90ByX => upper_difference(values, &sample.by_x, selection),
            Self::OverIsc => over_isc(sample, &sample.halves, values, selection),
            Self::OverIscByX => over_isc(sample, &sample.by_x, values, selection),
            Self::OverCeiling => ceiling.map_or(Ok(f64::NAN), |ceiling| {
                let relative = normalize_by_ceiling(values, &ceiling.mean)?;
                difference(&relative, &sample.by_x, Some(&ceiling.reliable))
            }),
            Self::MatchedCeiling => ceiling.map_or(Ok(f64::NAN), |ceiling| {
                let sides = restricted(&sample.by_x, selection);
                let matched = CeilingMatch::of(&ceiling.mean, sides.left(), sides.right(), CALIPER)?;
                Ok(MeanScore::over(values, &matched.left)?.mean
                    - MeanScore::over(values, &matched.right)?.mean)
            }),
        }
    }
}

/// L − R of means of score/ISC.
fn over_isc(
    sample: &Sample,
    sides: &Hemispheres,
    values: &[f64],
    selection: Option<&VoxelSet>,
) -> Result<f64, AnalysisError> {
    let Some(ceiling) = &sample.ceiling else {
        return Ok(f64::NAN);
    };
    difference(&ratio_to_isc(values, &ceiling.mean), sides, selection)
}

fn restricted(sides: &Hemispheres, selection: Option<&VoxelSet>) -> Hemispheres {
    selection.map_or_else(|| sides.clone(), |set| sides.within(set))
}

fn chosen(sample: &Sample, selection: Option<&VoxelSet>) -> lpp_stats::HomotopicPairs {
    selection.map_or_else(|| sample.pairs.clone(), |set| sample.pairs.within(set))
}

fn difference(
    values: &[f64],
    sides: &Hemispheres,
    selection: Option<&VoxelSet>,
) -> Result<f64, AnalysisError> {
    Ok(LateralScore::over(values, &restricted(sides, selection))?.difference())
}

fn upper_difference(
    values: &[f64],
    sides: &Hemispheres,
    selection: Option<&VoxelSet>,
) -> Result<f64, AnalysisError> {
    let sides = restricted(sides, selection);
    Ok(upper_decile(values, sides.left())? - upper_decile(values, sides.right())?)
}
