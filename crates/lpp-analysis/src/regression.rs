//! Regressions over models, as columns of tables.

use lpp_stats::{Coefficient, Correlation, Interval, Ols, StatsError, ols, pearson};
use lpp_tables::{ModelFit, OlsFit, OlsTerm, ParcelFit, SizeFit};

use crate::ModelScores;

/// ln(parameters) of each model; NaN where the size is unknown.
pub(crate) fn log_parameters(models: &[&ModelScores]) -> Vec<f64> {
    parameters(models).iter().map(|n| n.ln()).collect()
}

/// Number of parameters of each model; NaN where it is unknown.
pub(crate) fn parameters(models: &[&ModelScores]) -> Vec<f64> {
    let known = |model: &&ModelScores| model.info.n_parameters.filter(|&n| n > 0);
    let size = |model| known(model).map_or(f64::NAN, |n| n as f64);
    models.iter().map(size).collect()
}

/// A named outcome, one value per model.
pub(crate) type Outcome = (String, Vec<f64>);

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
        let (x, y) = complete(x, y);
        Self {
            n: x.len(),
            correlation: pearson(&x, &y).ok(),
            fit: ols(&y, &[&x]).ok(),
        }
    }

    fn correlation(&self, cell: fn(&Correlation) -> f64) -> f64 {
        self.correlation.as_ref().map_or(f64::NAN, cell)
    }

    fn interval(&self) -> Interval {
        self.correlation
            .and_then(|c| c.confidence_interval(LEVEL).ok())
            .unwrap_or(Interval::UNDEFINED)
    }

    /// A number of the slope; NaN with fewer than three pairs.
    pub(crate) fn slope(&self, cell: fn(&Coefficient) -> f64) -> f64 {
        self.fit.as_ref().map_or(f64::NAN, |fit| cell(fit.slope()))
    }

    fn fit(&self, cell: fn(&Ols) -> f64) -> f64 {
        self.fit.as_ref().map_or(f64::NAN, cell)
    }
}

macro_rules! columns_of_regressions {
    ($($columns:ident)+) => {$(
        impl From<SimpleRegression> for $columns {
            fn from(of: SimpleRegression) -> Self {
                Self {
                    n: of.n,
                    r: of.correlation(|c| c.r),
                    r_ci_low: of.interval().low,
                    r_ci_high: of.interval().high,
                    p: of.correlation(|c| c.p),
                    slope: of.slope(|c| c.estimate),
                    slope_std_err: of.slope(|c| c.std_err),
                    slope_ci_low: of.slope(|c| c.ci_low),
                    slope_ci_high: of.slope(|c| c.ci_high),
                    intercept: of.fit(|fit| fit.intercept().estimate),
                    r2: of.fit(|fit| fit.r2),
                }
            }
        }
    )+};
}

columns_of_regressions! { SizeFit ModelFit ParcelFit }

/// Correlation with ln(parameters) and simple regression on it. Models without a size or a value are left out.
pub(crate) fn size_fit(size: &[f64], values: &[f64]) -> SizeFit {
    SimpleRegression::of(size, values).into()
}

/// The pairs of which both are known.
pub(crate) fn complete(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let pairs = x.iter().copied().zip(y.iter().copied());
    pairs.filter(|(x, y)| x.is_finite() && y.is_finite()).unzip()
}

/// The paper's regression of each outcome on ln(parameters), layers and hidden size: coefficients and fits.
///
/// An outcome for which there are too few models, or models of one shape only, has no coefficients and empty cells in its fit.
pub(crate) fn full_regressions(models: &[&ModelScores], outcomes: &[Outcome]) -> (Vec<OlsTerm>, Vec<OlsFit>) {
    let (mut terms, mut fits) = (Vec::new(), Vec::new());
    for (outcome, values) in outcomes {
        let fit = full_fit(models, values).ok();
        terms.extend(fit.iter().flat_map(|fit| coefficients(outcome, fit)));
        fits.push(quality(outcome, fit.as_ref()));
    }
    (terms, fits)
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
            &pick(&|i| models[i].width().map_or(f64::NAN, |width| width as f64)),
        ],
    )
}

fn coefficients(outcome: &str, fit: &Ols) -> Vec<OlsTerm> {
    let row = |(term, c): (&str, &Coefficient)| OlsTerm {
        outcome: outcome.to_owned(),
        term: term.to_owned(),
        coefficient: c.estimate,
        std_err: c.std_err,
        t: c.t,
        p: c.p,
        ci_low: c.ci_low,
        ci_high: c.ci_high,
    };
    ["constant", "ln_parameters", "n_layers", "n_hidden"]
        .into_iter()
        .zip(&fit.coefficients)
        .map(row)
        .collect()
}

fn quality(outcome: &str, fit: Option<&Ols>) -> OlsFit {
    let number = |cell: fn(&Ols) -> f64| fit.map_or(f64::NAN, cell);
    let count = |cell: fn(&Ols) -> usize| fit.map(cell);
    OlsFit {
        outcome: outcome.to_owned(),
        n_models: count(|fit| fit.df_model + fit.df_residual + 1),
        df_model: count(|fit| fit.df_model),
        df_residual: count(|fit| fit.df_residual),
        r2: number(|fit| fit.r2),
        r2_adjusted: number(|fit| fit.r2_adjusted),
        f: number(|fit| fit.f),
        f_p: number(|fit| fit.f_p),
        log_likelihood: number(|fit| fit.log_likelihood),
        aic: number(|fit| fit.aic),
        bic: number(|fit| fit.bic),
        omnibus: number(|fit| fit.residuals.omnibus),
        omnibus_p: number(|fit| fit.residuals.omnibus_p),
        durbin_watson: number(|fit| fit.residuals.durbin_watson),
        jarque_bera: number(|fit| fit.residuals.jarque_bera),
        jarque_bera_p: number(|fit| fit.residuals.jarque_bera_p),
        skew: number(|fit| fit.residuals.skew),
        kurtosis: number(|fit| fit.residuals.kurtosis),
        condition_number: number(|fit| fit.condition_number),
    }
}
