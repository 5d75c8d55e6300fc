//! Left minus right of homotopic pairs while the sides of whole runs are exchanged, for slopes over models.

use std::path::PathBuf;

use lpp_files::{Progress, npy};
use lpp_fmri::BrainMask;
use lpp_stats::{HomotopicPairs, ReliableVoxels, VoxelSet, nan_mean};
use lpp_steps::{Software, Swaps, TargetSet};
use lpp_study::SwapsInfo;
use ndarray::{Array1, Array2, Axis, stack};

use crate::exchanges::Exchanges;
use crate::group::lone;
use crate::layer_job::{LayerOutcome, beside_fit};
use crate::map_sides::{MapSides, means};
use crate::prepared::{Prepared, to_f32};
use crate::target_set::{load_mask, mask_of};
use crate::{EncodingError, FitJob};

/// Mean left minus right of pairs under every exchange of the sides of whole runs, at the penalties of the observed fit of
/// one layer.
///
/// The patterns are the same for all models ([`lpp_stats::RunSwaps`]), so that the slope over models of each pattern is a
/// draw under the hypothesis that the sides are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct SwapJob {
    /// The fit, whose step asks for the exchanges.
    pub fit: FitJob,
}

/// Pairs over which differences are averaged, under their name.
type Measure = (&'static str, HomotopicPairs);

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
        let measures = measures(step.swap_halves(set), set, &mask, &scored)?;
        let all = &measures[0].1;
        let exchanges = Exchanges::of(all, &group.pieces, swaps.seed)?;
        let runs = group.pieces.runs();
        let n_runs = runs.last().map_or(0, |run| run + 1);
        // For each measure, the mean of each run under each pattern.
        let mut by_run: Vec<Vec<Array1<f64>>> = vec![Vec::new(); measures.len()];
        for run in 0..n_runs {
            let folds: Vec<usize> = (0..runs.len()).filter(|&piece| runs[piece] == run).collect();
            let differences = exchanges
                .differences(&prepared, &fit, &y, &folds)
                .map_err(failed)?;
            for ((_, pairs), by_run) in measures.iter().zip(&mut by_run) {
                let rows = |(row, left): (usize, &usize)| pairs.left().contains(left).then_some(row);
                let rows = all.left().iter().enumerate().filter_map(rows).collect();
                by_run.push(means(&differences, &VoxelSet::at(rows)));
            }
        }
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for ((name, _), by_run) in measures.iter().zip(&by_run) {
            names.push((*name).to_owned());
            let sum = by_run
                .iter()
                .fold(Array1::zeros(by_run[0].len()), |sum, of_run| sum + of_run);
            columns.push(sum / n_runs as f64);
        }
        for ((name, _), by_run) in measures.iter().zip(by_run) {
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
            n_pairs: measures.iter().map(|(_, pairs)| pairs.len()).collect(),
            seed: swaps.seed,
        };
        Ok((values.mapv(to_f32), info))
    }
}

/// All pairs with scores and, if the correlations of halves are known, the reliable ones.
fn measures(
    halves: Option<PathBuf>,
    set: &TargetSet,
    mask: &BrainMask,
    scored: &VoxelSet,
) -> Result<Vec<Measure>, EncodingError> {
    let sides = MapSides::of(mask, mask_of(set))?;
    let all = sides
        .pairs()
        .map(|pairs| pairs.within(scored))
        .unwrap_or_default();
    if all.is_empty() {
        return Err(no_pairs(set, "no voxel with a mirror image and a score"));
    }
    let mut measures = vec![("all", all.clone())];
    if let Some(path) = halves {
        let values = npy::load_f64_stack(&path)?;
        if values.len_of(Axis(2)) != mask.n_voxels() {
            return Err(EncodingError::Mismatch {
                path,
                found: format!("{} voxels", values.len_of(Axis(2))),
                expected: format!("{} as in the mask", mask.n_voxels()),
            });
        }
        let by_run = values.map_axis(Axis(0), |trials| nan_mean(trials.iter().copied()));
        let mean = by_run.map_axis(Axis(0), |runs| nan_mean(runs.iter().copied()));
        let reliable = all.above_percentile(&mean.to_vec(), ReliableVoxels::PAPER_PERCENTILE)?;
        if !reliable.is_empty() {
            measures.push(("reliable_pairs", reliable));
        }
    }
    Ok(measures)
}

fn no_pairs(set: &TargetSet, found: &str) -> EncodingError {
    EncodingError::Mismatch {
        path: set.mask.clone().unwrap_or_else(|| set.scores.clone()),
        found: found.to_owned(),
        expected: "a mask with voxels on both sides of x = 0 for --swaps".to_owned(),
    }
}
