//! Regression lines over model size, with their bootstrap bands, as table rows.

use lpp_stats::{LineScale, RegressionLine};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::regression::Outcome;
use crate::{AnalysisError, ModelScores, Table};

/// Resamples of a band, as many as seaborn's `regplot` takes.
const RESAMPLES: usize = 1000;

/// A hundred rows per outcome: the line of the outcome on ln(parameters) and its 95 % band.
///
/// Each outcome starts from the same seed, so that a band does not depend on what is drawn beside it. An outcome
/// with fewer than two sizes has no rows; one with two models has a line without a band.
pub(crate) fn size_lines(
    name: &str,
    models: &[&ModelScores],
    outcomes: &[Outcome<'_>],
    seed: u64,
) -> Result<Table, AnalysisError> {
    let mut rows = Vec::new();
    for (outcome, values) in outcomes {
        let (x, y): (Vec<f64>, Vec<f64>) = models
            .iter()
            .zip(values)
            .filter_map(|(model, &value)| Some((model.info.n_parameters? as f64, value)))
            .filter(|(size, value)| *size > 0.0 && value.is_finite())
            .unzip();
        let Ok(line) = RegressionLine::fit(&x, &y, LineScale::LogX) else {
            continue;
        };
        let band = line.bootstrap_band(&x, &y, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(seed))?;
        for (i, (&size, &value)) in line.x.iter().zip(&line.y).enumerate() {
            let ends = band
                .as_ref()
                .map_or([f64::NAN; 2], |band| [band.low[i], band.high[i]]);
            rows.push((*outcome, size, value, ends));
        }
    }
    Table::new(name)
        .text("outcome", rows.iter().map(|row| row.0))?
        .number("n_parameters", rows.iter().map(|row| row.1))?
        .number("value", rows.iter().map(|row| row.2))?
        .number("band_low", rows.iter().map(|row| row.3[0]))?
        .number("band_high", rows.iter().map(|row| row.3[1]))
}
