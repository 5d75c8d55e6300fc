//! The headline slopes with families of models as units, without each family, and given the width.

use lpp_stats::{FixedEffect, RobustCoefficient};
use lpp_tables::CorrectedFamilies;

use super::{Measure, Sample, SlopeTests};
use crate::AnalysisError;

/// One row per outcome.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedFamilies>, AnalysisError> {
    let mut rows = Vec::new();
    let reliable = sample.ceiling.as_ref().map(|ceiling| &ceiling.reliable);
    let all = [
        ("score_all", Measure::Mean, None),
        ("l_minus_r_all", Measure::Halves, None),
        ("l_minus_r_all_by_x", Measure::ByX, None),
    ];
    let of_reliable = reliable.map(|set| {
        [
            ("score_reliable", Measure::Mean, Some(set)),
            ("l_minus_r_reliable", Measure::Halves, Some(set)),
            ("l_minus_r_reliable_by_x", Measure::ByX, Some(set)),
        ]
    });
    for (name, measure, selection) in all.into_iter().chain(of_reliable.into_iter().flatten()) {
        let models = sample.models.iter();
        let values: Vec<f64> = models
            .map(|model| measure.of(sample, &model.best, selection))
            .collect::<Result<_, _>>()?;
        let tests = SlopeTests::of(&sample.sizes(), &values, &sample.families(), &sample.widths());
        rows.push(row(name, &tests, sample.groups().len()));
    }
    Ok(rows)
}

fn row(outcome: &str, tests: &SlopeTests, n_families: usize) -> CorrectedFamilies {
    let robust = |cell: fn(&RobustCoefficient) -> f64| tests.robust.as_ref().map_or(f64::NAN, cell);
    let mixed = |cell: fn(&FixedEffect) -> f64| tests.mixed.as_ref().map_or(f64::NAN, cell);
    let wide = |cell: fn(&RobustCoefficient) -> f64| tests.given_width.as_ref().map_or(f64::NAN, cell);
    let strongest = tests.least_without();
    CorrectedFamilies {
        outcome: outcome.to_owned(),
        n_models: tests.n,
        n_families,
        slope_per_ln_parameter: tests.slope,
        p_models_as_units: tests.p,
        robust_std_err: robust(|c| c.std_err),
        robust_df: robust(|c| c.df),
        robust_p: robust(|c| c.p),
        robust_ci_low: robust(|c| c.interval.low),
        robust_ci_high: robust(|c| c.interval.high),
        mixed_slope: mixed(|c| c.estimate),
        mixed_df: mixed(|c| c.df),
        mixed_p: mixed(|c| c.p),
        slope_without_the_strongest_family: strongest.map_or(f64::NAN, |(_, slope)| slope),
        strongest_family: strongest.map_or(String::new(), |(family, _)| family.to_owned()),
        slope_given_width: wide(|c| c.estimate),
        p_given_width: wide(|c| c.p),
    }
}
