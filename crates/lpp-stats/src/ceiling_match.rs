//! Left and right voxels with the same noise ceilings.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::checks::not_negative;
use crate::{StatsError, VoxelSet};

/// Left and right voxels, matched one to one by noise ceiling.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CeilingMatch {
    /// Pairs of a left and a right voxel, the closest first.
    pub pairs: Vec<(usize, usize)>,
}

impl CeilingMatch {
    /// The share of their mean by which the ceilings of a pair may differ in the tables of a study.
    pub const CALIPER: f64 = 0.02;

    /// Matches left with right voxels: the closest ceilings first, each voxel once, as long as the ceilings of a pair
    /// differ by at most the share `caliper` of their mean.
    ///
    /// A difference of scores between hemispheres may be due to signal quality alone. Over matched voxels both sides
    /// have nearly the same ceilings, so a remaining difference has another cause. Matched voxels need not be mirror
    /// images. NaN ceilings are never matched; among equal distances, lower ceilings come first.
    ///
    /// Ceilings are measured with an error. Matched on measured values, the true ceilings of a pair still differ
    /// (regression to the mean), so use [`difference`](Self::difference) with ceilings and scores of other runs.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if a set does not fit `ceiling`, [`StatsError::Negative`] for the caliper.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{CeilingMatch, Hemispheres};
    /// let ceiling = [0.2, 0.5, 0.9, 0.21, 0.55, 0.7];
    /// let sides = Hemispheres::array_halves(6);
    /// let matched = CeilingMatch::closest(&ceiling, sides.left(), sides.right(), 0.1)?;
    /// assert_eq!(matched.pairs, [(0, 3), (1, 4)]);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// D. B. Rubin (1973), Biometrics 29, 159–183, on matching.
    pub fn closest(
        ceiling: &[f64],
        left: &VoxelSet,
        right: &VoxelSet,
        caliper: f64,
    ) -> Result<Self, StatsError> {
        not_negative("the caliper", caliper)?;
        Ok(Self {
            pairs: Line::of(ceiling, left, right)?.pairs(caliper),
        })
    }

    /// The difference of left and right mean scores at equal ceilings.
    ///
    /// `other_ceiling` holds ceilings that did not choose the pairs, for example of other runs. What remains of the
    /// difference of ceilings there is removed: `mean(s_L − s_R) − (s̄_L + s̄_R)/(c̄_L + c̄_R)·(c̄_L − c̄_R)`. Pairs
    /// with a NaN are left out; without pairs the result is NaN.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if an array is too short for the pairs.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{CeilingMatch, Hemispheres};
    /// // Scores are half of the true ceiling on both sides; measured ceilings are a little off.
    /// let (measured, other) = ([0.60, 0.40, 0.60, 0.40], [0.62, 0.42, 0.58, 0.38]);
    /// let scores = [0.31, 0.21, 0.29, 0.19];
    /// let sides = Hemispheres::array_halves(4);
    /// let matched = CeilingMatch::closest(&measured, sides.left(), sides.right(), 0.02)?;
    /// assert!(matched.difference(&scores, &other)?.abs() < 1e-15);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn difference(&self, scores: &[f64], other_ceiling: &[f64]) -> Result<f64, StatsError> {
        let [score_left, score_right] = self.sums(scores, scores, other_ceiling)?;
        let [ceiling_left, ceiling_right] = self.sums(other_ceiling, scores, other_ceiling)?;
        let n = self.known(scores, other_ceiling).count() as f64;
        let slope = (score_left + score_right) / (ceiling_left + ceiling_right);
        Ok((score_left - score_right - slope * (ceiling_left - ceiling_right)) / n)
    }

    /// Mean of left minus right ceiling over the pairs; NaN without pairs.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if the array is too short for the pairs.
    pub fn ceiling_difference(&self, ceiling: &[f64]) -> Result<f64, StatsError> {
        let [left, right] = self.sums(ceiling, ceiling, ceiling)?;
        Ok((left - right) / self.known(ceiling, ceiling).count() as f64)
    }

    /// The pairs of which both arrays are known.
    fn known<'a>(&'a self, a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = &'a (usize, usize)> {
        let finite = |voxel: usize| a[voxel].is_finite() && b[voxel].is_finite();
        self.pairs.iter().filter(move |&&(l, r)| finite(l) && finite(r))
    }

    /// Sums of `values` on both sides over the pairs of which `a` and `b` are known.
    fn sums(&self, values: &[f64], a: &[f64], b: &[f64]) -> Result<[f64; 2], StatsError> {
        let n_voxels = values.len().min(a.len()).min(b.len());
        if let Some(index) = self
            .pairs
            .iter()
            .flat_map(|&(l, r)| [l, r])
            .find(|&v| v >= n_voxels)
        {
            return Err(StatsError::VoxelOutOfRange { index, n_voxels });
        }
        let add = |sums: [f64; 2], &(l, r): &(usize, usize)| [sums[0] + values[l], sums[1] + values[r]];
        Ok(self.known(a, b).fold([0.0; 2], add))
    }
}

/// The voxels of both sides in order of their ceilings, as a list from which pairs are taken.
///
/// If other voxels lie between a left and a right one, some neighbours of different sides among them are closer. So the
/// closest pair is always a pair of neighbours.
struct Line {
    voxels: Vec<(f64, usize, bool)>,
    previous: Vec<Option<usize>>,
    next: Vec<Option<usize>>,
}

/// A pair of neighbours: their distance, which never is negative, so that its bits are ordered as it is; their places.
type Candidate = Reverse<(u64, usize, usize)>;

impl Line {
    fn of(ceiling: &[f64], left: &VoxelSet, right: &VoxelSet) -> Result<Self, StatsError> {
        let mut voxels = Vec::with_capacity(left.len() + right.len());
        for (set, is_left) in [(left, true), (right, false)] {
            let known = set.select(ceiling)?.into_iter().zip(set.indices());
            let known = known.filter(|(value, _)| !value.is_nan());
            voxels.extend(known.map(|(value, &voxel)| (value, voxel, is_left)));
        }
        voxels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let n = voxels.len();
        Ok(Self {
            previous: (0..n).map(|i| i.checked_sub(1)).collect(),
            next: (0..n).map(|i| Some(i + 1).filter(|&next| next < n)).collect(),
            voxels,
        })
    }

    fn pairs(mut self, caliper: f64) -> Vec<(usize, usize)> {
        let mut taken = vec![false; self.voxels.len()];
        let mut heap: BinaryHeap<Candidate> = (1..self.voxels.len())
            .filter_map(|i| self.candidate(i - 1, i, caliper))
            .collect();
        let mut pairs = Vec::new();
        while let Some(Reverse((_, i, j))) = heap.pop() {
            if taken[i] || taken[j] {
                continue;
            }
            (taken[i], taken[j]) = (true, true);
            let (a, b) = (self.voxels[i], self.voxels[j]);
            pairs.push(if a.2 { (a.1, b.1) } else { (b.1, a.1) });
            let (before, after) = (self.previous[i], self.next[j]);
            if let Some(before) = before {
                self.next[before] = after;
            }
            if let Some(after) = after {
                self.previous[after] = before;
            }
            if let (Some(before), Some(after)) = (before, after) {
                heap.extend(self.candidate(before, after, caliper));
            }
        }
        pairs
    }

    /// Two neighbours, if they are of different sides and close enough. If neighbours are not, voxels further away are
    /// not either: their distance grows by more than the caliper of their mean.
    fn candidate(&self, i: usize, j: usize, caliper: f64) -> Option<Candidate> {
        let (a, b) = (self.voxels[i], self.voxels[j]);
        let distance = b.0 - a.0;
        (a.2 != b.2 && distance <= caliper * f64::midpoint(a.0, b.0))
            .then(|| Reverse((distance.to_bits(), i, j)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hemispheres;

    /// The closest pair of all that are left, again and again.
    fn by_trying_all(ceiling: &[f64], left: &[usize], right: &[usize], caliper: f64) -> Vec<(usize, usize)> {
        let mut all: Vec<(f64, usize, usize)> = Vec::new();
        for &l in left {
            for &r in right {
                let distance = (ceiling[l] - ceiling[r]).abs();
                if distance <= caliper * f64::midpoint(ceiling[l], ceiling[r]) {
                    all.push((distance, l, r));
                }
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (_, l, r) in all {
            if pairs.iter().all(|pair| pair.0 != l && pair.1 != r) {
                pairs.push((l, r));
            }
        }
        pairs
    }

    #[test]
    fn pairs_are_those_of_a_search_over_all() {
        let mut matched = 0;
        for seed in 1..40_usize {
            // No two distances are equal.
            let ceiling: Vec<f64> = (0..30)
                .map(|i| {
                    0.2 + ((i * i * 7 + i * seed * 13) % 997) as f64 / 1500.0 + 1e-7 * (i * i * i) as f64
                })
                .collect();
            let sides = Hemispheres::array_halves(30);
            let found = CeilingMatch::closest(&ceiling, sides.left(), sides.right(), 0.05).unwrap();
            let expected = by_trying_all(&ceiling, sides.left().indices(), sides.right().indices(), 0.05);
            assert_eq!(found.pairs, expected);
            matched += expected.len();
        }
        assert!(matched > 200);
    }

    #[test]
    fn voxels_without_a_ceiling_have_no_partner() {
        let sides = Hemispheres::array_halves(4);
        let ceiling = [f64::NAN, 0.5, 0.5, f64::NAN];
        let found = CeilingMatch::closest(&ceiling, sides.left(), sides.right(), 0.0).unwrap();
        assert_eq!(found.pairs, [(1, 2)]);
        let far = [0.1, 0.2, 0.8, 0.9];
        let none = CeilingMatch::closest(&far, sides.left(), sides.right(), 0.1).unwrap();
        assert!(none.pairs.is_empty() && none.difference(&far, &far).unwrap().is_nan());
    }

    #[test]
    fn a_pair_without_a_score_is_left_out() {
        let matched = CeilingMatch {
            pairs: vec![(0, 2), (1, 3)],
        };
        let found = matched.difference(&[0.4, f64::NAN, 0.2, 0.1], &[0.5; 4]).unwrap();
        assert!((found - 0.2).abs() < 1e-15);
        assert!(matched.difference(&[0.4; 3], &[0.5; 4]).is_err());
    }

    #[test]
    fn bad_arguments_are_errors() {
        let sides = Hemispheres::array_halves(4);
        assert!(CeilingMatch::closest(&[0.1], sides.left(), sides.right(), 0.1).is_err());
        assert!(CeilingMatch::closest(&[0.1; 4], sides.left(), sides.right(), f64::NAN).is_err());
    }

    #[test]
    fn what_remains_between_ceilings_is_taken_off_the_difference() {
        let matched = CeilingMatch {
            pairs: vec![(0, 2), (1, 3)],
        };
        let other = [0.6, 0.5, 0.4, 0.3];
        assert!((matched.ceiling_difference(&other).unwrap() - 0.2).abs() < 1e-15);
        // Half of the ceiling on both sides; and so with 0.1 more on the left, whose sum makes the slope 1.1/1.8.
        let scores = other.map(|c| 0.5 * c);
        assert!(matched.difference(&scores, &other).unwrap().abs() < 1e-15);
        let more = [scores[0] + 0.1, scores[1] + 0.1, scores[2], scores[3]];
        let expected = 0.2 - 1.1 / 1.8 * 0.2;
        assert!((matched.difference(&more, &other).unwrap() - expected).abs() < 1e-15);
        assert!(matched.ceiling_difference(&other[..3]).is_err());
        let unknown = [0.6, f64::NAN, 0.4, 0.3];
        assert!((matched.ceiling_difference(&unknown).unwrap() - 0.2).abs() < 1e-15);
    }
}
