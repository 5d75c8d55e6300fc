//! Linear regression with a random intercept per group, by restricted maximum likelihood.
//!
//! y = Xβ + u\[group\] + e with u ~ N(0, θσ²) and e ~ N(0, σ²). For a given ratio θ everything else has a closed form:
//! subtracting the share 1 − 1/√(1 + nθ) of a group's mean from its n rows makes the errors independent, and the rest
//! is least squares. So the likelihood is a function of θ alone.

use std::f64::consts::TAU;

use crate::checks::{at_least, same_length};
use crate::ols::design;
use crate::svd::{Svd, dot};
use crate::{Groups, Interval, StatsError, normal_two_sided_p, student_t_critical, student_t_two_sided_p};

/// ln θ beyond which one of the two variances is negligible.
const LN_RATIO: f64 = 18.0;
/// Steps of the coarse search: the likelihood has few and broad maxima in ln θ.
const GRID_STEPS: u32 = 72;

/// A fixed effect of a mixed model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedEffect {
    /// The estimate, in units of y per unit of the regressor.
    pub estimate: f64,
    /// Its standard error, given the estimated variances.
    pub std_err: f64,
    /// Estimate over standard error.
    pub z: f64,
    /// Degrees of freedom: groups minus coefficients.
    pub df: f64,
    /// Two-sided p-value of z from Student's t with `df` degrees of freedom; NaN if `df` is 0.
    pub p: f64,
    /// Two-sided p-value from the normal distribution, as in the reference; too small with few groups.
    pub p_normal: f64,
    /// The 95 % confidence interval, from Student's t.
    pub interval: Interval,
}

/// A regression with a random intercept per group.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedModel {
    /// The constant first, then one entry per regressor.
    pub fixed: Vec<FixedEffect>,
    /// Variance of the intercepts over groups; 0 if the groups do not differ more than by chance.
    pub group_variance: f64,
    /// Variance within groups.
    pub residual_variance: f64,
    /// The restricted log-likelihood at its maximum.
    pub log_likelihood: f64,
    /// The predicted deviation of each group's intercept (BLUP).
    pub intercepts: Vec<f64>,
}

impl MixedModel {
    /// Regresses `y` on a constant and the given regressors, with a random intercept per group.
    ///
    /// The reference treats z as normal. With few groups this rejects too often (9 % with eight), especially if the
    /// regressor varies between groups rather than within. Here p and the interval use Student's t with groups −
    /// coefficients degrees of freedom. This is exact for a regressor that varies only between groups in a balanced
    /// design, and conservative for one that varies within groups (`docs/validation.md`). Standard errors are
    /// conditional on the variances; the reference inverts the Hessian of all parameters, which gives somewhat larger
    /// ones.
    ///
    /// # Shapes
    /// `y` and each regressor have one value per observation of `groups`.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] without a regressor, unless there are more observations than coefficients, with fewer
    /// than two groups, or if no group has two observations (the variances could not be separated);
    /// [`StatsError::LengthMismatch`], [`StatsError::NotFinite`], [`StatsError::RankDeficient`].
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{Groups, MixedModel};
    /// let families = Groups::by_label(&["a", "a", "a", "b", "b", "b"]);
    /// let size = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0];
    /// let score = [1.1, 1.9, 3.0, 5.0, 6.1, 6.9];
    /// let model = MixedModel::fit(&score, &[&size], &families)?;
    /// assert!((model.fixed[1].estimate - 0.95).abs() < 1e-12);
    /// assert!(model.intraclass_correlation() > 0.9);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// N. M. Laird and J. H. Ware (1982), <https://doi.org/10.2307/2529876>;
    /// J. C. Pinheiro and D. M. Bates (2000), Mixed-Effects Models in S and S-PLUS, section 2.4.2, on degrees of freedom by
    /// levels of grouping;
    /// `statsmodels.api.MixedLM(y, add_constant(x), groups).fit(reml=True)`, statsmodels 0.14.2.
    pub fn fit(y: &[f64], regressors: &[&[f64]], groups: &Groups) -> Result<Self, StatsError> {
        let columns = design(y, regressors)?;
        check_groups(y.len(), groups)?;
        let rank = Svd::of_columns(&columns).rank(y.len());
        if rank < columns.len() {
            return Err(StatsError::RankDeficient {
                rank,
                n_columns: columns.len(),
            });
        }
        let problem = Problem { y, columns, groups };
        let ratio = problem.best_ratio();
        problem.solve(ratio).into_model(&problem, ratio)
    }

    /// The share of the variance between groups.
    #[must_use]
    pub fn intraclass_correlation(&self) -> f64 {
        self.group_variance / (self.group_variance + self.residual_variance)
    }
}

fn check_groups(n: usize, groups: &Groups) -> Result<(), StatsError> {
    same_length(("y", n), ("the grouping", groups.n_observations()))?;
    at_least("groups of a mixed model", 2, groups.len())?;
    let largest = (0..groups.len()).map(|group| groups.members(group).len()).max();
    at_least("observations in the largest group", 2, largest.unwrap_or(0))
}

struct Problem<'a> {
    y: &'a [f64],
    columns: Vec<Vec<f64>>,
    groups: &'a Groups,
}

/// The best fit for one ratio of the variances.
struct Solution {
    estimates: Vec<f64>,
    /// Variances of the estimates in units of the residual variance.
    unit_variances: Vec<f64>,
    residual_variance: f64,
    log_likelihood: f64,
}

impl Problem<'_> {
    /// The ratio of group to residual variance with the largest likelihood.
    fn best_ratio(&self) -> f64 {
        let likelihood = |ln_ratio: f64| self.solve(ln_ratio.exp()).log_likelihood;
        let step = 2.0 * LN_RATIO / f64::from(GRID_STEPS);
        let (mut peak, mut highest) = (-LN_RATIO, f64::NEG_INFINITY);
        for i in 0..=GRID_STEPS {
            let ln_ratio = -LN_RATIO + step * f64::from(i);
            let height = likelihood(ln_ratio);
            if height > highest {
                (peak, highest) = (ln_ratio, height);
            }
        }
        let ln_ratio = golden_maximum(peak - step, peak + step, likelihood);
        // The maximum may lie at the border, where the groups do not differ.
        if self.solve(0.0).log_likelihood >= likelihood(ln_ratio) {
            0.0
        } else {
            ln_ratio.exp()
        }
    }

    fn solve(&self, ratio: f64) -> Solution {
        let y = self.decorrelate(self.y, ratio);
        let columns: Vec<Vec<f64>> = self.columns.iter().map(|x| self.decorrelate(x, ratio)).collect();
        let svd = Svd::of_columns(&columns);
        let estimates = svd.solve(&y);
        let residuals = residuals(&y, &columns, &estimates);
        let df = (y.len() - columns.len()) as f64;
        let residual_variance = dot(&residuals, &residuals) / df;
        let sizes = (0..self.groups.len()).map(|group| self.groups.members(group).len() as f64);
        let ln_det: f64 = sizes.map(|n| (n * ratio).ln_1p()).sum();
        Solution {
            estimates,
            unit_variances: svd.inverse_gram_diagonal(),
            residual_variance,
            log_likelihood: -0.5
                * (df * (TAU.ln() + residual_variance.ln() + 1.0) + ln_det + svd.ln_gram_determinant()),
        }
    }

    /// Subtracts from each group the share of its mean that makes the errors independent.
    fn decorrelate(&self, values: &[f64], ratio: f64) -> Vec<f64> {
        let mut result = values.to_vec();
        for group in 0..self.groups.len() {
            let members = self.groups.members(group);
            let n = members.len() as f64;
            let mean = members.iter().map(|&i| values[i]).sum::<f64>() / n;
            let share = 1.0 - 1.0 / (1.0 + n * ratio).sqrt();
            for &i in members {
                result[i] -= share * mean;
            }
        }
        result
    }

    /// The predicted intercept of each group: its mean residual, shrunk.
    fn intercepts(&self, estimates: &[f64], ratio: f64) -> Vec<f64> {
        let residuals = residuals(self.y, &self.columns, estimates);
        (0..self.groups.len())
            .map(|group| {
                let members = self.groups.members(group);
                let sum: f64 = members.iter().map(|&i| residuals[i]).sum();
                ratio * sum / (1.0 + members.len() as f64 * ratio)
            })
            .collect()
    }
}

impl Solution {
    fn into_model(self, problem: &Problem<'_>, ratio: f64) -> Result<MixedModel, StatsError> {
        let df = problem.groups.len() as f64 - problem.columns.len() as f64;
        let quantile = if df > 0.0 {
            student_t_critical(0.05, df)?
        } else {
            f64::NAN
        };
        let fixed = self
            .estimates
            .iter()
            .zip(&self.unit_variances)
            .map(|(&estimate, unit_variance)| {
                let std_err = (self.residual_variance * unit_variance).sqrt();
                FixedEffect {
                    estimate,
                    std_err,
                    z: estimate / std_err,
                    df: df.max(0.0),
                    p: if df > 0.0 {
                        student_t_two_sided_p(estimate / std_err, df)
                    } else {
                        f64::NAN
                    },
                    p_normal: normal_two_sided_p(estimate / std_err),
                    interval: Interval {
                        low: estimate - quantile * std_err,
                        high: estimate + quantile * std_err,
                    },
                }
            });
        Ok(MixedModel {
            fixed: fixed.collect(),
            group_variance: ratio * self.residual_variance,
            residual_variance: self.residual_variance,
            log_likelihood: self.log_likelihood,
            intercepts: problem.intercepts(&self.estimates, ratio),
        })
    }
}

fn residuals(y: &[f64], columns: &[Vec<f64>], estimates: &[f64]) -> Vec<f64> {
    let fitted = |row: usize| {
        columns
            .iter()
            .zip(estimates)
            .map(|(x, b)| x[row] * b)
            .sum::<f64>()
    };
    (0..y.len()).map(|row| y[row] - fitted(row)).collect()
}

/// The maximum of a function with one peak between `low` and `high`, by golden sections.
fn golden_maximum(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let section = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut left, mut right) = (high - section * (high - low), low + section * (high - low));
    let (mut at_left, mut at_right) = (f(left), f(right));
    // A maximum cannot be located better than to the square root of the rounding, 1e-8.
    while high - low > 1e-9 {
        if at_left > at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - section * (high - low);
            at_left = f(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + section * (high - low);
            at_right = f(right);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ols;

    const X: [f64; 8] = [1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 2.5, 7.0];

    fn groups() -> Groups {
        Groups::by_label(&[0, 0, 1, 1, 1, 2, 2, 2])
    }

    #[test]
    fn groups_that_do_not_differ_leave_least_squares() {
        // Residuals alternate within groups, so that group means differ less than by chance.
        let y: Vec<f64> = X
            .iter()
            .enumerate()
            .map(|(i, x)| 0.5 * x + if i % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let model = MixedModel::fit(&y, &[&X], &groups()).unwrap();
        let plain = ols(&y, &[&X]).unwrap();
        assert_eq!(model.group_variance, 0.0);
        for (mixed, simple) in model.fixed.iter().zip(&plain.coefficients) {
            // The same decomposition of the same matrix.
            assert!((mixed.estimate - simple.estimate).abs() < 1e-13);
            assert!((mixed.std_err - simple.std_err).abs() < 1e-13);
        }
        assert!(model.intercepts.iter().all(|&u| u == 0.0));
    }

    #[test]
    fn balanced_groups_have_the_variances_of_the_anova_table() {
        // Two values per group and no slope to speak of: REML equals the mean squares.
        let labels: Vec<usize> = (0..12).map(|i| i / 2).collect();
        let x: Vec<f64> = (0..12).map(|i| if i % 2 == 0 { -1.0 } else { 1.0 }).collect();
        let y: Vec<f64> = (0..12)
            .map(|i| f64::from((i / 2) * 5 % 7) + 0.3 * f64::from(i * 7 % 5))
            .collect();
        let model = MixedModel::fit(&y, &[&x], &Groups::by_label(&labels)).unwrap();
        let mean = y.iter().sum::<f64>() / 12.0;
        let slope = y.iter().zip(&x).map(|(y, x)| y * x).sum::<f64>() / 12.0;
        let (mut between, mut within) = (0.0, 0.0);
        for pair in 0..6 {
            let (a, b) = (y[2 * pair] + slope, y[2 * pair + 1] - slope);
            between += 2.0 * (0.5 * (a + b) - mean).powi(2) / 5.0;
            within += 0.5 * (a - b).powi(2) / 5.0;
        }
        assert!(between > within);
        // The search locates ln θ to 1e-8 or so.
        assert!(
            (model.residual_variance / within - 1.0).abs() < 1e-6,
            "{} {within}",
            model.residual_variance
        );
        assert!((model.group_variance / (0.5 * (between - within)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn predicted_intercepts_sum_to_zero() {
        let y = [1.0, 2.5, 6.0, 5.5, 7.0, 3.0, 0.5, 4.0];
        let model = MixedModel::fit(&y, &[&X], &groups()).unwrap();
        assert!(model.group_variance > 0.0);
        // The constant's normal equation; a few roundings of numbers near 1.
        assert!(model.intercepts.iter().sum::<f64>().abs() < 1e-12);
    }

    #[test]
    fn hopeless_designs_are_errors() {
        let y = [1.0, 2.5, 6.0, 5.5, 7.0, 3.0, 0.5, 4.0];
        let fit = |groups: &Groups| MixedModel::fit(&y, &[&X], groups);
        assert!(matches!(
            fit(&Groups::by_label(&[0; 8])),
            Err(StatsError::TooFew { .. })
        ));
        assert!(matches!(
            fit(&Groups::by_label(&[0, 1, 2, 3, 4, 5, 6, 7])),
            Err(StatsError::TooFew { found: 1, .. })
        ));
        assert!(matches!(
            fit(&Groups::by_label(&[0, 1])),
            Err(StatsError::LengthMismatch { .. })
        ));
        assert!(matches!(
            MixedModel::fit(&y, &[&[2.0; 8]], &groups()),
            Err(StatsError::RankDeficient { .. })
        ));
        assert!(MixedModel::fit(&[f64::NAN; 8], &[&X], &groups()).is_err());
    }

    #[test]
    fn a_regressor_of_whole_balanced_groups_is_tested_as_over_group_means() {
        let of_groups = [1.0, 2.0, 4.0, 3.0, 6.0];
        let x: Vec<f64> = (0..15).map(|i| of_groups[i / 3]).collect();
        let y: Vec<f64> = (0..15)
            .map(|i| 0.4 * x[i] + ((i / 3) * 7 % 5) as f64 + 0.1 * (i * 4 % 7) as f64)
            .collect();
        let labels: Vec<usize> = (0..15).map(|i| i / 3).collect();
        let model = MixedModel::fit(&y, &[&x], &Groups::by_label(&labels)).unwrap();
        let means: Vec<f64> = y.chunks(3).map(|group| group.iter().sum::<f64>() / 3.0).collect();
        let plain = ols(&means, &[&of_groups]).unwrap();
        assert!(model.group_variance > 0.0);
        for (mixed, simple) in model.fixed.iter().zip(&plain.coefficients) {
            // The search locates ln θ to 1e-8 or so.
            for (found, expected) in [
                (mixed.estimate, simple.estimate),
                (mixed.std_err, simple.std_err),
                (mixed.z, simple.t),
                (mixed.p, simple.p),
                (mixed.interval.low, simple.ci_low),
                (mixed.interval.high, simple.ci_high),
            ] {
                assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
            }
            assert_eq!(mixed.df, 3.0);
        }
    }

    #[test]
    fn as_many_coefficients_as_groups_leave_no_test() {
        let y = [1.0, 2.5, 6.0, 5.5, 7.0, 3.0, 0.5, 4.0];
        let two = Groups::by_label(&[0, 0, 0, 1, 1, 1, 1, 0]);
        for effect in MixedModel::fit(&y, &[&X], &two).unwrap().fixed {
            assert_eq!(effect.df, 0.0);
            assert!(effect.p.is_nan() && effect.interval.low.is_nan() && effect.p_normal < 1.0);
        }
    }

    #[test]
    fn golden_sections_find_a_peak_anywhere() {
        for (low, high) in [(-3.0, 2.0), (0.25, 0.5)] {
            for share in [0.01, 0.3, 0.5, 0.8] {
                let peak = low + share * (high - low);
                let found = golden_maximum(low, high, |x| -(x - peak).powi(2));
                // A parabola is flat to rounding within 1e-8 of its peak.
                assert!((found - peak).abs() < 1e-7, "{found} {peak}");
            }
        }
    }

    #[test]
    fn of_two_peaks_the_higher_is_taken() {
        // Likelihoods with a peak at each of two ratios, or one at 0 and one beyond.
        let cases: [(&[usize], &[f64], &[f64]); 2] = [
            (
                &[0, 1, 1, 2, 2],
                &[1.0, 4.0, 6.0, 3.0, 3.0],
                &[3.0, -1.0, 2.0, 0.0, -1.0],
            ),
            (
                &[0, 0, 1, 1, 2, 2, 3, 3, 4],
                &[-4.0, -2.0, -7.0, -4.0, 1.0, 4.0, 1.0, 4.0, -3.0],
                &[0.0, 1.0, 0.0, -4.0, 3.0, 3.0, 4.0, 2.0, -7.0],
            ),
        ];
        for (labels, x, y) in cases {
            let groups = Groups::by_label(labels);
            let model = MixedModel::fit(y, &[x], &groups).unwrap();
            let columns = design(y, &[x]).unwrap();
            let problem = Problem {
                y,
                columns,
                groups: &groups,
            };
            let heights: Vec<f64> = (-180..=180)
                .map(|i| problem.solve((0.1 * f64::from(i)).exp()).log_likelihood)
                .collect();
            let is_peak = |three: &&[f64]| three[1] > three[0] + 1e-9 && three[1] > three[2] + 1e-9;
            assert!(heights.windows(3).any(|three| is_peak(&three)));
            assert!(heights[0] > heights[100] || heights.windows(3).filter(is_peak).count() == 2);
            assert!(heights.iter().all(|&height| height <= model.log_likelihood));
        }
    }
}
