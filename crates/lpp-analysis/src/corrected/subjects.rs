//! Slopes of single subjects and of single runs as the sample of a population.

use lpp_stats::{Interval, RandomEffects, StudentizedBootstrap};
use lpp_tables::CorrectedRandomEffects;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::measures::Measure;
use super::sample::Sample;
use super::seed::SEED;
use super::slope;
use super::voxels::Voxels;
use super::why_empty::why_empty;
use crate::AnalysisError;

/// Sign patterns; five subjects have 32.
const N_FLIPS: usize = 4999;
/// Resamples of the studentised bootstrap.
const N_RESAMPLES: usize = 1999;

/// One row per outcome over subjects, and one over runs of the average subject; fewer than two units have none.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedRandomEffects>, AnalysisError> {
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
                .map(|model| measure.of(subject, &model.best, Voxels::All))
                .collect::<Result<_, _>>()?;
            slopes.push(slope(&subject.sizes(), &values));
        }
        rows.extend(row("subjects", outcome, slopes));
    }
    rows.extend(row("runs", "slope of the best layer's score", run_slopes(sample)));
    Ok(rows)
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

fn row(units: &str, outcome: &str, mut slopes: Vec<f64>) -> Option<CorrectedRandomEffects> {
    slopes.retain(|slope| slope.is_finite());
    if slopes.len() < 2 {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let test = RandomEffects::of(&slopes, N_FLIPS, &mut rng).ok();
    let bootstrap = StudentizedBootstrap::of_mean(&slopes, N_RESAMPLES, &mut rng).ok();
    let interval = bootstrap.and_then(|bootstrap| bootstrap.interval(0.95).ok());
    let interval = interval.unwrap_or(Interval::UNDEFINED);
    let number = |cell: fn(&RandomEffects) -> f64| test.as_ref().map_or(f64::NAN, cell);
    let row = CorrectedRandomEffects {
        units: units.to_owned(),
        outcome: outcome.to_owned(),
        n_units: slopes.len(),
        mean: number(|t| t.mean),
        std_err: number(|t| t.std_err),
        ci_low: number(|t| t.interval.low),
        ci_high: number(|t| t.interval.high),
        t: number(|t| t.t_test.t),
        p: number(|t| t.t_test.p),
        p_sign_flips: number(|t| t.sign_flip.p),
        studentized_ci_low: interval.low,
        studentized_ci_high: interval.high,
        note: String::new(),
    };
    let note = why_empty(&row, |_| "too few units, or equal slopes");
    Some(CorrectedRandomEffects { note, ..row })
}
