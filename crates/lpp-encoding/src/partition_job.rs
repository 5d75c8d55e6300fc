//! The explained variance of a layer and one or two other feature spaces, divided into what each has and what they share.

use lpp_files::{Activations, Progress, npy};
use lpp_fmri::BrainMask;
use lpp_stats::{VoxelSet, nan_mean};
use lpp_steps::{Nulls, PartitionFit, Software, TargetSet};
use lpp_study::{MeanP, Metric, PartitionInfo, beside_scores};
use ndarray::{Array2, Array3, Axis, stack};

use crate::band_ridge::BandRidge;
use crate::group::{Group, lone};
use crate::joint_nulls::{MOST_VOXELS, UniqueNulls, describe};
use crate::layer_job::{LayerOutcome, beside_fit};
use crate::map_sides::MapSides;
use crate::null_job::null_orders;
use crate::null_layers::sample;
use crate::partition_spaces::{PartNulls, Spaces, Unions};
use crate::prepared::to_f32;
use crate::target_set::{load_mask, mask_of};
use crate::{EncodingError, FitJob};

/// Banded ridge regressions of all unions of up to three feature spaces, and the parts of R² by inclusion and exclusion.
///
/// Weights and penalties of a union are chosen by validation in R², among candidates that contain those of every smaller
/// union. With nulls of a given layer, each part is tested by shifts of its spaces.
///
/// # References
/// W. A. de Heer et al. (2017), <https://doi.org/10.1523/JNEUROSCI.3267-16.2017>.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionJob {
    /// The fit, whose step has the other spaces.
    pub fit: FitJob,
}

impl PartitionJob {
    /// Fits, and writes the parts and their meaning, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<PartitionInfo>>, EncodingError> {
        let Some(partition) = &self.fit.step.partition else {
            return Ok(Vec::new());
        };
        progress.start("partition of variance", self.fit.step.targets.len() as u64);
        let outcomes = beside_fit(
            &self.fit,
            software,
            progress,
            |set| self.fit.step.partition_artefacts(set),
            |set| self.divide(partition, set),
        );
        progress.finish();
        outcomes
    }

    fn divide(
        &self,
        partition: &PartitionFit,
        set: &TargetSet,
    ) -> Result<(Array2<f32>, PartitionInfo), EncodingError> {
        let step = &self.fit.step;
        let layer = step.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
        let (group, heard, y) = lone(step, set, false)?;
        let mask = load_mask(set, heard.n_voxels)?;
        let spaces = self.spaces(partition, layer, &heard.n_scans(), &group)?;
        let failed = |source| self.fit.failed(layer, source);
        let ridge = BandRidge::of(step, &group, lpp_study::AlphaScope::Global, Metric::R2).map_err(failed)?;
        let unions = Unions {
            ridge: &ridge,
            ratios: &partition.ratios,
        };
        let of_unions = unions.all(&spaces, &y).map_err(failed)?;
        let parts: Vec<Array2<f64>> = spaces.sets().map(|part| spaces.part(part, &of_unions)).collect();
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let of_runs: Array3<f64> =
            stack(Axis(1), &views).unwrap_or_else(|_| unreachable!("parts have all folds and voxels"));
        let values = of_runs.sum_axis(Axis(0)) / of_runs.len_of(Axis(0)) as f64;
        let (part_p, nulls) = match step.part_nulls() {
            Some(nulls) => {
                let known: Vec<usize> = (0..heard.n_voxels)
                    .filter(|&voxel| !values[[0, voxel]].is_nan())
                    .collect();
                let columns = sample(&known, MOST_VOXELS, nulls.seed);
                let tested = Tested {
                    nulls,
                    y: UniqueNulls::voxels(&y, &columns),
                    columns,
                };
                let p = tested.p(unions, &spaces, &group, set, mask.as_ref(), failed)?;
                (p, describe(&nulls, tested.columns.len()))
            }
            None => (Vec::new(), "not tested: needs --nulls and --layer".to_owned()),
        };
        let names: Vec<String> = [step.model.clone()]
            .into_iter()
            .chain(partition.asked.iter().cloned())
            .collect();
        npy::save(
            &beside_scores(&set.scores, "partition_runs"),
            &of_runs.mapv(to_f32),
        )?;
        let info = PartitionInfo {
            model: step.model.clone(),
            subject: set.subject.clone(),
            layer,
            parts: spaces.sets().map(|part| spaces.name(part, &names)).collect(),
            means: values
                .rows()
                .into_iter()
                .map(|row| nan_mean(row.iter().copied()))
                .collect(),
            widths: spaces.x.iter().map(|space| space[0].ncols()).collect(),
            spaces: names,
            part_p,
            nulls,
        };
        Ok((values.mapv(to_f32), info))
    }

    /// The layer first, then the others.
    fn spaces(
        &self,
        partition: &PartitionFit,
        layer: usize,
        n_scans: &[usize],
        group: &Group,
    ) -> Result<Spaces, EncodingError> {
        let mut x = vec![self.fit.features(n_scans)?.layer(layer, &group.pieces)?];
        for (path, layer) in &partition.spaces {
            let n_layers = Activations::open(path)?.n_layers();
            let layer = match layer {
                Some(layer) => *layer,
                None if n_layers == 1 => 0,
                None => n_layers,
            };
            if layer >= n_layers {
                return Err(EncodingError::Mismatch {
                    path: path.clone(),
                    found: format!("{n_layers} layers"),
                    expected: format!("--partition with one of them: NAME:LAYER, 0 to {}", n_layers - 1),
                });
            }
            x.push(self.fit.features_of(path, n_scans)?.layer(layer, &group.pieces)?);
        }
        Ok(Spaces { x })
    }
}

/// The voxels over which parts are tested.
struct Tested {
    nulls: Nulls,
    columns: Vec<usize>,
    /// Their scans.
    y: Vec<Array2<f32>>,
}

impl Tested {
    /// p of each part, over all of them and over those of each side.
    fn p(
        &self,
        unions: Unions<'_>,
        spaces: &Spaces,
        group: &Group,
        set: &TargetSet,
        mask: Option<&BrainMask>,
        failed: impl Fn(lpp_ridge::RidgeError) -> EncodingError,
    ) -> Result<Vec<MeanP>, EncodingError> {
        let sides = mask.map(|mask| MapSides::of(mask, mask_of(set))).transpose()?;
        let places = |keep: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..self.columns.len())
                .filter(|&place| keep(self.columns[place]))
                .collect()
        };
        let of_side = |side: &VoxelSet| places(&|voxel| side.contains(voxel));
        let mut selections = vec![places(&|_| true)];
        if let Some(sides) = &sides {
            selections.extend([of_side(sides.by_x().left()), of_side(sides.by_x().right())]);
        }
        let test = PartNulls {
            unions,
            spaces,
            y: &self.y,
            orders: &null_orders(&self.nulls, &group.pieces.lengths())?,
        };
        let p = test.p(&selections).map_err(failed)?;
        let side = |p: &[f64], side: usize| p.get(side).copied().filter(|p| !p.is_nan());
        let of_part = |p: &Vec<f64>| MeanP {
            mean: p[0],
            left: side(p, 1),
            right: side(p, 2),
        };
        Ok(p.iter().map(of_part).collect())
    }
}
