//! The lattice of voxel centres that an image or a mask lives on.

use std::fmt;

use crate::FmriError;
use crate::affine::{Affine, affines_close, diagonal_affine, invert_affine, transform, upper_rows};

/// Shape and affine of an image: how many voxels along each axis, and where their centres lie in the world.
///
/// ```
/// let grid = lpp_fmri::Grid::working();
/// assert_eq!(grid.shape(), [37, 46, 38]);
/// assert_eq!(grid.world([18, 0, 0])[0], 0.0); // the midline slab
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    shape: [usize; 3],
    affine: Affine,
}

impl Grid {
    /// A grid of `shape` voxels placed by `affine`.
    ///
    /// # Errors
    /// [`FmriError::SingularAffine`] if the affine has no inverse or is not finite, [`FmriError::Shape`] if an axis
    /// is empty.
    pub fn new(shape: [usize; 3], affine: Affine) -> Result<Self, FmriError> {
        if shape.contains(&0) {
            return Err(FmriError::Shape {
                what: "a grid",
                found: shape.to_vec(),
                expected: vec![1; 3],
            });
        }
        if affine.iter().flatten().any(|v| !v.is_finite()) || invert_affine(&affine).is_none() {
            return Err(FmriError::SingularAffine {
                affine: upper_rows(&affine),
            });
        }
        Ok(Self { shape, affine })
    }

    /// The 4 mm grid that the reference study works on: shape (37, 46, 38), first centre at (−72, −106, −64) mm.
    #[must_use]
    pub fn working() -> Self {
        Self {
            shape: [37, 46, 38],
            affine: diagonal_affine([4.0; 3], [-72.0, -106.0, -64.0]),
        }
    }

    /// Voxels along i, j and k.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// From voxel indices to world millimetres.
    #[must_use]
    pub fn affine(&self) -> &Affine {
        &self.affine
    }

    /// From world millimetres to (fractional) voxel indices.
    ///
    /// # Errors
    /// [`FmriError::SingularAffine`]; never for a grid made by [`Grid::new`].
    pub fn inverse_affine(&self) -> Result<Affine, FmriError> {
        invert_affine(&self.affine).ok_or(FmriError::SingularAffine {
            affine: upper_rows(&self.affine),
        })
    }

    /// Number of voxels.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// World coordinates, in mm, of the centre of a voxel.
    #[must_use]
    pub fn world(&self, voxel: [usize; 3]) -> [f64; 3] {
        transform(&self.affine, voxel.map(|v| v as f64))
    }

    /// Whether both grids have the same shape and, to [`affines_close`], the same affine.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.shape == other.shape && affines_close(&self.affine, &other.affine)
    }

    /// `Ok` if `found` [matches](Grid::matches) this grid.
    ///
    /// # Errors
    /// [`FmriError::GridMismatch`] otherwise.
    pub fn require(&self, found: &Self) -> Result<(), FmriError> {
        if self.matches(found) {
            return Ok(());
        }
        Err(FmriError::GridMismatch {
            found: Box::new(*found),
            expected: Box::new(*self),
        })
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shape {:?}, affine {:?}", self.shape, upper_rows(&self.affine))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_needs_voxels_and_an_invertible_affine() {
        let flat = diagonal_affine([4.0, 4.0, 0.0], [0.0; 3]);
        assert!(matches!(
            Grid::new([2, 2, 2], flat),
            Err(FmriError::SingularAffine { .. })
        ));
        assert!(matches!(
            Grid::new([2, 0, 2], *Grid::working().affine()),
            Err(FmriError::Shape { .. })
        ));
    }

    #[test]
    fn grids_match_up_to_the_references_tolerance() {
        let grid = Grid::working();
        let nudged = |by: f64| {
            let mut affine = *grid.affine();
            affine[0][0] += by;
            Grid::new(grid.shape(), affine).unwrap()
        };
        assert!(grid.matches(&nudged(1e-5)));
        let error = grid.require(&nudged(1e-3)).unwrap_err();
        assert!(error.to_string().contains("does not match the mask's"), "{error}");
    }
}
