//! Brain masks: the voxels to analyse, and their order.

use std::path::Path;

use lpp_files::hexadecimal;
use ndarray::{Array1, Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayView3, Axis};
use sha2::{Digest, Sha256};

use crate::FmriError;
use crate::grid::Grid;
use crate::image::Image;
use crate::mirror::Mirror;

/// A set of voxels of a grid.
///
/// Masked arrays list them in C order: i slowest, k fastest.
///
/// ```
/// use lpp_fmri::{Grid, Mask};
/// use ndarray::{Array3, array};
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let mut inside = Array3::from_elem((37, 46, 38), false);
/// inside[[18, 21, 16]] = true;
/// inside[[18, 21, 15]] = true;
/// let mask = Mask::new(Grid::working(), inside)?;
/// assert_eq!(mask.voxels(), [[18, 21, 15], [18, 21, 16]]);
/// let volume = mask.unmask(&array![1.0, 2.0], f32::NAN)?;
/// assert_eq!(mask.apply(&volume)?, array![1.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    grid: Grid,
    inside: Array3<bool>,
    voxels: Vec<[usize; 3]>,
}

impl Mask {
    /// A mask of the voxels where `inside` is true.
    ///
    /// # Errors
    /// [`FmriError::Shape`] if the shape of the array is not that of the grid, [`FmriError::EmptyMask`] if no voxel is
    /// inside.
    pub fn new(grid: Grid, inside: Array3<bool>) -> Result<Self, FmriError> {
        let [i, j, k] = grid.shape();
        if inside.dim() != (i, j, k) {
            return Err(FmriError::Shape {
                what: "the mask",
                found: inside.shape().to_vec(),
                expected: grid.shape().to_vec(),
            });
        }
        let voxels: Vec<_> = inside
            .indexed_iter()
            .filter(|(_, is_in)| **is_in)
            .map(|((i, j, k), _)| [i, j, k])
            .collect();
        if voxels.is_empty() {
            return Err(FmriError::EmptyMask);
        }
        Ok(Self { grid, inside, voxels })
    }

    /// Reads a mask image. It must be 3-D, with 0 or NaN outside and one other value inside.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is not such an image (several volumes, infinite or more than two values,
    /// nothing inside), or if [`Image::load`] refuses it.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        let (grid, inside) = load_binary(path, "a mask")?;
        Self::new(grid, inside)
    }

    /// Writes the mask as 8-bit integers 0 and 1.
    ///
    /// # Errors
    /// As [`Image::save`].
    pub fn save(&self, path: &Path) -> Result<(), FmriError> {
        Image::new(self.grid, self.inside.mapv(i8::from).into_dyn())?.save(path)
    }

    /// The grid of the mask.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// True inside.
    #[must_use]
    pub fn inside(&self) -> ArrayView3<'_, bool> {
        self.inside.view()
    }

    /// Number of voxels inside; at least 1.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.voxels.len()
    }

    /// Their indices, in the order of masked arrays.
    #[must_use]
    pub fn voxels(&self) -> &[[usize; 3]] {
        &self.voxels
    }

    /// World coordinates, in mm, of the voxels' centres, in the order of masked arrays.
    #[must_use]
    pub fn world_coordinates(&self) -> Vec<[f64; 3]> {
        self.voxels.iter().map(|&voxel| self.grid.world(voxel)).collect()
    }

    /// The values of `volume` inside the mask, of shape (`n_voxels`).
    ///
    /// # Errors
    /// [`FmriError::Shape`] if volume and mask have different shapes.
    pub fn apply<T: Copy>(&self, volume: &ArrayRef3<T>) -> Result<Array1<T>, FmriError> {
        let found = volume.shape();
        if found != self.grid.shape() {
            return Err(FmriError::Shape {
                what: "the volume",
                found: found.to_vec(),
                expected: self.grid.shape().to_vec(),
            });
        }
        Ok(self.voxels.iter().map(|&voxel| volume[voxel]).collect())
    }

    /// The values of every volume of `image` inside the mask, of shape (`n_volumes`, `n_voxels`).
    ///
    /// # Errors
    /// [`FmriError::GridMismatch`] if the image is not on the mask's grid.
    pub fn apply_image(&self, image: &Image) -> Result<Array2<f64>, FmriError> {
        self.grid.require(image.grid())?;
        let volumes = image.to_f64_volumes()?;
        let mut series = Array2::zeros((image.n_volumes(), self.n_voxels()));
        for (volume, mut row) in volumes.axis_iter(Axis(3)).zip(series.rows_mut()) {
            row.assign(&self.apply(&volume)?);
        }
        Ok(series)
    }

    /// A volume with `values`, of shape (`n_voxels`), inside the mask and `outside` elsewhere.
    ///
    /// # Errors
    /// [`FmriError::Shape`] if the number of values is not the number of voxels.
    pub fn unmask<T: Copy>(&self, values: &ArrayRef1<T>, outside: T) -> Result<Array3<T>, FmriError> {
        if values.len() != self.n_voxels() {
            return Err(FmriError::Shape {
                what: "the masked array",
                found: vec![values.len()],
                expected: vec![self.n_voxels()],
            });
        }
        let mut volume = Array3::from_elem(self.inside.dim(), outside);
        for (&voxel, &value) in self.voxels.iter().zip(values) {
            volume[voxel] = value;
        }
        Ok(volume)
    }

    /// The same for the rows of `series`, (`n_volumes`, `n_voxels`): volumes along the last axis.
    ///
    /// # Errors
    /// As [`Mask::unmask`].
    pub fn unmask_series<T: Copy>(&self, series: &ArrayRef2<T>, outside: T) -> Result<Array4<T>, FmriError> {
        let (i, j, k) = self.inside.dim();
        let mut volumes = Array4::from_elem((i, j, k, series.nrows()), outside);
        for (row, mut volume) in series.rows().into_iter().zip(volumes.axis_iter_mut(Axis(3))) {
            volume.assign(&self.unmask(&row, outside)?);
        }
        Ok(volumes)
    }

    /// For each voxel, the index of its mirror image across x = 0 mm in masked arrays, if it is in the mask.
    ///
    /// # Errors
    /// [`FmriError::NoMirror`] if mirrored voxels fall between voxels.
    pub fn mirror_images(&self) -> Result<Vec<Option<usize>>, FmriError> {
        let mirror = Mirror::of(&self.grid)?;
        let mut positions = Array3::from_elem(self.inside.dim(), None);
        for (position, &voxel) in self.voxels.iter().enumerate() {
            positions[voxel] = Some(position);
        }
        let image = |&voxel: &[usize; 3]| mirror.of_voxel(voxel).and_then(|image| positions[image]);
        Ok(self.voxels.iter().map(image).collect())
    }

    /// Whether the mirror image of every voxel across x = 0 mm is in the mask too.
    ///
    /// # Errors
    /// As [`Mask::mirror_images`].
    pub fn is_symmetric(&self) -> Result<bool, FmriError> {
        Ok(self.mirror_images()?.iter().all(Option::is_some))
    }

    /// SHA-256, in hexadecimal, of the grid and the voxels. Equal masks have equal hashes, however their files are
    /// written.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for n in self.grid.shape() {
            hasher.update((n as u64).to_le_bytes());
        }
        for entry in self.grid.affine().iter().flatten() {
            // −0 and 0 are the same place.
            hasher.update((entry + 0.0).to_le_bytes());
        }
        hasher.update(self.inside.iter().map(|&v| u8::from(v)).collect::<Vec<_>>());
        hexadecimal(&hasher.finalize())
    }
}

/// Whether two values of an image are equal within the rounding of resampling tools.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-4 * a.abs()
}

/// Reads an image of `what` with two values: 0 or NaN outside and one other value inside, with at least one voxel
/// inside.
///
/// # Errors
/// [`FmriError`] naming the file if it is not such an image.
pub(crate) fn load_binary(path: &Path, what: &str) -> Result<(Grid, Array3<bool>), FmriError> {
    let image = Image::load(path)?;
    let expected = || format!("{what}: one volume of 0 (or NaN) outside and one other finite value inside");
    let volume = image.to_f64_volume().map_err(|_| {
        FmriError::malformed(
            path,
            format!("an image of shape {:?}", image.values().shape()),
            expected(),
        )
    })?;
    let mut inside_value = None;
    for &value in volume.iter().filter(|value| **value != 0.0 && !value.is_nan()) {
        let first = *inside_value.get_or_insert(value);
        if !value.is_finite() || !same(value, first) {
            let found = format!("the values {first} and {value}");
            return Err(FmriError::malformed(path, found, expected()));
        }
    }
    if inside_value.is_none() {
        return Err(FmriError::malformed(
            path,
            format!("{what} without a voxel inside"),
            expected(),
        ));
    }
    Ok((*image.grid(), volume.mapv(|v| v != 0.0 && !v.is_nan())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_inside_differ_by_at_most_a_ten_thousandth() {
        assert!(same(10_000.0, 9_999.0) && same(10_000.0, 10_001.0) && same(-10_000.0, -9_999.0));
        assert!(!same(10_000.0, 9_998.9) && !same(10_000.0, 10_001.1) && !same(1.0, -1.0));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.nii");
        let grid = Grid::new([2, 2, 1], *Grid::working().affine()).unwrap();
        let loaded = |values: [f32; 4]| {
            let volume = Array3::from_shape_vec((2, 2, 1), values.to_vec()).unwrap();
            Image::new(grid, volume.into_dyn()).unwrap().save(&path).unwrap();
            Mask::load(&path).map(|mask| mask.voxels().to_vec())
        };
        // Resampling leaves values that are nearly 1.
        assert_eq!(
            loaded([0.0, 1.0, f32::NAN, 0.999_95]).unwrap(),
            [[0, 1, 0], [1, 1, 0]]
        );
        assert!(loaded([0.0, 1.0, 0.0, 0.99]).is_err() && loaded([0.0, f32::INFINITY, 0.0, 0.0]).is_err());
    }
}
