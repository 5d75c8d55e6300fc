//! Regressions on model size, as table rows.

use lpp_stats::{Ols, StatsError, ols, pearson};

use crate::ModelScores;
use crate::{AnalysisError, Table};

/// ln(parameters) of each model; NaN where the size is unknown.
pub(crate) fn log_parameters(models: &[&ModelScores]) -> Vec<f64> {
    models
        .iter()
        .map(|model| {
            model
                .info
                .n_parameters
                .filter(|&n| n > 0)
                .map_or(f64::NAN, |n| (n as f64).ln())
        })
        .collect()
}

/// A named outcome, one value per model.
pub(crate) type Outcome<'a> = (&'a str, Vec<f64>);

/// One row per outcome: correlation with ln(parameters) and simple regression on it.
///
/// Models without a size or a value are left out; with too few models the cells are empty.
pub(crate) fn size_regressions(
    name: &str,
    models: &[&ModelScores],
    outcomes: &[Outcome<'_>],
) -> Result<Table, AnalysisError> {
    let size = log_parameters(models);
    let rows: Vec<SizeRegression> = outcomes
        .iter()
        .map(|(_, values)| SizeRegression::of(&size, values))
        .collect();
    let column = |cell: fn(&SizeRegression) -> f64| rows.iter().map(cell).collect::<Vec<_>>();
    let slope = |cell: fn(&lpp_stats::Coefficient) -> f64| {
        rows.iter()
            .map(|row| row.fit.as_ref().map_or(f64::NAN, |fit| cell(fit.slope())))
            .collect::<Vec<_>>()
    };
    let fit = |cell: fn(&Ols) -> f64| {
        rows.iter()
            .map(|row| row.fit.as_ref().map_or(f64::NAN, cell))
            .collect::<Vec<_>>()
    };
    Table::new(name)
        .text("outcome", outcomes.iter().map(|(name, _)| *name))?
        .count(
            "n_models",
            rows.iter().map(|row| i64::try_from(row.n_models).ok()),
        )?
        .number("r", column(|row| row.r))?
        .number("p", column(|row| row.p))?
        .number("slope_per_ln_parameter", slope(|c| c.estimate))?
        .number("slope_std_err", slope(|c| c.std_err))?
        .number("slope_ci_low", slope(|c| c.ci_low))?
        .number("slope_ci_high", slope(|c| c.ci_high))?
        .number("intercept", fit(|fit| fit.intercept().estimate))?
        .number("r2", fit(|fit| fit.r2))
}

/// Correlation and regression of one outcome with size.
struct SizeRegression {
    n_models: usize,
    r: f64,
    p: f64,
    fit: Option<Ols>,
}

impl SizeRegression {
    fn of(size: &[f64], values: &[f64]) -> Self {
        let (x, y): (Vec<f64>, Vec<f64>) = complete(size, values).into_iter().unzip();
        let correlation = pearson(&x, &y).ok();
        Self {
            n_models: x.len(),
            r: correlation.map_or(f64::NAN, |c| c.r),
            p: correlation.map_or(f64::NAN, |c| c.p),
            fit: ols(&y, &[&x]).ok(),
        }
    }
}

fn complete(x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    x.iter()
        .copied()
        .zip(y.iter().copied())
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect()
}

/// The paper's regression of each outcome on ln(parameters), layers and hidden size: the coefficient
/// table and the table of the fits.
///
/// An outcome for which there are too few models, or models of one shape only, has no rows in the first
/// table and empty cells in the second.
pub(crate) fn full_regressions(
    name: &str,
    models: &[&ModelScores],
    outcomes: &[Outcome<'_>],
) -> Result<[Table; 2], AnalysisError> {
    let fits: Vec<(&str, Option<Ols>)> = outcomes
        .iter()
        .map(|(name, values)| (*name, full_fit(models, values).ok()))
        .collect();
    Ok([
        coefficient_table(name, &fits)?,
        fit_table(&format!("{name}_fit"), &fits)?,
    ])
}

fn full_fit(models: &[&ModelScores], values: &[f64]) -> Result<Ols, StatsError> {
    let size = log_parameters(models);
    let known: Vec<usize> = (0..models.len())
        .filter(|&i| size[i].is_finite() && values[i].is_finite())
        .collect();
    let pick = |value: &dyn Fn(usize) -> f64| known.iter().map(|&i| value(i)).collect::<Vec<_>>();
    ols(
        &pick(&|i| values[i]),
        &[
            &pick(&|i| size[i]),
            // The layers of the file: the embedding and the blocks, the paper's "layers + 1".
            &pick(&|i| models[i].layers.len() as f64),
            &pick(&|i| {
                models[i]
                    .info
                    .n_hidden
                    .last()
                    .map_or(f64::NAN, |&width| width as f64)
            }),
        ],
    )
}

fn coefficient_table(name: &str, fits: &[(&str, Option<Ols>)]) -> Result<Table, AnalysisError> {
    const TERMS: [&str; 4] = ["constant", "ln_parameters", "n_layers", "n_hidden"];
    let rows: Vec<_> = fits
        .iter()
        .filter_map(|(outcome, fit)| fit.as_ref().map(|fit| (*outcome, fit)))
        .flat_map(|(outcome, fit)| {
            TERMS
                .iter()
                .zip(&fit.coefficients)
                .map(move |(term, coefficient)| (outcome, *term, *coefficient))
        })
        .collect();
    let column =
        |cell: fn(&lpp_stats::Coefficient) -> f64| rows.iter().map(|row| cell(&row.2)).collect::<Vec<_>>();
    Table::new(name)
        .text("outcome", rows.iter().map(|row| row.0))?
        .text("term", rows.iter().map(|row| row.1))?
        .number("coefficient", column(|c| c.estimate))?
        .number("std_err", column(|c| c.std_err))?
        .number("t", column(|c| c.t))?
        .number("p", column(|c| c.p))?
        .number("ci_low", column(|c| c.ci_low))?
        .number("ci_high", column(|c| c.ci_high))
}

fn fit_table(name: &str, fits: &[(&str, Option<Ols>)]) -> Result<Table, AnalysisError> {
    let column = |cell: fn(&Ols) -> f64| {
        fits.iter()
            .map(|(_, fit)| fit.as_ref().map_or(f64::NAN, cell))
            .collect::<Vec<_>>()
    };
    let count = |cell: fn(&Ols) -> usize| {
        fits.iter()
            .map(|(_, fit)| fit.as_ref().and_then(|fit| i64::try_from(cell(fit)).ok()))
            .collect::<Vec<_>>()
    };
    Table::new(name)
        .text("outcome", fits.iter().map(|(outcome, _)| *outcome))?
        .count("df_model", count(|fit| fit.df_model))?
        .count("df_residual", count(|fit| fit.df_residual))?
        .number("r2", column(|fit| fit.r2))?
        .number("r2_adjusted", column(|fit| fit.r2_adjusted))?
        .number("f", column(|fit| fit.f))?
        .number("f_p", column(|fit| fit.f_p))?
        .number("log_likelihood", column(|fit| fit.log_likelihood))?
        .number("aic", column(|fit| fit.aic))?
        .number("bic", column(|fit| fit.bic))?
        .number("omnibus", column(|fit| fit.residuals.omnibus))?
        .number("omnibus_p", column(|fit| fit.residuals.omnibus_p))?
        .number("durbin_watson", column(|fit| fit.residuals.durbin_watson))?
        .number("jarque_bera", column(|fit| fit.residuals.jarque_bera))?
        .number("jarque_bera_p", column(|fit| fit.residuals.jarque_bera_p))?
        .number("skew", column(|fit| fit.residuals.skew))?
        .number("kurtosis", column(|fit| fit.residuals.kurtosis))?
        .number("condition_number", column(|fit| fit.condition_number))
}
