//! Mirror images of voxels across the plane x = 0.

use ndarray::{Array3, ArrayRef3};

use crate::FmriError;
use crate::affine::{product, transform};
use crate::grid::Grid;

/// A mirrored centre counts as a voxel centre if it is at most this far from it, in voxels. Affines are stored as
/// `f32`, and the steps of an unintended small rotation (nilearn allows 1e-3 mm per voxel) add up over a volume.
const NEAR_VOXEL: f64 = 0.05;

/// The mirror image of each voxel of a grid, which is again on the grid, whatever the order and direction of its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mirror {
    linear: [[i64; 3]; 3],
    shift: [i64; 3],
    shape: [usize; 3],
}

impl Mirror {
    /// The mirror of a grid.
    ///
    /// # Errors
    /// [`FmriError::NoMirror`] if mirrored voxel centres fall between voxel centres: x = 0 is neither at a centre nor
    /// halfway between two, or the grid is oblique to the plane.
    pub(crate) fn of(grid: &Grid) -> Result<Self, FmriError> {
        let mut reflected = *grid.affine();
        for entry in &mut reflected[0] {
            *entry = -*entry;
        }
        let map = product(&grid.inverse_affine()?, &reflected);
        let whole = map.map(|row| row.map(f64::round));
        let ends = grid.shape().map(|n| [0.0, n as f64 - 1.0]);
        // Both maps are affine, so they are furthest apart at a corner of the volume.
        let on_grid = (0..8_usize).all(|corner| {
            let voxel = [0, 1, 2].map(|axis| ends[axis][corner >> axis & 1]);
            let (exact, near) = (transform(&map, voxel), transform(&whole, voxel));
            (0..3).all(|axis| (exact[axis] - near[axis]).abs() <= NEAR_VOXEL)
        });
        if !on_grid {
            return Err(FmriError::NoMirror {
                grid: grid.to_string(),
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole numbers; a shift beyond i64 is outside of any volume either way"
        )]
        let integer = |v: f64| v as i64;
        Ok(Self {
            linear: [0, 1, 2].map(|row| [0, 1, 2].map(|column| integer(whole[row][column]))),
            shift: [0, 1, 2].map(|row| integer(whole[row][3])),
            shape: grid.shape(),
        })
    }

    /// The mirror image of a voxel; `None` if it is outside the volume.
    pub(crate) fn of_voxel(&self, voxel: [usize; 3]) -> Option<[usize; 3]> {
        let mut image = [0; 3];
        for (axis, place) in image.iter_mut().enumerate() {
            let row = self.linear[axis].iter().zip(voxel);
            let at = row
                .map(|(factor, n)| factor.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)))
                .fold(self.shift[axis], i64::saturating_add);
            *place = usize::try_from(at).ok().filter(|&n| n < self.shape[axis])?;
        }
        Some(image)
    }
}

impl Grid {
    /// Whether each voxel centre has a mirror image across x = 0 mm that is a voxel centre again.
    #[must_use]
    pub fn has_mirror(&self) -> bool {
        Mirror::of(self).is_ok()
    }
}

/// The mirror image of a volume across x = 0 mm, on the same grid, with `outside` where the mirrored voxel is not in
/// the volume.
///
/// This uses the coordinates of the voxels, while [`swap_hemispheres`](crate::swap_hemispheres) reverses the array.
/// Both give the same result on an axis-aligned grid centred on x = 0, such as [`Grid::working`].
///
/// # Errors
/// [`FmriError::NoMirror`] if mirrored voxels fall between voxels, [`FmriError::Shape`] if volume and grid disagree.
///
/// ```
/// use lpp_fmri::{Grid, diagonal_affine, mirror_volume};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// // x = −4, 0, 4 and 8 mm.
/// let grid = Grid::new([4, 1, 1], diagonal_affine([4.0; 3], [-4.0, 0.0, 0.0]))?;
/// let volume = Array3::from_shape_fn((4, 1, 1), |(i, _, _)| i + 1);
/// assert_eq!(mirror_volume(&grid, &volume, 0)?.into_raw_vec_and_offset().0, [3, 2, 1, 0]);
/// # Ok(())
/// # }
/// ```
pub fn mirror_volume<T: Copy>(
    grid: &Grid,
    volume: &ArrayRef3<T>,
    outside: T,
) -> Result<Array3<T>, FmriError> {
    if volume.shape() != grid.shape() {
        return Err(FmriError::Shape {
            what: "the volume",
            found: volume.shape().to_vec(),
            expected: grid.shape().to_vec(),
        });
    }
    let mirror = Mirror::of(grid)?;
    Ok(Array3::from_shape_fn(volume.dim(), |(i, j, k)| {
        mirror.of_voxel([i, j, k]).map_or(outside, |image| volume[image])
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;

    fn grid(shape: [usize; 3], affine: [[f64; 4]; 3]) -> Grid {
        let [x, y, z] = affine;
        Grid::new(shape, [x, y, z, [0.0, 0.0, 0.0, 1.0]]).unwrap()
    }

    #[test]
    fn the_mirror_image_lies_at_minus_x_in_every_orientation() {
        // Permuted and flipped axes, a nod about x, axes at 45 degrees to the plane, a grid off the centre.
        let (c, s) = (0.8, 0.6);
        let d = 2.0 * std::f64::consts::SQRT_2;
        for grid in [
            Grid::working(),
            grid(
                [5, 6, 7],
                [
                    [0.0, -4.0, 0.0, 8.0],
                    [0.0, 0.0, 4.0, -8.0],
                    [-4.0, 0.0, 0.0, 6.0],
                ],
            ),
            grid(
                [7, 5, 6],
                [
                    [2.0, 0.0, 0.0, -4.0],
                    [0.0, 2.0 * c, -3.0 * s, 1.0],
                    [0.0, 2.0 * s, 3.0 * c, 7.0],
                ],
            ),
            grid(
                [6, 6, 3],
                [[d, -d, 0.0, 0.0], [d, d, 0.0, -9.0], [0.0, 0.0, 4.0, 0.0]],
            ),
            Grid::new([13, 4, 4], diagonal_affine([4.0; 3], [-20.0, 0.0, 0.0])).unwrap(),
        ] {
            let mirror = Mirror::of(&grid).unwrap();
            let [ni, nj, nk] = grid.shape();
            let mut n_inside = 0;
            for (i, j, k) in ndarray::indices((ni, nj, nk)) {
                let [x, y, z] = grid.world([i, j, k]);
                if let Some(image) = mirror.of_voxel([i, j, k]) {
                    n_inside += 1;
                    let found = grid.world(image);
                    assert!(
                        (0..3).all(|axis| (found[axis] - [-x, y, z][axis]).abs() < 1e-9),
                        "{grid}: {found:?}"
                    );
                    assert_eq!(mirror.of_voxel(image), Some([i, j, k]));
                }
            }
            assert!(n_inside >= grid.n_voxels() / 3, "{grid}: {n_inside}");
        }
    }

    #[test]
    fn grids_without_mirror_images_are_refused() {
        let tilted = grid(
            [4, 4, 4],
            [[4.0, 0.5, 0.0, -6.0], [-0.5, 4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]],
        );
        let off_centre = |x: f64| Grid::new([9, 4, 4], diagonal_affine([4.0; 3], [x, 0.0, 0.0])).unwrap();
        for wrong in [tilted, off_centre(-15.0), off_centre(-16.5), off_centre(-14.7)] {
            let error = Mirror::of(&wrong).unwrap_err().to_string();
            assert!(
                error.contains("x = 0") && error.contains("lpp-resample"),
                "{error}"
            );
        }
        assert!(Mirror::of(&off_centre(-16.0)).is_ok() && Mirror::of(&off_centre(-14.0)).is_ok());
    }
}
