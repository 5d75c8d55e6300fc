//! Circular shifts of time series within runs, as indices.

use rand::Rng;

use crate::StatsError;
use crate::checks::at_least;

/// Draws a circular shift of each run. Entry i of the result is the scan that replaces scan i.
///
/// Shifted regressors keep their autocorrelation but lose their alignment with the scans, so the scores of shifted
/// regressors are a null distribution for slow signals. Each run gets its own offset, uniform between `min_shift` and n
/// − `min_shift` scans; with `min_shift` = 0 it is uniform over all n offsets.
///
/// **Use `min_shift` = 0 for a test.** All offsets together form a group that includes "no shift", and (1 + b)/(1 + n)
/// is exact on a circle only for draws from the whole group. Small offsets may seem too similar to the data, but do not
/// leave them out. They are the shifts that score about as high as the data when the data score high by chance, so
/// without them the test rejects too often (6.5 % instead of 5 % for two runs of 150 scans with 15 scans left out; see
/// `docs/validation.md`). A `min_shift` above 0 is useful for drawing series that are certainly not aligned, as in the
/// time-only control model (canary).
///
/// On real series, the seam that joins the end to the start remains. The series should be stationary, and z-scored per
/// run, because a shift within a run does not change the run's mean.
///
/// # Shapes
/// `runs` has the number of scans of each run, the result one index per scan of all runs.
///
/// # Errors
/// [`StatsError::TooFew`] if a run is empty or shorter than 2 · `min_shift`.
///
/// # Example
/// ```
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
/// let order = lpp_stats::circular_shift(&[6, 5], 2, &mut rng)?;
/// assert!((2..=4).contains(&order[0]) && order[1] == (order[0] + 1) % 6);
/// assert!(order[6..].iter().all(|&scan| scan >= 6));
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// J. Hemerik and J. Goeman (2018), <https://doi.org/10.1007/s11749-017-0571-1>, on random draws from a group;
/// K. D. Harris (2020), "Nonsense correlations in neuroscience", <https://doi.org/10.1101/2020.11.29.402719>: with
/// drifts that were not filtered out, circular shifts give too many false positives.
pub fn circular_shift(
    runs: &[usize],
    min_shift: usize,
    rng: &mut impl Rng,
) -> Result<Vec<usize>, StatsError> {
    let mut order = Vec::with_capacity(runs.iter().sum());
    for &n in runs {
        at_least("a circular shift of a run", min_shift.saturating_mul(2).max(1), n)?;
        let offset = if min_shift == 0 {
            rng.random_range(0..n)
        } else {
            rng.random_range(min_shift..=n - min_shift)
        };
        let start = order.len();
        order.extend((0..n).map(|scan| start + (scan + offset) % n));
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn every_scan_is_used_once_and_stays_in_its_run() {
        let runs = [7, 1, 12];
        for seed in 0..50 {
            let order = circular_shift(&runs, 0, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
            let mut start = 0;
            for n in runs {
                let mut run = order[start..start + n].to_vec();
                run.sort_unstable();
                assert_eq!(run, (start..start + n).collect::<Vec<_>>());
                start += n;
            }
        }
    }

    #[test]
    fn neighbours_stay_neighbours_and_offsets_keep_their_bounds() {
        let mut seen = [false; 10];
        for seed in 0..200 {
            let order = circular_shift(&[10], 3, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
            assert!(order.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 10));
            seen[order[0]] = true;
        }
        assert_eq!(
            seen,
            [false, false, false, true, true, true, true, true, false, false]
        );
    }

    #[test]
    fn runs_too_short_to_shift_are_errors() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        assert!(circular_shift(&[9, 5], 3, &mut rng).is_err());
        assert!(circular_shift(&[0], 0, &mut rng).is_err());
        assert_eq!(circular_shift(&[], 3, &mut rng), Ok(vec![]));
    }
}
