//! From scores per layer and voxel to one number per model.

use ndarray::{Array1, ArrayRef2, Axis};

use crate::{Hemispheres, StatsError, VoxelSet};

/// A mean over voxels, with the count of those that had no value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanScore {
    /// Mean of the voxels that have a value; NaN if none has.
    pub mean: f64,
    /// Voxels that entered the mean.
    pub n_voxels: usize,
    /// Voxels of the set that are NaN and were left out.
    pub n_nan: usize,
}

impl MeanScore {
    /// Averages `values` over the voxels of `set`.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if the set does not fit the array.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{MeanScore, VoxelSet};
    /// let score = MeanScore::over(&[0.1, f64::NAN, 0.3], &VoxelSet::all(3))?;
    /// assert_eq!((score.mean, score.n_voxels, score.n_nan), (0.2, 2, 1));
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    pub fn over(values: &[f64], set: &VoxelSet) -> Result<Self, StatsError> {
        Ok(Self::of(&set.select(values)?))
    }

    /// Averages all of `values`.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n_nan = values.iter().filter(|value| value.is_nan()).count();
        let n_voxels = values.len() - n_nan;
        let total = compensated_sum(values.iter().copied().filter(|value| !value.is_nan()));
        Self {
            mean: total / n_voxels as f64,
            n_voxels,
            n_nan,
        }
    }
}

/// Means over the two hemispheres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LateralScore {
    /// Mean over the left voxels.
    pub left: MeanScore,
    /// Mean over the right voxels.
    pub right: MeanScore,
}

impl LateralScore {
    /// Averages `values` over each hemisphere.
    ///
    /// # Errors
    /// [`StatsError::VoxelOutOfRange`] if a hemisphere does not fit the array.
    pub fn over(values: &[f64], hemispheres: &Hemispheres) -> Result<Self, StatsError> {
        Ok(Self {
            left: MeanScore::over(values, hemispheres.left())?,
            right: MeanScore::over(values, hemispheres.right())?,
        })
    }

    /// Left minus right.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.left.mean - self.right.mean
    }
}

/// The score of each voxel: the maximum over layers.
///
/// # Shapes
/// `scores` is (`n_layers`, `n_voxels`), the result (`n_voxels`). Layers whose score at a voxel is NaN are skipped; a
/// voxel without any score stays NaN.
///
/// # Errors
/// [`StatsError::TooFew`] if there are no layers.
///
/// # Example
/// ```
/// use ndarray::array;
/// let best = lpp_stats::best_over_layers(&array![[0.1, 0.4], [0.3, f64::NAN]])?;
/// assert_eq!(best, array![0.3, 0.4]);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn best_over_layers(scores: &ArrayRef2<f64>) -> Result<Array1<f64>, StatsError> {
    if scores.nrows() == 0 {
        return Err(StatsError::TooFew {
            statistic: "the best layer",
            needed: 1,
            found: 0,
        });
    }
    // f64::max passes over NaN.
    Ok(scores.fold_axis(Axis(0), f64::NAN, |best, &score| best.max(score)))
}

/// The mean over the rows of `values`, in the summation order of NumPy's `mean(axis=0)`.
///
/// # Shapes
/// `values` is (`n_trials`, `n_voxels`), the result (`n_voxels`). A voxel that is NaN in
/// one trial is NaN in the mean.
///
/// # Errors
/// [`StatsError::TooFew`] if there are no trials.
///
/// # Example
/// ```
/// use ndarray::array;
///
/// let mean = lpp_stats::mean_over_trials(&array![[0.2, f64::NAN], [0.4, 0.1]])?;
/// assert!((mean[0] - 0.3).abs() < 1e-15 && mean[1].is_nan());
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn mean_over_trials(values: &ArrayRef2<f64>) -> Result<Array1<f64>, StatsError> {
    if values.nrows() == 0 {
        return Err(StatsError::TooFew {
            statistic: "the mean over trials",
            needed: 1,
            found: 0,
        });
    }
    let mut mean = Array1::zeros(values.ncols());
    for row in values.rows() {
        mean += &row;
    }
    mean /= values.nrows() as f64;
    Ok(mean)
}

/// Neumaier's sum: its error does not grow with the number of terms, so a mean over
/// voxels does not depend on their order.
fn compensated_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn the_order_of_voxels_does_not_matter() {
        let values: Vec<f64> = (0..1000)
            .map(|i| (f64::from(i) * 0.7).sin() * 10_f64.powi(i % 9))
            .collect();
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(MeanScore::of(&values).mean, MeanScore::of(&reversed).mean);
    }

    #[test]
    fn nothing_has_no_mean() {
        let none = MeanScore::of(&[f64::NAN; 4]);
        assert!(none.mean.is_nan());
        assert_eq!((none.n_voxels, none.n_nan), (0, 4));
        assert!(MeanScore::of(&[]).mean.is_nan());
    }

    #[test]
    fn sides_are_averaged_apart() {
        let score = LateralScore::over(&[1.0, 2.0, 5.0, 7.0], &Hemispheres::array_halves(4)).unwrap();
        assert_eq!(score.difference(), 1.5 - 6.0);
        assert!(LateralScore::over(&[1.0], &Hemispheres::array_halves(4)).is_err());
    }

    #[test]
    fn voxels_without_any_score_stay_nan() {
        let best = best_over_layers(&array![[f64::NAN, 0.5], [f64::NAN, -0.5]]).unwrap();
        assert!(best[0].is_nan());
        assert_eq!(best[1], 0.5);
        assert!(best_over_layers(&Array2::zeros((0, 3))).is_err());
    }

    #[test]
    fn trials_average_row_by_row() {
        assert_eq!(
            mean_over_trials(&array![[1.0, 3.0], [2.0, 5.0]]),
            Ok(array![1.5, 4.0])
        );
        assert!(mean_over_trials(&Array2::zeros((0, 3))).is_err());
    }
}
