//! Brain score and best layer against how well a model predicts text.

use crate::regression::{Outcome, SimpleRegression, log_parameters, with_regressions};
use crate::{AnalysisError, ModelInfo, ModelInfoTable, ModelScores, Table};

/// "Large" models, which the paper also looks at alone, have more parameters than this.
const LARGE: f64 = 3e9;

/// A named quantity, one value per model.
type Predictor = (&'static str, Vec<f64>);

/// Size, perplexity and accuracy of each model; NaN where they are not known.
pub(crate) fn predictors(models: &[&ModelScores], info: &ModelInfoTable) -> [Predictor; 4] {
    let perplexity = info.column(models, |row: &ModelInfo| row.perplexity);
    [
        ("ln_parameters", log_parameters(models)),
        ("ln_perplexity", perplexity.iter().map(|p| p.ln()).collect()),
        ("perplexity", perplexity),
        ("hellaswag", info.column(models, |row| row.hellaswag)),
    ]
}

/// One row per outcome, predictor and set of models: all of them, and the large ones alone.
pub(crate) fn table(
    name: &str,
    models: &[&ModelScores],
    info: &ModelInfoTable,
    outcomes: &[Outcome<'_>],
) -> Result<Table, AnalysisError> {
    let size = log_parameters(models);
    let mut rows = Vec::new();
    for (outcome, values) in outcomes {
        for (predictor, known) in predictors(models, info) {
            for (subset, least) in [("all", f64::NEG_INFINITY), ("above_3e9_parameters", LARGE.ln())] {
                let x: Vec<f64> = known
                    .iter()
                    .zip(&size)
                    .map(|(&x, &size)| {
                        if subset == "all" || size > least {
                            x
                        } else {
                            f64::NAN
                        }
                    })
                    .collect();
                rows.push((*outcome, predictor, subset, SimpleRegression::of(&x, values)));
            }
        }
    }
    let table = Table::new(name)
        .text("outcome", rows.iter().map(|row| row.0))?
        .text("predictor", rows.iter().map(|row| row.1))?
        .text("models", rows.iter().map(|row| row.2))?;
    let fits: Vec<_> = rows.into_iter().map(|row| row.3).collect();
    with_regressions(table, "n_models", "slope", &fits)
}
