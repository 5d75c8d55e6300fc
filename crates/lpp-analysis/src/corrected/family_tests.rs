//! The headline slopes with families of models as units, without each family, and given the width.

use lpp_stats::{FixedEffect, MeanScore, RobustCoefficient, RunTest};
use lpp_tables::{CorrectedFamilies, CorrectedRuns};

use super::outcome::Outcome;
use super::swaps::{Exchanged, MEASURES, ONE_LAYER, slope};
use super::why_empty::{MODELS, RUNS, TWO_FAMILIES, why_empty};
use super::{LayerChoice, Measure, Sample, SlopeTests};
use crate::AnalysisError;

/// The outcomes: ends of their names, after `score_all` and `l_minus_r_all`, or `…_reliable`.
const OUTCOMES: [(&str, &str, Measure); 7] = [
    ("score", "", Measure::Mean),
    ("l_minus_r", "", Measure::Halves),
    ("l_minus_r", "_by_x", Measure::ByX),
    ("l_minus_r", "_pairs", Measure::Pairs),
    ("l_minus_r", "_aveli", Measure::AveLi),
    ("l_minus_r", "_matched", Measure::MatchedCeiling),
    ("l_minus_r", "_over_ceiling", Measure::OverCeiling),
];

/// One row per rule for the layer, selection of voxels and outcome; behind them those of one layer a model, if sides were
/// exchanged. With them, the same slopes in each test run.
pub(crate) fn rows(sample: &Sample) -> Result<(Vec<CorrectedFamilies>, Vec<CorrectedRuns>), AnalysisError> {
    let (mut rows, mut runs) = (Vec::new(), Vec::new());
    for &voxels in sample.selections() {
        for rule in [LayerChoice::BestOfTest, LayerChoice::Nested] {
            for (what, by, measure) in OUTCOMES {
                let Some(outcome) = Outcome::of(sample, measure, rule, voxels)? else {
                    continue;
                };
                let name = format!("{what}_{}{by}", voxels.name());
                runs.extend(run_rows(sample, &name, rule, &outcome));
                let row = row(name, rule.name(), &outcome.tests(sample), sample.groups().len());
                rows.push(CorrectedFamilies {
                    ceiling_kind: measure.ceiling_kind(sample).unwrap_or_default(),
                    ..row
                });
            }
        }
    }
    rows.extend(MEASURES.iter().filter_map(|(measure, outcome)| {
        let exchanged = Exchanged::of(sample, measure)?;
        let tests = exchanged.tests(sample);
        Some(CorrectedFamilies {
            swap_p: exchanged.slope_p(&sample.sizes()),
            ..row((*outcome).to_owned(), ONE_LAYER, &tests, sample.groups().len())
        })
    }));
    Ok((rows.into_iter().map(with_note).collect(), runs))
}

/// The row with the reasons for its empty cells.
fn with_note(row: CorrectedFamilies) -> CorrectedFamilies {
    let reason = |column: &str| match column {
        "swap_p" if row.layer_rule == ONE_LAYER => "swap_p: too few runs for a p of 0.05",
        "swap_p" => "swap_p: only one_layer, after lpp-fit --swaps",
        _ if row.slope_per_ln_parameter.is_nan() => MODELS,
        "mixed_slope" | "mixed_df" | "mixed_p" => "mixed: fewer than three families, or too few models",
        "slope_given_width" | "p_given_width" => "width: not known, or too few models that differ in it",
        _ if column.starts_with("robust") || column.ends_with("family") => TWO_FAMILIES,
        _ if row.n_runs.is_none() => RUNS,
        _ => TWO_FAMILIES,
    };
    let note = why_empty(&row, reason);
    CorrectedFamilies { note, ..row }
}

/// The outcome in each test run.
fn run_rows<'a>(
    sample: &'a Sample,
    outcome: &'a str,
    rule: LayerChoice,
    of: &'a Outcome,
) -> impl Iterator<Item = CorrectedRuns> + 'a {
    of.runs().iter().enumerate().map(move |(run, values)| {
        let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let row = CorrectedRuns {
            outcome: outcome.to_owned(),
            layer_rule: rule.name().to_owned(),
            run,
            n_models: known.len(),
            mean_over_models: MeanScore::of(&known).mean,
            slope_per_ln_parameter: slope(&sample.sizes(), values),
            note: String::new(),
        };
        let note = why_empty(&row, |_| MODELS);
        CorrectedRuns { note, ..row }
    })
}

fn row(outcome: String, rule: &str, tests: &SlopeTests, n_families: usize) -> CorrectedFamilies {
    let runs = |cell: fn(&RunTest) -> f64| tests.runs.as_ref().map_or(f64::NAN, cell);
    let two_way = |cell: fn(&RunTest) -> f64| tests.two_way.as_ref().map_or(f64::NAN, cell);
    let robust = |cell: fn(&RobustCoefficient) -> f64| tests.robust.as_ref().map_or(f64::NAN, cell);
    let mixed = |cell: fn(&FixedEffect) -> f64| tests.mixed.as_ref().map_or(f64::NAN, cell);
    let wide = |cell: fn(&RobustCoefficient) -> f64| tests.given_width.as_ref().map_or(f64::NAN, cell);
    let strongest = tests.least_without();
    CorrectedFamilies {
        outcome,
        layer_rule: rule.to_owned(),
        ceiling_kind: String::new(),
        n_models: tests.n,
        n_families,
        slope_per_ln_parameter: tests.slope,
        p_models_as_units: tests.p,
        robust_std_err: robust(|c| c.std_err),
        robust_df: robust(|c| c.df),
        robust_p: robust(|c| c.p),
        robust_ci_low: robust(|c| c.interval.low),
        robust_ci_high: robust(|c| c.interval.high),
        n_runs: tests.runs.map(|test| test.n_runs),
        runs_std_err: runs(|test| test.std_err),
        runs_df: runs(|test| test.df),
        runs_p: runs(|test| test.p),
        runs_ci_low: runs(|test| test.interval.low),
        runs_ci_high: runs(|test| test.interval.high),
        two_way_std_err: two_way(|test| test.std_err),
        two_way_df: two_way(|test| test.df),
        two_way_p: two_way(|test| test.p),
        two_way_ci_low: two_way(|test| test.interval.low),
        two_way_ci_high: two_way(|test| test.interval.high),
        swap_p: f64::NAN,
        mixed_slope: mixed(|c| c.estimate),
        mixed_df: mixed(|c| c.df),
        mixed_p: mixed(|c| c.p),
        slope_without_the_strongest_family: strongest.map_or(f64::NAN, |(_, slope)| slope),
        strongest_family: strongest.map_or(String::new(), |(family, _)| family.to_owned()),
        slope_given_width: wide(|c| c.estimate),
        p_given_width: wide(|c| c.p),
        note: String::new(),
    }
}
