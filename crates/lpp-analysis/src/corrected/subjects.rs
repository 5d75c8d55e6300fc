//! Slopes of single subjects and of single runs as the sample of a population.

use lpp_stats::{RandomEffects, StudentizedBootstrap, ols};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Measure, SEED, Sample};
use crate::{AnalysisError, Table};

/// Sign patterns; five subjects have 32.
const N_FLIPS: usize = 4999;
/// Resamples of the studentised bootstrap.
const N_RESAMPLES: usize = 1999;

struct Row {
    units: &'static str,
    outcome: &'static str,
    slopes: Vec<f64>,
    test: Option<RandomEffects>,
    bootstrap: Option<StudentizedBootstrap>,
}

/// One row per outcome over subjects, and one over runs of the average subject; fewer than two units have none.
pub(crate) fn table(sample: &Sample) -> Result<Table, AnalysisError> {
    let mut rows = Vec::new();
    for (outcome, measure) in [
        ("slope of the score", Measure::Mean),
        ("slope of L-R, halves", Measure::Halves),
        ("slope of L-R, by x", Measure::ByX),
        ("slope of L-R, homotopic pairs", Measure::Pairs),
    ] {
        let mut slopes = Vec::new();
        for subject in &sample.subjects {
            let values: Vec<f64> = subject
                .models
                .iter()
                .map(|model| measure.of(subject, &model.best, None))
                .collect::<Result<_, _>>()?;
            slopes.push(slope(&subject.sizes(), &values));
        }
        rows.extend(row("subjects", outcome, slopes));
    }
    rows.extend(row("runs", "slope of the best layer's score", run_slopes(sample)));
    write(&rows)
}

/// The slope on size in each run that all models have.
fn run_slopes(sample: &Sample) -> Vec<f64> {
    let n_runs = sample
        .models
        .iter()
        .map(|model| model.run_scores.len())
        .min()
        .unwrap_or(0);
    (0..n_runs)
        .map(|run| {
            let values: Vec<f64> = sample.models.iter().map(|model| model.run_scores[run]).collect();
            slope(&sample.sizes(), &values)
        })
        .collect()
}

fn slope(sizes: &[f64], values: &[f64]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = sizes
        .iter()
        .zip(values)
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .unzip();
    ols(&y, &[&x]).map_or(f64::NAN, |fit| fit.slope().estimate)
}

fn row(units: &'static str, outcome: &'static str, mut slopes: Vec<f64>) -> Option<Row> {
    slopes.retain(|slope| slope.is_finite());
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    (slopes.len() > 1).then(|| Row {
        units,
        outcome,
        test: RandomEffects::of(&slopes, N_FLIPS, &mut rng).ok(),
        bootstrap: StudentizedBootstrap::of_mean(&slopes, N_RESAMPLES, &mut rng).ok(),
        slopes,
    })
}

fn write(rows: &[Row]) -> Result<Table, AnalysisError> {
    let test = |cell: fn(&RandomEffects) -> f64| {
        rows.iter()
            .map(|row| row.test.as_ref().map_or(f64::NAN, cell))
            .collect::<Vec<_>>()
    };
    let ends = rows.iter().map(|row| {
        let interval = row.bootstrap.as_ref().and_then(|b| b.interval(0.95).ok());
        interval.map_or((f64::NAN, f64::NAN), |interval| (interval.low, interval.high))
    });
    let ends: Vec<(f64, f64)> = ends.collect();
    Table::new("corrected_random_effects")
        .text("units", rows.iter().map(|row| row.units))?
        .text("outcome", rows.iter().map(|row| row.outcome))?
        .count(
            "n_units",
            rows.iter().map(|row| i64::try_from(row.slopes.len()).ok()),
        )?
        .number("mean", test(|t| t.mean))?
        .number("std_err", test(|t| t.std_err))?
        .number("ci_low", test(|t| t.interval.low))?
        .number("ci_high", test(|t| t.interval.high))?
        .number("t", test(|t| t.t_test.t))?
        .number("p", test(|t| t.t_test.p))?
        .number("p_sign_flips", test(|t| t.sign_flip.p))?
        .number("studentized_ci_low", ends.iter().map(|ends| ends.0))?
        .number("studentized_ci_high", ends.iter().map(|ends| ends.1))
}
