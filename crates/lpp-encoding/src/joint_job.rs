//! A layer fitted jointly with low-level controls: what it explains beyond them.

use lpp_files::{Progress, npy};
use lpp_ridge::{BandWeights, BandedRidge, BandedRidgeFit, RidgeCv, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::{Arithmetic, FitStep, JointFit, Software, TargetSet};
use lpp_study::{JointInfo, Metric, beside_scores};
use ndarray::{Array2, Array3, Axis, concatenate, s, stack};

use crate::group::{Group, lone, ridge_params};
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

/// Smallest penalty of the grids of joint fits: features of a few controls need smaller ones than those of a layer.
const LEAST_PENALTY: f64 = 0.1;

/// A joint fit of one layer and of controls, and a fit of the controls alone, by banded ridge regression.
///
/// All controls are one band of `p_c` columns, the layer is the other, of `p_l`. The kernel is `K_c + q (p_c / p_l) K_l`,
/// so that equal traces have q = 1. All ratios q and all penalties are validated, and each fold takes the best pair. The
/// ratio 0 *is* the fit of the controls alone, so the joint fit contains it: its validation score is never below that of
/// the controls, and a layer of noise is left out. Rows of r are chosen by r, rows of R² by R². The unique score of the
/// layer is the joint score minus the score of the controls.
///
/// # References
/// A. O. Nunez-Elizalde et al. (2019), <https://doi.org/10.1016/j.neuroimage.2019.04.012>; variance partitioning as in W. A. de
/// Heer et al. (2017), <https://doi.org/10.1523/JNEUROSCI.3267-16.2017>.
#[derive(Debug, Clone, PartialEq)]
pub struct JointJob {
    /// The fit, whose step has the controls.
    pub fit: FitJob,
}

/// The features of a joint fit, each run (`n_scans`, layer and controls side by side).
struct Bands {
    x: Vec<Array2<f64>>,
    /// Columns of the layer and of all controls.
    widths: [usize; 2],
}

/// A joint fit and that of the controls alone, by one metric.
struct Nested {
    joint: BandedRidgeFit,
    controls: BandedRidgeFit,
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
            |set| self.fit.step.joint_artefacts(set),
            |set| self.fit_set(joint, set),
        );
        progress.finish();
        outcomes
    }

    fn fit_set(&self, joint: &JointFit, set: &TargetSet) -> Result<(Array2<f32>, JointInfo), EncodingError> {
        let step = &self.fit.step;
        let layer = step.layer.map_or_else(|| FitJob::chosen_layer(set), Ok)?;
        let (group, heard, y) = lone(step, set, false)?;
        load_mask(set, heard.n_voxels)?;
        let bands = self.bands(joint, layer, &heard.n_scans(), &group)?;
        let fit = |metric| {
            let ridge = ridge(step, joint, &group, metric)?;
            Nested::fit(&ridge, joint, &bands, &y, step.arithmetic)
        };
        let failed = |source| self.fit.failed(layer, source);
        let by_r = fit(Metric::Pearson).map_err(failed)?;
        let by_r2 = fit(Metric::R2).map_err(failed)?;
        let of_folds = [by_r.of_folds(), by_r2.of_folds()].concat();
        let views: Vec<_> = of_folds.iter().map(|rows| rows.view()).collect();
        let of_folds: Array3<f64> =
            stack(Axis(1), &views).unwrap_or_else(|_| unreachable!("rows have all folds and voxels"));
        let values = of_folds.sum_axis(Axis(0)) / of_folds.len_of(Axis(0)) as f64;
        npy::save(&beside_scores(&set.scores, "joint_runs"), &of_folds.mapv(to_f32))?;
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
            band_widths: bands.widths.to_vec(),
            ratio_per_fold: by_r.ratios(&joint.ratios),
            ratio_per_fold_r2: by_r2.ratios(&joint.ratios),
        };
        Ok((values.mapv(to_f32), info))
    }

    fn bands(
        &self,
        joint: &JointFit,
        layer: usize,
        n_scans: &[usize],
        group: &Group,
    ) -> Result<Bands, EncodingError> {
        let mut all = vec![self.fit.features(n_scans)?.layer(layer, &group.pieces)?];
        for (_, path) in &joint.controls {
            all.push(self.fit.features_of(path, n_scans)?.layer(0, &group.pieces)?);
        }
        check_controls(joint, &all[1..])?;
        let width = |bands: &[Vec<Array2<f64>>]| bands.iter().map(|band| band[0].ncols()).sum();
        let side_by_side = |run: usize| {
            let views: Vec<_> = all.iter().map(|band| band[run].view()).collect();
            concatenate(Axis(1), &views)
                .unwrap_or_else(|_| unreachable!("bands have the scans of the targets"))
        };
        Ok(Bands {
            x: (0..group.pieces.lengths().len()).map(side_by_side).collect(),
            widths: [width(&all[..1]), width(&all[1..])],
        })
    }
}

/// Some control must vary in every run: where none does, the controls alone predict nothing, and no penalty can be chosen.
fn check_controls(joint: &JointFit, controls: &[Vec<Array2<f64>>]) -> Result<(), EncodingError> {
    let n_runs = controls.first().map_or(0, Vec::len);
    let is_empty = |run: &usize| {
        controls
            .iter()
            .all(|band| band[*run].iter().all(|value| value.abs() <= 0.0))
    };
    match ((0..n_runs).find(is_empty), joint.controls.first()) {
        (Some(run), Some((_, path))) => Err(EncodingError::Mismatch {
            path: path.clone(),
            found: format!("controls that are all constant in run {run}"),
            expected: "one that varies in every run beside it, for example --controls wordrate,pictures"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The ridge regression of a metric, with the penalties of joint fits.
fn ridge(step: &FitStep, joint: &JointFit, group: &Group, metric: Metric) -> Result<RidgeCv, RidgeError> {
    let mut step = step.clone();
    step.alphas = continued(&step.alphas);
    step.settings.metric = metric;
    step.settings.alpha_scope = joint.scope;
    group.pieces.add_folds(&group.folds, ridge_params(&step)).check()
}

/// Penalties in ascending order, continued at the spacing of the two smallest down to [`LEAST_PENALTY`].
fn continued(alphas: &[f64]) -> Vec<f64> {
    let mut alphas = alphas.to_vec();
    alphas.sort_by(f64::total_cmp);
    alphas.dedup();
    let [least, next, ..] = alphas[..] else {
        return alphas;
    };
    let factor = next / least;
    // Rounding must not drop the last one.
    let mut all = Vec::new();
    let mut below = least / factor;
    while below > LEAST_PENALTY * (1.0 - 1e-9) {
        all.push(below);
        below /= factor;
    }
    all.reverse();
    all.extend(alphas);
    all
}

impl Nested {
    fn fit(
        ridge: &RidgeCv,
        joint: &JointFit,
        bands: &Bands,
        y: &[Array2<f32>],
        arithmetic: Arithmetic,
    ) -> Result<Self, RidgeError> {
        let [of_layer, of_controls] = bands.widths;
        let equal = of_controls as f64 / of_layer as f64;
        let weights = Array2::from_shape_fn((joint.ratios.len(), 2), |(ratio, band)| match band {
            0 => joint.ratios[ratio] * equal,
            _ => 1.0,
        });
        let alone: Vec<Array2<f64>> = bands
            .x
            .iter()
            .map(|run| run.slice(s![.., of_layer..]).to_owned())
            .collect();
        Ok(Self {
            joint: banded(ridge, bands.widths.to_vec(), weights, &bands.x, y, arithmetic)?,
            controls: banded(
                ridge,
                vec![of_controls],
                Array2::ones((1, 1)),
                &alone,
                y,
                arithmetic,
            )?,
        })
    }

    /// Joint, controls and unique scores, each (`n_folds`, `n_voxels`).
    fn of_folds(&self) -> [Array2<f64>; 3] {
        let (joint, controls) = (&self.joint.fold_scores, &self.controls.fold_scores);
        [joint.clone(), controls.clone(), joint - controls]
    }

    /// The chosen ratio of each fold, the mean over voxels if each has its own.
    fn ratios(&self, ratios: &[f64]) -> Vec<f64> {
        let of_fold = |fold: ndarray::ArrayView1<'_, Option<lpp_ridge::BandChoice>>| {
            nan_mean(fold.iter().flatten().map(|choice| ratios[choice.weights]))
        };
        self.joint.choice.rows().into_iter().map(of_fold).collect()
    }
}

fn banded(
    ridge: &RidgeCv,
    widths: Vec<usize>,
    weights: Array2<f64>,
    x: &[Array2<f64>],
    y: &[Array2<f32>],
    arithmetic: Arithmetic,
) -> Result<BandedRidgeFit, RidgeError> {
    let model = BandedRidge::params(ridge.clone(), widths)
        .weights(BandWeights::Given(weights))
        .check()?;
    match arithmetic {
        Arithmetic::Single => {
            let x: Vec<Array2<f32>> = x.iter().map(|run| run.mapv(to_f32)).collect();
            model.fit(&x, y)
        }
        Arithmetic::Double => {
            let y: Vec<Array2<f64>> = y.iter().map(|run| run.mapv(f64::from)).collect();
            model.fit(x, &y)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_are_continued_at_their_own_spacing() {
        let paper: Vec<f64> = (0..16).map(|k| 10_f64.powf(2.0 + f64::from(k) / 3.0)).collect();
        let found = continued(&paper);
        assert_eq!(found.len(), 25);
        for (k, alpha) in (0..25).zip(&found) {
            let expected = 10_f64.powf(-1.0 + f64::from(k) / 3.0);
            assert!(
                (alpha / expected - 1.0).abs() < 1e-12,
                "{alpha}, expected {expected}"
            );
        }
        assert_eq!(continued(&[100.0, 1.0, 10.0]), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!(continued(&[0.01, 1.0]), [0.01, 1.0]);
        assert_eq!(continued(&[5.0]), [5.0]);
    }
}
