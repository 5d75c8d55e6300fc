//! Ordinary least squares with a constant, and its regression table.

use crate::checks::check_finite;
use crate::svd::{Svd, dot};
use crate::{ResidualDiagnostics, StatsError, fisher_f_upper_p, student_t_critical, student_t_two_sided_p};

/// One row of a regression table: the constant or a regressor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// The estimate, in units of y per unit of the regressor.
    pub estimate: f64,
    /// Its standard error.
    pub std_err: f64,
    /// Estimate over standard error.
    pub t: f64,
    /// Two-sided p-value of the hypothesis that the coefficient is zero.
    pub p: f64,
    /// Lower end of the 95 % confidence interval.
    pub ci_low: f64,
    /// Upper end of the 95 % confidence interval.
    pub ci_high: f64,
}

/// A least-squares fit with all numbers of its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Ols {
    /// The constant first, then one entry per regressor in the order given.
    pub coefficients: Vec<Coefficient>,
    /// Share of the variance explained.
    pub r2: f64,
    /// The same, adjusted for the number of regressors.
    pub r2_adjusted: f64,
    /// F statistic of all regressors together.
    pub f: f64,
    /// Its p-value.
    pub f_p: f64,
    /// Gaussian log-likelihood at the estimate.
    pub log_likelihood: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// The Bayesian (Schwarz) criterion.
    pub bic: f64,
    /// Number of regressors without the constant.
    pub df_model: usize,
    /// Observations minus estimated coefficients.
    pub df_residual: usize,
    /// Largest over smallest singular value of the design matrix, constant included.
    pub condition_number: f64,
    /// Tests of the residuals.
    pub residuals: ResidualDiagnostics,
}

impl Ols {
    /// The intercept of the fit.
    #[must_use]
    pub fn intercept(&self) -> &Coefficient {
        &self.coefficients[0]
    }

    /// The first regressor, the slope of a simple regression.
    #[must_use]
    pub fn slope(&self) -> &Coefficient {
        &self.coefficients[1]
    }
}

/// Regresses `y` on a constant and the given regressors.
///
/// `regressors` has one slice per regressor, each as long as `y`. A perfect fit has standard errors near zero and
/// correspondingly large t.
///
/// # Errors
/// [`StatsError::TooFew`] without a regressor or unless there are more observations than
/// coefficients; [`StatsError::LengthMismatch`]; [`StatsError::NotFinite`];
/// [`StatsError::RankDeficient`] if a regressor is constant or a combination of others (the reference silently uses the
/// minimum-norm solution then).
///
/// # Example
/// ```
/// let fit = lpp_stats::ols(&[1.1, 2.9, 5.2, 6.8], &[&[0.0, 1.0, 2.0, 3.0]])?;
/// assert!((fit.slope().estimate - 1.94).abs() < 1e-12);
/// assert!(fit.r2 > 0.99);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// `statsmodels.api.OLS(y, add_constant(x)).fit()`, statsmodels 0.14.2.
pub fn ols(y: &[f64], regressors: &[&[f64]]) -> Result<Ols, StatsError> {
    let columns = design(y, regressors)?;
    let (n, p) = (y.len(), columns.len());
    let svd = Svd::of_columns(&columns);
    let rank = svd.rank(n);
    if rank < p {
        return Err(StatsError::RankDeficient { rank, n_columns: p });
    }
    let estimates = svd.solve(y);
    let residuals: Vec<f64> = (0..n)
        .map(|row| {
            y[row]
                - columns
                    .iter()
                    .zip(&estimates)
                    .map(|(x, b)| x[row] * b)
                    .sum::<f64>()
        })
        .collect();
    let sums = Sums::of(y, &residuals, p);
    Ok(Ols {
        coefficients: coefficients(&estimates, &svd.inverse_gram_diagonal(), &sums)?,
        r2: sums.r2(),
        r2_adjusted: 1.0 - (sums.n - 1.0) / sums.df_residual() * (1.0 - sums.r2()),
        f: sums.f(),
        f_p: fisher_f_upper_p(sums.f(), sums.p - 1.0, sums.df_residual()),
        log_likelihood: sums.log_likelihood(),
        aic: -2.0 * sums.log_likelihood() + 2.0 * sums.p,
        bic: -2.0 * sums.log_likelihood() + sums.p * sums.n.ln(),
        df_model: p - 1,
        df_residual: n - p,
        condition_number: svd.condition_number(),
        residuals: ResidualDiagnostics::of(&residuals),
    })
}

/// Checks the input and returns the columns of the design matrix, the constant first.
pub(crate) fn design(y: &[f64], regressors: &[&[f64]]) -> Result<Vec<Vec<f64>>, StatsError> {
    if regressors.is_empty() {
        return Err(StatsError::TooFew {
            statistic: "regressors of a regression",
            needed: 1,
            found: 0,
        });
    }
    for regressor in regressors {
        if regressor.len() != y.len() {
            return Err(StatsError::LengthMismatch {
                left_name: "y",
                left: y.len(),
                right_name: "a regressor",
                right: regressor.len(),
            });
        }
        check_finite("a regressor", regressor)?;
    }
    check_finite("y", y)?;
    let needed = regressors.len() + 2;
    if y.len() < needed {
        return Err(StatsError::TooFew {
            statistic: "a regression",
            needed,
            found: y.len(),
        });
    }
    let constant = vec![1.0; y.len()];
    Ok(std::iter::once(constant)
        .chain(regressors.iter().map(|x| x.to_vec()))
        .collect())
}

/// The sums that all numbers of the table derive from.
struct Sums {
    n: f64,
    p: f64,
    residual: f64,
    total: f64,
}

impl Sums {
    fn of(y: &[f64], residuals: &[f64], p: usize) -> Self {
        let n = y.len() as f64;
        let mean = y.iter().sum::<f64>() / n;
        Self {
            n,
            p: p as f64,
            residual: dot(residuals, residuals),
            total: y.iter().map(|value| (value - mean).powi(2)).sum(),
        }
    }

    fn df_residual(&self) -> f64 {
        self.n - self.p
    }

    fn variance(&self) -> f64 {
        self.residual / self.df_residual()
    }

    fn r2(&self) -> f64 {
        1.0 - self.residual / self.total
    }

    fn f(&self) -> f64 {
        (self.total - self.residual) / (self.p - 1.0) / self.variance()
    }

    fn log_likelihood(&self) -> f64 {
        -0.5 * self.n * (std::f64::consts::TAU.ln() + (self.residual / self.n).ln() + 1.0)
    }
}

fn coefficients(
    estimates: &[f64],
    unit_variances: &[f64],
    sums: &Sums,
) -> Result<Vec<Coefficient>, StatsError> {
    let quantile = student_t_critical(0.05, sums.df_residual())?;
    Ok(estimates
        .iter()
        .zip(unit_variances)
        .map(|(&estimate, unit_variance)| {
            let std_err = (sums.variance() * unit_variance).sqrt();
            let t = estimate / std_err;
            Coefficient {
                estimate,
                std_err,
                t,
                p: student_t_two_sided_p(t, sums.df_residual()),
                ci_low: estimate - quantile * std_err,
                ci_high: estimate + quantile * std_err,
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_slope_tests_like_a_correlation() {
        let x: Vec<f64> = (0..20).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 0.3 * x + (x * 1.7).sin()).collect();
        let fit = ols(&y, &[&x]).unwrap();
        let correlation = crate::pearson(&x, &y).unwrap();
        // R² = r², and t of the slope is t of r: two routes of a dozen roundings each.
        assert!((fit.r2 - correlation.r.powi(2)).abs() < 1e-13);
        assert!((fit.slope().p / correlation.p - 1.0).abs() < 1e-10);
        assert!((fit.f - fit.slope().t.powi(2)).abs() < 1e-9);
    }

    #[test]
    fn a_shifted_regressor_keeps_its_slope() {
        let x: Vec<f64> = (0..9).map(|i| f64::from(i * i)).collect();
        let shifted: Vec<f64> = x.iter().map(|x| x + 1000.0).collect();
        let y: Vec<f64> = (0..9).map(|i| f64::from((i * 7) % 5)).collect();
        let (a, b) = (ols(&y, &[&x]).unwrap(), ols(&y, &[&shifted]).unwrap());
        // The shift costs the condition number, near 1e5, times the rounding of 1e-16.
        assert!((a.slope().estimate - b.slope().estimate).abs() < 1e-11);
    }

    #[test]
    fn hopeless_designs_are_errors() {
        let y = [1.0, 2.0, 3.0, 4.0, 6.0];
        let x = [1.0, 2.0, 4.0, 3.0, 5.0];
        let twice = x.map(|x| 2.0 * x);
        assert!(matches!(
            ols(&y, &[&x, &twice]),
            Err(StatsError::RankDeficient {
                rank: 2,
                n_columns: 3
            })
        ));
        assert!(matches!(
            ols(&y, &[&[7.0; 5]]),
            Err(StatsError::RankDeficient { .. })
        ));
        assert!(matches!(ols(&y[..2], &[&x[..2]]), Err(StatsError::TooFew { .. })));
        assert!(matches!(
            ols(&y, &[&x[..4]]),
            Err(StatsError::LengthMismatch { .. })
        ));
        assert!(matches!(ols(&y, &[]), Err(StatsError::TooFew { .. })));
        assert!(matches!(
            ols(&[1.0, f64::NAN, 3.0, 4.0, 6.0], &[&x]),
            Err(StatsError::NotFinite { index: 1, .. })
        ));
    }

    #[test]
    fn three_points_and_their_line() {
        // Slope 1/2 through (1, 1/3), residuals 1/6, −1/3 and 1/6: t = √3 on one degree of freedom, p = 1/3.
        let fit = ols(&[0.0, 0.0, 1.0], &[&[0.0, 1.0, 2.0]]).unwrap();
        assert!(
            (fit.slope().estimate - 0.5).abs() < 1e-14
                && (fit.intercept().estimate + 1.0 / 6.0).abs() < 1e-14
        );
        assert!((fit.slope().t - 3.0_f64.sqrt()).abs() < 1e-13 && (fit.slope().p - 1.0 / 3.0).abs() < 1e-13);
        assert!((fit.r2 - 0.75).abs() < 1e-14 && (fit.r2_adjusted - 0.5).abs() < 1e-14);
        assert_eq!((fit.df_model, fit.df_residual), (1, 1));
    }
}
