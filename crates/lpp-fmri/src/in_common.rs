//! Places that two masks have in common.

use std::collections::HashMap;

use crate::brain_mask::BrainMask;
use crate::mask::Mask;

impl BrainMask {
    /// The places that this mask and another have in common: their indices in masked arrays of each, in the order of this one.
    ///
    /// Voxels are paired by their place on one grid, vertices by their structure and number on one mesh.
    ///
    /// # Errors
    /// How this mask differs, if the two are of other kinds, grids, meshes or spaces, or have no place in common.
    pub fn in_common(&self, other: &Self) -> Result<(Vec<usize>, Vec<usize>), String> {
        let pairs = match (self, other) {
            (Self::Volume(own), Self::Volume(other)) => voxels(own, other)?,
            (Self::Surface(own), Self::Surface(other)) => {
                own.check_same_meshes(other)?;
                paired(own.places().named(), other.places().named())
            }
            (Self::Volume(_), Self::Surface(_)) => return Err("a mask of a volume".to_owned()),
            (Self::Surface(_), Self::Volume(_)) => {
                return Err("a mask of surfaces or grayordinates".to_owned());
            }
        };
        if pairs.is_empty() {
            return Err("a mask without a place in common".to_owned());
        }
        Ok(pairs.into_iter().unzip())
    }
}

fn voxels(own: &Mask, other: &Mask) -> Result<Vec<(usize, usize)>, String> {
    if !own.grid().matches(other.grid()) {
        let corner = own.grid().world([0, 0, 0]).map(|mm| (mm * 100.0).round() / 100.0);
        let shape = own.grid().shape();
        return Err(format!("another grid: {shape:?} voxels from {corner:?} mm on"));
    }
    let of = |mask: &Mask| mask.voxels().to_vec();
    Ok(paired(of(own), of(other)))
}

fn paired<P: Eq + std::hash::Hash>(own: Vec<P>, other: Vec<P>) -> Vec<(usize, usize)> {
    let there: HashMap<P, usize> = other.into_iter().zip(0..).collect();
    let own = own.into_iter().enumerate();
    own.filter_map(|(index, place)| Some((index, *there.get(&place)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::affine::diagonal_affine;
    use crate::grid::Grid;
    use crate::surface::{BrainModel, Grayordinates, Places, SurfaceMask};
    use ndarray::Array3;

    fn volume(voxels: &[[usize; 3]]) -> BrainMask {
        let grid = Grid::working();
        let inside = Array3::from_shape_fn(grid.shape(), |(i, j, k)| voxels.contains(&[i, j, k]));
        BrainMask::Volume(Mask::new(grid, inside).unwrap())
    }

    /// Three vertices of each side and two voxels, of which the first of all is outside.
    fn surface(first: usize, n_mesh: usize, shift_mm: f64, name: &str) -> BrainMask {
        let model = |structure: &str, places| BrainModel {
            structure: format!("CIFTI_STRUCTURE_{structure}"),
            places,
        };
        let vertices = || Places::Vertices {
            n_mesh,
            vertices: vec![first, first + 1, first + 2],
        };
        let models = vec![
            model("CORTEX_LEFT", vertices()),
            model("CORTEX_RIGHT", vertices()),
            model(
                "BRAIN_STEM",
                Places::Voxels(vec![[first, 0, 0], [first + 1, 0, 0]]),
            ),
        ];
        let grid = Grid::new([6, 2, 2], diagonal_affine([2.0; 3], [shift_mm; 3])).unwrap();
        let whole = Grayordinates::new(models, Some(grid), Path::new(name)).unwrap();
        let mut inside = [true; 8];
        inside[0] = false;
        BrainMask::Surface(SurfaceMask::new(whole, &inside, Path::new(name)).unwrap())
    }

    #[test]
    fn voxels_are_paired_by_their_place() {
        let own = volume(&[[0, 0, 0], [1, 2, 4], [5, 0, 0], [6, 0, 0]]);
        let other = volume(&[[1, 2, 3], [1, 2, 4], [5, 0, 0]]);
        assert_eq!(own.in_common(&other), Ok((vec![1, 2], vec![1, 2])));
        let none = own.in_common(&volume(&[[7, 7, 7]])).unwrap_err();
        assert!(none.contains("in common"), "{none}");
    }

    #[test]
    fn vertices_are_paired_on_one_mesh_only() {
        let own = surface(0, 9, 0.0, "mask_space-fsLR.dscalar.nii");
        let of = |first, n_mesh, shift, name: &str| own.in_common(&surface(first, n_mesh, shift, name));
        // Own: left 1, 2; right 0, 1, 2; stem 0, 1. Other: left 2, 3; right 1, 2, 3; stem 1, 2.
        let expected = (vec![1, 3, 4, 6], vec![0, 2, 3, 5]);
        assert_eq!(of(1, 9, 0.0, "mask_space-fsLR.dscalar.nii"), Ok(expected.clone()));
        assert_eq!(of(1, 9, 0.0, "mask.dscalar.nii"), Ok(expected));
        for (n_mesh, shift, space, said) in [
            (10, 0.0, "fsLR", "a mesh of 9 vertices"),
            (9, 1.0, "fsLR", "another grid"),
            (9, 0.0, "fsaverage", "meshes of the space fsLR"),
        ] {
            let error = of(1, n_mesh, shift, &format!("mask_space-{space}.dscalar.nii")).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        let none = of(4, 9, 0.0, "mask_space-fsLR.dscalar.nii").unwrap_err();
        assert!(none.contains("in common"), "{none}");
        let error = own.in_common(&volume(&[[1, 1, 1]])).unwrap_err();
        assert!(error.contains("surfaces"), "{error}");
    }

    #[test]
    fn another_grid_is_told_by_its_shape_and_first_voxel() {
        let grid = Grid::new([3, 1, 2], diagonal_affine([2.0; 3], [-1.2345, 0.0, 7.0])).unwrap();
        let own = BrainMask::Volume(Mask::new(grid, Array3::from_elem((3, 1, 2), true)).unwrap());
        assert_eq!(
            own.in_common(&volume(&[[0, 0, 0]])),
            Err("another grid: [3, 1, 2] voxels from [-1.23, 0.0, 7.0] mm on".to_owned())
        );
    }
}
