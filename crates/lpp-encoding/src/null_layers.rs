//! The layer chosen by validation under each order of the scans, the observed one included.

use std::ops::Range;

use lpp_ridge::{NullOrders, RidgeCvFit, RidgeError};
use lpp_steps::Nulls;
use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::features::LayerFeatures;
use crate::group::Group;
use crate::prepared::Prepared;
use crate::{EncodingError, FitJob};

/// Voxels over which the validation score of a layer is averaged, at random if there are more: the mean of so many differs
/// little from that of all, at a tenth of the cost.
const N_VOXELS: usize = 2000;

/// A layer that is the choice of some orders so far.
pub(crate) struct Chosen<'c> {
    pub(crate) prepared: &'c Prepared,
    /// Its fit of the scans in their own order.
    pub(crate) fit: &'c RidgeCvFit,
    /// The orders that choose it.
    pub(crate) orders: &'c [usize],
}

/// Everything from which layers are chosen under many orders of the scans.
pub(crate) struct NullLayers<'n> {
    pub(crate) job: &'n FitJob,
    pub(crate) nulls: Nulls,
    pub(crate) group: &'n Group,
    pub(crate) features: &'n LayerFeatures,
    pub(crate) y: &'n [Array2<f32>],
    pub(crate) orders: &'n NullOrders,
}

impl NullLayers<'_> {
    /// The layer of each order: the requested one, or the first of those with the largest validation score.
    ///
    /// All layers are gone through once. After each, `work` gets the orders of which it is the best layer so far; what it
    /// did for an order is to be replaced if a later layer is better.
    ///
    /// # Errors
    /// [`EncodingError`] for features that cannot be read or fitted, and those of `work`.
    pub(crate) fn choose(
        &self,
        mut work: impl FnMut(&Chosen<'_>) -> Result<(), RidgeError>,
    ) -> Result<Vec<usize>, EncodingError> {
        let n_layers = self.features.activations().n_layers();
        let requested = self.job.step.layer;
        let layers: Range<usize> = requested.map_or(0..n_layers, |layer| layer..layer + 1);
        let mut best = vec![f64::NAN; self.orders.n_nulls()];
        let mut choice = vec![layers.start; best.len()];
        for layer in layers {
            let failed = |source| self.job.failed(layer, source);
            let x = self.features.layer(layer, &self.group.pieces)?;
            let prepared = Prepared::new(&self.group.model, &x, self.job.step.arithmetic).map_err(failed)?;
            let fit = prepared.score(self.y).map_err(failed)?;
            let orders: Vec<usize> = if requested.is_some() {
                (0..best.len()).collect()
            } else {
                let validation = self.validation(&prepared, &fit).map_err(failed)?;
                let is_better = |order: &usize| {
                    let (score, best) = (validation[*order], best[*order]);
                    score > best || (best.is_nan() && !score.is_nan())
                };
                let better: Vec<usize> = (0..best.len()).filter(is_better).collect();
                for &order in &better {
                    (best[order], choice[order]) = (validation[order], layer);
                }
                better
            };
            if !orders.is_empty() {
                let chosen = Chosen {
                    prepared: &prepared,
                    fit: &fit,
                    orders: &orders,
                };
                work(&chosen).map_err(failed)?;
            }
        }
        Ok(choice)
    }

    /// The validation score of a layer under each order.
    fn validation(&self, prepared: &Prepared, fit: &RidgeCvFit) -> Result<Vec<f64>, RidgeError> {
        let scored: Vec<usize> = (0..fit.scores.len())
            .filter(|&voxel| !fit.scores[voxel].is_nan())
            .collect();
        // The same voxels for all layers, because a voxel has a score in all of them or in none.
        let columns = sample(&scored, N_VOXELS, self.nulls.seed);
        prepared.null_validation(fit, self.y, &columns, self.orders, self.nulls.refit)
    }
}

/// At most `n` of the voxels, at random, in their order.
pub(crate) fn sample(voxels: &[usize], n: usize, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1);
    let mut places = index::sample(&mut rng, voxels.len(), voxels.len().min(n)).into_vec();
    places.sort_unstable();
    places.into_iter().map(|place| voxels[place]).collect()
}
