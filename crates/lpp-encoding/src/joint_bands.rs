//! The ridge regressions of a joint fit: the controls alone, the layer beside them, the layer alone.

use std::collections::BTreeSet;

use lpp_ridge::{BandChoice, BandWeights, BandedRidge, BandedRidgeFit, RidgeCv, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::{Arithmetic, FitStep, JointFit};
use lpp_study::Metric;
use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate};

use crate::group::{Group, ridge_params};
use crate::prepared::to_f32;

/// Smallest penalty of the grids of joint fits: features of a few controls need smaller ones than those of a layer.
const LEAST_PENALTY: f64 = 0.1;

/// Candidates of the descent to the weights of several bands of controls.
const N_DESCENT: usize = 100;

/// The features of a joint fit, each run (`n_scans`, columns).
pub(crate) struct Bands {
    pub(crate) layer: Vec<Array2<f64>>,
    /// All controls side by side.
    pub(crate) controls: Vec<Array2<f64>>,
    /// Columns of each band of controls.
    pub(crate) control_widths: Vec<usize>,
}

impl Bands {
    pub(crate) fn layer_width(&self) -> usize {
        self.layer[0].ncols()
    }

    pub(crate) fn controls_width(&self) -> usize {
        self.control_widths.iter().sum()
    }
}

/// The fit of the controls alone: of its candidates, each fold has a best one.
pub(crate) struct Controls {
    /// Weights of the bands of controls, (`n_candidates`, `n_bands`); they add up to the number of columns.
    pub(crate) weights: Array2<f64>,
    pub(crate) fit: BandedRidgeFit,
}

impl Controls {
    /// The weights that each fold chose, (`n_bands`); the mean over voxels if each chose its own.
    pub(crate) fn of_folds(&self) -> Vec<Vec<f64>> {
        let of_fold = |fold: ArrayView1<'_, Option<BandChoice>>| {
            let of_band = |band| {
                let chosen = fold.iter().flatten();
                nan_mean(chosen.map(|choice| self.weights[[choice.weights, band]]))
            };
            (0..self.weights.ncols()).map(of_band).collect()
        };
        self.fit.choice.rows().into_iter().map(of_fold).collect()
    }
}

/// How a joint fit is made, by one metric.
pub(crate) struct JointRidge<'j> {
    ridge: RidgeCv,
    joint: &'j JointFit,
    arithmetic: Arithmetic,
}

impl<'j> JointRidge<'j> {
    /// The ridge regression of a metric, with the penalties of joint fits.
    pub(crate) fn of(
        step: &FitStep,
        joint: &'j JointFit,
        group: &Group,
        metric: Metric,
    ) -> Result<Self, RidgeError> {
        let mut step = step.clone();
        step.alphas = continued(&step.alphas);
        step.settings.metric = metric;
        step.settings.alpha_scope = joint.scope;
        let ridge = group
            .pieces
            .add_folds(&group.folds, ridge_params(&step))
            .check()?;
        Ok(Self {
            ridge,
            joint,
            arithmetic: step.arithmetic,
        })
    }

    /// The controls alone. Several bands have the weights that a descent finds best for each fold.
    pub(crate) fn controls(&self, bands: &Bands, y: &[Array2<f32>]) -> Result<Controls, RidgeError> {
        let widths = &bands.control_widths;
        let weights = match widths.len() {
            1 => Array2::ones((1, 1)),
            _ => {
                let descent = BandWeights::Descent {
                    n_candidates: N_DESCENT,
                };
                best_of_folds(&self.fit(widths.clone(), descent, &bands.controls, y)?, widths)
            }
        };
        let given = BandWeights::Given(weights.clone());
        let fit = self.fit(widths.clone(), given, &bands.controls, y)?;
        Ok(Controls { weights, fit })
    }

    /// The layer beside the controls, with all ratios and the weights of the controls alone.
    pub(crate) fn joint(
        &self,
        bands: &Bands,
        controls: &Controls,
        y: &[Array2<f32>],
    ) -> Result<BandedRidgeFit, RidgeError> {
        let equal = bands.controls_width() as f64 / bands.layer_width() as f64;
        let n_ratios = self.joint.ratios.len();
        let shape = (controls.weights.nrows() * n_ratios, 1 + controls.weights.ncols());
        let weights = Array2::from_shape_fn(shape, |(candidate, band)| match band {
            0 => self.joint.ratios[candidate % n_ratios] * equal,
            _ => controls.weights[[candidate / n_ratios, band - 1]],
        });
        let x: Vec<Array2<f64>> = bands
            .layer
            .iter()
            .zip(&bands.controls)
            .map(side_by_side)
            .collect();
        let widths = [&[bands.layer_width()], bands.control_widths.as_slice()].concat();
        self.fit(widths, BandWeights::Given(weights), &x, y)
    }

    /// The layer alone.
    pub(crate) fn layer(&self, bands: &Bands, y: &[Array2<f32>]) -> Result<BandedRidgeFit, RidgeError> {
        let one = BandWeights::Given(Array2::ones((1, 1)));
        self.fit(vec![bands.layer_width()], one, &bands.layer, y)
    }

    /// The chosen ratio of each fold, the mean over voxels if each has its own.
    pub(crate) fn ratios(&self, fit: &BandedRidgeFit) -> Vec<f64> {
        let ratios = &self.joint.ratios;
        let of_fold = |fold: ArrayView1<'_, Option<BandChoice>>| {
            let chosen = fold.iter().flatten();
            nan_mean(chosen.map(|choice| ratios[choice.weights % ratios.len()]))
        };
        fit.choice.rows().into_iter().map(of_fold).collect()
    }

    fn fit(
        &self,
        widths: Vec<usize>,
        weights: BandWeights,
        x: &[Array2<f64>],
        y: &[Array2<f32>],
    ) -> Result<BandedRidgeFit, RidgeError> {
        let model = BandedRidge::params(self.ridge.clone(), widths)
            .weights(weights)
            .check()?;
        match self.arithmetic {
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
}

/// Two matrices of the same scans beside each other.
pub(crate) fn side_by_side((left, right): (&Array2<f64>, &Array2<f64>)) -> Array2<f64> {
    concatenate(Axis(1), &[left.view(), right.view()])
        .unwrap_or_else(|_| unreachable!("bands have the scans of the targets"))
}

/// The candidate with the largest validation score of each fold, each once, scaled to the trace of unweighted bands.
fn best_of_folds(fit: &BandedRidgeFit, widths: &[usize]) -> Array2<f64> {
    let best_of = |scores: ArrayView1<'_, f64>| {
        let better = |best: usize, (candidate, &score): (usize, &f64)| {
            if score > scores[best] || scores[best].is_nan() {
                candidate
            } else {
                best
            }
        };
        scores.iter().enumerate().fold(0, better)
    };
    let best: BTreeSet<usize> = fit.candidate_scores.columns().into_iter().map(best_of).collect();
    let mut weights = fit.weights.select(Axis(0), &best.into_iter().collect::<Vec<_>>());
    let widths: Array1<f64> = widths.iter().map(|&width| width as f64).collect();
    for mut row in weights.rows_mut() {
        let trace = row.dot(&widths);
        row *= widths.sum() / trace;
    }
    weights
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
