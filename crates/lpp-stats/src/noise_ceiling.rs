//! The noise ceiling from split-half correlations, and scores relative to it.
//!
//! Let the average over all subjects be signal plus noise, and r½ the correlation of two such averages, each over half
//! the subjects. The reliability of the whole average is ρ = 2·r½/(1 + r½) (Spearman and Brown). Even a model that
//! knows the signal correlates with the average only at √ρ (attenuation). So the score of a model relative to the best
//! possible one is r/√ρ; the upper end of r/r½ or r/ρ is not 1.

use ndarray::{ArrayRef2, Axis};
use rand::Rng;

use crate::checks::{at_least, same_length};
use crate::{Bootstrap, StatsError, VoxelSet, nan_mean};

/// The reliability of a measurement `factor` times as long as the one whose reliability is `r`.
///
/// `factor`·r/(1 + (`factor` − 1)·r); a factor of 2 gives the reliability of the whole from a split-half correlation.
/// NaN for NaN.
///
/// # Example
/// ```
/// assert_eq!(lpp_stats::spearman_brown(0.5, 2.0), 2.0 / 3.0);
/// ```
///
/// # References
/// C. Spearman (1910), <https://doi.org/10.1111/j.2044-8295.1910.tb00206.x>;
/// W. Brown (1910), <https://doi.org/10.1111/j.2044-8295.1910.tb00207.x>.
#[must_use]
pub fn spearman_brown(r: f64, factor: f64) -> f64 {
    factor * r / (1.0 + (factor - 1.0) * r)
}

/// The largest correlation with the whole average that a model can have, √(2·r½/(1 + r½)).
///
/// NaN if the split-half correlation `r_half` is not positive: there is no signal to explain.
///
/// `r_half` must be the correlation of both halves in the same voxel. A correlation with a prediction from all voxels of
/// the other half, like the inter-subject correlation of the study, gives a ceiling that may be too low or too high.
///
/// # Example
/// ```
/// let ceiling = lpp_stats::noise_ceiling(0.487);
/// assert!((ceiling - 0.80933).abs() < 1e-5);
/// assert!(lpp_stats::noise_ceiling(-0.1).is_nan());
/// ```
///
/// # References
/// C. Spearman (1904), <https://doi.org/10.2307/1412159>;
/// O. Schoppe et al. (2016), <https://doi.org/10.3389/fncom.2016.00010>.
#[must_use]
pub fn noise_ceiling(r_half: f64) -> f64 {
    if r_half > 0.0 {
        spearman_brown(r_half, 2.0).sqrt()
    } else {
        f64::NAN
    }
}

/// Scores relative to the noise ceiling, voxel by voxel: r/√(2·r½/(1 + r½)).
///
/// NaN if the ceiling or the score is NaN. Noise can give values above 1, mostly where r½ is small; select reliable
/// voxels first.
///
/// # Errors
/// [`StatsError::LengthMismatch`].
///
/// # Example
/// ```
/// let relative = lpp_stats::normalize_by_ceiling(&[0.2, 0.2], &[1.0, -0.5])?;
/// assert!(relative[0] == 0.2 && relative[1].is_nan());
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn normalize_by_ceiling(scores: &[f64], r_half: &[f64]) -> Result<Vec<f64>, StatsError> {
    same_length(
        ("scores", scores.len()),
        ("split-half correlations", r_half.len()),
    )?;
    Ok(scores
        .iter()
        .zip(r_half)
        .map(|(score, &r)| score / noise_ceiling(r))
        .collect())
}

/// The mean normalised score of a set of voxels, with its uncertainty from resampling the trials of the ceiling.
///
/// Trials are averaged to r½ per voxel. Scores are divided by the ceiling and averaged over the voxels of `set` that
/// have a value. The bootstrap draws trials with replacement. If trials are repeated splits of the same subjects, their
/// spread reflects only the choice of split; the uncertainty over subjects is larger.
///
/// # Shapes
/// `scores` is (`n_voxels`), `r_half` (`n_trials`, `n_voxels`). NaN in single trials are ignored.
///
/// # Errors
/// [`StatsError::LengthMismatch`], [`StatsError::VoxelOutOfRange`]; [`StatsError::TooFew`] with fewer than two trials or
/// without resamples.
///
/// # Example
/// ```
/// use lpp_stats::{VoxelSet, normalized_mean};
/// use ndarray::array;
/// use rand::SeedableRng;
/// let r_half = array![[0.4, 0.5], [0.5, 0.6], [0.45, 0.55]];
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mean = normalized_mean(&[0.2, 0.3], &r_half, &VoxelSet::all(2), 200, &mut rng)?;
/// assert!(mean.percentile_interval(0.95)?.contains(mean.estimate));
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn normalized_mean(
    scores: &[f64],
    r_half: &ArrayRef2<f64>,
    set: &VoxelSet,
    n_resamples: usize,
    rng: &mut impl Rng,
) -> Result<Bootstrap, StatsError> {
    same_length(
        ("scores", scores.len()),
        ("split-half correlations", r_half.ncols()),
    )?;
    let chosen = set.select(scores)?;
    over_trials(r_half, set, n_resamples, rng, |mean_r_half| {
        nan_mean(
            chosen
                .iter()
                .zip(mean_r_half)
                .map(|(score, &r)| score / noise_ceiling(r)),
        )
    })
}

/// The mean noise ceiling of a set of voxels with its uncertainty over trials.
///
/// # Shapes
/// `r_half` is (`n_trials`, `n_voxels`). Voxels without a ceiling are left out.
///
/// # Errors
/// [`StatsError::VoxelOutOfRange`]; [`StatsError::TooFew`] with fewer than two trials or without resamples.
///
/// # Example
/// ```
/// use lpp_stats::{VoxelSet, mean_ceiling, noise_ceiling};
/// use ndarray::array;
/// use rand::SeedableRng;
///
/// // Two halvings of the subjects; their mean split-half correlation is 0.5 in both voxels.
/// let r_half = array![[0.4, 0.5], [0.6, 0.5]];
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let ceiling = mean_ceiling(&r_half, &VoxelSet::all(2), 100, &mut rng)?;
/// assert!((ceiling.estimate - noise_ceiling(0.5)).abs() < 1e-12);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn mean_ceiling(
    r_half: &ArrayRef2<f64>,
    set: &VoxelSet,
    n_resamples: usize,
    rng: &mut impl Rng,
) -> Result<Bootstrap, StatsError> {
    over_trials(r_half, set, n_resamples, rng, |mean_r_half| {
        nan_mean(mean_r_half.iter().map(|&r| noise_ceiling(r)))
    })
}

/// Bootstraps a statistic of the mean split-half correlations of a set of voxels over trials.
fn over_trials(
    r_half: &ArrayRef2<f64>,
    set: &VoxelSet,
    n_resamples: usize,
    rng: &mut impl Rng,
    statistic: impl Fn(&[f64]) -> f64,
) -> Result<Bootstrap, StatsError> {
    at_least("trials of a noise ceiling", 2, r_half.nrows())?;
    let rows = r_half.axis_iter(Axis(0)).map(|row| set.select(&row.to_vec()));
    let rows: Vec<Vec<f64>> = rows.collect::<Result<_, _>>()?;
    Bootstrap::of_units(rows.len(), n_resamples, rng, |trials| {
        let mean: Vec<f64> = (0..set.len())
            .map(|voxel| nan_mean(trials.iter().map(|&trial| rows[trial][voxel])))
            .collect();
        statistic(&mean)
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;

    #[test]
    fn a_model_that_knows_the_signal_scores_one() {
        // 20 subjects with noise of variance 20: halves of 10 correlate at 1/(1 + 2) = 1/3, the whole has reliability 1/2.
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut draw = || rng.sample::<f64, _>(StandardNormal);
        let n = 20_000;
        let signal: Vec<f64> = (0..n).map(|_| draw()).collect();
        let mut half = || -> Vec<f64> { signal.iter().map(|s| s + 2.0_f64.sqrt() * draw()).collect() };
        let (a, b) = (half(), half());
        let whole: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.5 * (a + b)).collect();
        let r_half = crate::pearson(&a, &b).unwrap().r;
        let score = crate::pearson(&signal, &whole).unwrap().r;
        // Standard errors of both correlations are near 1/√20000 = 0.007; the ratio is good to about 2 %.
        assert!((score / noise_ceiling(r_half) - 1.0).abs() < 0.03);
        // The other scales miss by far.
        assert!(score / r_half > 1.5);
    }

    #[test]
    fn perfect_reliability_leaves_scores_alone() {
        assert_eq!(noise_ceiling(1.0), 1.0);
        assert!(noise_ceiling(0.0).is_nan() && noise_ceiling(f64::NAN).is_nan());
    }

    #[test]
    fn equal_trials_have_no_uncertainty() {
        let r_half = Array2::from_shape_fn((4, 3), |(_, voxel)| [0.5, 0.25, -0.1][voxel]);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let set = VoxelSet::all(3);
        let mean = normalized_mean(&[0.3, 0.2, 0.1], &r_half, &set, 50, &mut rng).unwrap();
        let expected = 0.5 * (0.3 / noise_ceiling(0.5) + 0.2 / noise_ceiling(0.25));
        // Means of equal numbers round once.
        assert!((mean.estimate - expected).abs() < 1e-15 && mean.std_err() < 1e-15);
        let ceiling = mean_ceiling(&r_half, &set, 50, &mut rng).unwrap();
        assert!((ceiling.estimate - 0.5 * (noise_ceiling(0.5) + noise_ceiling(0.25))).abs() < 1e-15);
    }

    #[test]
    fn single_missing_trials_are_passed_over() {
        let r_half = array![[0.4], [f64::NAN], [0.6]];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let ceiling = mean_ceiling(&r_half, &VoxelSet::all(1), 100, &mut rng).unwrap();
        assert_eq!(ceiling.estimate, noise_ceiling(0.5));
    }

    #[test]
    fn bad_shapes_are_errors() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let set = VoxelSet::all(3);
        assert!(normalize_by_ceiling(&[0.1], &[]).is_err());
        assert!(normalized_mean(&[0.1; 2], &Array2::zeros((4, 3)), &set, 9, &mut rng).is_err());
        assert!(mean_ceiling(&Array2::zeros((4, 2)), &set, 9, &mut rng).is_err());
        assert!(mean_ceiling(&Array2::zeros((1, 3)), &set, 9, &mut rng).is_err());
    }

    #[test]
    fn no_signal_has_no_ceiling() {
        assert!(noise_ceiling(0.0).is_nan() && noise_ceiling(-0.2).is_nan());
        assert_eq!(noise_ceiling(1.0), 1.0);
        let relative = normalize_by_ceiling(&[0.1, 0.1, 0.3], &[0.0, f64::NAN, 1.0]).unwrap();
        assert!(relative[0].is_nan() && relative[1].is_nan() && relative[2] == 0.3);
    }

    #[test]
    fn reliability_grows_with_length_as_it_should() {
        // Thrice the length of a measurement with as much noise as signal: 3/4 signal.
        assert_eq!(spearman_brown(0.5, 3.0), 0.75);
        assert_eq!(spearman_brown(0.5, 1.0), 0.5);
        // Back to a third.
        assert!((spearman_brown(0.75, 1.0 / 3.0) - 0.5).abs() < 1e-15);
    }
}
