//! Least squares with standard errors that are valid under dependence within groups, even for few groups.
//!
//! The variance of a coefficient is computed from sums over groups of residuals. With few groups the plain ("CR1")
//! estimate is too small, and its t does not follow a t distribution with many degrees of freedom. The bias-reduced
//! ("CR2") estimate is unbiased if the errors are independent. Its degrees of freedom match two moments (Satterthwaite)
//! under the same working model.

use crate::checks::{at_least, same_length};
use crate::ols::design;
use crate::svd::{Svd, dot};
use crate::{Groups, Interval, StatsError, student_t_critical, student_t_two_sided_p};

/// Eigenvalues of a group's I − H below this are treated as 0: the group alone determines some coefficient, and its
/// residuals in that direction are exactly 0. The value is far above rounding and far below any nonzero eigenvalue of a
/// usable design.
const NULL_DIRECTION: f64 = 1e-10;

/// A coefficient with its cluster-robust standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustCoefficient {
    /// The least-squares estimate.
    pub estimate: f64,
    /// Its bias-reduced standard error (CR2).
    pub std_err: f64,
    /// Satterthwaite degrees of freedom; at most the number of groups minus one.
    pub df: f64,
    /// Estimate over standard error.
    pub t: f64,
    /// Two-sided p-value from Student's t.
    pub p: f64,
    /// The 95 % confidence interval.
    pub interval: Interval,
    /// The standard error without bias reduction (CR1), as in statsmodels' `cov_type="cluster"`.
    pub std_err_cr1: f64,
}

/// Regresses `y` on a constant and the given regressors by least squares; errors within a group may depend on each
/// other in any way.
///
/// Use it for the slope of scores on model size with families as groups. It assumes nothing about how the models of a
/// family resemble each other. With eight families of 3 or 4 the test keeps its level, while the family bootstrap and
/// the mixed model's z do not (`docs/validation.md`). A coefficient that depends on two or three groups has few degrees
/// of freedom, which `df` shows.
///
/// # Shapes
/// `y` and each regressor have one value per observation of `groups`. The result is the constant first, then one entry
/// per regressor.
///
/// # Errors
/// [`StatsError::TooFew`] without a regressor, unless there are more observations than coefficients, or with fewer than
/// two groups; [`StatsError::LengthMismatch`], [`StatsError::NotFinite`], [`StatsError::RankDeficient`].
///
/// # Example
/// ```
/// use lpp_stats::{Groups, cluster_robust_ols};
/// let families = Groups::by_label(&["a", "a", "b", "b", "c", "c", "d", "d"]);
/// let size = [1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 7.0];
/// let score = [1.2, 2.1, 1.7, 3.1, 4.2, 5.3, 4.6, 6.8];
/// let slope = cluster_robust_ols(&score, &[&size], &families)?[1];
/// assert!(slope.p < 0.01 && slope.df < 3.0);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// R. M. Bell and D. F. `McCaffrey` (2002), Survey Methodology 28, 169–181;
/// J. E. Pustejovsky and E. Tipton (2018), <https://doi.org/10.1080/07350015.2016.1247004>.
pub fn cluster_robust_ols(
    y: &[f64],
    regressors: &[&[f64]],
    groups: &Groups,
) -> Result<Vec<RobustCoefficient>, StatsError> {
    let columns = design(y, regressors)?;
    same_length(("y", y.len()), ("the grouping", groups.n_observations()))?;
    at_least("groups of a cluster-robust regression", 2, groups.len())?;
    let svd = Svd::of_columns(&columns);
    let rank = svd.rank(y.len());
    if rank < columns.len() {
        return Err(StatsError::RankDeficient {
            rank,
            n_columns: columns.len(),
        });
    }
    let fit = Fit::new(y, &columns, &svd, groups);
    (0..columns.len()).map(|k| fit.coefficient(k)).collect()
}

/// A fit and the parts of its standard errors.
struct Fit<'a> {
    groups: &'a Groups,
    estimates: Vec<f64>,
    residuals: Vec<f64>,
    /// Rows of the hat matrix.
    hat: Vec<Vec<f64>>,
    /// Weights of the observations in each coefficient: (XᵀX)⁻¹Xᵀ.
    weights: Vec<Vec<f64>>,
    /// The symmetric root of the pseudo-inverse of each group's block of I − H.
    roots: Vec<Vec<Vec<f64>>>,
}

impl<'a> Fit<'a> {
    fn new(y: &[f64], columns: &[Vec<f64>], svd: &Svd, groups: &'a Groups) -> Self {
        let n = y.len();
        let estimates = svd.solve(y);
        // Solving for the unit vectors gives the weights one observation at a time.
        let per_observation: Vec<Vec<f64>> = (0..n).map(|i| svd.solve(&unit(n, i))).collect();
        let weights: Vec<Vec<f64>> = (0..columns.len())
            .map(|k| per_observation.iter().map(|weights| weights[k]).collect())
            .collect();
        let row = |i: usize| columns.iter().map(|column| column[i]).collect::<Vec<_>>();
        let hat: Vec<Vec<f64>> = (0..n)
            .map(|i| {
                let row = row(i);
                per_observation.iter().map(|weights| dot(&row, weights)).collect()
            })
            .collect();
        let residuals = (0..n).map(|i| y[i] - dot(&row(i), &estimates)).collect();
        let roots = (0..groups.len())
            .map(|group| inverse_root(&block(&hat, groups.members(group))))
            .collect();
        Self {
            groups,
            estimates,
            residuals,
            hat,
            weights,
            roots,
        }
    }

    fn coefficient(&self, k: usize) -> Result<RobustCoefficient, StatsError> {
        let estimate = self.estimates[k];
        let (mut variance, mut plain) = (0.0, 0.0);
        let mut directions = Vec::with_capacity(self.groups.len());
        for (group, root) in self.roots.iter().enumerate() {
            let members = self.groups.members(group);
            let pick = |values: &[f64]| members.iter().map(|&i| values[i]).collect::<Vec<_>>();
            let (weights, residuals) = (pick(&self.weights[k]), pick(&self.residuals));
            let adjusted: Vec<f64> = root.iter().map(|row| dot(row, &weights)).collect();
            variance += dot(&adjusted, &residuals).powi(2);
            plain += dot(&weights, &residuals).powi(2);
            directions.push(self.residual_direction(members, &adjusted));
        }
        let (std_err, df) = (variance.sqrt(), satterthwaite(&directions));
        let t = estimate / std_err;
        let reach = if df.is_finite() && df > 0.0 {
            student_t_critical(0.05, df)? * std_err
        } else {
            f64::NAN
        };
        let (n_rows, n_columns) = (self.residuals.len() as f64, self.estimates.len() as f64);
        let n_groups = self.groups.len() as f64;
        let cr1 = n_groups / (n_groups - 1.0) * (n_rows - 1.0) / (n_rows - n_columns);
        Ok(RobustCoefficient {
            estimate,
            std_err,
            df,
            t,
            p: student_t_two_sided_p(t, df),
            interval: Interval {
                low: estimate - reach,
                high: estimate + reach,
            },
            std_err_cr1: (plain * cr1).sqrt(),
        })
    }

    /// The factor of the errors in a group's term: the rows of I − H of its members, weighted.
    fn residual_direction(&self, members: &[usize], weights: &[f64]) -> Vec<f64> {
        let mut direction = vec![0.0; self.hat.len()];
        for (&member, weight) in members.iter().zip(weights) {
            for (value, hat) in direction.iter_mut().zip(&self.hat[member]) {
                *value -= weight * hat;
            }
            direction[member] += weight;
        }
        direction
    }
}

/// (Σ λ)²/Σ λ² of the eigenvalues of the directions' Gram matrix, from its traces.
fn satterthwaite(directions: &[Vec<f64>]) -> f64 {
    let (mut trace, mut squares) = (0.0, 0.0);
    for a in directions {
        trace += dot(a, a);
        squares += directions.iter().map(|b| dot(a, b).powi(2)).sum::<f64>();
    }
    trace * trace / squares
}

fn unit(n: usize, i: usize) -> Vec<f64> {
    (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()
}

/// The block of I − H of some observations.
fn block(hat: &[Vec<f64>], members: &[usize]) -> Vec<Vec<f64>> {
    members
        .iter()
        .map(|&i| {
            members
                .iter()
                .map(|&j| if i == j { 1.0 - hat[i][j] } else { -hat[i][j] })
                .collect()
        })
        .collect()
}

/// The symmetric root of the pseudo-inverse of a symmetric matrix with eigenvalues between 0 and 1.
fn inverse_root(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    // Of such a matrix the right singular vectors are eigenvectors.
    let svd = Svd::of_columns(matrix);
    let n = matrix.len();
    let factors: Vec<f64> = svd
        .values()
        .iter()
        .map(|&value| {
            if value > NULL_DIRECTION {
                1.0 / value.sqrt()
            } else {
                0.0
            }
        })
        .collect();
    (0..n)
        .map(|i| {
            (0..n)
                .map(|j| {
                    let vectors = svd.right().iter().zip(&factors);
                    vectors.map(|(v, factor)| factor * v[i] * v[j]).sum()
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ols;

    #[test]
    fn observations_alone_in_two_samples_have_the_unequal_variance_error() {
        // Groups of one make CR2 the HC2 estimate, which for two samples is Welch's s₁²/n₁ + s₂²/n₂; its degrees of
        // freedom are Welch's formula with equal variances.
        let (a, b) = ([1.0, 2.5, 0.5, 4.0], [3.0, 9.0, 5.5, 1.0, 7.0, 2.0]);
        let y = [&a[..], &b[..]].concat();
        let x: Vec<f64> = (0..10).map(|i| if i < 4 { 0.0 } else { 1.0 }).collect();
        let alone = Groups::by_label(&(0..10).collect::<Vec<_>>());
        let slope = cluster_robust_ols(&y, &[&x], &alone).unwrap()[1];
        let variance = |v: &[f64]| {
            let mean = v.iter().sum::<f64>() / v.len() as f64;
            v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (v.len() - 1) as f64
        };
        // A few roundings of numbers near 1.
        assert!((slope.std_err.powi(2) - (variance(&a) / 4.0 + variance(&b) / 6.0)).abs() < 1e-12);
        let df = (0.25_f64 + 1.0 / 6.0).powi(2) / (1.0 / (16.0 * 3.0) + 1.0 / (36.0 * 5.0));
        assert!((slope.df - df).abs() < 1e-10, "{} {df}", slope.df);
    }

    #[test]
    fn the_estimate_is_least_squares() {
        let (x, y) = ([1.0, 2.0, 4.0, 3.0, 5.0, 7.0], [0.5, 2.0, 3.0, 3.5, 4.0, 7.5]);
        let robust = cluster_robust_ols(&y, &[&x], &Groups::by_label(&[0, 0, 1, 1, 2, 2])).unwrap();
        let plain = ols(&y, &[&x]).unwrap();
        for (robust, plain) in robust.iter().zip(&plain.coefficients) {
            assert_eq!(robust.estimate, plain.estimate);
        }
    }

    #[test]
    fn a_group_that_decides_a_coefficient_alone_costs_no_number() {
        // Only the first group varies in the second regressor.
        let x = [0.0, 1.0, 2.0, 3.0, 1.0, 4.0, 2.0];
        let dummy = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let y = [1.0, 0.5, 2.5, 3.0, 0.0, 5.0, 1.0];
        let groups = Groups::by_label(&[0, 0, 1, 1, 2, 2, 3]);
        let found = cluster_robust_ols(&y, &[&x, &dummy], &groups).unwrap();
        assert!(
            found
                .iter()
                .all(|c| c.std_err.is_finite() && c.df.is_finite() && c.df > 0.0)
        );
    }

    #[test]
    fn hopeless_designs_are_errors() {
        let (x, y) = ([1.0, 2.0, 4.0, 3.0], [0.5, 2.0, 3.0, 3.5]);
        assert!(cluster_robust_ols(&y, &[&x], &Groups::by_label(&[0; 4])).is_err());
        assert!(cluster_robust_ols(&y, &[&x], &Groups::by_label(&[0, 1])).is_err());
        assert!(matches!(
            cluster_robust_ols(&y, &[&[2.0; 4]], &Groups::by_label(&[0, 0, 1, 1])),
            Err(StatsError::RankDeficient { .. })
        ));
    }

    #[test]
    fn the_interval_ends_where_p_is_a_twentieth() {
        let (x, y) = ([1.0, 2.0, 4.0, 3.0, 5.0, 7.0], [0.5, 2.0, 3.0, 3.5, 4.0, 7.5]);
        let found = cluster_robust_ols(&y, &[&x], &Groups::by_label(&[0, 0, 1, 1, 2, 2])).unwrap();
        for c in found {
            assert!(c.interval.low < c.estimate && c.estimate < c.interval.high);
            for end in [c.interval.low, c.interval.high] {
                let p = student_t_two_sided_p((end - c.estimate) / c.std_err, c.df);
                // The end loses a digit or two by the estimate that is added.
                assert!((p - 0.05).abs() < 1e-13, "{p}");
            }
            assert_eq!(c.t, c.estimate / c.std_err);
            assert_eq!(c.p <= 0.05, !c.interval.contains(0.0));
        }
    }
}
