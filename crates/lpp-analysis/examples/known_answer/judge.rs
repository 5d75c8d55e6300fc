//! Runs estimators and tests over simulated studies and counts how often they err.

use lpp_analysis::AnalysisError;
use lpp_analysis::corrected::{Measure, SlopeTests, tables};
use lpp_tables::Table;
use rayon::prelude::*;

use crate::simulation::{Known, Scenario, simulate};

/// An estimator of the asymmetry slope.
pub(crate) struct Estimator {
    pub(crate) name: &'static str,
    pub(crate) measure: Measure,
    pub(crate) nested: bool,
    /// What a planted slope of 1 is on its scale.
    unit: fn(&Known) -> f64,
}

/// The paper's estimators first.
pub(crate) const ESTIMATORS: [Estimator; 7] = [
    estimator("paper: halves", Measure::Halves, false, of_scores),
    estimator("paper: score/ISC, halves", Measure::OverIsc, false, over_isc),
    estimator("by x", Measure::ByX, false, of_scores),
    estimator("homotopic pairs", Measure::Pairs, false, of_scores),
    estimator("by x, nested layer", Measure::ByX, true, of_scores),
    estimator("score/ceiling, by x", Measure::OverCeiling, false, over_ceiling),
    estimator(
        "matched ceilings, by x",
        Measure::MatchedCeiling,
        false,
        of_scores,
    ),
];

const fn estimator(name: &'static str, measure: Measure, nested: bool, unit: fn(&Known) -> f64) -> Estimator {
    Estimator {
        name,
        measure,
        nested,
        unit,
    }
}

/// Scores grow by the planted slope times the ceiling.
fn of_scores(known: &Known) -> f64 {
    known.left_ceiling
}

fn over_isc(known: &Known) -> f64 {
    known.left_over_isc
}

fn over_ceiling(_: &Known) -> f64 {
    1.0
}

/// How an estimator did over all studies of a scenario.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Mean of estimate less planted slope.
    pub(crate) bias: f64,
    /// Its standard error over studies.
    pub(crate) bias_error: f64,
    /// Share of studies whose interval misses the planted slope: models as units.
    pub(crate) misses_plain: f64,
    /// The same, cluster-robust.
    pub(crate) misses_robust: f64,
    /// The same, mixed model.
    pub(crate) misses_mixed: f64,
}

/// The estimate less the planted slope, and which intervals miss it.
type Error = (f64, [bool; 3]);

/// Runs one estimator over `n` studies.
pub(crate) fn judge(
    estimator: &Estimator,
    scenario: &Scenario,
    n: u32,
    seed: u64,
) -> Result<Outcome, AnalysisError> {
    let errors: Vec<Error> = (0..n)
        .into_par_iter()
        .map(|repetition| error_of(estimator, scenario, &simulate(scenario, repetition, seed)))
        .collect::<Result<_, _>>()?;
    let count = f64::from(n);
    let bias = errors.iter().map(|error| error.0).sum::<f64>() / count;
    let squares: f64 = errors.iter().map(|error| (error.0 - bias).powi(2)).sum();
    let share = |which: usize| errors.iter().filter(|error| error.1[which]).count() as f64 / count;
    Ok(Outcome {
        bias,
        bias_error: (squares / (count - 1.0) / count).sqrt(),
        misses_plain: share(0),
        misses_robust: share(1),
        misses_mixed: share(2),
    })
}

fn error_of(estimator: &Estimator, scenario: &Scenario, known: &Known) -> Result<Error, AnalysisError> {
    let sample = &known.sample;
    let values: Vec<f64> = sample
        .models
        .iter()
        .map(|model| {
            let scores = match &model.nested {
                Some(nested) if estimator.nested => nested,
                _ => &model.best,
            };
            estimator.measure.of(sample, scores, None)
        })
        .collect::<Result<_, _>>()?;
    let tests = SlopeTests::of(&sample.sizes(), &values, &sample.families(), &[]);
    let planted = scenario.asymmetry * (estimator.unit)(known);
    let outside = |low: f64, high: f64| !(low <= planted && planted <= high);
    Ok((
        tests.slope - planted,
        [
            tests
                .plain
                .is_none_or(|slope| outside(slope.ci_low, slope.ci_high)),
            tests
                .robust
                .is_none_or(|slope| outside(slope.interval.low, slope.interval.high)),
            tests
                .mixed
                .is_none_or(|slope| outside(slope.interval.low, slope.interval.high)),
        ],
    ))
}

/// Mean score over models less the true one: best-of-test and nested, over `n` studies.
pub(crate) fn optimism(scenario: &Scenario, n: u32, seed: u64) -> Result<[f64; 2], AnalysisError> {
    let sums = (0..n)
        .into_par_iter()
        .map(|repetition| {
            let known = simulate(scenario, repetition, seed);
            let mean = |nested: bool| -> Result<f64, AnalysisError> {
                let models = &known.sample.models;
                let scores = models.iter().map(|model| match &model.nested {
                    Some(scores) if nested => scores,
                    _ => &model.best,
                });
                let means: Vec<f64> = scores
                    .map(|scores| Measure::Mean.of(&known.sample, scores, None))
                    .collect::<Result<_, _>>()?;
                Ok(means.iter().sum::<f64>() / means.len() as f64 - known.true_score)
            };
            Ok([mean(false)?, mean(true)?])
        })
        .collect::<Result<Vec<_>, AnalysisError>>()?;
    Ok([0, 1].map(|which| sums.iter().map(|sum| sum[which]).sum::<f64>() / f64::from(n)))
}

/// The share of `n` studies in which each p-value of the tables is at most 0.05, with a name for each.
pub(crate) fn rates(scenario: &Scenario, n: u32, seed: u64) -> Result<Vec<(String, f64)>, AnalysisError> {
    let found = (0..n)
        .into_par_iter()
        .map(|repetition| Ok(p_values(&tables(&simulate(scenario, repetition, seed).sample)?)))
        .collect::<Result<Vec<_>, AnalysisError>>()?;
    let names: Vec<String> = found
        .first()
        .map_or(Vec::new(), |study| study.iter().map(|p| p.0.clone()).collect());
    Ok(names
        .into_iter()
        .enumerate()
        .map(|(i, name)| {
            let rejected = found
                .iter()
                .filter(|study| study.get(i).is_some_and(|p| p.1 <= 0.05))
                .count();
            (name, rejected as f64 / f64::from(n))
        })
        .collect())
}

/// Every p-value of the tables: one per row and column that holds such.
fn p_values(tables: &[Table]) -> Vec<(String, f64)> {
    let columns: [(&str, &[&str], &[&str]); 5] = [
        (
            "corrected_families",
            &["outcome"],
            &["p_models_as_units", "robust_p", "mixed_p"],
        ),
        (
            "corrected_ceilings",
            &["hemisphere_rule", "voxels"],
            &["equivalence_p"],
        ),
        ("corrected_voxel_tests", &["map", "correction"], &["smallest_p"]),
        (
            "corrected_parcels",
            &["maps"],
            &["p_parcels_independent", "p_variogram"],
        ),
        (
            "corrected_random_effects",
            &["units", "outcome"],
            &["p", "p_sign_flips"],
        ),
    ];
    let mut found = Vec::new();
    for (name, labels, values) in columns {
        for table in tables.iter().filter(|table| table.name() == name) {
            let labels: Vec<Vec<String>> = labels.iter().map(|label| table.texts(label)).collect();
            for column in values {
                for (row, p) in table.numbers(column).into_iter().enumerate() {
                    let label: Vec<&str> = labels.iter().map(|label| label[row].as_str()).collect();
                    let test = format!("{name}: {}, {column}", label.join(", "));
                    found.push((test, p.unwrap_or(f64::NAN)));
                }
            }
        }
    }
    found
}
