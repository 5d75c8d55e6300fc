//! Pairs of homotopic voxels: a left voxel and its mirror image on the right.

use crate::checks::same_length;
use crate::{MeanScore, ReliableVoxels, StatsError, VoxelSet};

/// Voxels of a masked array, paired across the midline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HomotopicPairs {
    left: Vec<usize>,
    right: Vec<usize>,
}

impl HomotopicPairs {
    /// Pairs `left[i]` with `right[i]`.
    ///
    /// Which voxels are mirror images depends on the grid; the caller must know it.
    ///
    /// # Errors
    /// [`StatsError::LengthMismatch`]; [`StatsError::RepeatedVoxel`] if a voxel occurs twice on a side, or on both.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::HomotopicPairs;
    /// let pairs = HomotopicPairs::new(vec![0, 1], vec![3, 2])?;
    /// assert_eq!(pairs.differences(&[0.5, 0.75, 0.25, 0.125])?, [0.375, 0.5]);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn new(left: Vec<usize>, right: Vec<usize>) -> Result<Self, StatsError> {
        same_length(("left", left.len()), ("right", right.len()))?;
        let mut all: Vec<usize> = left.iter().chain(&right).copied().collect();
        all.sort_unstable();
        match all.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(StatsError::RepeatedVoxel { index: pair[0] }),
            None => Ok(Self { left, right }),
        }
    }

    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The left voxel of each pair.
    #[must_use]
    pub fn left(&self) -> &[usize] {
        &self.left
    }

    /// The right voxel of each pair.
    #[must_use]
    pub fn right(&self) -> &[usize] {
        &self.right
    }

    /// The pairs of which both voxels are in `selection`.
    ///
    /// If the selection is not symmetric, both sides lose the same number of voxels.
    #[must_use]
    pub fn within(&self, selection: &VoxelSet) -> Self {
        self.keeping(|left, right| selection.contains(left) && selection.contains(right))
    }

    /// The pairs of which the mean of both values exceeds the `q`-th percentile over pairs, a rule that does not know the
    /// side; none if all are NaN.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if `values` is too short for a pair, [`StatsError::PercentileOutOfRange`].
    ///
    /// # Example
    /// ```
    /// use lpp_stats::HomotopicPairs;
    /// let pairs = HomotopicPairs::new(vec![0, 1], vec![3, 2])?;
    /// assert_eq!(pairs.above_percentile(&[0.5, 0.1, 0.2, 0.3], 50.0)?.left(), [0]);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn above_percentile(&self, values: &[f64], q: f64) -> Result<Self, StatsError> {
        self.check_range(values)?;
        let both = |(&l, &r): (&usize, &usize)| f64::midpoint(values[l], values[r]);
        let means: Vec<f64> = self.left.iter().zip(&self.right).map(both).collect();
        if means.iter().all(|mean| mean.is_nan()) {
            return Ok(Self::default());
        }
        let chosen = ReliableVoxels::above_percentile(&means, q)?.voxels;
        let pick = |side: &[usize]| chosen.indices().iter().map(|&pair| side[pair]).collect();
        Ok(Self {
            left: pick(&self.left),
            right: pick(&self.right),
        })
    }

    /// Left minus right value of each pair; NaN where either is.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if `values` is too short for a pair.
    pub fn differences(&self, values: &[f64]) -> Result<Vec<f64>, StatsError> {
        self.check_range(values)?;
        let pairs = self.left.iter().zip(&self.right);
        Ok(pairs
            .map(|(&left, &right)| values[left] - values[right])
            .collect())
    }

    /// The mean of the differences, and the share of pairs with the larger value on the left.
    ///
    /// Each voxel is compared with its mirror image, which is the same anatomy only as far as the template is symmetric.
    /// Pairs with a NaN are left out and counted.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if `values` is too short for a pair.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::HomotopicPairs;
    /// let pairs = HomotopicPairs::new(vec![0, 1, 2], vec![5, 4, 3])?;
    /// let mirror = pairs.mirror_difference(&[0.5, 0.25, 0.5, f64::NAN, 0.5, 0.25])?;
    /// assert_eq!((mirror.difference.mean, mirror.share_left), (0.0, 0.5));
    /// assert_eq!((mirror.difference.n_voxels, mirror.difference.n_nan), (2, 1));
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn mirror_difference(&self, values: &[f64]) -> Result<MirrorDifference, StatsError> {
        let differences = self.differences(values)?;
        let difference = MeanScore::of(&differences);
        let count = |keep: fn(f64) -> bool| differences.iter().filter(|&&d| keep(d)).count() as f64;
        let left_larger = count(|d| d > 0.0) + 0.5 * count(|d| d == 0.0);
        Ok(MirrorDifference {
            difference,
            share_left: left_larger / difference.n_voxels as f64,
        })
    }

    fn keeping(&self, keep: impl Fn(usize, usize) -> bool) -> Self {
        let pairs = self.left.iter().zip(&self.right);
        let (left, right) = pairs.filter(|&(&left, &right)| keep(left, right)).unzip();
        Self { left, right }
    }

    fn check_range(&self, values: &[f64]) -> Result<(), StatsError> {
        let beyond = |&&index: &&usize| index >= values.len();
        match self.left.iter().chain(&self.right).find(beyond) {
            Some(&index) => Err(StatsError::VoxelOutOfRange {
                index,
                n_voxels: values.len(),
            }),
            None => Ok(()),
        }
    }
}

/// The mean difference between voxels and their mirror images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MirrorDifference {
    /// Mean of left minus right, with the numbers of pairs.
    pub difference: MeanScore,
    /// Share of the pairs in which the left value is larger; equal values count half. NaN without pairs.
    pub share_left: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> HomotopicPairs {
        HomotopicPairs::new(vec![0, 1, 2], vec![6, 5, 4]).unwrap()
    }

    #[test]
    fn mirrored_values_turn_the_sign() {
        let values = [0.1, 0.4, 0.2, 9.0, 0.25, 0.3, 0.05];
        let mut mirrored = values;
        mirrored.reverse();
        let (forth, back) = (
            pairs().mirror_difference(&values).unwrap(),
            pairs().mirror_difference(&mirrored).unwrap(),
        );
        assert_eq!(forth.difference.mean, -back.difference.mean);
        // Two thirds and one third, each rounded.
        assert!((forth.share_left + back.share_left - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_pair_needs_both_voxels() {
        let selection = VoxelSet::at(vec![0, 1, 5, 6, 4]);
        assert_eq!(pairs().within(&selection).left(), [0, 1]);
        assert_eq!(pairs().within(&selection).right(), [6, 5]);
    }

    #[test]
    fn impossible_pairs_are_errors() {
        assert!(matches!(
            HomotopicPairs::new(vec![0, 1], vec![1, 2]),
            Err(StatsError::RepeatedVoxel { index: 1 })
        ));
        assert!(matches!(
            HomotopicPairs::new(vec![0], vec![]),
            Err(StatsError::LengthMismatch { .. })
        ));
        assert!(matches!(
            pairs().differences(&[0.0; 6]),
            Err(StatsError::VoxelOutOfRange {
                index: 6,
                n_voxels: 6
            })
        ));
    }

    #[test]
    fn no_pairs_have_no_mean() {
        let none = HomotopicPairs::default();
        assert_eq!((none.is_empty(), none.len()), (true, 0));
        assert!(!pairs().is_empty());
        let mirror = none.mirror_difference(&[]).unwrap();
        assert!(mirror.difference.mean.is_nan() && mirror.share_left.is_nan());
    }

    #[test]
    fn equal_values_count_half_for_the_left() {
        // Left larger, equal, left smaller, equal, without a value.
        let pairs = HomotopicPairs::new(vec![0, 1, 2, 3, 4], vec![5, 6, 7, 8, 9]).unwrap();
        let values = [3.0, 1.0, 0.0, -1.0, 9.0, 1.0, 1.0, 2.0, -1.0, f64::NAN];
        let mirror = pairs.mirror_difference(&values).unwrap();
        assert_eq!((mirror.share_left, mirror.difference.n_voxels), (0.5, 4));
        assert_eq!(mirror.difference.mean, 0.0);
    }

    #[test]
    fn the_percentile_is_that_of_the_means_of_pairs() {
        // Means 3, 2 and 5, median 3; single values would choose otherwise.
        let values = [6.0, 0.0, 4.0, 0.0, 6.0, 4.0, 0.0];
        let found = pairs().above_percentile(&values, 50.0).unwrap();
        assert_eq!((found.left(), found.right()), (&[2][..], &[4][..]));
        let unknown = pairs().above_percentile(&[f64::NAN; 7], 50.0).unwrap();
        assert!(unknown.is_empty());
        assert!(pairs().above_percentile(&[0.0; 6], 50.0).is_err());
        assert!(pairs().above_percentile(&values, 101.0).is_err());
    }
}
