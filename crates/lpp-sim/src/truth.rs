//! The planted effects of a study, computed from its brain and its models.

use lpp_fmri::{Mask, REFERENCE_RADIUS_MM, SphereCentre, sphere};
use lpp_study::{Plant, PlantedModel, PlantedRegion, Truth};
use ndarray::{Array1, ArrayRef1};

use crate::SimError;
use crate::brain::{PlantedBrain, side_of};
use crate::checkpoint::ModelSpec;
use crate::latent::explained_share;

/// The truth about a brain and models.
///
/// # Errors
/// [`SimError::Fmri`] if a region has no voxel in the mask.
pub(crate) fn truth_of(
    seed: u64,
    plant: Plant,
    mask: &Mask,
    brain: &PlantedBrain,
    models: &[ModelSpec],
) -> Result<Truth, SimError> {
    let scores_of = |width: usize| {
        let known = brain
            .reserve
            .mapv(|reserve| explained_share(width, reserve).sqrt());
        known * &brain.responses
    };
    let most = scores_of(models.iter().map(|model| model.width).max().unwrap_or(0));
    let within = |centre_mm| -> Result<[f64; 2], SimError> {
        let inside = sphere(mask, centre_mm, REFERENCE_RADIUS_MM)?;
        Ok([&brain.responses, &most].map(|values| mean(values, |voxel| inside[voxel])))
    };
    let mut regions = Vec::new();
    for centre in SphereCentre::reference_set() {
        let [x, y, z] = centre.centre_mm;
        let ([left, score_left], [right, score_right]) = (within([x, y, z])?, within([-x, y, z])?);
        regions.push(PlantedRegion {
            name: centre.name,
            left,
            right,
            scores: Some([score_left, score_right]),
        });
    }
    let sides: Vec<usize> = mask.world_coordinates().into_iter().map(side_of).collect();
    let of_sides = |values: &ArrayRef1<f64>| [0, 2].map(|side| mean(values, |voxel| sides[voxel] == side));
    let model = |spec: &ModelSpec| PlantedModel {
        model: spec.name(),
        explained_share: explained_share(spec.width, 0.0),
        sides: Some(of_sides(&scores_of(spec.width))),
    };
    Ok(Truth {
        seed,
        plant,
        ceilings: Some(of_sides(&brain.responses)),
        regions,
        models: models.iter().map(model).collect(),
    })
}

/// Mean of the values of the chosen voxels.
fn mean(values: &ArrayRef1<f64>, chosen: impl Fn(usize) -> bool) -> f64 {
    let values: Array1<f64> = (0..values.len())
        .filter(|voxel| chosen(*voxel))
        .map(|voxel| values[voxel])
        .collect();
    values.mean().unwrap_or(f64::NAN)
}
