//! Axes in world order, and volumes reversed from left to right.

use ndarray::{Array3, ArrayRef3, Axis};

use crate::FmriError;
use crate::affine::{Affine, diagonal_affine, upper_rows};
use crate::grid::Grid;
use crate::image::Image;
use crate::numeric::{NumArray, with_array};

/// Entries of an affine below this (mm per voxel) count as 0 in the test for rotation, as in nilearn's `reorder_img`.
const NEGLIGIBLE: f64 = 1e-3;

/// A volume whose axes run left to right, back to front and bottom to top.
pub(crate) struct Reordered<T> {
    pub(crate) grid: Grid,
    pub(crate) volume: Array3<T>,
}

impl<T: Copy> Reordered<T> {
    /// Permutes and flips the axes of `volume`, like nilearn's `reorder_img`.
    pub(crate) fn new(grid: &Grid, volume: &ArrayRef3<T>) -> Result<Self, FmriError> {
        let affine = grid.affine();
        let source_axes = source_axes(affine)?;
        let mut view = volume.view().permuted_axes(source_axes);
        let mut steps = [0.0; 3];
        let mut origin = [affine[0][3], affine[1][3], affine[2][3]];
        for axis in 0..3 {
            let step = affine[axis][source_axes[axis]];
            if step < 0.0 {
                origin[axis] += step * (view.len_of(Axis(axis)) as f64 - 1.0);
                view.invert_axis(Axis(axis));
            }
            steps[axis] = step.abs();
        }
        let (i, j, k) = view.dim();
        let grid = Grid::new([i, j, k], diagonal_affine(steps, origin))?;
        Ok(Self {
            grid,
            volume: view.to_owned(),
        })
    }
}

/// For each world axis, the voxel axis that runs along it.
fn source_axes(affine: &Affine) -> Result<[usize; 3], FmriError> {
    let rotated = || FmriError::RotatedAffine {
        affine: upper_rows(affine),
    };
    let mut source = [None; 3];
    for column in 0..3 {
        let along: Vec<usize> = (0..3)
            .filter(|&row| affine[row][column].abs() > NEGLIGIBLE)
            .collect();
        let [world] = along[..] else { return Err(rotated()) };
        source[world] = Some(column);
    }
    match source {
        [Some(x), Some(y), Some(z)] => Ok([x, y, z]),
        _ => Err(rotated()),
    }
}

/// Reverses a volume from left to right, about the middle of its array.
///
/// The axes are first reordered to x, y, z with positive steps, then the x axis is reversed. The returned grid is the
/// reordered one, so a grid centred on x = 0 keeps its affine. Swapping twice gives the reordered volume. On a grid
/// that is not centred on x = 0 the result is not a mirror image of the brain; use
/// [`mirror_volume`](crate::mirror_volume) there.
///
/// # Errors
/// [`FmriError::RotatedAffine`] if the axes are oblique, [`FmriError::Shape`] if volume and grid disagree.
///
/// # References
/// nilearn 0.10.4, `nilearn.image.swap_img_hemispheres`
///
/// ```
/// use lpp_fmri::{Grid, swap_hemispheres};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let grid = Grid::working();
/// let left = Array3::from_shape_fn((37, 46, 38), |(i, _, _)| i < 18);
/// let (_, right) = swap_hemispheres(&grid, &left)?;
/// assert!(!right[[0, 0, 0]] && right[[36, 0, 0]]);
/// # Ok(())
/// # }
/// ```
pub fn swap_hemispheres<T: Copy>(grid: &Grid, volume: &ArrayRef3<T>) -> Result<(Grid, Array3<T>), FmriError> {
    if volume.shape() != grid.shape() {
        return Err(FmriError::Shape {
            what: "the volume",
            found: volume.shape().to_vec(),
            expected: grid.shape().to_vec(),
        });
    }
    let mut upright = Reordered::new(grid, volume)?;
    upright.volume.invert_axis(Axis(0));
    Ok((upright.grid, upright.volume))
}

impl Image {
    /// This 3-D image mirrored left to right, in its own type; see [`swap_hemispheres`].
    ///
    /// # Errors
    /// As [`swap_hemispheres`]; [`FmriError::Shape`] if the image is 4-D.
    pub fn swap_hemispheres(&self) -> Result<Self, FmriError> {
        with_array!(self.values(), array => {
            let volume = array.view().into_dimensionality().map_err(|_| FmriError::Shape {
                what: "the image",
                found: array.shape().to_vec(),
                expected: self.grid().shape().to_vec(),
            })?;
            let (grid, swapped) = swap_hemispheres(self.grid(), &volume)?;
            Self::new(grid, NumArray::from(swapped.into_dyn()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permuted_and_negative_axes_are_put_upright() {
        // i runs from top to bottom, j from right to left, k from back to front.
        let affine = [
            [0.0, -2.0, 0.0, 3.0],
            [0.0, 0.0, 4.0, -8.0],
            [-3.0, 0.0, 0.0, 6.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let grid = Grid::new([3, 4, 5], affine).unwrap();
        let volume = Array3::from_shape_fn((3, 4, 5), |(i, j, k)| 100 * i + 10 * j + k);
        let upright = Reordered::new(&grid, &volume).unwrap();
        assert_eq!(upright.grid.shape(), [4, 5, 3]);
        assert_eq!(upright.grid.world([0, 0, 0]), [-3.0, -8.0, 0.0]);
        // The value at a world position is the same before and after.
        assert_eq!(upright.volume[[0, 4, 2]], volume[[0, 3, 4]]);
    }

    #[test]
    fn an_oblique_grid_cannot_be_swapped() {
        let mut affine = *Grid::working().affine();
        affine[0][1] = 0.5;
        let grid = Grid::new([2, 2, 2], affine).unwrap();
        let error = swap_hemispheres(&grid, &Array3::<u8>::zeros((2, 2, 2))).unwrap_err();
        assert!(matches!(error, FmriError::RotatedAffine { .. }));
    }
}
