//! Banded ridge regressions of feature spaces in the arithmetic of the fit.

use lpp_ridge::{BandWeights, BandedRidge, BandedRidgeFit, NullOrders, RidgeCv, RidgeError};
use lpp_steps::{Arithmetic, FitStep};
use lpp_study::{AlphaScope, Metric};
use ndarray::{Array2, Axis, concatenate};

use crate::group::{Group, ridge_params};
use crate::prepared::to_f32;

/// Smallest penalty of the grids of joint fits: features of a few controls need smaller ones than those of a layer.
const LEAST_PENALTY: f64 = 0.1;

/// A ridge regression for several bands, by one metric.
pub(crate) struct BandRidge {
    ridge: RidgeCv,
    arithmetic: Arithmetic,
}

impl BandRidge {
    /// By a metric and a scope, with the folds of a group and the penalties of joint fits. Weights and penalties are validated
    /// on the runs that choose layers: where a control varies in one run only, that run alone cannot validate it.
    pub(crate) fn of(
        step: &FitStep,
        group: &Group,
        scope: AlphaScope,
        metric: Metric,
    ) -> Result<Self, RidgeError> {
        let mut step = step.clone();
        step.alphas = continued(&step.alphas);
        step.inner = Some(step.inner_of_layers());
        step.settings.metric = metric;
        step.settings.alpha_scope = scope;
        let params = group.pieces.add_folds(&group.folds, ridge_params(&step));
        Ok(Self::new(params.check()?, step.arithmetic))
    }

    pub(crate) fn new(ridge: RidgeCv, arithmetic: Arithmetic) -> Self {
        Self { ridge, arithmetic }
    }

    /// Fits bands of these widths, which lie side by side in `x`.
    pub(crate) fn fit(
        &self,
        widths: Vec<usize>,
        weights: BandWeights,
        x: &[Array2<f64>],
        y: &[Array2<f32>],
    ) -> Result<BandedRidgeFit, RidgeError> {
        let model = self.model(widths, weights)?;
        match self.arithmetic {
            Arithmetic::Single => model.fit(&single(x), y),
            Arithmetic::Double => model.fit(x, &double(y)),
        }
    }

    /// Scores by each metric while the rows of the first band are permuted; `None` if each permutation needs a fit.
    pub(crate) fn permuted(
        &self,
        widths: Vec<usize>,
        weights: BandWeights,
        x: &[Array2<f64>],
        y: &[Array2<f32>],
        (orders, metrics): (&NullOrders, &[lpp_ridge::Metric]),
    ) -> Result<Option<Vec<Array2<f64>>>, RidgeError> {
        let model = self.model(widths, weights)?;
        match self.arithmetic {
            Arithmetic::Single => model.scores_of_permuted_band(&single(x), y, orders, metrics),
            Arithmetic::Double => model.scores_of_permuted_band(x, &double(y), orders, metrics),
        }
    }

    fn model(&self, widths: Vec<usize>, weights: BandWeights) -> Result<BandedRidge, RidgeError> {
        BandedRidge::params(self.ridge.clone(), widths)
            .weights(weights)
            .check()
    }
}

fn single(x: &[Array2<f64>]) -> Vec<Array2<f32>> {
    x.iter().map(|run| run.mapv(to_f32)).collect()
}

fn double(y: &[Array2<f32>]) -> Vec<Array2<f64>> {
    y.iter().map(|run| run.mapv(f64::from)).collect()
}

/// Two matrices of the same scans beside each other.
pub(crate) fn side_by_side((left, right): (&Array2<f64>, &Array2<f64>)) -> Array2<f64> {
    concatenate(Axis(1), &[left.view(), right.view()])
        .unwrap_or_else(|_| unreachable!("bands have the scans of the targets"))
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
