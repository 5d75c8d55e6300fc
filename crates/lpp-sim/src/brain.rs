//! A brain-shaped mask, and the response of each voxel to language.

use lpp_fmri::{Grid, Mask, SphereCentre};
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

/// Response of voxels outside the language regions, equal in both hemispheres: listeners share much besides language.
/// With this value the mean inter-subject correlation is 0.17, about half the real one.
const BASE_RESPONSE: f64 = 0.40;
/// Extent of the response of a region: standard deviation of its Gaussian fall-off in mm.
const REACH_MM: f64 = 14.0;
/// Response at the centre of each region, left and right: the correlation with the planted signal that a perfect model
/// would reach. Left is larger than right everywhere, most in the inferior frontal regions.
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

/// The response of every voxel of `mask`: the correlation of its time course with the planted signal, in 0..1.
#[must_use]
pub fn planted_responses(mask: &Mask) -> Array1<f64> {
    let regions: Vec<([f64; 3], f64, f64)> = SphereCentre::reference_set()
        .into_iter()
        .filter_map(|centre| {
            let (_, left, right) = RESPONSES.iter().find(|(name, ..)| *name == centre.name)?;
            Some((centre.centre_mm, *left, *right))
        })
        .collect();
    mask.world_coordinates()
        .into_iter()
        .map(|[x, y, z]| {
            let reached = regions.iter().map(|&([cx, cy, cz], left, right)| {
                // Regions are given on the left; the right ones are their mirror images.
                let peak = if x < 0.0 { left } else { right };
                let distance2 = (x.abs() - cx.abs()).powi(2) + (y - cy).powi(2) + (z - cz).powi(2);
                peak * (-distance2 / (2.0 * REACH_MM * REACH_MM)).exp()
            });
            reached.fold(BASE_RESPONSE, f64::max)
        })
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

    #[test]
    fn left_exceeds_right_in_every_region() {
        let mask = simulated_mask().unwrap();
        let responses = planted_responses(&mask);
        assert!(responses.iter().all(|r| (0.0..1.0).contains(r)));
        for centre in SphereCentre::reference_set() {
            let mean = |flip: f64| {
                let [x, y, z] = centre.centre_mm;
                let inside = sphere(&mask, [flip * x, y, z], 10.0).unwrap();
                let values: Vec<f64> = (0..inside.len())
                    .filter(|&v| inside[v])
                    .map(|v| responses[v])
                    .collect();
                assert!(values.len() > 30, "{} has {} voxels", centre.name, values.len());
                values.iter().sum::<f64>() / values.len() as f64
            };
            assert!(mean(1.0) > mean(-1.0) + 0.05, "{}", centre.name);
        }
    }
}
