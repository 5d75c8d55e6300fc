//! A brain-shaped mask, and the response of each voxel to language.

use lpp_fmri::{Grid, Mask, SphereCentre};
use lpp_study::{Asymmetry, Plant};
use ndarray::{Array1, Array3};

use crate::SimError;

/// Half axes of the brain in mm (lateral, anterior-posterior, vertical), and the world coordinates of its centre. They
/// are round numbers near the extent of the MNI template (Evans et al. 1993), not measured.
const HALF_AXES_MM: [f64; 3] = [68.0, 86.0, 62.0];
const CENTRE_MM: [f64; 3] = [0.0, -18.0, 12.0];
/// Exponent of the super-ellipsoid: 2 would be an ellipsoid; with 2.5 the temporal poles are inside.
const EXPONENT: f64 = 2.5;
/// The frontal end is this much narrower than the middle.
const FRONTAL_TAPER: f64 = 0.15;

/// Voxels nearer than this to x = 0 lie on neither side.
const MIDLINE_MM: f64 = 1e-6;

/// The side of a place: 0 left, 1 midline, 2 right.
pub(crate) fn side_of([x, ..]: [f64; 3]) -> usize {
    usize::from(x > -MIDLINE_MM) + usize::from(x > MIDLINE_MM)
}

/// Response of voxels outside the language regions, equal in both hemispheres: listeners share much besides language.
/// With this value the correlation of halves is 0.09 there.
const BASE_RESPONSE: f64 = 0.40;
/// The highest response where ceilings on the left are raised; below 1, so that every voxel has some noise.
const HIGHEST_RESPONSE: f64 = 0.97;
/// Extent of the response of a region: standard deviation of its Gaussian fall-off in mm.
const REACH_MM: f64 = 14.0;
/// Response at the centre of each region, left and right: the correlation with the planted signal that a perfect model
/// would reach. Left is larger than right everywhere, most in the inferior frontal regions; at equal ceilings the right
/// has the left's.
const RESPONSES: [(&str, f64, f64); 7] = [
    ("TP", 0.74, 0.60),
    ("aSTS", 0.88, 0.74),
    ("pSTS", 0.88, 0.73),
    ("BA45", 0.76, 0.56),
    ("BA47", 0.72, 0.55),
    ("BA44", 0.68, 0.52),
    ("AG_TPJ", 0.82, 0.66),
];

/// A brain-shaped, exactly symmetric mask on the 4 mm working grid.
///
/// # Errors
/// [`SimError::Fmri`], never in practice: the grid and the shape are constants.
pub fn simulated_mask() -> Result<Mask, SimError> {
    mask_on(Grid::working())
}

/// The same shape on another grid.
pub(crate) fn mask_on(grid: Grid) -> Result<Mask, SimError> {
    let [nx, ny, nz] = grid.shape();
    let inside = Array3::from_shape_fn((nx, ny, nz), |(i, j, k)| in_brain(grid.world([i, j, k])));
    Ok(Mask::new(grid, inside)?)
}

fn in_brain(world_mm: [f64; 3]) -> bool {
    let offset = [0, 1, 2].map(|d| (world_mm[d] - CENTRE_MM[d]) / HALF_AXES_MM[d]);
    let taper = 1.0 - FRONTAL_TAPER * offset[1].max(0.0);
    (offset[0] / taper).abs().powf(EXPONENT) + offset[1].abs().powf(EXPONENT) + offset[2].abs().powf(EXPONENT)
        <= 1.0
}

/// What is planted in each voxel of a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantedBrain {
    /// Response: the correlation of the time course with the planted signal, in 0..1.
    pub responses: Array1<f64>,
    /// By how much the voxel weighs less what only larger models know, from 0 (as all models) to 1.
    pub reserve: Array1<f64>,
}

impl PlantedBrain {
    /// The brain of `plant` on `mask`.
    #[must_use]
    pub fn of(mask: &Mask, plant: &Plant) -> Self {
        let regions = regions(plant);
        let voxels = mask.world_coordinates().into_iter().map(|place| {
            let side = side_of(place);
            let reached = regions
                .iter()
                .map(|region| (region.peaks[usize::from(side > 0)], region.reach(place)));
            let (peak, reach) = reached.fold((BASE_RESPONSE, 0.0), |(response, most), (peak, reach)| {
                (f64::max(response, peak * reach), f64::max(most, reach))
            });
            let in_midline = side == 1 && place[1] < CENTRE_MM[1];
            let response = plant.midline.filter(|_| in_midline).unwrap_or(peak);
            let is_right = side == 2 && plant.asymmetry == Asymmetry::Growth;
            (response, if is_right { reach } else { 0.0 })
        });
        let (responses, reserve): (Vec<f64>, Vec<f64>) = voxels.unzip();
        Self {
            responses: responses.into(),
            reserve: reserve.into(),
        }
    }

    /// Responses as given, on both sides alike.
    #[must_use]
    pub fn responding(responses: Array1<f64>) -> Self {
        Self {
            reserve: Array1::zeros(responses.len()),
            responses,
        }
    }
}

/// A language region and its mirror image.
struct Region {
    centre_mm: [f64; 3],
    /// Response at the centre, left and right.
    peaks: [f64; 2],
}

impl Region {
    /// How near a voxel is to the centre or its mirror image: 1 there, falling off as a Gaussian.
    fn reach(&self, [x, y, z]: [f64; 3]) -> f64 {
        let [cx, cy, cz] = self.centre_mm;
        // Regions are given on the left; the right ones are their mirror images.
        let distance2 = (x.abs() - cx.abs()).powi(2) + (y - cy).powi(2) + (z - cz).powi(2);
        (-distance2 / (2.0 * REACH_MM * REACH_MM)).exp()
    }
}

/// The regions with the responses of a plant: on the right those of the left, unless ceilings differ.
fn regions(plant: &Plant) -> Vec<Region> {
    let region = |centre: SphereCentre| {
        let (_, left, right) = RESPONSES.iter().find(|(name, ..)| *name == centre.name)?;
        let peaks = match (plant.asymmetry, plant.ceiling_left) {
            (Asymmetry::Ceiling, None) => [*left, *right],
            (Asymmetry::Ceiling, Some(higher)) => [(right + higher).min(HIGHEST_RESPONSE), *right],
            _ => [*left, *left],
        };
        Some(Region {
            centre_mm: centre.centre_mm,
            peaks,
        })
    };
    SphereCentre::reference_set()
        .into_iter()
        .filter_map(region)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_fmri::sphere;

    #[test]
    fn the_mask_is_symmetric_and_of_a_brains_size() {
        let mask = simulated_mask().unwrap();
        assert!(mask.is_symmetric().unwrap());
        assert!((18_000..30_000).contains(&mask.n_voxels()), "{}", mask.n_voxels());
    }

    /// Mean of `values` over each region, left and right.
    fn of_regions(mask: &Mask, values: &Array1<f64>) -> Vec<[f64; 2]> {
        let mean = |centre: [f64; 3]| {
            let inside = sphere(mask, centre, 10.0).unwrap();
            let values: Vec<f64> = (0..inside.len())
                .filter(|&v| inside[v])
                .map(|v| values[v])
                .collect();
            assert!(values.len() > 30, "{centre:?} has {} voxels", values.len());
            values.iter().sum::<f64>() / values.len() as f64
        };
        let centres = SphereCentre::reference_set().into_iter();
        let sides = centres.map(|centre| centre.centre_mm);
        sides
            .map(|[x, y, z]| [mean([x, y, z]), mean([-x, y, z])])
            .collect()
    }

    #[test]
    fn only_unequal_ceilings_make_responses_differ() {
        let mask = simulated_mask().unwrap();
        for (asymmetry, ceiling_left) in [
            (Asymmetry::None, None),
            (Asymmetry::Growth, None),
            (Asymmetry::Ceiling, None),
            (Asymmetry::Ceiling, Some(0.3)),
        ] {
            let plant = Plant {
                asymmetry,
                ceiling_left,
                ..Plant::default()
            };
            let brain = PlantedBrain::of(&mask, &plant);
            assert!(brain.responses.iter().all(|r| (0.0..1.0).contains(r)));
            for [left, right] in of_regions(&mask, &brain.responses) {
                match asymmetry {
                    Asymmetry::Ceiling => assert!(left > right + 0.05, "{plant:?}"),
                    // The same numbers, summed in another order.
                    _ => assert!((left - right).abs() < 1e-12, "{plant:?}"),
                }
            }
            for [left, right] in of_regions(&mask, &brain.reserve) {
                assert!(left.abs() < 1e-12);
                assert_eq!(right > 0.5, asymmetry == Asymmetry::Growth);
            }
        }
    }

    #[test]
    fn the_midline_responds_in_the_back_only() {
        let mask = simulated_mask().unwrap();
        let midline = Some(0.85);
        let plant = Plant {
            midline,
            ..Plant::default()
        };
        let [with, without] =
            [plant, Plant::default()].map(|plant| PlantedBrain::of(&mask, &plant).responses);
        for (voxel, [x, y, _]) in mask.world_coordinates().into_iter().enumerate() {
            let expected = if x.abs() < 1.0 && y < -18.0 {
                0.85
            } else {
                without[voxel]
            };
            assert!((with[voxel] - expected).abs() < 1e-15);
        }
    }
}
