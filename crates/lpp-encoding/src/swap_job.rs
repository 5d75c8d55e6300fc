//! Left minus right of homotopic pairs while the sides of whole runs are exchanged, for slopes over models.

use std::path::Path;

use lpp_files::{Progress, npy};
use lpp_fmri::load_isc;
use lpp_stats::{
    HomotopicPairs, ReliableVoxels, RunSwaps, SplitCeilings, VoxelSet, mean_over_trials, nan_mean,
};
use lpp_steps::{FitStep, Software, Swaps, TargetSet};
use lpp_study::SwapsInfo;
use ndarray::{Array1, Array2, ArrayView1, Axis, stack};
use rayon::prelude::*;

use crate::exchanges::Exchanges;
use crate::group::lone;
use crate::layer_job::{LayerOutcome, beside_fit};
use crate::map_sides::{MapSides, means};
use crate::matched_sides::MatchedSides;
use crate::prepared::{Prepared, to_f32};
use crate::target_set::{load_mask, mask_of};
use crate::{EncodingError, FitJob};

/// Mean left minus right of pairs under every exchange of the sides of whole runs, at the penalties of the observed fit of
/// one layer: over all pairs, over those of reliable voxels, over reliable pairs, and over voxels matched by noise ceiling.
///
/// The patterns are the same for all models ([`lpp_stats::RunSwaps`]), so that the slope over models of each pattern is a
/// draw under the hypothesis that the sides are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct SwapJob {
    /// The fit, whose step asks for the exchanges.
    pub fit: FitJob,
}

impl SwapJob {
    /// Exchanges, and writes the differences and their meaning, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<SwapsInfo>>, EncodingError> {
        let Some(swaps) = &self.fit.step.swaps else {
            return Ok(Vec::new());
        };
        progress.start("exchanged sides", self.fit.step.targets.len() as u64);
        let outcomes = beside_fit(
            &self.fit,
            software,
            progress,
            |set| self.fit.step.swaps_artefact(set).into_iter().collect(),
            |set| self.exchange(swaps, set),
        );
        progress.finish();
        outcomes
    }

    fn exchange(&self, swaps: &Swaps, set: &TargetSet) -> Result<(Array2<f32>, SwapsInfo), EncodingError> {
        let step = &self.fit.step;
        let layer = step.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
        let (group, heard, y) = lone(step, set, false)?;
        let mask = load_mask(set, heard.n_voxels)?.ok_or_else(|| no_pairs(set, "no mask"))?;
        let failed = |source| self.fit.failed(layer, source);
        let x = self.fit.features(&heard.n_scans())?.layer(layer, &group.pieces)?;
        let prepared = Prepared::new(&group.model, &x, step.arithmetic).map_err(failed)?;
        let fit = prepared.score(&y).map_err(failed)?;
        let scored = VoxelSet::matching(&fit.scores.to_vec(), |score| !score.is_nan());
        let sides = MapSides::of(&mask, mask_of(set))?;
        let all = sides
            .pairs()
            .map(|pairs| pairs.within(&scored))
            .unwrap_or_default();
        if all.is_empty() {
            return Err(no_pairs(set, "no voxel with a mirror image and a score"));
        }
        let exchanges = Exchanges::of(&all, &group.pieces, swaps.seed)?;
        let runs = group.pieces.runs();
        let n_runs = runs.last().map_or(0, |run| run + 1);
        let selections = Selections::of(step, set, &all, mask.n_voxels(), n_runs)?;
        let mut by_run = Vec::with_capacity(n_runs);
        for run in 0..n_runs {
            let folds: Vec<usize> = (0..runs.len()).filter(|&piece| runs[piece] == run).collect();
            by_run.push(exchanges.scores(&prepared, &fit, &y, &folds).map_err(failed)?);
        }
        let measures = selections.measures(&all, &by_run, &exchanges.runs)?;
        let mut names: Vec<String> = measures.iter().map(|(name, _)| (*name).to_owned()).collect();
        let n_pairs = measures.iter().map(|(name, _)| selections.n_pairs(name, &all));
        let n_pairs = n_pairs.collect();
        let mut columns: Vec<Array1<f64>> = measures
            .iter()
            .map(|(_, by_run)| {
                by_run
                    .iter()
                    .fold(Array1::zeros(by_run[0].len()), |sum, run| sum + run)
            })
            .map(|sum| sum / n_runs as f64)
            .collect();
        for (name, by_run) in measures {
            names.extend((0..n_runs).map(|run| SwapsInfo::of_run(name, run)));
            columns.extend(by_run);
        }
        let views: Vec<_> = columns.iter().map(|column| column.view()).collect();
        let values = stack(Axis(1), &views).unwrap_or_else(|_| unreachable!("all have every pattern"));
        let info = SwapsInfo {
            model: step.model.clone(),
            subject: set.subject.clone(),
            layer,
            n_runs,
            measures: names,
            n_pairs,
            seed: swaps.seed,
        };
        Ok((values.mapv(to_f32), info))
    }
}

/// Left and right scores of all pairs, each (`n_pairs`, `n_patterns`).
type SidesScores = [Array2<f32>; 2];

/// A measure of each run under every pattern, under its name.
type Measure = (&'static str, Vec<Array1<f64>>);

/// What is averaged beside all pairs.
struct Selections {
    /// Pairs of which both voxels are reliable by the paper's rule, and pairs whose mean correlation of halves is large.
    pairs: Vec<(&'static str, HomotopicPairs)>,
    matched: Option<MatchedSides>,
}

impl Selections {
    /// What the inter-subject correlation and the correlations of halves tell, where they are known.
    fn of(
        step: &FitStep,
        set: &TargetSet,
        all: &HomotopicPairs,
        n_voxels: usize,
        n_runs: usize,
    ) -> Result<Self, EncodingError> {
        let mut pairs = Vec::new();
        if let Some(path) = step.swap_isc(set) {
            let isc = load_isc(&path)?;
            check(&path, "voxels", isc.ncols(), n_voxels, "mask")?;
            let mean = mean_over_trials(&isc)?.to_vec();
            let reliable = ReliableVoxels::above_percentile(&mean, ReliableVoxels::PAPER_PERCENTILE)?;
            pairs.push(("reliable", all.within(&reliable.voxels)));
        }
        let mut matched = None;
        if let Some(path) = step.swap_halves(set) {
            let values = npy::load_f64_stack(&path)?;
            check(&path, "voxels", values.len_of(Axis(2)), n_voxels, "mask")?;
            check(&path, "runs", values.len_of(Axis(1)), n_runs, "scans")?;
            let by_run = values.map_axis(Axis(0), |trials| nan_mean(trials.iter().copied()));
            let mean = SplitCeilings::of(&by_run, None).choosing;
            let reliable = all.above_percentile(&mean, ReliableVoxels::PAPER_PERCENTILE)?;
            pairs.push(("reliable_pairs", reliable));
            matched = Some(MatchedSides::of(&by_run, all));
        }
        pairs.retain(|(_, pairs)| !pairs.is_empty());
        Ok(Self { pairs, matched })
    }

    /// Under its name, each measure of each run under every pattern.
    fn measures(
        &self,
        all: &HomotopicPairs,
        by_run: &[SidesScores],
        patterns: &RunSwaps,
    ) -> Result<Vec<Measure>, EncodingError> {
        let differences: Vec<Array2<f32>> = by_run.iter().map(|[left, right]| left - right).collect();
        let over = |pairs: &HomotopicPairs| {
            let rows = |(row, left): (usize, &usize)| pairs.left().contains(left).then_some(row);
            let rows = VoxelSet::at(all.left().iter().enumerate().filter_map(rows).collect());
            differences.iter().map(|of_run| means(of_run, &rows)).collect()
        };
        let mut measures = vec![("all", over(all))];
        measures.extend(self.pairs.iter().map(|(name, pairs)| (*name, over(pairs))));
        if let Some(matched) = &self.matched {
            measures.push(("matched", matched_runs(matched, by_run, patterns)?));
        }
        Ok(measures)
    }

    /// Number of pairs of a measure; voxels are matched from all pairs.
    fn n_pairs(&self, name: &str, all: &HomotopicPairs) -> usize {
        let own = self.pairs.iter().find(|(own, _)| *own == name);
        own.map_or(all.len(), |(_, pairs)| pairs.len())
    }
}

/// Matched left minus right of each run under every pattern.
fn matched_runs(
    matched: &MatchedSides,
    by_run: &[SidesScores],
    patterns: &RunSwaps,
) -> Result<Vec<Array1<f64>>, EncodingError> {
    let of_pattern = |pattern: usize| {
        let columns: Vec<[ArrayView1<'_, f32>; 2]> = by_run
            .iter()
            .map(|sides| sides.each_ref().map(|side| side.column(pattern)))
            .collect();
        matched.differences(&patterns.patterns().row(pattern), &columns)
    };
    let n_patterns = patterns.patterns().nrows();
    let of_patterns: Vec<Vec<f64>> = (0..n_patterns)
        .into_par_iter()
        .map(of_pattern)
        .collect::<Result<_, _>>()?;
    let of_run = |run: usize| of_patterns.iter().map(|runs| runs[run]).collect();
    Ok((0..by_run.len()).map(of_run).collect())
}

fn check(path: &Path, what: &str, found: usize, expected: usize, of: &str) -> Result<(), EncodingError> {
    if found == expected {
        return Ok(());
    }
    Err(EncodingError::Mismatch {
        path: path.to_owned(),
        found: format!("{found} {what}"),
        expected: format!("{expected} as in the {of}; run lpp-average again"),
    })
}

fn no_pairs(set: &TargetSet, found: &str) -> EncodingError {
    EncodingError::Mismatch {
        path: set.mask.clone().unwrap_or_else(|| set.scores.clone()),
        found: found.to_owned(),
        expected: "a mask with voxels on both sides of x = 0 for --swaps".to_owned(),
    }
}
