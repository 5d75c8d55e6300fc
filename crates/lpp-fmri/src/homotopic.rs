//! Voxels and their mirror images in the other hemisphere.

use ndarray::{Array3, Axis};

use crate::FmriError;
use crate::hemisphere::Reordered;
use crate::mask::Mask;

/// Two voxels of a mask that mirror each other, as positions in masked arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HomotopicPair {
    /// The voxel with the smaller world x.
    pub left: usize,
    /// Its mirror image.
    pub right: usize,
}

impl Mask {
    /// The pairs of voxels that mirror each other across the middle of the grid's left-right axis, both inside the mask,
    /// by ascending position of the left one.
    ///
    /// Voxels in the middle slab and voxels whose image is outside the mask are in no pair. On a grid centred on x = 0,
    /// such as [`Grid::working`](crate::Grid::working), the middle is the midline.
    ///
    /// # Errors
    /// [`FmriError::RotatedAffine`] if no axis runs from left to right.
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
        let mut positions = Array3::from_elem(self.inside().dim(), None);
        for (position, &voxel) in self.voxels().iter().enumerate() {
            positions[voxel] = Some(position);
        }
        let upright = Reordered::new(self.grid(), &positions)?.volume;
        let n = upright.len_of(Axis(0));
        let mut pairs = Vec::new();
        for i in 0..n / 2 {
            let mirrored = upright.index_axis(Axis(0), n - 1 - i);
            for (&left, &right) in upright.index_axis(Axis(0), i).iter().zip(&mirrored) {
                pairs.extend(left.zip(right).map(|(left, right)| HomotopicPair { left, right }));
            }
        }
        pairs.sort_unstable_by_key(|pair| pair.left);
        Ok(pairs)
    }
}
