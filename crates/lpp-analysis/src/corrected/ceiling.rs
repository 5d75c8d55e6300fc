//! Noise ceilings of the voxels, and the reliable pairs and matched voxels that they select.

use std::fmt;

use lpp_stats::{
    Attainable, CeilingMatch, Hemispheres, HomotopicPairs, ReliableVoxels, ScoredVoxel, SplitCeilings,
    VoxelSet, mean_over_trials, nan_mean, noise_ceiling,
};
use ndarray::{Array2, Array3, Axis};

use super::Voxels;
use crate::AnalysisError;

/// Ceilings of a matched pair differ by at most this share of their mean.
pub const CALIPER: f64 = CeilingMatch::CALIPER;

/// What is known of the ceilings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeilingKind {
    /// Correlations of two halves of the subjects in the same voxel, in each run.
    Voxelwise,
    /// Only the inter-subject correlation, in which a voxel of one half is predicted from all voxels of the other. Its
    /// square is a lower bound of the correlation of halves.
    LowerBound,
}

impl fmt::Display for CeilingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voxelwise => "voxelwise",
            Self::LowerBound => "lower bound",
        })
    }
}

/// Split-half correlations of the voxels and what follows from them.
#[derive(Debug, Clone)]
pub struct Ceiling {
    /// Where the ceilings come from.
    pub kind: CeilingKind,
    /// Inter-subject correlation, the mean over its trials: what the paper divides by.
    pub isc: Vec<f64>,
    /// Voxels with an inter-subject correlation above the 75th percentile: the paper's reliable voxels.
    pub reliable: VoxelSet,
    /// Split-half correlation of each halving, mean over runs: (`n_trials`, `n_voxels`).
    pub by_trial: Array2<f64>,
    /// The same without each subject, mean over halvings and runs: (`n_subjects`, `n_voxels`), if known.
    pub without_subject: Option<Array2<f64>>,
    /// The ceiling √(2r/(1 + r)) of each voxel, from the mean r over halvings and runs; NaN if that is not positive.
    pub of_voxel: Vec<f64>,
    /// Pairs of which the mean of both split-half correlations is above the 75th percentile, by all runs.
    pub reliable_pairs: HomotopicPairs,
    splits: Vec<Split>,
}

/// What is chosen by the ceilings of some runs, for scores of the others.
#[derive(Debug, Clone)]
struct Split {
    /// Scores of runs with this parity; of all runs if `None`.
    parity: Option<usize>,
    /// Ceilings of the runs that are scored; 0 where r is not positive.
    scored: Vec<f64>,
    /// Those of the runs that choose; NaN where r is not positive.
    choosing: Vec<f64>,
    reliable_pairs: HomotopicPairs,
    matched: CeilingMatch,
    matched_reliable: CeilingMatch,
}

/// Pairs and sides of a brain.
#[derive(Debug, Clone, Copy)]
pub struct Geometry<'a> {
    /// Voxels and their mirror images.
    pub pairs: &'a HomotopicPairs,
    /// Sides by x.
    pub by_x: &'a Hemispheres,
}

impl Ceiling {
    /// From the correlation of halves in each voxel.
    ///
    /// `isc` is (`n_trials`, `n_voxels`), `r_half` (`n_trials`, `n_runs`, `n_voxels`), `without_subject` (`n_subjects`,
    /// `n_runs`, `n_voxels`).
    ///
    /// # Errors
    /// [`AnalysisError::Stats`] without trials, or if the arrays do not fit each other.
    pub fn voxelwise(
        isc: &Array2<f64>,
        reliable: VoxelSet,
        r_half: &Array3<f64>,
        without_subject: Option<&Array3<f64>>,
        brain: Geometry<'_>,
    ) -> Result<Self, AnalysisError> {
        let by_run = means(r_half, Axis(0));
        let splits = if by_run.nrows() < 2 {
            vec![Split::of(None, &by_run, brain)?]
        } else {
            vec![
                Split::of(Some(0), &by_run, brain)?,
                Split::of(Some(1), &by_run, brain)?,
            ]
        };
        Ok(Self {
            by_trial: means(r_half, Axis(1)),
            without_subject: without_subject.map(|values| means(values, Axis(1))),
            ..Self::with(CeilingKind::Voxelwise, isc, reliable, &by_run, splits, brain)?
        })
    }

    /// The lower bound from the inter-subject correlation alone.
    ///
    /// # Errors
    /// [`AnalysisError::Stats`] without trials.
    pub fn lower_bound(
        isc: &Array2<f64>,
        reliable: VoxelSet,
        brain: Geometry<'_>,
    ) -> Result<Self, AnalysisError> {
        // If the prediction correlates negatively, the reliability is 0.
        let square = |r: f64| r * r.max(0.0);
        let mean = mean_over_trials(isc)?.mapv(square).insert_axis(Axis(0));
        let splits = vec![Split::of(None, &mean, brain)?];
        Ok(Self {
            by_trial: isc.mapv(square),
            ..Self::with(CeilingKind::LowerBound, isc, reliable, &mean, splits, brain)?
        })
    }

    fn with(
        kind: CeilingKind,
        isc: &Array2<f64>,
        reliable: VoxelSet,
        by_run: &Array2<f64>,
        splits: Vec<Split>,
        brain: Geometry<'_>,
    ) -> Result<Self, AnalysisError> {
        let r_half = SplitCeilings::of(by_run, None).choosing;
        Ok(Self {
            kind,
            isc: mean_over_trials(isc)?.to_vec(),
            reliable,
            by_trial: Array2::default((0, 0)),
            without_subject: None,
            of_voxel: r_half.iter().map(|&r| noise_ceiling(r)).collect(),
            reliable_pairs: brain
                .pairs
                .above_percentile(&r_half, ReliableVoxels::PAPER_PERCENTILE)?,
            splits,
        })
    }

    /// The mean over splits of runs of a number that depends on what the other runs chose. With a `run`, only the split
    /// that scores it counts.
    fn over_splits(
        &self,
        run: Option<usize>,
        of: impl Fn(&Split) -> Result<f64, AnalysisError>,
    ) -> Result<f64, AnalysisError> {
        let scores = |split: &&Split| match (run, split.parity) {
            (Some(run), Some(parity)) => run % 2 == parity,
            _ => true,
        };
        let values: Vec<f64> = self
            .splits
            .iter()
            .filter(scores)
            .map(of)
            .collect::<Result<_, _>>()?;
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    }

    /// Left minus right over voxels matched by ceiling, at equal ceilings ([`CeilingMatch::difference`]).
    pub(crate) fn matched_difference(
        &self,
        values: &[f64],
        voxels: Voxels,
        run: Option<usize>,
    ) -> Result<f64, AnalysisError> {
        self.over_splits(run, |split| {
            Ok(split.matched(voxels).difference(values, &split.scored)?)
        })
    }

    /// Mean difference of the ceilings of matched voxels in the runs that did not choose them.
    pub(super) fn matched_ceiling_difference(&self, voxels: Voxels) -> Result<f64, AnalysisError> {
        self.over_splits(None, |split| {
            Ok(split.matched(voxels).ceiling_difference(&split.scored)?)
        })
    }

    /// Number of matched pairs, the mean over splits rounded down.
    pub(super) fn n_matched(&self, voxels: Voxels) -> usize {
        let total: usize = self
            .splits
            .iter()
            .map(|split| split.matched(voxels).pairs.len())
            .sum();
        total / self.splits.len()
    }

    /// A number over reliable pairs, which the runs choose that are not scored.
    pub(crate) fn over_reliable_pairs(
        &self,
        run: Option<usize>,
        of: impl Fn(&HomotopicPairs) -> Result<f64, AnalysisError>,
    ) -> Result<f64, AnalysisError> {
        self.over_splits(run, |split| of(&split.reliable_pairs))
    }

    /// Left minus right of the mean score over the mean ceiling that the model can attain, over the voxels of pairs, or of
    /// reliable ones, that have both.
    pub(super) fn relative_difference(
        &self,
        all: &HomotopicPairs,
        values: &[f64],
        voxels: Voxels,
        run: Option<usize>,
    ) -> Result<f64, AnalysisError> {
        self.over_splits(run, |split| {
            let attainable = split.attainable(&self.known(all, values), values);
            let pairs = match voxels {
                Voxels::All => all,
                Voxels::Reliable => &split.reliable_pairs,
            };
            let sums = self.known(pairs, values).iter().fold([0.0; 4], |sums, &(l, r)| {
                let of = |voxel: usize| attainable.of(self.of_voxel[voxel]);
                let add = [values[l], of(l), values[r], of(r)];
                std::array::from_fn(|i| sums[i] + add[i])
            });
            Ok(sums[0] / sums[1] - sums[2] / sums[3])
        })
    }

    /// The pairs of which both voxels have a score and a ceiling.
    fn known(&self, pairs: &HomotopicPairs, values: &[f64]) -> Vec<(usize, usize)> {
        let finite = |voxel: usize| values[voxel].is_finite() && self.of_voxel[voxel].is_finite();
        let both = pairs.left().iter().copied().zip(pairs.right().iter().copied());
        both.filter(|&(l, r)| finite(l) && finite(r)).collect()
    }
}

impl Split {
    /// Scores of runs of a parity, pairs by the ceilings of the others.
    fn of(parity: Option<usize>, by_run: &Array2<f64>, brain: Geometry<'_>) -> Result<Self, AnalysisError> {
        let ceilings = SplitCeilings::of(by_run, parity);
        let reliable_pairs = brain
            .pairs
            .above_percentile(&ceilings.choosing, ReliableVoxels::PAPER_PERCENTILE)?;
        let reliable: Vec<usize> = [reliable_pairs.left(), reliable_pairs.right()].concat();
        let sides = brain.by_x.within(&VoxelSet::at(reliable));
        let choosing = ceilings.ceilings();
        let matched =
            |sides: &Hemispheres| CeilingMatch::closest(&choosing, sides.left(), sides.right(), CALIPER);
        Ok(Self {
            parity,
            scored: ceilings.scored,
            matched: matched(brain.by_x)?,
            matched_reliable: matched(&sides)?,
            reliable_pairs,
            choosing,
        })
    }

    /// How far a model's scores stay behind the ceilings of pairs.
    fn attainable(&self, pairs: &[(usize, usize)], values: &[f64]) -> Attainable {
        let of = |voxel: usize| ScoredVoxel {
            grouped_by: self.choosing[voxel].max(0.0),
            ceiling: self.scored[voxel],
            score: values[voxel],
        };
        let (left, right): (Vec<_>, Vec<_>) = pairs.iter().map(|&(l, r)| (of(l), of(r))).unzip();
        Attainable::fit(&left, &right)
    }

    fn matched(&self, voxels: Voxels) -> &CeilingMatch {
        match voxels {
            Voxels::All => &self.matched,
            Voxels::Reliable => &self.matched_reliable,
        }
    }
}

/// Means over an axis, without NaN.
fn means(values: &Array3<f64>, axis: Axis) -> Array2<f64> {
    values.map_axis(axis, |lane| nan_mean(lane.iter().copied()))
}
