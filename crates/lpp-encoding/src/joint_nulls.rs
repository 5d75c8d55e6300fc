//! The null of what is unique to a layer: the layer's features shifted against scans and controls.

use lpp_ridge::{BandedRidgeFit, NullOrders, RidgeError};
use lpp_stats::{Tail, VoxelSet, nan_mean, permutation_p};
use lpp_steps::Nulls;
use lpp_study::MeanP;
use ndarray::{Array2, Axis};

use crate::joint_bands::{Bands, Controls, JointRidge};
use crate::map_sides::MapSides;

/// Largest number of voxels of a null, at random if there are more.
pub(crate) const MOST_VOXELS: usize = 2000;

/// Circular shifts of a layer's features, run by run; controls and scans stay. Ratio and penalty are chosen anew in each, as in
/// the observed order, which is the first.
pub(crate) struct UniqueNulls<'n> {
    pub(crate) bands: &'n Bands,
    /// Scans of the voxels that are tested.
    pub(crate) y: Vec<Array2<f32>>,
    /// These voxels among all, ascending.
    pub(crate) columns: Vec<usize>,
    pub(crate) orders: NullOrders,
}

impl UniqueNulls<'_> {
    /// Scans of some voxels.
    pub(crate) fn voxels(y: &[Array2<f32>], columns: &[usize]) -> Vec<Array2<f32>> {
        y.iter().map(|run| run.select(Axis(1), columns)).collect()
    }

    /// p by one metric, of the mean and of the mean of each side.
    pub(crate) fn p(&self, ridge: &JointRidge<'_>, sides: Option<&MapSides>) -> Result<MeanP, RidgeError> {
        let controls = ridge.controls(self.bands, &self.y)?;
        let unique: Vec<Vec<f64>> = (0..self.orders.n_nulls())
            .map(|order| self.unique(order, ridge, &controls))
            .collect::<Result<_, _>>()?;
        let p = |is_counted: &dyn Fn(usize) -> bool| {
            let mean = |unique: &Vec<f64>| {
                let counted = unique.iter().zip(&self.columns);
                nan_mean(counted.filter(|(_, voxel)| is_counted(**voxel)).map(|(u, _)| *u))
            };
            let means: Vec<f64> = unique.iter().map(mean).collect();
            permutation_p(means[0], &means[1..], Tail::Upper)
        };
        let of_side = |side: &VoxelSet| Some(p(&|voxel| side.contains(voxel))).filter(|p| !p.is_nan());
        Ok(MeanP {
            mean: p(&|_| true),
            left: sides.and_then(|sides| of_side(sides.by_x().left())),
            right: sides.and_then(|sides| of_side(sides.by_x().right())),
        })
    }

    /// What is unique to the layer in one order of its rows, of each voxel.
    fn unique(
        &self,
        order: usize,
        ridge: &JointRidge<'_>,
        controls: &Controls,
    ) -> Result<Vec<f64>, RidgeError> {
        let shifted = Bands {
            layer: self.orders.apply(order, &self.bands.layer),
            controls: self.bands.controls.clone(),
            control_widths: self.bands.control_widths.clone(),
        };
        let joint: BandedRidgeFit = ridge.joint(&shifted, controls, &self.y)?;
        Ok((&joint.scores - &controls.fit.scores).to_vec())
    }
}

/// As the sidecar describes the nulls.
pub(crate) fn describe(nulls: &Nulls, n_voxels: usize) -> String {
    format!(
        "{} of the layer's features, ratio and penalty chosen anew, {} nulls over {n_voxels} voxels",
        crate::null_job::orders_of(nulls.order),
        nulls.n
    )
}

#[cfg(test)]
mod tests {
    use lpp_ridge::{Metric, RidgeCv, standardise_columns};
    use lpp_steps::{Arithmetic, JointFit};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rayon::prelude::*;

    use super::*;
    use crate::band_ridge::BandRidge;
    use crate::null_job::null_orders;
    use crate::prepared::to_f32;

    const N_RUNS: usize = 4;
    const N_SCANS: usize = 50;
    const N_VOXELS: usize = 8;

    /// AR(1) noise of each run, standardised.
    fn slow_noise(rng: &mut ChaCha8Rng, n_columns: usize, memory: f64) -> Vec<Array2<f64>> {
        let mut run = || {
            let mut run = Array2::<f64>::zeros((N_SCANS + 30, n_columns));
            for i in 1..run.nrows() {
                for j in 0..n_columns {
                    run[[i, j]] = memory * run[[i - 1, j]] + rng.random_range(-1.0..1.0);
                }
            }
            standardise_columns(&run.slice(ndarray::s![30.., ..]).to_owned())
        };
        (0..N_RUNS).map(|_| run()).collect()
    }

    /// p of a layer of slow features beside two slow controls that drive all voxels; the layer drives them by `effect`.
    fn unique_p(seed: u64, effect: f64, metric: Metric) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let [layer, controls] = [4, 2].map(|width| slow_noise(&mut rng, width, 0.8));
        let mut y = slow_noise(&mut rng, N_VOXELS, 0.5);
        for ((y, layer), controls) in y.iter_mut().zip(&layer).zip(&controls) {
            for (voxel, mut y) in y.columns_mut().into_iter().enumerate() {
                y.scaled_add(1.0, &controls.column(voxel % 2));
                y.scaled_add(effect, &layer.column(voxel % 4));
            }
            *y = standardise_columns(y);
        }
        let joint = JointFit {
            ratios: vec![0.0, 0.1, 1.0, 10.0],
            ..JointFit::with(Vec::new(), Vec::new())
        };
        let ridge = RidgeCv::params()
            .alphas([1.0, 10.0, 100.0])
            .metric(metric)
            .check()
            .unwrap();
        let nulls = Nulls {
            seed,
            ..Nulls::circular(39).of_unique()
        };
        let test = UniqueNulls {
            bands: &Bands {
                layer,
                controls,
                control_widths: vec![2],
            },
            y: y.iter().map(|run| run.mapv(to_f32)).collect(),
            columns: (0..N_VOXELS).collect(),
            orders: null_orders(&nulls, &[N_SCANS; N_RUNS]).unwrap(),
        };
        let ridge = JointRidge {
            ridge: BandRidge::new(ridge, Arithmetic::Single),
            joint: &joint,
        };
        test.p(&ridge, None).unwrap().mean
    }

    fn n_found(n: u64, effect: f64, metric: Metric) -> usize {
        let p: Vec<f64> = (0..n)
            .into_par_iter()
            .map(|seed| unique_p(seed, effect, metric))
            .collect();
        let found = p.iter().filter(|p| **p <= 0.05).count();
        println!("effect {effect}, {metric:?}: p <= 0.05 in {found} of {n}");
        found
    }

    #[test]
    fn slow_noise_is_unique_in_a_twentieth_of_studies() {
        // 99.9 % quantile of Bin(100, 0.05).
        for metric in [Metric::Pearson, Metric::R2] {
            assert!(n_found(100, 0.0, metric) <= 13);
            assert!(n_found(10, 0.6, metric) >= 9);
        }
    }
}
