//! Regions of interest as files.

use std::path::Path;

use crate::FmriError;
use crate::brain_mask::BrainMask;
use crate::mask::{Mask, load_binary};
use crate::mirror::mirror_volume;
use crate::surface::SurfaceMask;

/// A region of interest and its mirror image across x = 0, as flags of the mask's voxels in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionVoxels {
    /// Voxels of the region.
    pub own: Vec<bool>,
    /// Voxels of its mirror image; `None` if the grid has no mirror images.
    pub mirrored: Option<Vec<bool>>,
}

impl RegionVoxels {
    /// Reads a file on the places of `mask`, with 0 (or NaN) outside the region and one other value inside: an image, or
    /// a map of vertices or grayordinates.
    ///
    /// The region may have no voxel in the mask.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is not such a file or is on other places.
    pub fn load(path: &Path, mask: &BrainMask) -> Result<Self, FmriError> {
        match mask {
            BrainMask::Volume(mask) => Self::of_volume(path, mask),
            BrainMask::Surface(mask) => Self::of_surfaces(path, mask),
        }
    }

    fn of_surfaces(path: &Path, mask: &SurfaceMask) -> Result<Self, FmriError> {
        let own: Vec<bool> = mask.load_region(path)?;
        let mirrored = match mask.homotopic_pairs() {
            Ok(pairs) => {
                let mut mirrored = vec![false; own.len()];
                for pair in pairs {
                    mirrored[pair.left] = own[pair.right];
                    mirrored[pair.right] = own[pair.left];
                }
                Some(mirrored)
            }
            Err(error) if error.is_without_pairs() => None,
            Err(other) => return Err(other),
        };
        Ok(Self { own, mirrored })
    }

    fn of_volume(path: &Path, mask: &Mask) -> Result<Self, FmriError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Grayordinates;
    use ndarray::array;

    #[test]
    fn a_region_of_vertices_is_mirrored_where_the_meshes_are_symmetric() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("region.dscalar.nii");
        let places = Grayordinates::of_hemispheres([3, 3], &path).unwrap();
        // Left 0, 1, 2 and right 1, 2 are inside; the counterparts of left 1 and 2 are the last two.
        for (name, mirrored) in [
            (
                "mask_space-fsLR.dscalar.nii",
                Some(vec![false, false, true, true, false]),
            ),
            ("mask_space-fsaverage5.dscalar.nii", None),
        ] {
            let inside = [true, true, true, false, true, true];
            let mask = SurfaceMask::new(places.clone(), &inside, Path::new(name)).unwrap();
            let mask = BrainMask::Surface(mask);
            mask.save_map(&path, "region", &array![1.0, 1.0, 0.0, 0.0, 1.0])
                .unwrap();
            let region = RegionVoxels::load(&path, &mask).unwrap();
            assert_eq!(region.own, [true, true, false, false, true], "{name}");
            assert_eq!(region.mirrored, mirrored, "{name}");
        }
    }
}
