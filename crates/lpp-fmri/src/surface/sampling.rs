//! From voxels to vertices: the mean along each vertex's normal.

use ndarray::Array3;

use super::mesh::Mesh;
use crate::FmriError;
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
    let points = mesh
        .vertices()
        .iter()
        .zip(mesh.normals())
        .map(|(vertex, normal)| {
            let along = |offset: &f64| [0, 1, 2].map(|axis| vertex[axis] + normal[axis] * offset);
            offsets.iter().map(along).collect::<Vec<_>>()
        });
    points.map(|points| mean_at(volume, to_voxels, &points)).collect()
}

/// The mean of a volume between two surfaces with the same vertices, at `depths` from 0 (the first surface) to 1.
///
/// Samples are taken as in [`sample_along_normals`]. Ten even depths from the pial to the white surface are nilearn's
/// `vol_to_surf(kind="depth")`, with which the values agree where all voxels around a sample are known.
///
/// # Errors
/// [`FmriError::Shape`] if the surfaces differ in their number of vertices.
pub fn sample_between(
    volume: &Array3<f64>,
    to_voxels: &Affine,
    surfaces: [&Mesh; 2],
    depths: &[f64],
) -> Result<Vec<f64>, FmriError> {
    let [outer, inner] = surfaces.map(Mesh::vertices);
    if outer.len() != inner.len() {
        return Err(FmriError::Shape {
            what: "the second surface",
            found: vec![inner.len(), 3],
            expected: vec![outer.len(), 3],
        });
    }
    let points = outer.iter().zip(inner).map(|(outer, inner)| {
        let at = |depth: &f64| [0, 1, 2].map(|axis| outer[axis] + depth * (inner[axis] - outer[axis]));
        depths.iter().map(at).collect::<Vec<_>>()
    });
    Ok(points.map(|points| mean_at(volume, to_voxels, &points)).collect())
}

/// The mean of the known samples at some points of the world; NaN without any.
fn mean_at(volume: &Array3<f64>, to_voxels: &Affine, points: &[[f64; 3]]) -> f64 {
    let samples = points
        .iter()
        .map(|point| interpolated(volume, transform(to_voxels, *point)));
    let (sum, n) = samples
        .filter(|value| !value.is_nan())
        .fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
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
    fn the_mean_between_surfaces_is_that_of_the_ramp() {
        let mesh = |z: f64| {
            let vertices = vec![[1.0, 1.0, z], [2.0, 1.0, z], [1.0, 2.0, z]];
            Mesh::new(vertices, vec![[0, 1, 2]], "made".as_ref()).unwrap()
        };
        let identity = crate::affine::diagonal_affine([1.0; 3], [0.0; 3]);
        let depths = [0.0, 0.5, 1.0];
        let values = sample_between(&ramp(), &identity, [&mesh(2.5), &mesh(0.5)], &depths).unwrap();
        assert_eq!(values, [161.0, 162.0, 171.0]);
        // The outer sample lies beside the volume and is left out.
        let values = sample_between(&ramp(), &identity, [&mesh(7.0), &mesh(1.0)], &[0.0, 1.0]).unwrap();
        assert_eq!(values[0], 111.0);
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

    #[test]
    fn samples_lie_along_the_normal() {
        // The normal of this triangle is z; the ramp rises by 100 a voxel of z, which is 2 mm.
        let vertices = vec![[2.0, 2.0, 3.0], [4.0, 2.0, 3.0], [2.0, 4.0, 3.0]];
        let mesh = Mesh::new(vertices, vec![[0, 1, 2]], "made".as_ref()).unwrap();
        let to_voxels = crate::affine::diagonal_affine([0.5; 3], [0.0; 3]);
        let mean = |offsets: &[f64]| sample_along_normals(&ramp(), &to_voxels, &mesh, offsets);
        assert_eq!(mean(&[1.0]), [211.0, 212.0, 221.0]);
        assert_eq!(mean(&[-1.0, 1.0, 3.0]), [211.0, 212.0, 221.0]);
        // Samples outside are left out; without any, there is no value.
        assert_eq!(mean(&[1.0, 99.0]), [211.0, 212.0, 221.0]);
        assert!(mean(&[99.0]).iter().all(|v| v.is_nan()));
    }

    #[test]
    fn surfaces_between_which_is_sampled_have_the_same_vertices() {
        let mesh = |n: usize| Mesh::new(vec![[1.0; 3]; n], vec![[0, 1, 2]], "made".as_ref()).unwrap();
        let identity = crate::affine::diagonal_affine([1.0; 3], [0.0; 3]);
        assert!(sample_between(&ramp(), &identity, [&mesh(3), &mesh(4)], &[0.5]).is_err());
    }

    #[test]
    fn half_of_the_weight_must_be_known() {
        // At the border, half a voxel outside the volume, exactly half of the weight is known.
        assert_eq!(
            interpolated(&ramp(), [-0.5, 1.0, 1.0]).to_bits(),
            110.0_f64.to_bits()
        );
        assert_eq!(
            interpolated(&ramp(), [3.5, 1.0, 1.0]).to_bits(),
            113.0_f64.to_bits()
        );
        assert!(
            interpolated(&ramp(), [3.6, 1.0, 1.0]).is_nan()
                && interpolated(&ramp(), [1.0, 1.0, -0.6]).is_nan()
        );
    }
}
