//! Columns that several tables have in common.

use crate::columns;

columns! {
    /// Which model a row is about.
    Identity {
        /// Name of the model or baseline.
        model: String,
        /// What it is: model, checkpoint, untrained, baseline or control.
        kind: String,
        /// Model family.
        family: String,
        /// Number of parameters; empty if unknown.
        n_parameters: Option<u64>,
    }
}

columns! {
    /// Scores and asymmetries over all and over reliable voxels.
    Measures {
        /// Mean score over all voxels.
        score_all: f64,
        /// Mean score over reliable voxels.
        score_reliable: f64,
        /// Mean of the left minus mean of the right side, all voxels.
        l_minus_r_all: f64,
        /// The same over reliable voxels.
        l_minus_r_reliable: f64,
    }
}

columns! {
    /// Means of a score over voxels, with their errors over runs.
    MeansOverRuns {
        /// Mean over all voxels.
        mean_all: f64,
        /// Its p over runs.
        mean_all_runs_p: f64,
        /// Lower end of its 95 % confidence interval over runs.
        mean_all_runs_ci_low: f64,
        /// Upper end.
        mean_all_runs_ci_high: f64,
        /// Mean over reliable voxels.
        mean_reliable: f64,
        /// Its p over runs.
        mean_reliable_runs_p: f64,
        /// Lower end of its 95 % confidence interval over runs.
        mean_reliable_runs_ci_low: f64,
        /// Upper end.
        mean_reliable_runs_ci_high: f64,
    }
}

/// Groups that differ in the stored names of their sample size and slope.
macro_rules! regressions {
    ($($(#[doc = $doc:literal])+ $name:ident: $n:literal, $slope:literal;)*) => {$(
        columns! {
            $(#[doc = $doc])+
            $name {
                /// Points of the regression: those of which both values are known.
                n: usize as $n,
                /// Pearson's r.
                r: f64,
                /// Lower end of its 95 % confidence interval (Fisher's z).
                r_ci_low: f64,
                /// Upper end.
                r_ci_high: f64,
                /// Two-sided p of r.
                p: f64,
                /// Least-squares slope.
                slope: f64 as $slope,
                /// Its standard error.
                slope_std_err: f64,
                /// Lower end of its 95 % confidence interval.
                slope_ci_low: f64,
                /// Upper end.
                slope_ci_high: f64,
                /// Intercept.
                intercept: f64,
                /// Share of explained variance.
                r2: f64,
            }
        }

        impl $crate::Regression for $name {
            fn summary(&self) -> $crate::RegressionSummary {
                $crate::RegressionSummary { n: self.n, r: self.r, p: self.p }
            }
        }
    )*};
}

regressions! {
    /// Correlation and simple regression over models on ln(parameters).
    SizeFit: "n_models", "slope_per_ln_parameter";
    /// Correlation and simple regression over models on another predictor.
    ModelFit: "n_models", "slope";
    /// Correlation and simple regression over parcels.
    ParcelFit: "n_parcels", "slope";
}

/// What a figure writes beside a regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionSummary {
    /// Points.
    pub n: usize,
    /// Pearson's r; NaN if it is not defined.
    pub r: f64,
    /// Two-sided p of r.
    pub p: f64,
}

/// Columns of a correlation and a regression.
pub trait Regression {
    /// Number of points, r and p.
    fn summary(&self) -> RegressionSummary;
}

/// A place on a regression line, and the band there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinePoint {
    /// Place on the horizontal axis.
    pub x: f64,
    /// Height of the line.
    pub y: f64,
    /// The band's lower and upper end; NaN without a band.
    pub band: [f64; 2],
}

/// Columns of a sampled regression line.
pub trait Line {
    /// The place of this row.
    fn point(&self) -> LinePoint;
}

/// Groups that differ in the stored name of the horizontal axis.
macro_rules! lines {
    ($($(#[doc = $doc:literal])+ $name:ident: $x:literal;)*) => {$(
        columns! {
            $(#[doc = $doc])+
            $name {
                /// Place on the horizontal axis: 100 from the smallest to the largest value.
                x: f64 as $x,
                /// Height of the line there.
                value: f64,
                /// 2.5th percentile of 1000 lines through resampled points.
                band_low: f64,
                /// 97.5th percentile.
                band_high: f64,
                /// Seed of the resampling.
                seed: Option<u64>,
            }
        }

        impl $crate::Line for $name {
            fn point(&self) -> $crate::LinePoint {
                $crate::LinePoint { x: self.x, y: self.value, band: [self.band_low, self.band_high] }
            }
        }
    )*};
}

lines! {
    /// A place on a line over model size, straight over ln(parameters).
    SizePoint: "n_parameters";
    /// A place on a line over another axis.
    Point: "x";
}

columns! {
    /// A coefficient of the regression on ln(parameters), layers and width.
    OlsTerm {
        /// What is regressed.
        outcome: String,
        /// Regressor: constant, ln_parameters, n_layers or n_hidden.
        term: String,
        /// Coefficient.
        coefficient: f64,
        /// Its standard error.
        std_err: f64,
        /// Its t.
        t: f64,
        /// Two-sided p of t.
        p: f64,
        /// Lower end of its 95 % confidence interval.
        ci_low: f64,
        /// Upper end.
        ci_high: f64,
    }
}

columns! {
    /// Quality and residuals of the regression on ln(parameters), layers and width.
    OlsFit {
        /// What is regressed.
        outcome: String,
        /// Models of the fit.
        n_models: Option<usize>,
        /// Degrees of freedom of the model.
        df_model: Option<usize>,
        /// Degrees of freedom of the residuals.
        df_residual: Option<usize>,
        /// Share of explained variance.
        r2: f64,
        /// The same, adjusted for the number of regressors.
        r2_adjusted: f64,
        /// F of the fit.
        f: f64,
        /// p of F.
        f_p: f64,
        /// Log-likelihood.
        log_likelihood: f64,
        /// Akaike's information criterion.
        aic: f64,
        /// Bayesian information criterion.
        bic: f64,
        /// Omnibus test of normal residuals.
        omnibus: f64,
        /// Its p.
        omnibus_p: f64,
        /// Durbin-Watson statistic of the residuals.
        durbin_watson: f64,
        /// Jarque-Bera statistic of the residuals.
        jarque_bera: f64,
        /// Its p.
        jarque_bera_p: f64,
        /// Skewness of the residuals.
        skew: f64,
        /// Kurtosis of the residuals.
        kurtosis: f64,
        /// Condition number of the design.
        condition_number: f64,
    }
}
