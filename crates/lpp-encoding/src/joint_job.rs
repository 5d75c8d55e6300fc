//! A layer fitted jointly with low-level controls: what it explains beyond them.

use lpp_files::Progress;
use lpp_ridge::{BandWeights, BandedRidge, BandedRidgeFit, RidgeCv, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::{Arithmetic, JointFit, Software, TargetSet};
use lpp_study::JointInfo;
use ndarray::{Array1, Array2, Axis, concatenate, stack};

use crate::group::lone;
use crate::layer_job::{LayerOutcome, beside_fit};
use crate::prepared::to_f32;
use crate::target_set::load_mask;
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
/// The layer and each control are bands with separate penalties. The ratios of penalties are chosen among random ones
/// by the validation correlation and are shared by all voxels of a fold, like the penalty of a plain fit. The unique
/// score of the layer is the joint score minus the score of the controls; for R², it is the variance that the layer
/// explains beyond them. The penalties of the two fits are chosen separately, so a unique score may be below 0.
///
/// # References
/// A. O. Nunez-Elizalde et al. (2019), <https://doi.org/10.1016/j.neuroimage.2019.04.012>; variance partitioning as in W. A. de
/// Heer et al. (2017), <https://doi.org/10.1523/JNEUROSCI.3267-16.2017>.
#[derive(Debug, Clone, PartialEq)]
pub struct JointJob {
    /// The fit, whose step has the controls.
    pub fit: FitJob,
}

impl JointJob {
    /// Fits, and writes the rows and their meaning, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<JointInfo>>, EncodingError> {
        let Some(joint) = &self.fit.step.joint else {
            return Ok(Vec::new());
        };
        progress.start("joint fits with controls", self.fit.step.targets.len() as u64);
        let outcomes = beside_fit(
            &self.fit,
            software,
            progress,
            |set| self.fit.step.joint_artefact(set),
            |set| self.fit_set(joint, set),
        );
        progress.finish();
        outcomes
    }

    fn fit_set(
        &self,
        joint: &JointFit,
        set: &TargetSet,
    ) -> Result<(Array2<f32>, JointInfo), EncodingError> {
        let layer = self.fit.step.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
        let (group, heard, y) = lone(&self.fit.step, set, false)?;
        load_mask(set, heard.n_voxels)?;
        let n_scans = heard.n_scans();
        let controls = joint
            .controls
            .iter()
            .map(|(_, path)| self.fit.features_of(path, &n_scans)?.layer(0, &group.pieces))
            .collect::<Result<Vec<_>, EncodingError>>()?;
        let of_layer = self.fit.features(&n_scans)?.layer(layer, &group.pieces)?;
        let bands = [vec![of_layer], controls].concat();
        let failed = |source| self.fit.failed(layer, source);
        let with_layer = self.banded(joint, &group.model, &bands, &y).map_err(failed)?;
        let alone = self
            .banded(joint, &group.model, &bands[1..], &y)
            .map_err(failed)?;
        let (joint_r2, alone_r2) = (r_squared(&with_layer), r_squared(&alone));
        let rows = [
            with_layer.scores.clone(),
            alone.scores.clone(),
            &with_layer.scores - &alone.scores,
            joint_r2.clone(),
            alone_r2.clone(),
            joint_r2 - alone_r2,
        ];
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        let values = stack(Axis(0), &views).unwrap_or_else(|_| unreachable!("rows have all voxels"));
        let info = JointInfo {
            model: self.fit.step.model.clone(),
            subject: set.subject.clone(),
            layer,
            controls: joint.controls.iter().map(|(name, _)| name.clone()).collect(),
            rows: ROWS.map(str::to_owned).to_vec(),
            means: rows.iter().map(|row| nan_mean(row.iter().copied())).collect(),
            band_widths: widths(&bands),
            mean_weights: with_layer.mean_weights().to_vec(),
        };
        Ok((values.mapv(to_f32), info))
    }

    /// Fits bands side by side.
    fn banded(
        &self,
        joint: &JointFit,
        ridge: &RidgeCv,
        bands: &[Vec<Array2<f64>>],
        y: &[Array2<f32>],
    ) -> Result<BandedRidgeFit, RidgeError> {
        let widths = widths(bands);
        let n_candidates = if widths.len() == 1 { 1 } else { joint.n_candidates };
        // Drawn to the sum 1; scaled so that equal weights stand for the plain fit of all bands with the same penalties.
        let weights = BandWeights::random(n_candidates, joint.seed).draw(widths.len())? * widths.len() as f64;
        let model = BandedRidge::params(ridge.clone(), widths)
            .weights(BandWeights::Given(weights))
            .split(true)
            .check()?;
        let x: Vec<Array2<f64>> = (0..y.len()).map(|run| side_by_side(bands, run)).collect();
        match self.fit.step.arithmetic {
            Arithmetic::Single => {
                let x: Vec<Array2<f32>> = x.iter().map(|run| run.mapv(to_f32)).collect();
                model.fit(&x, y)
            }
            Arithmetic::Double => {
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

/// R² of each voxel, averaged over folds: the sum over bands.
fn r_squared(fit: &BandedRidgeFit) -> Array1<f64> {
    match &fit.split {
        Some(split) => split.sum_axis(Axis(1)).sum_axis(Axis(0)) / fit.fold_scores.nrows() as f64,
        None => Array1::from_elem(fit.scores.len(), f64::NAN),
    }
}
