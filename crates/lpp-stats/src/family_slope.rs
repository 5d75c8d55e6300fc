//! How a scaling slope depends on the model families in the fit.

use rand::Rng;

use crate::checks::{at_least, check_finite, same_length};
use crate::regression_line::slope_through;
use crate::{Bootstrap, Coefficient, Groups, StatsError, ols};

/// A slope fitted without one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlopeWithout {
    /// The group left out.
    pub group: usize,
    /// Observations that remain.
    pub n: usize,
    /// The slope of y on x over them.
    pub slope: Coefficient,
}

/// Refits the slope of `y` on `x` with each group left out in turn.
///
/// If a slope is due to a single family of models, it vanishes without that family.
///
/// # Shapes
/// `x` and `y` have one value per observation of `groups`; the result has one entry per group.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two groups or when fewer than three observations remain;
/// [`StatsError::LengthMismatch`], [`StatsError::NotFinite`]; [`StatsError::RankDeficient`] if the rest has a single x.
///
/// # Example
/// ```
/// use lpp_stats::{Groups, slopes_without_each_group};
/// let families = Groups::by_label(&["a", "a", "b", "b", "c", "c"]);
/// let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let y = [1.1, 1.9, 3.2, 3.9, 5.1, 9.0];
/// let without = slopes_without_each_group(&x, &y, &families)?;
/// assert_eq!(without.len(), 3);
/// assert!(without[2].slope.estimate < without[0].slope.estimate);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
pub fn slopes_without_each_group(
    x: &[f64],
    y: &[f64],
    groups: &Groups,
) -> Result<Vec<SlopeWithout>, StatsError> {
    check(x, y, groups)?;
    (0..groups.len())
        .map(|left_out| {
            let rest: Vec<usize> = (0..x.len())
                .filter(|&i| groups.of_observations()[i] != left_out)
                .collect();
            let at = |values: &[f64]| rest.iter().map(|&i| values[i]).collect::<Vec<_>>();
            Ok(SlopeWithout {
                group: left_out,
                n: rest.len(),
                slope: *ols(&at(y), &[&at(x)])?.slope(),
            })
        })
        .collect()
}

/// Bootstraps the slope of `y` on `x` with whole groups as units.
///
/// The models of a family share data, code and authors, so 28 models are fewer than 28 independent observations;
/// resampling families takes this into account. Draws whose x are all equal have no slope and are counted in
/// [`n_nan`](Bootstrap::n_nan). With eight families the intervals are somewhat too narrow (`docs/validation.md`).
///
/// # Shapes
/// `x` and `y` have one value per observation of `groups`.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two groups or without resamples; [`StatsError::LengthMismatch`],
/// [`StatsError::NotFinite`].
///
/// # Example
/// ```
/// use lpp_stats::{Groups, group_bootstrap_slope};
/// use rand::SeedableRng;
/// let families = Groups::by_label(&[0, 0, 1, 1, 2, 2, 3, 3]);
/// let x: Vec<f64> = (0..8).map(f64::from).collect();
/// let y: Vec<f64> = x.iter().map(|x| 2.0 * x + (3.0 * x).sin()).collect();
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let slope = group_bootstrap_slope(&x, &y, &families, 500, &mut rng)?;
/// let interval = slope.percentile_interval(0.95)?;
/// assert!(interval.low > 1.5 && interval.high < 2.5);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// C. A. Field and A. H. Welsh (2007), <https://doi.org/10.1111/j.1467-9868.2007.00593.x>.
pub fn group_bootstrap_slope(
    x: &[f64],
    y: &[f64],
    groups: &Groups,
    n_resamples: usize,
    rng: &mut impl Rng,
) -> Result<Bootstrap, StatsError> {
    check(x, y, groups)?;
    Bootstrap::of_groups(groups, n_resamples, rng, |observations| {
        slope_through(observations.iter().map(|&i| (x[i], y[i])))
    })
}

fn check(x: &[f64], y: &[f64], groups: &Groups) -> Result<(), StatsError> {
    at_least("groups of a slope", 2, groups.len())?;
    for (name, values) in [("x", x), ("y", y)] {
        same_length((name, values.len()), ("the grouping", groups.n_observations()))?;
        check_finite(name, values)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const X: [f64; 7] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    const Y: [f64; 7] = [0.5, 2.5, 2.0, 4.5, 4.0, 7.0, 6.5];

    #[test]
    fn groups_of_one_are_the_ordinary_bootstrap() {
        let alone = Groups::by_label(&[0, 1, 2, 3, 4, 5, 6]);
        let grouped = group_bootstrap_slope(&X, &Y, &alone, 200, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let slope = |units: &[usize]| slope_through(units.iter().map(|&i| (X[i], Y[i])));
        let plain = Bootstrap::of_units(7, 200, &mut ChaCha8Rng::seed_from_u64(1), slope).unwrap();
        assert_eq!(grouped.draws, plain.draws);
        let fit = ols(&Y, &[&X]).unwrap().slope().estimate;
        // Two ways to sum seven products.
        assert!((grouped.estimate - fit).abs() < 1e-13);
    }

    #[test]
    fn the_jackknife_leaves_out_the_same_groups() {
        let groups = Groups::by_label(&['a', 'b', 'a', 'c', 'c', 'b', 'a']);
        let bootstrap =
            group_bootstrap_slope(&X, &Y, &groups, 10, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        for without in slopes_without_each_group(&X, &Y, &groups).unwrap() {
            let jackknife = bootstrap.jackknife[without.group];
            assert!((without.slope.estimate - jackknife).abs() < 1e-13);
            assert_eq!(without.n, 7 - groups.members(without.group).len());
        }
    }

    #[test]
    fn draws_of_a_single_x_are_counted() {
        let groups = Groups::by_label(&[0, 0, 1, 1]);
        let x = [1.0, 1.0, 2.0, 2.0];
        let bootstrap = group_bootstrap_slope(
            &x,
            &[0.0, 1.0, 2.0, 3.0],
            &groups,
            100,
            &mut ChaCha8Rng::seed_from_u64(1),
        );
        let bootstrap = bootstrap.unwrap();
        assert!(bootstrap.n_nan > 20 && bootstrap.draws.len() + bootstrap.n_nan == 100);
    }

    #[test]
    fn bad_arguments_are_errors() {
        let one = Groups::by_label(&[0; 7]);
        assert!(slopes_without_each_group(&X, &Y, &one).is_err());
        let two = Groups::by_label(&[0, 0, 0, 0, 0, 0, 1]);
        assert!(
            slopes_without_each_group(&X, &Y, &two).is_err(),
            "one point has no slope"
        );
        assert!(slopes_without_each_group(&X[..6], &Y, &two).is_err());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(group_bootstrap_slope(&X, &[f64::NAN; 7], &two, 5, &mut rng).is_err());
        assert!(group_bootstrap_slope(&X, &Y, &two, 0, &mut rng).is_err());
    }
}
