//! A layer fitted jointly with low-level controls: what it explains beyond them.

use std::path::Path;

use lpp_files::{Progress, npy};
use lpp_fmri::BrainMask;
use lpp_ridge::{BandedRidgeFit, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::{ControlBands, InnerRuns, JointFit, Nulls, Software, TargetSet};
use lpp_study::{JointInfo, JointRecord, Metric, UniqueP, beside_scores};
use ndarray::{Array2, Array3, Axis, stack};

use crate::band_ridge::{BandRidge, side_by_side};
use crate::group::{Group, lone, metric_of};
use crate::joint_bands::{Bands, Controls, JointRidge};
use crate::joint_nulls::{MOST_VOXELS, UniqueNulls, describe};
use crate::layer_job::{LayerOutcome, beside_fit};
use crate::map_sides::MapSides;
use crate::null_job::null_orders;
use crate::null_layers::sample;
use crate::prepared::to_f32;
use crate::target_set::{load_mask, mask_of};
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
/// All controls are one band of `p_c` columns, the layer is the other, of `p_l`. The kernel is `K_c + q (p_c / p_l) K_l`,
/// so that equal traces have q = 1. All ratios q and all penalties are validated, and each fold takes the best pair. The
/// ratio 0 *is* the fit of the controls alone, so the joint fit contains it: its validation score is never below that of
/// the controls, and a layer of noise is left out. Rows of r are chosen by r, rows of R² by R². The unique score of the
/// layer is the joint score minus the score of the controls. Where each control is a band, the ratios of the controls to
/// each other are found without the layer, for each fold, and all of them are validated in both fits. The layer alone has
/// the same penalties. With nulls of a given layer, the unique score is tested by shifts of the layer's features alone.
///
/// # References
/// A. O. Nunez-Elizalde et al. (2019), <https://doi.org/10.1016/j.neuroimage.2019.04.012>; variance partitioning as in W. A. de
/// Heer et al. (2017), <https://doi.org/10.1523/JNEUROSCI.3267-16.2017>.
#[derive(Debug, Clone, PartialEq)]
pub struct JointJob {
    /// The fit, whose step has the controls.
    pub fit: FitJob,
}

/// The fits by one metric.
struct Nested {
    ratios: Vec<f64>,
    joint: BandedRidgeFit,
    controls: Controls,
    layer: BandedRidgeFit,
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
    ) -> Result<Vec<LayerOutcome<JointRecord>>, EncodingError> {
        let Some(joint) = &self.fit.step.joint else {
            return Ok(Vec::new());
        };
        progress.start("joint fits with controls", self.fit.step.targets.len() as u64);
        let outcomes = beside_fit(
            &self.fit,
            software,
            progress,
            |set| self.fit.step.joint_artefacts(set),
            |set| self.fit_set(joint, set),
        );
        progress.finish();
        outcomes
    }

    fn fit_set(
        &self,
        joint: &JointFit,
        set: &TargetSet,
    ) -> Result<(Array2<f32>, JointRecord), EncodingError> {
        let step = &self.fit.step;
        let layer = step.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
        let (group, heard, y) = lone(step, set, false)?;
        let mask = load_mask(set, heard.n_voxels)?;
        let bands = self.bands(joint, layer, &heard.n_scans(), &group)?;
        let failed = |source| self.fit.failed(layer, source);
        let ridge = |metric| {
            let ridge = BandRidge::of(step, &group, joint.scope, metric).map_err(failed)?;
            let metric = metric_of(metric);
            Ok::<_, EncodingError>(JointRidge { ridge, joint, metric })
        };
        let [by_r, by_r2] = [ridge(Metric::Pearson)?, ridge(Metric::R2)?];
        let fits = [
            Nested::fit(&by_r, &bands, &y).map_err(failed)?,
            Nested::fit(&by_r2, &bands, &y).map_err(failed)?,
        ];
        let of_folds = stacked(&fits.each_ref().map(Nested::of_folds).concat());
        let values = of_folds.sum_axis(Axis(0)) / of_folds.len_of(Axis(0)) as f64;
        let alone = stacked(&fits.each_ref().map(|fit| fit.layer.fold_scores.clone()));
        let (unique_p, unique_nulls) = match step.unique_nulls() {
            Some(nulls) => {
                let known: Vec<usize> = (0..heard.n_voxels)
                    .filter(|&voxel| !values[[0, voxel]].is_nan())
                    .collect();
                let test = UniqueTest {
                    nulls,
                    bands: &bands,
                    y: &y,
                    known: &known,
                };
                let (p, what) = test.of(&[by_r, by_r2], &group, set, mask.as_ref(), failed)?;
                (Some(p), what)
            }
            None => (None, not_tested(step.nulls, step.layer)),
        };
        npy::save(&beside_scores(&set.scores, "joint_runs"), &of_folds.mapv(to_f32))?;
        npy::save(
            &beside_scores(&set.scores, "joint_layer_runs"),
            &alone.mapv(to_f32),
        )?;
        let [by_r, by_r2] = fits;
        let info = JointInfo {
            model: step.model.clone(),
            subject: set.subject.clone(),
            layer,
            layer_choice: match step.layer {
                Some(_) => "given",
                None => "by validation",
            }
            .to_owned(),
            controls: joint.controls.iter().map(|(name, _)| name.clone()).collect(),
            rows: ROWS.map(str::to_owned).to_vec(),
            means: values
                .rows()
                .into_iter()
                .map(|row| nan_mean(row.iter().copied()))
                .collect(),
            band_widths: [&[bands.layer_width()], bands.control_widths.as_slice()].concat(),
            ratio_per_fold: by_r.ratios.clone(),
            ratio_per_fold_r2: by_r2.ratios,
        };
        let record = JointRecord {
            fit: info,
            control_weights_per_fold: match joint.bands {
                ControlBands::One => Vec::new(),
                ControlBands::Each => by_r.controls.of_folds(),
            },
            unique_p,
            unique_nulls,
        };
        Ok((values.mapv(to_f32), record))
    }

    fn bands(
        &self,
        joint: &JointFit,
        layer: usize,
        n_scans: &[usize],
        group: &Group,
    ) -> Result<Bands, EncodingError> {
        let mut controls: Vec<Array2<f64>> = Vec::new();
        let mut widths = Vec::new();
        for (_, path) in &joint.controls {
            let of_control = self.fit.features_of(path, n_scans)?.layer(0, &group.pieces)?;
            if self.fit.step.inner_of_layers() == InnerRuns::First {
                check_validated(path, &of_control)?;
            }
            widths.push(of_control[0].ncols());
            controls = if controls.is_empty() {
                of_control
            } else {
                controls.iter().zip(&of_control).map(side_by_side).collect()
            };
        }
        if joint.bands == ControlBands::One {
            widths = vec![widths.iter().sum()];
        }
        check_controls(joint, &controls)?;
        Ok(Bands {
            layer: self.fit.features(n_scans)?.layer(layer, &group.pieces)?,
            controls,
            control_widths: widths,
        })
    }
}

/// Some control must vary in every run: where none does, the controls alone predict nothing, and no penalty can be chosen.
fn check_controls(joint: &JointFit, controls: &[Array2<f64>]) -> Result<(), EncodingError> {
    let empty = controls
        .iter()
        .position(|run| run.iter().all(|value| value.abs() <= 0.0));
    match (empty, joint.controls.first()) {
        (Some(run), Some((_, path))) => Err(EncodingError::Mismatch {
            path: path.clone(),
            found: format!("controls that are all constant in run {run}"),
            expected: "one that varies in every run beside it, for example --controls wordrate,pictures"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}

/// A control that varies in one run only needs all runs for validation: if that run alone validates, penalties are chosen by a
/// response that no training run could teach.
fn check_validated(path: &Path, control: &[Array2<f64>]) -> Result<(), EncodingError> {
    let varies = |run: &Array2<f64>, column: usize| run.column(column).iter().any(|value| value.abs() > 0.0);
    for column in 0..control[0].ncols() {
        let mut runs = (0..control.len()).filter(|&run| varies(&control[run], column));
        if let (Some(run), None) = (runs.next(), runs.next()) {
            return Err(EncodingError::Mismatch {
                path: path.to_owned(),
                found: format!("a control that varies in run {run} only"),
                expected: "--inner all, or no --inner: one run cannot validate it".to_owned(),
            });
        }
    }
    Ok(())
}

/// The test of what is unique to a given layer.
struct UniqueTest<'t> {
    nulls: Nulls,
    bands: &'t Bands,
    y: &'t [Array2<f32>],
    /// Voxels with scores.
    known: &'t [usize],
}

impl UniqueTest<'_> {
    /// p by r and by R², and what the nulls were.
    fn of(
        &self,
        ridges: &[JointRidge<'_>; 2],
        group: &Group,
        set: &TargetSet,
        mask: Option<&BrainMask>,
        failed: impl Fn(RidgeError) -> EncodingError,
    ) -> Result<(UniqueP, String), EncodingError> {
        let columns = sample(self.known, MOST_VOXELS, self.nulls.seed);
        let what = describe(&self.nulls, columns.len());
        let sides = mask.map(|mask| MapSides::of(mask, mask_of(set))).transpose()?;
        let shifts = UniqueNulls {
            bands: self.bands,
            y: UniqueNulls::voxels(self.y, &columns),
            columns,
            orders: null_orders(&self.nulls, &group.pieces.lengths())?,
        };
        let [unique_r, unique_r2] = shifts.p(ridges, sides.as_ref()).map_err(failed)?;
        Ok((UniqueP { unique_r, unique_r2 }, what))
    }
}

/// Why a unique contribution has no p.
fn not_tested(nulls: Option<Nulls>, layer: Option<usize>) -> String {
    match (nulls, layer) {
        (Some(_), None) => "not tested: the layer was chosen on the same scans; give it with --layer",
        _ => "not tested: needs --nulls and --layer",
    }
    .to_owned()
}

impl Nested {
    fn fit(ridge: &JointRidge<'_>, bands: &Bands, y: &[Array2<f32>]) -> Result<Self, RidgeError> {
        let controls = ridge.controls(bands, y)?;
        let joint = ridge.joint(bands, &controls, y)?;
        Ok(Self {
            ratios: ridge.ratios(&joint),
            joint,
            controls,
            layer: ridge.layer(bands, y)?,
        })
    }

    /// Joint, controls and unique scores, each (`n_folds`, `n_voxels`).
    fn of_folds(&self) -> [Array2<f64>; 3] {
        let (joint, controls) = (&self.joint.fold_scores, &self.controls.fit.fold_scores);
        [joint.clone(), controls.clone(), joint - controls]
    }
}

/// Rows (`n_folds`, `n_voxels`) as (`n_folds`, rows, `n_voxels`).
fn stacked(rows: &[Array2<f64>]) -> Array3<f64> {
    let views: Vec<_> = rows.iter().map(|rows| rows.view()).collect();
    stack(Axis(1), &views).unwrap_or_else(|_| unreachable!("rows have all folds and voxels"))
}
