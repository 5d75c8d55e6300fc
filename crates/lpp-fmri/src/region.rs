//! Regions of interest as images.

use std::path::Path;

use crate::FmriError;
use crate::mask::{Mask, load_binary};
use crate::mirror::mirror_volume;

/// A region of interest and its mirror image across x = 0, as flags of the mask's voxels in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionVoxels {
    /// Voxels of the region.
    pub own: Vec<bool>,
    /// Voxels of its mirror image; `None` if the grid has no mirror images.
    pub mirrored: Option<Vec<bool>>,
}

impl RegionVoxels {
    /// Reads an image on the grid of `mask`, with 0 (or NaN) outside the region and one other value inside.
    ///
    /// The region may have no voxel in the mask.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is not such an image or is on another grid.
    pub fn load(path: &Path, mask: &Mask) -> Result<Self, FmriError> {
        let (grid, inside) = load_binary(path, "a region")?;
        if !mask.grid().matches(&grid) {
            let found = format!("a region on another grid ({grid})");
            let expected = format!(
                "the grid of the mask ({}): lpp-resample --like MASK --interpolation nearest brings it there",
                mask.grid()
            );
            return Err(FmriError::malformed(path, found, expected));
        }
        let mirrored = match mirror_volume(&grid, &inside, false) {
            Ok(mirrored) => Some(mask.apply(&mirrored)?.to_vec()),
            Err(FmriError::NoMirror { .. }) => None,
            Err(other) => return Err(other),
        };
        Ok(Self {
            own: mask.apply(&inside)?.to_vec(),
            mirrored,
        })
    }
}
