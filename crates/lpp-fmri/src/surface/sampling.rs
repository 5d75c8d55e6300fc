//! From voxels to vertices: the mean along each vertex's normal.

use ndarray::Array3;

use super::mesh::Mesh;
use crate::affine::{Affine, transform};

/// Least share of a sample's eight voxels, by weight, that must be known.
const LEAST_WEIGHT: f64 = 0.5;

/// The mean of a volume along the normal of each vertex, at `offsets` mm outwards.
///
/// Each sample is interpolated linearly between the eight voxels around it; voxels that are NaN, and those outside the
/// volume, are left out, and a sample with less than half of its weight is left out whole. A vertex without samples is NaN.
/// Ten offsets from 3 to −3 mm are nilearn's `vol_to_surf(kind="line")`, with which the values agree where all voxels are
/// known. `to_voxels` is the inverse of the volume's affine.
///
/// # Shapes
/// One value per vertex.
#[must_use]
pub fn sample_along_normals(
    volume: &Array3<f64>,
    to_voxels: &Affine,
    mesh: &Mesh,
    offsets: &[f64],
) -> Vec<f64> {
    mesh.vertices()
        .iter()
        .zip(mesh.normals())
        .map(|(vertex, normal)| {
            let (mut sum, mut n) = (0.0, 0.0);
            for offset in offsets {
                let point = [0, 1, 2].map(|axis| vertex[axis] + normal[axis] * offset);
                let value = interpolated(volume, transform(to_voxels, point));
                if !value.is_nan() {
                    sum += value;
                    n += 1.0;
                }
            }
            sum / n
        })
        .collect()
}

/// Linear interpolation between the known ones of the eight voxels around a place.
fn interpolated(volume: &Array3<f64>, place: [f64; 3]) -> f64 {
    let (ni, nj, nk) = volume.dim();
    let lengths = [ni, nj, nk];
    let (mut sum, mut weight) = (0.0, 0.0);
    for corner in 0..8_usize {
        let mut index = [0; 3];
        let mut share = 1.0;
        for axis in 0..3 {
            let low = place[axis].floor();
            let high = corner >> axis & 1 == 1;
            share *= if high {
                place[axis] - low
            } else {
                1.0 - (place[axis] - low)
            };
            let position = if high { low + 1.0 } else { low };
            if !(0.0..lengths[axis] as f64).contains(&position) {
                share = 0.0;
                continue;
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 <= position < length of the axis"
            )]
            let voxel = position as usize;
            index[axis] = voxel;
        }
        let value = volume[index];
        if share > 0.0 && !value.is_nan() {
            sum += share * value;
            weight += share;
        }
    }
    if weight >= LEAST_WEIGHT {
        sum / weight
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Array3<f64> {
        Array3::from_shape_fn((4, 4, 4), |(i, j, k)| {
            i as f64 + 10.0 * j as f64 + 100.0 * k as f64
        })
    }

    #[test]
    fn interpolation_is_exact_on_a_ramp() {
        assert!((interpolated(&ramp(), [1.25, 2.5, 0.75]) - (1.25 + 25.0 + 75.0)).abs() < 1e-12);
        assert!((interpolated(&ramp(), [3.0, 3.0, 3.0]) - 333.0).abs() < 1e-12);
    }

    #[test]
    fn unknown_voxels_have_no_weight() {
        let mut volume = ramp();
        volume[[1, 1, 1]] = f64::NAN;
        assert_eq!(
            interpolated(&volume, [0.6, 1.0, 1.0]).to_bits(),
            f64::NAN.to_bits()
        );
        assert!((interpolated(&volume, [0.4, 1.0, 1.0]) - 110.0).abs() < 1e-12);
        for outside in [
            [-1.0, 0.0, 0.0],
            [5.0, 0.0, 0.0],
            [f64::NAN, 0.0, 0.0],
            [1e300, 0.0, 0.0],
        ] {
            assert!(interpolated(&volume, outside).is_nan());
        }
    }
}
