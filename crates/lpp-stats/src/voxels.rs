//! Sets of voxels, and the two hemispheres of a masked array.

use crate::{StatsError, percentile};

/// A set of voxels of a masked array, by position.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VoxelSet {
    indices: Vec<usize>,
}

impl VoxelSet {
    /// All voxels of an array of `n_voxels`.
    #[must_use]
    pub fn all(n_voxels: usize) -> Self {
        Self {
            indices: (0..n_voxels).collect(),
        }
    }

    /// The voxels for which `keep` is true of index and value.
    #[must_use]
    pub fn matching(values: &[f64], keep: impl Fn(f64) -> bool) -> Self {
        Self {
            indices: (0..values.len()).filter(|&i| keep(values[i])).collect(),
        }
    }

    /// The voxels at these indices; order does not matter and repetitions are dropped.
    ///
    /// # Example
    /// ```
    /// assert_eq!(lpp_stats::VoxelSet::at(vec![7, 2, 7]).indices(), [2, 7]);
    /// ```
    #[must_use]
    pub fn at(mut indices: Vec<usize>) -> Self {
        indices.sort_unstable();
        indices.dedup();
        Self { indices }
    }

    /// The voxels that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        // Both lists ascend, so membership is a binary search.
        let indices = self
            .indices
            .iter()
            .copied()
            .filter(|&index| other.contains(index))
            .collect();
        Self { indices }
    }

    /// Whether the voxel at `index` belongs to the set.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.indices.binary_search(&index).is_ok()
    }

    /// Number of voxels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The indices, ascending.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// The values of the set's voxels.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if `values` is too short for the set.
    pub fn select(&self, values: &[f64]) -> Result<Vec<f64>, StatsError> {
        match self.indices.last() {
            Some(&index) if index >= values.len() => Err(StatsError::VoxelOutOfRange {
                index,
                n_voxels: values.len(),
            }),
            _ => Ok(self.indices.iter().map(|&index| values[index]).collect()),
        }
    }
}

/// Voxels with |x| up to this, in mm, are on the midline. The value is far below any voxel size and far above the
/// rounding of an affine (files store it as `f32`, whose spacing at 100 mm is 8e-6, and steps add up).
pub const MIDLINE_MM: f64 = 1e-3;

/// The left and the right voxels; both are empty by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hemispheres {
    left: VoxelSet,
    right: VoxelSet,
    midline: VoxelSet,
}

impl Hemispheres {
    /// The paper's definition: the first half of the masked array is left, the rest right.
    ///
    /// Voxels are in C order with x slowest, from left to right, so this is nearly a split by x. But it divides the
    /// midline slab: its posterior part counts as left and its anterior part as right. With an odd number of voxels,
    /// the right side has one more. Whether the halves of a mask are its two sides depends on its grid, which is not
    /// known here.
    ///
    /// # Example
    /// ```
    /// let halves = lpp_stats::Hemispheres::array_halves(25_870);
    /// assert_eq!(halves.left().len(), 12_935);
    /// assert!(halves.midline().is_empty());
    /// ```
    #[must_use]
    pub fn array_halves(n_voxels: usize) -> Self {
        let half = n_voxels / 2;
        Self {
            left: VoxelSet {
                indices: (0..half).collect(),
            },
            right: VoxelSet {
                indices: (half..n_voxels).collect(),
            },
            midline: VoxelSet::default(),
        }
    }

    /// The definition by anatomy: left is x < 0, right is x > 0, and x = 0 (to [`MIDLINE_MM`]) is neither.
    ///
    /// `x_mm` is the world coordinate (RAS+) of each voxel centre.
    ///
    /// # Example
    /// ```
    /// let sides = lpp_stats::Hemispheres::by_world_x(&[-4.0, 0.0, 4.0, 8.0]);
    /// assert_eq!((sides.left().len(), sides.midline().len(), sides.right().len()), (1, 1, 2));
    /// ```
    #[must_use]
    pub fn by_world_x(x_mm: &[f64]) -> Self {
        Self {
            left: VoxelSet::matching(x_mm, |x| x < -MIDLINE_MM),
            right: VoxelSet::matching(x_mm, |x| x > MIDLINE_MM),
            midline: VoxelSet::matching(x_mm, |x| x.abs() <= MIDLINE_MM),
        }
    }

    /// The part of each hemisphere in `selection`.
    #[must_use]
    pub fn within(&self, selection: &VoxelSet) -> Self {
        Self {
            left: self.left.intersection(selection),
            right: self.right.intersection(selection),
            midline: self.midline.intersection(selection),
        }
    }

    /// The left voxels.
    #[must_use]
    pub fn left(&self) -> &VoxelSet {
        &self.left
    }

    /// The right voxels.
    #[must_use]
    pub fn right(&self) -> &VoxelSet {
        &self.right
    }

    /// The voxels that belong to neither; empty for [`Hemispheres::array_halves`].
    #[must_use]
    pub fn midline(&self) -> &VoxelSet {
        &self.midline
    }
}

/// The reliable voxels of a study and their threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct ReliableVoxels {
    /// The threshold: the value of the inter-subject correlation at the percentile.
    pub threshold: f64,
    /// Voxels strictly above it.
    pub voxels: VoxelSet,
    /// Number of voxels without an inter-subject correlation (NaN); they are never reliable.
    pub n_nan: usize,
}

impl ReliableVoxels {
    /// The percentile that the paper uses.
    pub const PAPER_PERCENTILE: f64 = 75.0;

    /// Selects the voxels whose inter-subject correlation exceeds its `q`-th percentile.
    ///
    /// `isc` is the mean over trials, one value per voxel; NaN are ignored in the percentile.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] if no voxel has a value,
    /// [`StatsError::PercentileOutOfRange`].
    pub fn above_percentile(isc: &[f64], q: f64) -> Result<Self, StatsError> {
        let known: Vec<f64> = isc.iter().copied().filter(|value| !value.is_nan()).collect();
        let threshold = percentile(&known, q)?;
        let voxels = VoxelSet::matching(isc, |value| value > threshold);
        Ok(Self {
            threshold,
            voxels,
            n_nan: isc.len() - known.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_cover_everything_once() {
        for n in 0..7 {
            let sides = Hemispheres::array_halves(n);
            let mut joined = sides.left().indices().to_vec();
            joined.extend(sides.right().indices());
            assert_eq!(joined, VoxelSet::all(n).indices());
        }
    }

    #[test]
    fn restriction_keeps_sides() {
        let sides = Hemispheres::by_world_x(&[-8.0, -4.0, 0.0, 4.0, 8.0]);
        let inner = VoxelSet::matching(&[0.0, 1.0, 1.0, 1.0, 0.0], |v| v > 0.5);
        let part = sides.within(&inner);
        assert_eq!(part.left().indices(), [1]);
        assert_eq!(part.midline().indices(), [2]);
        assert_eq!(part.right().indices(), [3]);
    }

    #[test]
    fn reliable_is_strictly_above() {
        let found = ReliableVoxels::above_percentile(&[1.0, 2.0, f64::NAN, 3.0, 3.0, 3.0], 75.0).unwrap();
        assert_eq!((found.threshold, found.voxels.len(), found.n_nan), (3.0, 0, 1));
        assert!(ReliableVoxels::above_percentile(&[f64::NAN], 75.0).is_err());
    }

    #[test]
    fn short_arrays_are_errors() {
        assert!(VoxelSet::all(3).select(&[1.0, 2.0]).is_err());
        assert_eq!(VoxelSet::default().select(&[]), Ok(vec![]));
    }

    #[test]
    fn the_midline_ends_a_micrometre_from_zero() {
        let x = [-0.0011, -MIDLINE_MM, 0.0, MIDLINE_MM, 0.0011];
        let sides = Hemispheres::by_world_x(&x);
        assert_eq!(sides.left().indices(), [0]);
        assert_eq!(sides.midline().indices(), [1, 2, 3]);
        assert_eq!(sides.right().indices(), [4]);
    }

    #[test]
    fn sets_are_ordered_and_joined_by_their_common_voxels() {
        let set = VoxelSet::at(vec![5, 2, 5, 9]);
        assert_eq!((set.len(), set.contains(5), set.contains(4)), (3, true, false));
        assert_eq!(set.intersection(&VoxelSet::at(vec![9, 4, 2])).indices(), [2, 9]);
        assert!(VoxelSet::default().is_empty() && !set.is_empty());
        assert!(set.select(&[0.0; 9]).is_err() && set.select(&[0.0; 10]).is_ok());
    }
}
