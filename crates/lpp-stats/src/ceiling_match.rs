//! Left and right voxels with the same noise ceilings.

use crate::checks::not_negative;
use crate::{StatsError, VoxelSet};

/// Left and right voxels, matched one to one by noise ceiling.
#[derive(Debug, Clone, PartialEq)]
pub struct CeilingMatch {
    /// The left voxels of the pairs.
    pub left: VoxelSet,
    /// The right voxels of the pairs.
    pub right: VoxelSet,
    /// Pairs of a left and a right voxel, by ascending ceiling.
    pub pairs: Vec<(usize, usize)>,
    /// Mean of left minus right ceiling over the pairs, the remaining imbalance; NaN without pairs.
    pub mean_difference: f64,
}

impl CeilingMatch {
    /// Matches as many left with right voxels as possible, such that the ceilings of a pair differ by at most
    /// `caliper`.
    ///
    /// A difference of scores between hemispheres may be due to signal quality alone. Over matched voxels both sides
    /// have the same distribution of ceilings, up to the caliper, so a remaining difference has another cause. Matched
    /// voxels need not be mirror images (for that, see
    /// [`HomotopicPairs::within_caliper`](crate::HomotopicPairs::within_caliper)). NaN ceilings are never matched;
    /// among equal ceilings, lower indices come first.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if a set does not fit `ceiling`, [`StatsError::Negative`] for the caliper.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{CeilingMatch, Hemispheres};
    /// let ceiling = [0.2, 0.5, 0.9, 0.21, 0.55, 0.7];
    /// let sides = Hemispheres::array_halves(6);
    /// let matched = CeilingMatch::of(&ceiling, sides.left(), sides.right(), 0.06)?;
    /// assert_eq!(matched.pairs, [(0, 3), (1, 4)]);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// D. B. Rubin (1973), Biometrics 29, 159–183, on matching. For a caliper on one variable, pairing sorted values
    /// greedily gives the largest number of pairs.
    pub fn of(ceiling: &[f64], left: &VoxelSet, right: &VoxelSet, caliper: f64) -> Result<Self, StatsError> {
        not_negative("the caliper", caliper)?;
        let (left, right) = (sorted(ceiling, left)?, sorted(ceiling, right)?);
        let pairs = pair_up(ceiling, &left, &right, caliper);
        let sum: f64 = pairs.iter().map(|&(l, r)| ceiling[l] - ceiling[r]).sum();
        Ok(Self {
            left: VoxelSet::at(pairs.iter().map(|pair| pair.0).collect()),
            right: VoxelSet::at(pairs.iter().map(|pair| pair.1).collect()),
            mean_difference: sum / pairs.len() as f64,
            pairs,
        })
    }
}

/// The voxels of a set that have a ceiling, by ascending ceiling.
fn sorted(ceiling: &[f64], set: &VoxelSet) -> Result<Vec<usize>, StatsError> {
    set.select(ceiling)?;
    let mut voxels: Vec<usize> = set
        .indices()
        .iter()
        .copied()
        .filter(|&voxel| !ceiling[voxel].is_nan())
        .collect();
    voxels.sort_by(|&a, &b| ceiling[a].total_cmp(&ceiling[b]));
    Ok(voxels)
}

/// Goes through both lists in order: two heads within the caliper are a pair; otherwise the lower head has no partner.
fn pair_up(ceiling: &[f64], left: &[usize], right: &[usize], caliper: f64) -> Vec<(usize, usize)> {
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < left.len() && j < right.len() {
        let difference = ceiling[left[i]] - ceiling[right[j]];
        if difference.abs() <= caliper {
            pairs.push((left[i], right[j]));
            i += 1;
            j += 1;
        } else if difference < 0.0 {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hemispheres;

    /// The largest number of pairs, by trying everything.
    fn most_pairs(ceiling: &[f64], left: &[usize], right: &[usize], caliper: f64) -> usize {
        let Some((&first, rest)) = left.split_first() else {
            return 0;
        };
        let without = most_pairs(ceiling, rest, right, caliper);
        right
            .iter()
            .filter(|&&partner| (ceiling[first] - ceiling[partner]).abs() <= caliper)
            .map(|partner| {
                let others: Vec<usize> = right.iter().copied().filter(|other| other != partner).collect();
                1 + most_pairs(ceiling, rest, &others, caliper)
            })
            .fold(without, usize::max)
    }

    #[test]
    fn no_other_matching_has_more_pairs() {
        for seed in 1..30_usize {
            let ceiling: Vec<f64> = (0..11)
                .map(|i| ((i * i * 7 + i * seed * 13) % 31) as f64 / 31.0)
                .collect();
            let sides = Hemispheres::array_halves(11);
            let (left, right) = (sides.left(), sides.right());
            let found = CeilingMatch::of(&ceiling, left, right, 0.07).unwrap();
            assert_eq!(
                found.pairs.len(),
                most_pairs(&ceiling, left.indices(), right.indices(), 0.07)
            );
            assert!(
                found
                    .pairs
                    .iter()
                    .all(|&(l, r)| (ceiling[l] - ceiling[r]).abs() <= 0.07)
            );
            assert_eq!(
                (found.left.len(), found.right.len()),
                (found.pairs.len(), found.pairs.len())
            );
        }
    }

    #[test]
    fn voxels_without_a_ceiling_have_no_partner() {
        let sides = Hemispheres::array_halves(4);
        let ceiling = [f64::NAN, 0.5, 0.5, f64::NAN];
        let found = CeilingMatch::of(&ceiling, sides.left(), sides.right(), 0.0).unwrap();
        assert_eq!((found.pairs, found.mean_difference), (vec![(1, 2)], 0.0));
        let none = CeilingMatch::of(&[0.1, 0.2, 0.8, 0.9], sides.left(), sides.right(), 0.1).unwrap();
        assert!(none.pairs.is_empty() && none.mean_difference.is_nan());
    }

    #[test]
    fn bad_arguments_are_errors() {
        let sides = Hemispheres::array_halves(4);
        assert!(CeilingMatch::of(&[0.1], sides.left(), sides.right(), 0.1).is_err());
        assert!(CeilingMatch::of(&[0.1; 4], sides.left(), sides.right(), f64::NAN).is_err());
    }
}
