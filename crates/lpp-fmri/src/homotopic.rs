//! Voxels and their mirror images in the other hemisphere.

use crate::FmriError;
use crate::mask::Mask;
use crate::sides::MaskOf;

/// Two voxels of a mask that are mirror images of each other, as indices in masked arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HomotopicPair {
    /// The voxel at x < 0.
    pub left: usize,
    /// Its mirror image.
    pub right: usize,
}

impl Mask {
    /// The pairs of voxels that mirror each other across x = 0 mm, both inside the mask, by ascending index of the left
    /// one.
    ///
    /// Voxels on the midline and voxels whose mirror image is outside the mask are in no pair. The axes of the grid may
    /// have any order and direction.
    ///
    /// # Errors
    /// [`FmriError::NoMirror`] if mirrored voxels fall between voxels.
    ///
    /// ```
    /// use lpp_fmri::{Grid, Mask};
    /// use ndarray::Array3;
    ///
    /// # fn main() -> Result<(), lpp_fmri::FmriError> {
    /// let mut inside = Array3::from_elem((37, 46, 38), false);
    /// for i in [10, 18, 26, 30] {
    ///     inside[[i, 20, 20]] = true; // x = −32, 0, 32 and 48 mm
    /// }
    /// let pairs = Mask::new(Grid::working(), inside)?.homotopic_pairs()?;
    /// assert_eq!(pairs.iter().map(|p| (p.left, p.right)).collect::<Vec<_>>(), [(0, 2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn homotopic_pairs(&self) -> Result<Vec<HomotopicPair>, FmriError> {
        let images = self.mirror_images()?;
        let sides = self.sides(MaskOf::Group);
        let left = sides.by_x().left().indices().iter();
        Ok(left
            .filter_map(|&left| {
                Some(HomotopicPair {
                    left,
                    right: images[left]?,
                })
            })
            .filter(|pair| pair.left != pair.right)
            .collect())
    }
}
