//! Exchanges of the two sides of whole runs.

use ndarray::{Array2, ArrayRef2, Axis, concatenate};

use crate::RidgeError;

/// Pairs of targets, and the runs in which left and right of each pair are exchanged.
///
/// ```
/// use lpp_ridge::SideSwaps;
/// use ndarray::array;
///
/// // Targets 0 and 2 lie opposite, and 1 and 3. Three runs: as they are, and with the first one exchanged.
/// let swaps = SideSwaps::new(vec![0, 1], vec![2, 3], &array![[false, false, false], [true, false, false]])?;
/// assert_eq!(swaps.n_patterns(), 2);
/// # Ok::<(), lpp_ridge::RidgeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideSwaps {
    left: Vec<usize>,
    right: Vec<usize>,
    /// 1 where a left target has the scans of the right one; the patterns, then their opposites, under which the left target
    /// has the scans that the right one has under the pattern.
    draws: Array2<usize>,
}

impl SideSwaps {
    /// Wraps pairs (`left` and `right` are equally many targets) and `patterns`, (`n_patterns`, `n_runs`): whether the
    /// sides of a run are exchanged.
    ///
    /// # Errors
    /// [`RidgeError::NoTargets`] without pairs or if the sides have different numbers of targets.
    pub fn new(left: Vec<usize>, right: Vec<usize>, patterns: &ArrayRef2<bool>) -> Result<Self, RidgeError> {
        if left.is_empty() || left.len() != right.len() {
            return Err(RidgeError::NoTargets);
        }
        let (as_said, opposite) = (
            patterns.mapv(usize::from),
            patterns.mapv(|swap| usize::from(!swap)),
        );
        let draws = concatenate(Axis(0), &[as_said.view(), opposite.view()])
            .unwrap_or_else(|_| unreachable!("both have a column per run"));
        Ok(Self { left, right, draws })
    }

    /// Number of patterns.
    #[must_use]
    pub fn n_patterns(&self) -> usize {
        self.draws.nrows() / 2
    }

    pub(super) fn left(&self) -> &[usize] {
        &self.left
    }

    pub(super) fn right(&self) -> &[usize] {
        &self.right
    }

    pub(super) fn draws(&self) -> &Array2<usize> {
        &self.draws
    }
}
