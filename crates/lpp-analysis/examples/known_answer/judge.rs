//! Runs estimators and tests over simulated studies and counts how often they err.

use lpp_analysis::AnalysisError;
use lpp_analysis::corrected::{LayerChoice, Measure, SampleModel, SlopeTests, Voxels, tables};
use lpp_stats::Interval;
use lpp_tables::Table;
use rayon::prelude::*;

use crate::simulation::{Known, Scenario, simulate};

/// An estimator of the asymmetry slope.
pub(crate) struct Estimator {
    pub(crate) name: &'static str,
    pub(crate) measure: Measure,
    pub(crate) rule: LayerChoice,
    /// What a planted slope of 1 is on its scale.
    unit: fn(&Known) -> f64,
}

/// The paper's estimators first.
pub(crate) const ESTIMATORS: [Estimator; 7] = [
    estimator(
        "paper: halves",
        Measure::Halves,
        LayerChoice::BestOfTest,
        of_scores,
    ),
    estimator(
        "paper: score/ISC, halves",
        Measure::OverIsc,
        LayerChoice::BestOfTest,
        over_isc,
    ),
    estimator("by x", Measure::ByX, LayerChoice::BestOfTest, of_scores),
    estimator(
        "homotopic pairs",
        Measure::Pairs,
        LayerChoice::BestOfTest,
        of_scores,
    ),
    estimator("by x, nested layer", Measure::ByX, LayerChoice::Nested, of_scores),
    estimator(
        "score/ceiling, pairs",
        Measure::OverCeiling,
        LayerChoice::BestOfTest,
        over_ceiling,
    ),
    estimator(
        "matched ceilings, by x",
        Measure::MatchedCeiling,
        LayerChoice::BestOfTest,
        of_scores,
    ),
];

const fn estimator(
    name: &'static str,
    measure: Measure,
    rule: LayerChoice,
    unit: fn(&Known) -> f64,
) -> Estimator {
    Estimator {
        name,
        measure,
        rule,
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

/// The intervals that are judged, in the order of [`Outcome::misses`].
pub(crate) const INTERVALS: [&str; 5] = [
    "models as units",
    "cluster-robust",
    "mixed model",
    "runs",
    "runs and families",
];

/// How an estimator did over all studies of a scenario.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Mean of estimate minus planted slope.
    pub(crate) bias: f64,
    /// Its standard error over studies.
    pub(crate) bias_error: f64,
    /// Share of studies in which each interval of [`INTERVALS`] misses the planted slope.
    pub(crate) misses: [f64; 5],
}

/// The estimate minus the planted slope, and which intervals miss it.
type Error = (f64, [bool; 5]);

/// Runs every estimator over `n` studies.
pub(crate) fn judge(scenario: &Scenario, n: u32, seed: u64) -> Result<Vec<Outcome>, AnalysisError> {
    let studies = (0..n).into_par_iter().map(|repetition| {
        let known = simulate(scenario, repetition, seed);
        let errors = ESTIMATORS
            .iter()
            .map(|estimator| error_of(estimator, scenario, &known));
        errors.collect::<Result<Vec<Error>, AnalysisError>>()
    });
    let studies = studies.collect::<Result<Vec<_>, _>>()?;
    let of = |estimator: usize| outcome(&studies.iter().map(|study| study[estimator]).collect::<Vec<_>>());
    Ok((0..ESTIMATORS.len()).map(of).collect())
}

fn outcome(errors: &[Error]) -> Outcome {
    let count = errors.len() as f64;
    let bias = errors.iter().map(|error| error.0).sum::<f64>() / count;
    let squares: f64 = errors.iter().map(|error| (error.0 - bias).powi(2)).sum();
    let share = |which: usize| errors.iter().filter(|error| error.1[which]).count() as f64 / count;
    Outcome {
        bias,
        bias_error: (squares / (count - 1.0) / count).sqrt(),
        misses: std::array::from_fn(share),
    }
}

fn error_of(estimator: &Estimator, scenario: &Scenario, known: &Known) -> Result<Error, AnalysisError> {
    let (sample, measure) = (&known.sample, estimator.measure);
    let over = |number: &dyn Fn(&SampleModel) -> Result<f64, AnalysisError>| {
        sample.models.iter().map(number).collect::<Result<Vec<f64>, _>>()
    };
    let values = over(&|model| {
        let scores = model.scores(estimator.rule).unwrap_or_default();
        measure.of(sample, scores, Voxels::All)
    })?;
    let n_runs = sample.models[0]
        .run_maps(estimator.rule)
        .map_or(0, ndarray::Array2::nrows);
    let by_run = (0..n_runs).map(|run| {
        over(&|model| {
            let scores = model.run_maps(estimator.rule).map(|runs| runs.row(run).to_vec());
            measure.of_run(sample, &scores.unwrap_or_default(), run, Voxels::All)
        })
    });
    let by_run: Vec<Vec<f64>> = by_run.collect::<Result<_, _>>()?;
    let sizes = sample.sizes();
    let tests = SlopeTests::of(&sizes, &values, &sample.families(), &[]).with_runs(&sizes, &by_run);
    let planted = scenario.asymmetry * (estimator.unit)(known);
    let plain = |slope: lpp_stats::Coefficient| Interval {
        low: slope.ci_low,
        high: slope.ci_high,
    };
    let intervals = [
        tests.plain.map(plain),
        tests.robust.map(|slope| slope.interval),
        tests.mixed.map(|slope| slope.interval),
        tests.runs.map(|slope| slope.interval),
        tests.two_way.map(|slope| slope.interval),
    ];
    let misses = intervals.map(|interval| interval.is_none_or(|interval| !interval.contains(planted)));
    Ok((tests.slope - planted, misses))
}

/// Mean score over models minus the true one: best-of-test and nested, over `n` studies.
pub(crate) fn optimism(scenario: &Scenario, n: u32, seed: u64) -> Result<[f64; 2], AnalysisError> {
    let sums = (0..n)
        .into_par_iter()
        .map(|repetition| {
            let known = simulate(scenario, repetition, seed);
            let mean = |rule: LayerChoice| -> Result<f64, AnalysisError> {
                let models = &known.sample.models;
                let scores = models.iter().filter_map(|model| model.scores(rule));
                let means: Vec<f64> = scores
                    .map(|scores| Measure::Mean.of(&known.sample, scores, Voxels::All))
                    .collect::<Result<_, _>>()?;
                Ok(means.iter().sum::<f64>() / means.len() as f64 - known.true_score)
            };
            Ok([mean(LayerChoice::BestOfTest)?, mean(LayerChoice::Nested)?])
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

/// What a p-value of [`rates`] promises where scores grow alike on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// There is an effect.
    Effect,
    /// No effect, and the test is recommended: at most 5 %.
    Level,
    /// No effect, but the models share the brain's noise, or their families' deviations: the test does not promise 5 %.
    Dependence,
}

impl Promise {
    /// The promise of a p-value by its name.
    pub(crate) fn of(test: &str) -> Self {
        let has = |part: &str| test.contains(part);
        if !(has("l_minus_r") || has("L-R")) {
            return Self::Effect;
        }
        // AveLI is a ratio, whose size depends on the score; its runs differ by more than noise.
        let of_runs = (has("runs_p") || has("two_way_p")) && !has("aveli");
        // The mean L − R of every family holds the same noise of the brain; its slopes do not.
        let flipped = has("slope of L-R") && has("families flipped");
        if of_runs || has("subjects") || has("p_variogram") || flipped {
            Self::Level
        } else {
            Self::Dependence
        }
    }

    /// The cell of the table: whether `rate` of `n` studies is within the promise.
    pub(crate) fn judge(self, rate: f64, n: u32) -> &'static str {
        match self {
            Self::Effect => "an effect is there",
            Self::Level if rate <= most_of(n) => "5 %: kept",
            Self::Level => "5 %: NOT kept",
            Self::Dependence => "none: models share the brain's noise",
        }
    }
}

/// The share that a test of 5 % exceeds in `n` studies with a probability of 0.001.
pub(crate) fn most_of(n: u32) -> f64 {
    let (mut probability, mut left, mut k) = (0.95_f64.powi(n.cast_signed()), 1.0, 0);
    loop {
        left -= probability;
        if left < 0.001 || k == n {
            return f64::from(k) / f64::from(n);
        }
        probability *= f64::from(n - k) / f64::from(k + 1) * (0.05 / 0.95);
        k += 1;
    }
}

/// Every p-value of the tables: one per row and column that holds such.
fn p_values(tables: &[Table]) -> Vec<(String, f64)> {
    let columns: [(&str, &[&str], &[&str]); 4] = [
        (
            "corrected_families",
            &["outcome", "layer_rule"],
            &["p_models_as_units", "robust_p", "mixed_p", "runs_p", "two_way_p"],
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
