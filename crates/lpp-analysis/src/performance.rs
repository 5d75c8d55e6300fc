//! Brain score and best layer against how well a model predicts text.

use lpp_stats::LineScale::{self, Linear, LogX};
use lpp_tables::{ModelFit, Point};

use crate::lines::line;
use crate::regression::{Outcome, SimpleRegression, parameters};
use crate::{AnalysisError, ModelInfo, ModelInfoTable, ModelScores};

/// "Large" models, which the paper also looks at alone, have more parameters than this.
const LARGE: f64 = 3e9;

/// What a regression is of, on what, and over which models.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) outcome: String,
    pub(crate) predictor: String,
    pub(crate) models: String,
}

/// A named quantity, one value per model, and whether its logarithm is regressed on.
type Predictor = (&'static str, Vec<f64>, LineScale);

/// Size, perplexity and accuracy of each model; NaN where they are not known.
fn predictors(models: &[&ModelScores], info: &ModelInfoTable) -> [Predictor; 4] {
    let perplexity = info.column(models, |row: &ModelInfo| row.perplexity);
    [
        ("ln_parameters", parameters(models), LogX),
        ("ln_perplexity", perplexity.clone(), LogX),
        ("perplexity", perplexity, Linear),
        ("hellaswag", info.column(models, |row| row.hellaswag), Linear),
    ]
}

/// Every outcome on every predictor, over all models and over the large ones alone.
fn each<'a>(
    models: &[&ModelScores],
    info: &ModelInfoTable,
    outcomes: &'a [Outcome],
) -> Vec<(Key, Vec<f64>, LineScale, &'a [f64])> {
    let size = parameters(models);
    let mut found = Vec::new();
    for (outcome, values) in outcomes {
        for (predictor, x, scale) in predictors(models, info) {
            for (subset, least) in [("all", f64::NEG_INFINITY), ("above_3e9_parameters", LARGE)] {
                let of_subset = |(&x, &size): (&f64, &f64)| {
                    if subset == "all" || size > least {
                        x
                    } else {
                        f64::NAN
                    }
                };
                let key = Key {
                    outcome: outcome.clone(),
                    predictor: predictor.to_owned(),
                    models: subset.to_owned(),
                };
                found.push((
                    key,
                    x.iter().zip(&size).map(of_subset).collect(),
                    scale,
                    values.as_slice(),
                ));
            }
        }
    }
    found
}

/// The regression of each outcome on each predictor over each set of models.
pub(crate) fn regressions(
    models: &[&ModelScores],
    info: &ModelInfoTable,
    outcomes: &[Outcome],
) -> Vec<(Key, ModelFit)> {
    let fit = |(key, x, scale, values): (Key, Vec<f64>, LineScale, &[f64])| {
        let along: Vec<f64> = if scale == LogX {
            x.iter().map(|x| x.ln()).collect()
        } else {
            x
        };
        (key, SimpleRegression::of(&along, values).into())
    };
    each(models, info, outcomes).into_iter().map(fit).collect()
}

/// The lines of the regressions on some predictors.
pub(crate) fn lines(
    models: &[&ModelScores],
    info: &ModelInfoTable,
    outcomes: &[Outcome],
    drawn: [&str; 2],
    seed: u64,
) -> Result<Vec<(Key, Point)>, AnalysisError> {
    let mut places = Vec::new();
    for (key, x, scale, values) in each(models, info, outcomes) {
        if drawn.contains(&key.predictor.as_str()) {
            let line = line(&x, values, scale, seed)?;
            places.extend(line.into_iter().map(|at| (key.clone(), at)));
        }
    }
    Ok(places)
}
