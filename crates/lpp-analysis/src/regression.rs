//! Regressions on model size, as table rows.

use lpp_stats::{Coefficient, Correlation, Interval, Ols, StatsError, ols, pearson};

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
    let rows: Vec<_> = outcomes
        .iter()
        .map(|(_, values)| SimpleRegression::of(&size, values))
        .collect();
    let table = Table::new(name).text("outcome", outcomes.iter().map(|(name, _)| *name))?;
    with_regressions(table, "n_models", "slope_per_ln_parameter", &rows)
}

/// Level of the confidence intervals of r.
const LEVEL: f64 = 0.95;

/// Correlation and regression of one outcome with one predictor.
pub(crate) struct SimpleRegression {
    n: usize,
    correlation: Option<Correlation>,
    fit: Option<Ols>,
}

impl SimpleRegression {
    /// Over the pairs of which both are known.
    pub(crate) fn of(x: &[f64], y: &[f64]) -> Self {
        let (x, y): (Vec<f64>, Vec<f64>) = complete(x, y).into_iter().unzip();
        Self {
            n: x.len(),
            correlation: pearson(&x, &y).ok(),
            fit: ols(&y, &[&x]).ok(),
        }
    }

    fn r(&self) -> f64 {
        self.correlation.map_or(f64::NAN, |c| c.r)
    }

    fn p(&self) -> f64 {
        self.correlation.map_or(f64::NAN, |c| c.p)
    }

    fn interval(&self) -> Interval {
        self.correlation
            .and_then(|c| c.confidence_interval(LEVEL).ok())
            .unwrap_or(Interval::UNDEFINED)
    }

    /// The slope; NaN with fewer than three pairs.
    pub(crate) fn slope(&self) -> f64 {
        self.slope_cell(|c| c.estimate)
    }

    /// Two-sided p of the slope.
    pub(crate) fn slope_p(&self) -> f64 {
        self.slope_cell(|c| c.p)
    }

    fn slope_cell(&self, cell: fn(&Coefficient) -> f64) -> f64 {
        self.fit.as_ref().map_or(f64::NAN, |fit| cell(fit.slope()))
    }

    fn fit(&self, cell: fn(&Ols) -> f64) -> f64 {
        self.fit.as_ref().map_or(f64::NAN, cell)
    }
}

/// Adds to a table what is known of each row's regression.
pub(crate) fn with_regressions(
    table: Table,
    count: &str,
    slope: &str,
    rows: &[SimpleRegression],
) -> Result<Table, AnalysisError> {
    let each = |cell: &dyn Fn(&SimpleRegression) -> f64| rows.iter().map(cell).collect::<Vec<_>>();
    table
        .count(count, rows.iter().map(|row| i64::try_from(row.n).ok()))?
        .number("r", each(&|row| row.r()))?
        .number("r_ci_low", each(&|row| row.interval().low))?
        .number("r_ci_high", each(&|row| row.interval().high))?
        .number("p", each(&|row| row.p()))?
        .number(slope, each(&|row| row.slope_cell(|c| c.estimate)))?
        .number("slope_std_err", each(&|row| row.slope_cell(|c| c.std_err)))?
        .number("slope_ci_low", each(&|row| row.slope_cell(|c| c.ci_low)))?
        .number("slope_ci_high", each(&|row| row.slope_cell(|c| c.ci_high)))?
        .number("intercept", each(&|row| row.fit(|fit| fit.intercept().estimate)))?
        .number("r2", each(&|row| row.fit(|fit| fit.r2)))
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
    let column = |cell: fn(&Coefficient) -> f64| rows.iter().map(|row| cell(&row.2)).collect::<Vec<_>>();
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
        .count("n_models", count(|fit| fit.df_model + fit.df_residual + 1))?
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
