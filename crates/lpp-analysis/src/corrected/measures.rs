//! Ways to sum up a model's voxel scores in one number: the paper's and the corrected ones.

use lpp_stats::{Hemispheres, HomotopicPairs, LateralScore, MeanScore, VoxelSet, aveli};

use super::{Ceiling, CeilingKind, Sample, Voxels};
use crate::AnalysisError;
use crate::lateralization::{over_isc as ratio_to_isc, upper_decile};

/// A number per model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// Mean over all voxels.
    Mean,
    /// Mean score over the noise ceiling of each voxel, over the paper's reliable voxels.
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
    /// L − R of the mean score over the mean ceiling, over homotopic voxels.
    OverCeiling,
    /// L − R at equal ceilings, over voxels by x with matched ceilings.
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

    /// The name of a correction, with a word where the ceilings are a lower bound.
    pub(super) fn named(self, sample: &Sample, correction: &str) -> String {
        match self.ceiling_kind(sample) {
            Some(kind) if kind == CeilingKind::LowerBound.to_string() => format!("{correction} ({kind})"),
            _ => correction.to_owned(),
        }
    }

    /// Where the ceilings of a measure come from, if it uses some and they are known.
    pub(super) fn ceiling_kind(self, sample: &Sample) -> Option<String> {
        let uses = matches!(
            self,
            Self::MeanOverCeiling | Self::OverCeiling | Self::MatchedCeiling
        );
        let ceiling = sample.ceiling.as_ref().filter(|_| uses);
        ceiling.map(|ceiling| ceiling.kind.to_string())
    }

    /// The measure of one model's voxel scores.
    ///
    /// NaN where it is not defined: without ceilings, pairs or voxels.
    ///
    /// # Errors
    /// [`AnalysisError::Stats`] if `values` has not one value per voxel of the sample.
    pub fn of(self, sample: &Sample, values: &[f64], voxels: Voxels) -> Result<f64, AnalysisError> {
        self.in_split(sample, values, None, voxels)
    }

    /// The same for the scores of one test run. Voxels and pairs that depend on ceilings are chosen by other runs.
    ///
    /// # Errors
    /// As [`Measure::of`].
    pub fn of_run(
        self,
        sample: &Sample,
        values: &[f64],
        run: usize,
        voxels: Voxels,
    ) -> Result<f64, AnalysisError> {
        self.in_split(sample, values, Some(run), voxels)
    }

    /// Mean scores of both sides in one test run, for the sides of [`Halves`](Self::Halves), [`ByX`](Self::ByX) or
    /// [`Pairs`](Self::Pairs), whose difference is that measure; NaN for the others.
    ///
    /// # Errors
    /// As [`Measure::of`].
    pub(crate) fn sides_of_run(
        self,
        sample: &Sample,
        values: &[f64],
        run: usize,
        voxels: Voxels,
    ) -> Result<[f64; 2], AnalysisError> {
        let ceiling = sample.ceiling.as_ref().filter(|_| voxels == Voxels::Reliable);
        let sides = match self {
            Self::Halves => &sample.halves,
            Self::ByX => &sample.by_x,
            Self::Pairs => {
                let mean = |side: usize| match ceiling {
                    Some(ceiling) => {
                        ceiling.over_reliable_pairs(Some(run), |pairs| pair_mean(pairs, values, side))
                    }
                    None => pair_mean(&sample.pairs, values, side),
                };
                return Ok([mean(0)?, mean(1)?]);
            }
            _ => return Ok([f64::NAN; 2]),
        };
        let restricted = restricted(sides, ceiling.map(|ceiling| &ceiling.reliable));
        let found = LateralScore::over(values, &restricted)?;
        Ok([found.left.mean, found.right.mean])
    }

    fn in_split(
        self,
        sample: &Sample,
        values: &[f64],
        run: Option<usize>,
        voxels: Voxels,
    ) -> Result<f64, AnalysisError> {
        let selection = match (voxels, &sample.ceiling) {
            (Voxels::All, _) => None,
            (Voxels::Reliable, Some(ceiling)) => Some(&ceiling.reliable),
            (Voxels::Reliable, None) => return Ok(f64::NAN),
        };
        let over_ceiling = |of: &dyn Fn(&Ceiling) -> Result<f64, AnalysisError>| {
            sample.ceiling.as_ref().map_or(Ok(f64::NAN), of)
        };
        let over_pairs = |of: &dyn Fn(&HomotopicPairs) -> Result<f64, AnalysisError>| match &sample.ceiling {
            Some(ceiling) if voxels == Voxels::Reliable => ceiling.over_reliable_pairs(run, of),
            _ => of(&sample.pairs),
        };
        match self {
            Self::Mean => Ok(match selection {
                Some(set) => MeanScore::over(values, set)?.mean,
                None => MeanScore::of(values).mean,
            }),
            Self::MeanOverCeiling => over_ceiling(&|ceiling| {
                let relative: Vec<f64> = values.iter().zip(&ceiling.of_voxel).map(|(v, c)| v / c).collect();
                Ok(MeanScore::over(&relative, &ceiling.reliable)?.mean)
            }),
            Self::Halves => difference(values, &sample.halves, selection),
            Self::ByX => difference(values, &sample.by_x, selection),
            Self::Pairs => over_pairs(&|pairs| Ok(pairs.mirror_difference(values)?.difference.mean)),
            Self::AveLi => over_pairs(&|pairs| {
                pairs.differences(values)?;
                let of = |side: &[usize]| side.iter().map(|&voxel| values[voxel]).collect::<Vec<_>>();
                Ok(aveli(&of(pairs.left()), &of(pairs.right())))
            }),
            Self::Percentile90 => upper_difference(values, &sample.halves, selection),
            Self::Percentile90ByX => upper_difference(values, &sample.by_x, selection),
            Self::OverIsc => over_isc(sample, &sample.halves, values, selection),
            Self::OverIscByX => over_isc(sample, &sample.by_x, values, selection),
            Self::OverCeiling => over_ceiling(&|ceiling| {
                sample.pairs.differences(values)?;
                ceiling.relative_difference(&sample.pairs, values, voxels, run)
            }),
            Self::MatchedCeiling => over_ceiling(&|ceiling| ceiling.matched_difference(values, voxels, run)),
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
    difference(&ratio_to_isc(values, &ceiling.isc), sides, selection)
}

/// The mean over the left (0) or right (1) voxels of pairs of which both have a score.
fn pair_mean(pairs: &HomotopicPairs, values: &[f64], side: usize) -> Result<f64, AnalysisError> {
    pairs.differences(values)?;
    let both = pairs
        .left()
        .iter()
        .zip(pairs.right())
        .map(|(&l, &r)| [values[l], values[r]]);
    let known = both.filter(|pair| pair.iter().all(|value| !value.is_nan()));
    Ok(MeanScore::of(&known.map(|pair| pair[side]).collect::<Vec<_>>()).mean)
}

fn restricted(sides: &Hemispheres, selection: Option<&VoxelSet>) -> Hemispheres {
    selection.map_or_else(|| sides.clone(), |set| sides.within(set))
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
