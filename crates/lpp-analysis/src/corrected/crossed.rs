//! Slopes of single subjects in single runs, with subjects, runs and models crossed.

use lpp_stats::{RunTest, cluster_robust_ols};
use lpp_tables::CorrectedCrossed;
use ndarray::Array2;

use super::why_empty::{MODELS, TWO_FAMILIES, why_empty};
use super::{LayerChoice, Measure, Sample, Voxels, slope};
use crate::AnalysisError;

/// Outcomes and their measures.
const OUTCOMES: [(&str, Measure); 4] = [
    ("score", Measure::Mean),
    ("l_minus_r_halves", Measure::Halves),
    ("l_minus_r_by_x", Measure::ByX),
    ("l_minus_r_pairs", Measure::Pairs),
];

/// A row per rule for the layer and outcome, if at least two subjects have scores of the same models in the same runs.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedCrossed>, AnalysisError> {
    let mut rows = Vec::new();
    for rule in [LayerChoice::BestOfTest, LayerChoice::Nested] {
        let Some((n_runs, n_models)) = common_shape(sample, rule) else {
            continue;
        };
        for (outcome, measure) in OUTCOMES {
            let mut slopes = Array2::zeros((sample.subjects.len(), n_runs));
            let mut means = vec![0.0; n_models];
            for ((subject, run), slope_of) in slopes.indexed_iter_mut() {
                let subject = &sample.subjects[subject];
                let values = of_run(subject, rule, measure, run)?;
                *slope_of = slope(&subject.sizes(), &values);
                for (mean, value) in means.iter_mut().zip(&values) {
                    *mean += value / (sample.subjects.len() * n_runs) as f64;
                }
            }
            rows.extend(row(&sample.subjects[0], outcome, rule, &slopes, &means));
        }
    }
    Ok(rows)
}

/// Runs and models, if they are the same in all subjects.
fn common_shape(sample: &Sample, rule: LayerChoice) -> Option<(usize, usize)> {
    let [first, others @ ..] = sample.subjects.as_slice() else {
        return None;
    };
    let names =
        |subject: &Sample| -> Vec<String> { subject.models.iter().map(|model| model.name.clone()).collect() };
    let n_runs = first.models.first()?.run_maps(rule)?.nrows();
    let has_runs = |subject: &Sample| {
        let of_model =
            |model: &super::SampleModel| model.run_maps(rule).is_some_and(|runs| runs.nrows() == n_runs);
        subject.models.iter().all(of_model)
    };
    let alike = others.iter().all(|subject| names(subject) == names(first));
    let is_whole = !others.is_empty() && alike && has_runs(first) && others.iter().all(has_runs);
    if !is_whole && others.iter().any(has_runs) {
        tracing::warn!(
            "the subjects differ in models or runs ({}); there is no test over subjects and runs",
            rule.name()
        );
    }
    is_whole.then_some((n_runs, first.models.len()))
}

/// The measure of each model in one run of a subject.
fn of_run(
    subject: &Sample,
    rule: LayerChoice,
    measure: Measure,
    run: usize,
) -> Result<Vec<f64>, AnalysisError> {
    let maps = subject.models.iter().filter_map(|model| model.run_maps(rule));
    maps.map(|map| measure.of_run(subject, &map.row(run).to_vec(), run, Voxels::All))
        .collect()
}

/// `None` where the slopes are not defined.
fn row(
    subject: &Sample,
    outcome: &str,
    rule: LayerChoice,
    slopes: &Array2<f64>,
    means: &[f64],
) -> Option<CorrectedCrossed> {
    let test = RunTest::of_crossed(slopes).ok()?;
    let known: Vec<usize> = (0..means.len())
        .filter(|&model| means[model].is_finite() && subject.models[model].ln_parameters.is_finite())
        .collect();
    let pick = |of: &[f64]| -> Vec<f64> { known.iter().map(|&model| of[model]).collect() };
    let families = subject.families();
    let families: Vec<&str> = known.iter().map(|&model| families[model]).collect();
    let groups = lpp_stats::Groups::by_label(&families);
    let of_families = cluster_robust_ols(&pick(means), &[&pick(&subject.sizes())], &groups).ok();
    let of_families = of_families.and_then(|coefficients| coefficients.get(1).copied());
    let all = of_families.and_then(|families| test.with_families(&families).ok());
    let with_models = |cell: fn(&RunTest) -> f64| all.as_ref().map_or(f64::NAN, cell);
    let row = CorrectedCrossed {
        outcome: outcome.to_owned(),
        layer_rule: rule.name().to_owned(),
        n_subjects: slopes.nrows(),
        n_runs: slopes.ncols(),
        n_models: known.len(),
        n_families: groups.len(),
        slope_per_ln_parameter: test.estimate,
        std_err: test.std_err,
        df: test.df,
        p: test.p,
        ci_low: test.interval.low,
        ci_high: test.interval.high,
        with_models_std_err: with_models(|test| test.std_err),
        with_models_df: with_models(|test| test.df),
        with_models_p: with_models(|test| test.p),
        with_models_ci_low: with_models(|test| test.interval.low),
        with_models_ci_high: with_models(|test| test.interval.high),
        note: String::new(),
    };
    let note = why_empty(&row, |column| {
        if column.starts_with("with_models") {
            TWO_FAMILIES
        } else {
            MODELS
        }
    });
    Some(CorrectedCrossed { note, ..row })
}
