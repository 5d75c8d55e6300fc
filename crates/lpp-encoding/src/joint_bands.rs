//! The ridge regressions of a joint fit: the controls alone, the layer beside them, the layer alone.

use std::collections::BTreeSet;

use lpp_ridge::{BandChoice, BandWeights, BandedRidgeFit, Metric, NullOrders, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::JointFit;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::band_ridge::{BandRidge, side_by_side};

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
    pub(crate) ridge: BandRidge,
    pub(crate) joint: &'j JointFit,
    pub(crate) metric: Metric,
}

impl JointRidge<'_> {
    /// The controls alone. Several bands have the weights that a descent finds best for each fold.
    pub(crate) fn controls(&self, bands: &Bands, y: &[Array2<f32>]) -> Result<Controls, RidgeError> {
        let widths = &bands.control_widths;
        let weights = if widths.len() == 1 {
            Array2::ones((1, 1))
        } else {
            let descent = BandWeights::Descent {
                n_candidates: N_DESCENT,
            };
            best_of_folds(
                &self.ridge.fit(widths.clone(), descent, &bands.controls, y)?,
                widths,
            )
        };
        let given = BandWeights::Given(weights.clone());
        let fit = self.ridge.fit(widths.clone(), given, &bands.controls, y)?;
        Ok(Controls { weights, fit })
    }

    /// The layer beside the controls, with all ratios and the weights of the controls alone.
    pub(crate) fn joint(
        &self,
        bands: &Bands,
        controls: &Controls,
        y: &[Array2<f32>],
    ) -> Result<BandedRidgeFit, RidgeError> {
        let (widths, weights, x) = self.beside(bands, controls);
        self.ridge.fit(widths, BandWeights::Given(weights), &x, y)
    }

    /// Its scores by each metric while the rows of the layer are permuted; `None` if each permutation needs a fit.
    pub(crate) fn permuted(
        &self,
        bands: &Bands,
        controls: &Controls,
        y: &[Array2<f32>],
        permuted: (&NullOrders, &[Metric]),
    ) -> Result<Option<Vec<Array2<f64>>>, RidgeError> {
        let (widths, weights, x) = self.beside(bands, controls);
        self.ridge
            .permuted(widths, BandWeights::Given(weights), &x, y, permuted)
    }

    /// Widths of the bands, candidates for their weights, and the layer beside the controls.
    fn beside(&self, bands: &Bands, controls: &Controls) -> (Vec<usize>, Array2<f64>, Vec<Array2<f64>>) {
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
        (widths, weights, x)
    }

    /// The layer alone.
    pub(crate) fn layer(&self, bands: &Bands, y: &[Array2<f32>]) -> Result<BandedRidgeFit, RidgeError> {
        let one = BandWeights::Given(Array2::ones((1, 1)));
        self.ridge.fit(vec![bands.layer_width()], one, &bands.layer, y)
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

#[cfg(test)]
mod tests {
    use lpp_ridge::{RidgeCv, standardise_columns};
    use lpp_steps::Arithmetic;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::prepared::to_f32;

    /// White noise of one run, standardised.
    fn noise(rng: &mut ChaCha8Rng, n: usize, columns: usize) -> Array2<f64> {
        standardise_columns(&Array2::from_shape_simple_fn((n, columns), || {
            StandardNormal.sample(rng)
        }))
    }

    #[test]
    fn controls_of_their_own_bands_are_weighted_and_the_joint_fit_contains_them() {
        // The first control drives all voxels, the second has sixty columns that nothing follows; the layer is noise.
        let (mut rng, n, widths) = (ChaCha8Rng::seed_from_u64(3), 50, [1, 60]);
        let controls: Vec<_> = (0..4).map(|_| noise(&mut rng, n, 61)).collect();
        let layer: Vec<_> = (0..4).map(|_| noise(&mut rng, n, 6)).collect();
        let y: Vec<Array2<f32>> = controls
            .iter()
            .map(|controls| {
                let scans = noise(&mut rng, n, 5) * 0.7 + controls.slice(ndarray::s![.., ..1]);
                standardise_columns(&scans).mapv(to_f32)
            })
            .collect();
        let joint = JointFit {
            ratios: vec![0.0, 0.01, 1.0],
            ..JointFit::with(Vec::new(), Vec::new())
        };
        let ridge = RidgeCv::params().alphas([0.1, 1.0, 10.0, 100.0]).check().unwrap();
        let ridge = JointRidge {
            ridge: BandRidge::new(ridge, Arithmetic::Double),
            joint: &joint,
            metric: Metric::Pearson,
        };
        let bands = |control_widths: Vec<usize>| Bands {
            layer: layer.clone(),
            controls: controls.clone(),
            control_widths,
        };
        let (one, each) = (bands(vec![61]), bands(widths.to_vec()));
        let (of_one, of_each) = (
            ridge.controls(&one, &y).unwrap(),
            ridge.controls(&each, &y).unwrap(),
        );
        assert!(of_each.fit.mean_score() > of_one.fit.mean_score() + 0.02);
        for weights in of_each.of_folds() {
            assert!(
                (weights[0] + 60.0 * weights[1] - 61.0).abs() < 1e-9,
                "{weights:?}"
            );
            assert!(weights[0] > 10.0 * weights[1], "{weights:?}");
        }
        // With the ratio 0, the joint fit is that of the controls, candidate by candidate.
        let found = ridge.joint(&each, &of_each, &y).unwrap();
        for candidate in 0..of_each.weights.nrows() {
            let (with, alone) = (
                found.candidate_scores.row(3 * candidate),
                of_each.fit.candidate_scores.row(candidate),
            );
            assert!(
                with.iter().zip(alone).all(|(a, b)| (a - b).abs() < 1e-9),
                "{with} {alone}"
            );
        }
    }
}
