//! A layer beside low-level controls: what it explains that they do not.

use std::path::{Path, PathBuf};

use lpp_files::Progress;
use lpp_ridge::{BandWeights, BandedRidge, BandedRidgeFit, RidgeError};
use lpp_study::{JointInfo, Software, Step};
use ndarray::{Array1, Array2, Axis, concatenate, stack};

use crate::features::LayerFeatures;
use crate::fit_job::{Precision, to_f32};
use crate::layer_job::{LayerJob, LayerOutcome};
use crate::nested::mean;
use crate::target_set::TargetSet;
use crate::targets::{self, Targets};
use crate::{EncodingError, FitJob};

/// What the rows of a joint fit are.
const ROWS: [&str; 6] = [
    "joint_r",
    "controls_r",
    "unique_r",
    "joint_r2",
    "controls_r2",
    "unique_r2",
];

/// A joint fit of one layer and of controls, and a fit of the controls alone, by banded ridge regression.
///
/// The layer is one band, each control another, each with a penalty of its own; ratios of penalties are searched among random
/// ones, shared by all voxels of a fold as the penalty of a plain fit is, and chosen by the validated correlation. The unique
/// score of the layer is the joint score less that of the controls: of R² the variance that the layer explains beyond them.
/// Either fit chooses for itself, so a unique score may be below 0.
///
/// # References
/// A. O. Nunez-Elizalde et al. (2019), <https://doi.org/10.1016/j.neuroimage.2019.04.012>; variance partitioning as in W. A. de
/// Heer et al. (2017), <https://doi.org/10.1523/JNEUROSCI.3267-16.2017>.
#[derive(Debug, Clone, PartialEq)]
pub struct JointJob {
    /// Model, subjects and settings.
    pub fit: FitJob,
    /// Names and activations of the controls; each enters with its first layer.
    pub controls: Vec<(String, PathBuf)>,
    /// The layer; `None` takes the one that a fit with [`FitJob::nested_layer`] chose by validation.
    pub layer: Option<usize>,
    /// Ratios of penalties that are tried.
    pub n_candidates: usize,
    /// Seed of these ratios.
    pub seed: u64,
}

impl JointJob {
    /// Ratios of penalties that are tried by default: the equal ones, then random ones.
    pub const DEFAULT_CANDIDATES: usize = 20;

    /// Fits each target set and writes its `…_joint.npy`, unless it is up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others, or the layer that cannot be fitted.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<JointInfo>>, EncodingError> {
        let job = LayerJob {
            fit: &self.fit,
            layer: self.layer,
            suffix: "joint",
        };
        progress.start("joint fits with controls", self.fit.targets.len() as u64);
        let outcomes = job.run(
            software,
            progress,
            |step| self.parameters(step),
            |set, layer| self.fit_set(set, layer),
        );
        progress.finish();
        outcomes
    }

    fn parameters(&self, mut step: Step) -> Result<Step, EncodingError> {
        for (_, activations) in &self.controls {
            step = step.input(activations)?;
        }
        let names: Vec<&String> = self.controls.iter().map(|(name, _)| name).collect();
        Ok(step
            .parameter("controls", names)
            .parameter("n_candidates", self.n_candidates)
            .parameter("seed", self.seed))
    }

    fn fit_set(&self, set: &TargetSet, layer: usize) -> Result<(Array2<f32>, JointInfo), EncodingError> {
        let Targets { runs: y, n_scans } = targets::read(&set.runs, self.fit.trim_scans)?;
        set.load_mask(y.first().map_or(0, Array2::ncols))?;
        let open = |path: &Path| {
            LayerFeatures::open(
                path,
                &self.fit.words,
                &n_scans,
                self.fit.tr_s,
                self.fit.trim_scans,
            )
        };
        let controls = self
            .controls
            .iter()
            .map(|(_, path)| Ok(open(path)?.layer(0)?.runs))
            .collect::<Result<Vec<_>, EncodingError>>()?;
        let bands = [vec![open(&self.fit.activations)?.layer(layer)?.runs], controls].concat();
        let failed = |source| self.fit.failed(layer, source);
        let joint = self.banded(&bands, &y).map_err(failed)?;
        let alone = self.banded(&bands[1..], &y).map_err(failed)?;
        let (joint_r2, alone_r2) = (r_squared(&joint), r_squared(&alone));
        let rows = [
            joint.scores.clone(),
            alone.scores.clone(),
            &joint.scores - &alone.scores,
            joint_r2.clone(),
            alone_r2.clone(),
            joint_r2 - alone_r2,
        ];
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        let values = stack(Axis(0), &views).unwrap_or_else(|_| unreachable!("rows have all voxels"));
        let info = JointInfo {
            model: self.fit.model.clone(),
            subject: set.subject.clone(),
            layer,
            controls: self.controls.iter().map(|(name, _)| name.clone()).collect(),
            rows: ROWS.map(str::to_owned).to_vec(),
            means: rows.iter().map(|row| mean(row.iter().copied())).collect(),
            band_widths: widths(&bands),
            mean_weights: joint.mean_weights().to_vec(),
        };
        Ok((values.mapv(to_f32), info))
    }

    /// Fits bands side by side.
    fn banded(&self, bands: &[Vec<Array2<f64>>], y: &[Array2<f32>]) -> Result<BandedRidgeFit, RidgeError> {
        let widths = widths(bands);
        let n_candidates = if widths.len() == 1 { 1 } else { self.n_candidates };
        // Drawn to the sum 1; scaled so that equal weights stand for the plain fit of all bands with the same penalties.
        let weights = BandWeights::random(n_candidates, self.seed).draw(widths.len())? * widths.len() as f64;
        let model = BandedRidge::params(self.fit.ridge().check()?, widths)
            .weights(BandWeights::Given(weights))
            .split(true)
            .check()?;
        let x: Vec<Array2<f64>> = (0..y.len()).map(|run| side_by_side(bands, run)).collect();
        match self.fit.precision {
            Precision::Single => {
                let x: Vec<Array2<f32>> = x.iter().map(|run| run.mapv(to_f32)).collect();
                model.fit(&x, y)
            }
            Precision::Double => {
                let y: Vec<Array2<f64>> = y.iter().map(|run| run.mapv(f64::from)).collect();
                model.fit(&x, &y)
            }
        }
    }
}

fn widths(bands: &[Vec<Array2<f64>>]) -> Vec<usize> {
    bands
        .iter()
        .map(|band| band.first().map_or(0, Array2::ncols))
        .collect()
}

fn side_by_side(bands: &[Vec<Array2<f64>>], run: usize) -> Array2<f64> {
    let views: Vec<_> = bands.iter().map(|band| band[run].view()).collect();
    concatenate(Axis(1), &views).unwrap_or_else(|_| unreachable!("bands have the scans of the targets"))
}

/// R² of each voxel, mean over folds: the sum of the parts of the bands.
fn r_squared(fit: &BandedRidgeFit) -> Array1<f64> {
    match &fit.split {
        Some(split) => split.sum_axis(Axis(1)).sum_axis(Axis(0)) / fit.fold_scores.nrows() as f64,
        None => Array1::from_elem(fit.scores.len(), f64::NAN),
    }
}
