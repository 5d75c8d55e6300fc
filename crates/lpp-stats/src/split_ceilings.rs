//! Split-half correlations of some runs, for scores of the others.

use ndarray::ArrayRef2;

use crate::{nan_mean, noise_ceiling};

/// Reliability by the runs that choose voxels, and ceilings of the runs whose scores are then compared.
///
/// Voxels that are chosen by a measured reliability regress to the mean in the runs that chose them; other runs are free of
/// that.
///
/// ```
/// use lpp_stats::SplitCeilings;
/// use ndarray::array;
/// // Three runs of two voxels; run 1 is scored, the others choose.
/// let split = SplitCeilings::of(&array![[0.2, 0.4], [0.5, -0.1], [0.4, 0.6]], Some(1));
/// assert!((split.choosing[1] - 0.5).abs() < 1e-12);
/// assert_eq!(split.scored[1], 0.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SplitCeilings {
    /// Mean split-half correlation of each voxel over the runs that choose.
    pub choosing: Vec<f64>,
    /// Ceiling of each voxel in the runs that are scored; 0 where their mean correlation is not positive.
    pub scored: Vec<f64>,
}

impl SplitCeilings {
    /// Scores of runs of a parity (0 or 1), chosen by the others; all runs choose and are scored if there is none.
    ///
    /// `by_run` holds split-half correlations, (`n_runs`, `n_voxels`).
    #[must_use]
    pub fn of(by_run: &ArrayRef2<f64>, parity: Option<usize>) -> Self {
        let is_scored = |run: usize| parity.is_none_or(|parity| run % 2 == parity);
        let ceiling = |r: f64| if r <= 0.0 { 0.0 } else { noise_ceiling(r) };
        Self {
            choosing: column_means(by_run, |run| parity.is_none() || !is_scored(run)),
            scored: column_means(by_run, is_scored).into_iter().map(ceiling).collect(),
        }
    }

    /// Ceiling of each voxel in the runs that choose; NaN where their mean correlation is not positive.
    #[must_use]
    pub fn ceilings(&self) -> Vec<f64> {
        self.choosing.iter().map(|&r| noise_ceiling(r)).collect()
    }
}

/// Means of the chosen rows, without NaN.
fn column_means(by_run: &ArrayRef2<f64>, keep: impl Fn(usize) -> bool) -> Vec<f64> {
    let rows: Vec<usize> = (0..by_run.nrows()).filter(|&run| keep(run)).collect();
    let mean = |column: ndarray::ArrayView1<'_, f64>| nan_mean(rows.iter().map(|&run| column[run]));
    by_run.columns().into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn runs_of_one_parity_are_scored_and_the_others_choose() {
        let by_run = array![[0.2, 0.4], [0.5, -0.1], [0.4, f64::NAN], [0.3, -0.3]];
        let odd = SplitCeilings::of(&by_run, Some(1));
        // Means of two numbers round once.
        assert!((odd.choosing[0] - 0.3).abs() < 1e-15 && odd.choosing[1] == 0.4);
        assert!((odd.scored[0] - noise_ceiling(0.4)).abs() < 1e-15 && odd.scored[1] == 0.0);
        let even = SplitCeilings::of(&by_run, Some(0));
        assert!((even.choosing[0] - 0.4).abs() < 1e-15 && (even.choosing[1] + 0.2).abs() < 1e-15);
        assert!((even.scored[0] - noise_ceiling(0.3)).abs() < 1e-15);
        let ceilings = even.ceilings();
        assert!((ceilings[0] - noise_ceiling(0.4)).abs() < 1e-15 && ceilings[1].is_nan());
    }

    #[test]
    fn without_a_parity_all_runs_choose_and_are_scored() {
        let all = SplitCeilings::of(&array![[0.25, 0.0], [0.75, 0.0]], None);
        assert_eq!(all.choosing, [0.5, 0.0]);
        assert_eq!(all.scored, [noise_ceiling(0.5), 0.0]);
        assert!(all.ceilings()[1].is_nan());
    }
}
