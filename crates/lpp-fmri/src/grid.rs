//! The grid of voxel centres of an image or a mask.

use std::fmt;

use crate::FmriError;
use crate::affine::{
    Affine, affines_close, column_lengths, diagonal_affine, invert_affine, transform, upper_rows,
};

/// Shape and affine of an image: the number of voxels along each axis, and the world coordinates of their centres.
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

    /// The 4 mm grid of the reference study: shape (37, 46, 38), first centre at (−72, −106, −64) mm.
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

    /// The range of the voxel centres along x, y and z, in mm.
    pub(crate) fn extent_mm(&self) -> [[f64; 2]; 3] {
        let ends = self.shape.map(|n| [0, n - 1]);
        let mut extent = [[f64::INFINITY, f64::NEG_INFINITY]; 3];
        for corner in 0..8_usize {
            let place = self.world([0, 1, 2].map(|axis| ends[axis][corner >> axis & 1]));
            for (axis, [low, high]) in extent.iter_mut().enumerate() {
                (*low, *high) = (low.min(place[axis]), high.max(place[axis]));
            }
        }
        extent
    }

    /// The direction of each voxel axis, named as in nibabel: R or L, A or P, S or I; on the working grid R, A, S.
    ///
    /// On an oblique grid an axis has the name of the nearest world axis.
    #[must_use]
    pub(crate) fn directions(&self) -> [char; 3] {
        let sizes = column_lengths(&self.affine);
        let mut named = ['R'; 3];
        let (mut columns, mut rows) = (vec![0, 1, 2], vec![0, 1, 2]);
        while !columns.is_empty() {
            let along = |row: usize, column: usize| self.affine[row][column] / sizes[column];
            let pairs = columns
                .iter()
                .flat_map(|&column| rows.iter().map(move |&row| (row, column)));
            let Some((row, column)) =
                pairs.max_by(|a, b| along(a.0, a.1).abs().total_cmp(&along(b.0, b.1).abs()))
            else {
                break;
            };
            let names = [['L', 'R'], ['P', 'A'], ['I', 'S']][row];
            named[column] = names[usize::from(along(row, column) > 0.0)];
            columns.retain(|&other| other != column);
            rows.retain(|&other| other != row);
        }
        named
    }

    /// The directions of the axes as one word: RAS, LAS, PIR.
    #[must_use]
    pub fn orientation(&self) -> String {
        self.directions().iter().collect()
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
            found: found.to_string(),
            expected: self.to_string(),
        })
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A tenth of a micrometre is enough to tell grids apart; binary fractions would fill a line.
        let shown = |v: f64| (v * 1e4).round() / 1e4 + 0.0;
        let rows = upper_rows(&self.affine).map(|row| row.map(shown));
        write!(
            f,
            "shape {:?}, orientation {}, affine {rows:?}",
            self.shape,
            self.orientation()
        )
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
    fn axes_are_named_by_where_they_lead() {
        let named = |[x, y, z]: [[f64; 4]; 3]| {
            Grid::new([2; 3], [x, y, z, [0.0, 0.0, 0.0, 1.0]])
                .unwrap()
                .orientation()
        };
        assert_eq!(Grid::working().orientation(), "RAS");
        assert_eq!(
            named([[-2.0, 0.0, 0.0, 90.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]),
            "LAS"
        );
        assert_eq!(
            named([[0.0, 0.0, 2.0, 0.0], [-3.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]]),
            "PIR"
        );
        assert_eq!(
            named([[0.1, -2.0, 0.4, 0.0], [2.0, 0.1, 0.3, 0.0], [-0.2, 0.3, 2.0, 0.0]]),
            "ALS"
        );
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
