//! Left minus right over voxels matched by noise ceiling, while the sides of whole runs are exchanged.

use lpp_stats::{CeilingMatch, HomotopicPairs, SplitCeilings, StatsError, VoxelSet};
use ndarray::{Array2, ArrayRef1, ArrayView1};

/// The split-half correlations of the voxels of pairs in each run.
///
/// If the sides of a run are exchanged, so are those of its correlations: voxels are matched again under every pattern, by the
/// even runs for scores of odd ones and the other way round.
pub(crate) struct MatchedSides {
    n_pairs: usize,
    /// (`n_runs`, left voxels of the pairs and right ones)
    r_half: Array2<f64>,
}

impl MatchedSides {
    /// `r_half` is (`n_runs`, `n_voxels`).
    pub(crate) fn of(r_half: &Array2<f64>, pairs: &HomotopicPairs) -> Self {
        let columns = [pairs.left(), pairs.right()].concat();
        Self {
            n_pairs: pairs.len(),
            r_half: r_half.select(ndarray::Axis(1), &columns),
        }
    }

    /// Left minus right in each run under a pattern.
    ///
    /// `left` and `right` are the scores of the sides of all pairs under that pattern, one pair of columns per run.
    pub(crate) fn differences(
        &self,
        exchanged: &ArrayRef1<bool>,
        scores: &[[ArrayView1<'_, f32>; 2]],
    ) -> Result<Vec<f64>, StatsError> {
        let n = self.n_pairs;
        let mut r_half = self.r_half.clone();
        for (mut run, _) in r_half
            .rows_mut()
            .into_iter()
            .zip(exchanged)
            .filter(|(_, is)| **is)
        {
            let (mut left, mut right) = run.view_mut().split_at(ndarray::Axis(0), n);
            ndarray::Zip::from(&mut left)
                .and(&mut right)
                .for_each(std::mem::swap);
        }
        let (left, right) = (VoxelSet::at((0..n).collect()), VoxelSet::at((n..2 * n).collect()));
        let split = |parity| {
            let split = SplitCeilings::of(&r_half, Some(parity));
            let matched = CeilingMatch::closest(&split.ceilings(), &left, &right, CeilingMatch::CALIPER)?;
            Ok((matched, split.scored))
        };
        let splits = [split(0)?, split(1)?];
        let of_run = |(run, [left, right]): (usize, &[ArrayView1<'_, f32>; 2])| {
            let (matched, ceilings) = &splits[run % 2];
            let both: Vec<f64> = left.iter().chain(right.iter()).map(|&r| f64::from(r)).collect();
            matched.difference(&both, ceilings)
        };
        scores.iter().enumerate().map(of_run).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepared::to_f32;
    use ndarray::{Array1, array};

    #[test]
    fn exchanging_all_runs_changes_the_sign_and_ceilings_alone_leave_nothing() {
        let n = 60;
        // The ceilings of the left side are higher, and scores are half of them.
        let r_half = Array2::from_shape_fn((4, 2 * n), |(run, voxel)| {
            let side = if voxel < n { 0.1 } else { 0.0 };
            0.1 + side + 0.01 * (voxel % n) as f64 + 1e-4 * ((voxel * 7 + run * 3) % 11) as f64
        });
        let pairs = HomotopicPairs::new((0..n).collect(), (n..2 * n).collect()).unwrap();
        let sides = MatchedSides::of(&r_half, &pairs);
        let score = |voxel: usize| {
            let mean = r_half.column(voxel).sum() / 4.0;
            to_f32(0.5 * (2.0 * mean / (1.0 + mean)).sqrt())
        };
        let left: Array1<f32> = (0..n).map(score).collect();
        let right: Array1<f32> = (n..2 * n).map(score).collect();
        let raw = (left.sum() - right.sum()) / n as f32;
        assert!(raw > 0.03, "{raw}");
        let none = array![false, false, false, false];
        let as_is = sides
            .differences(&none, &[[left.view(), right.view()]; 4])
            .unwrap();
        assert!(as_is.iter().all(|d| d.abs() < 1e-3), "{as_is:?}");
        // With more on the left, exchanging everything is the same with the other sign.
        let more = &left + 0.05;
        let found = sides
            .differences(&none, &[[more.view(), right.view()]; 4])
            .unwrap();
        let all = !none;
        let opposite = sides
            .differences(&all, &[[right.view(), more.view()]; 4])
            .unwrap();
        for (a, b) in found.iter().zip(&opposite) {
            assert!(*a > 0.03 && (a + b).abs() < 1e-9, "{a}, {b}");
        }
    }
}
