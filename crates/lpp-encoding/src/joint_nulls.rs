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
