//! The null of what is unique to a layer: the layer's features shifted against scans and controls.

use lpp_ridge::{Metric, NullOrders, RidgeError};
use lpp_stats::{Tail, VoxelSet, nan_mean, permutation_p};
use lpp_steps::Nulls;
use lpp_study::MeanP;
use ndarray::{Array2, ArrayView1, Axis};

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

    /// p by each metric, of the mean and of the mean of each side.
    pub(crate) fn p<const N: usize>(
        &self,
        ridges: &[JointRidge<'_>; N],
        sides: Option<&MapSides>,
    ) -> Result<[MeanP; N], RidgeError> {
        let of_metric = |ridge: &JointRidge<'_>| ridge.controls(self.bands, &self.y);
        let controls: Vec<Controls> = ridges.iter().map(of_metric).collect::<Result<_, _>>()?;
        let metrics: Vec<Metric> = ridges.iter().map(|ridge| ridge.metric).collect();
        let at_once = match (&ridges[..], &controls[..]) {
            ([ridge, ..], [controls, ..]) => {
                ridge.permuted(self.bands, controls, &self.y, (&self.orders, &metrics))?
            }
            _ => None,
        };
        let joint = if let Some(joint) = at_once {
            joint
        } else {
            let each = ridges.iter().zip(&controls);
            each.map(|(ridge, controls)| self.one_by_one(ridge, controls))
                .collect::<Result<_, _>>()?
        };
        let unique = |of: usize| &joint[of] - &controls[of].fit.scores;
        Ok(std::array::from_fn(|of| self.p_of(&unique(of), sides)))
    }

    /// p of what is unique in each order, (`n_orders`, `n_voxels`).
    fn p_of(&self, unique: &Array2<f64>, sides: Option<&MapSides>) -> MeanP {
        let p = |is_counted: &dyn Fn(usize) -> bool| {
            let mean = |unique: ArrayView1<'_, f64>| {
                let counted = unique.into_iter().zip(&self.columns);
                nan_mean(counted.filter(|(_, voxel)| is_counted(**voxel)).map(|(u, _)| *u))
            };
            let means: Vec<f64> = unique.rows().into_iter().map(mean).collect();
            permutation_p(means[0], &means[1..], Tail::Upper)
        };
        let of_side = |side: &VoxelSet| Some(p(&|voxel| side.contains(voxel))).filter(|p| !p.is_nan());
        MeanP {
            mean: p(&|_| true),
            left: sides.and_then(|sides| of_side(sides.by_x().left())),
            right: sides.and_then(|sides| of_side(sides.by_x().right())),
        }
    }

    /// Scores with the controls in each order of the layer's rows, (`n_orders`, `n_voxels`), by a fit for each.
    fn one_by_one(&self, ridge: &JointRidge<'_>, controls: &Controls) -> Result<Array2<f64>, RidgeError> {
        let mut scores = Array2::zeros((self.orders.n_nulls(), self.columns.len()));
        for (order, mut scores) in scores.rows_mut().into_iter().enumerate() {
            let shifted = Bands {
                layer: self.orders.apply(order, &self.bands.layer),
                controls: self.bands.controls.clone(),
                control_widths: self.bands.control_widths.clone(),
            };
            scores.assign(&ridge.joint(&shifted, controls, &self.y)?.scores);
        }
        Ok(scores)
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
    use lpp_ridge::{RidgeCv, standardise_columns};
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
        with_test(seed, effect, metric, |test, ridge| {
            test.p(&[ridge], None).unwrap()[0].mean
        })
    }

    /// Calls `of` with such a test and its ridge regression.
    fn with_test<R>(
        seed: u64,
        effect: f64,
        metric: Metric,
        of: impl FnOnce(&UniqueNulls<'_>, JointRidge<'_>) -> R,
    ) -> R {
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
            ridge: BandRidge::new(ridge, Arithmetic::Double),
            joint: &joint,
            metric,
        };
        of(&test, ridge)
    }

    #[test]
    fn all_orders_at_once_have_the_scores_of_a_fit_for_each() {
        for (seed, metric) in [(1, Metric::Pearson), (2, Metric::R2), (3, Metric::R2)] {
            with_test(seed, 0.5, metric, |test, ridge| {
                let controls = ridge.controls(test.bands, &test.y).unwrap();
                let at_once = ridge.permuted(test.bands, &controls, &test.y, (&test.orders, &[metric]));
                let at_once = at_once.unwrap().unwrap().remove(0);
                let each = test.one_by_one(&ridge, &controls).unwrap();
                assert_eq!(at_once.dim(), (40, N_VOXELS));
                let distance = (&at_once - &each)
                    .iter()
                    .fold(0.0, |most: f64, d| most.max(d.abs()));
                // Another order of sums, and targets stored in single precision.
                assert!(distance < 1e-6, "{metric:?}: {distance:e}");
                assert!(each.iter().all(|score| score.abs() > 1e-6));
            });
        }
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
