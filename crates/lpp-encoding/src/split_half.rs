//! Inter-subject correlation: how well one half of the subjects predicts the other.

use lpp_ridge::{RidgeCv, RidgeError};
use lpp_stats::LegacyRandom;
use ndarray::{Array1, Array2};

/// A division of the subjects into two groups, by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitHalf {
    /// The first ⌊n/2⌋ of the shuffled subjects: their mean gives the features.
    pub features: Vec<usize>,
    /// The rest: their mean is predicted.
    pub targets: Vec<usize>,
}

impl SplitHalf {
    /// The divisions of `n_trials` trials, drawn as the reference draws them.
    ///
    /// Each trial shuffles the subjects again; `NumPy`'s legacy generator is seeded once.
    ///
    /// ```
    /// let halves = lpp_encoding::SplitHalf::draw(28, 2, 1234);
    /// assert_eq!(halves[0].features[..5], [8, 1, 24, 4, 3]);
    /// assert_eq!(halves[1].targets.last(), Some(&11));
    /// ```
    #[must_use]
    pub fn draw(n_subjects: usize, n_trials: usize, seed: u32) -> Vec<Self> {
        let mut random = LegacyRandom::seed(seed);
        let trial = |_| {
            let mut order: Vec<usize> = (0..n_subjects).collect();
            random.shuffle(&mut order);
            let targets = order.split_off(n_subjects / 2);
            Self {
                features: order,
                targets,
            }
        };
        (0..n_trials).map(trial).collect()
    }

    /// Whether a subject's signals are among the features.
    #[must_use]
    pub fn is_feature(&self, subject: usize) -> bool {
        self.features.contains(&subject)
    }
}

/// What one trial found.
#[derive(Debug, Clone)]
pub struct SplitHalfScores {
    /// Correlation of each voxel, averaged over the runs; NaN where the voxel does not vary in some run.
    pub scores: Array1<f64>,
    /// Position of the penalty that each fold chose.
    pub alpha_index: Vec<usize>,
}

/// Predicts every voxel of one group from all voxels of the other.
///
/// # Shapes
/// One array (`n_scans`, `n_voxels`) per run: the plain means of the groups, trimmed and *not* standardised again. With
/// more voxels than scans the fit works on inner products between scans, so that its cost grows with the number of
/// scans squared.
///
/// # Errors
/// [`RidgeError`] for fewer than three runs, runs of different shapes, values that are not finite, or targets of which
/// none varies.
///
/// ```no_run
/// # // Linking a BLAS is up to the program.
/// use lpp_ridge::RidgeCv;
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let wave = |shift: f32| move |(t, v): (usize, usize)| ((t * (v + 1)) as f32 * 0.3 + shift).sin();
/// let x: Vec<_> = (0..3).map(|_| Array2::from_shape_fn((40, 60), wave(0.0))).collect();
/// let y: Vec<_> = (0..3).map(|_| Array2::from_shape_fn((40, 60), wave(0.1))).collect();
/// let isc = lpp_encoding::split_half_scores(&RidgeCv::params().check()?, &x, &y)?;
/// assert_eq!(isc.scores.len(), 60);
/// # Ok(())
/// # }
/// ```
pub fn split_half_scores(
    model: &RidgeCv,
    x_runs: &[Array2<f32>],
    y_runs: &[Array2<f32>],
) -> Result<SplitHalfScores, RidgeError> {
    let fit = model.fit(x_runs, y_runs)?;
    Ok(SplitHalfScores {
        alpha_index: fit.alpha_index().unwrap_or_default().to_vec(),
        scores: fit.scores,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_cover_the_subjects_and_follow_the_table() {
        // Seed 1234, 49 subjects: third line of the table of the numerics' section 14.
        let halves = SplitHalf::draw(49, 3, 1234);
        assert_eq!(halves[2].features[..6], [31, 6, 33, 35, 21, 5]);
        assert_eq!((halves[2].features.len(), halves[2].targets.len()), (24, 25));
        let mut all = [halves[2].features.clone(), halves[2].targets.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..49).collect::<Vec<_>>());
        assert!(halves[2].is_feature(31) && !halves[2].is_feature(41));
    }
}
