//! The headline slopes with families of models as units, without each family, and given the width.

use super::{Measure, Sample, SlopeTests};
use crate::{AnalysisError, Table};

/// One row per outcome.
pub(crate) fn table(sample: &Sample) -> Result<Table, AnalysisError> {
    let mut outcomes: Vec<(&str, SlopeTests)> = Vec::new();
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
        outcomes.push((name, tests));
    }
    write(&outcomes, sample.groups().len())
}

fn write(outcomes: &[(&str, SlopeTests)], n_families: usize) -> Result<Table, AnalysisError> {
    let column = |cell: &dyn Fn(&SlopeTests) -> Option<f64>| {
        outcomes
            .iter()
            .map(|(_, tests)| cell(tests).unwrap_or(f64::NAN))
            .collect::<Vec<_>>()
    };
    let count = |n: usize| i64::try_from(n).ok();
    let lowest = |tests: &SlopeTests| tests.least_without().map(|(family, _)| family.to_owned());
    Table::new("corrected_families")
        .text("outcome", outcomes.iter().map(|(name, _)| *name))?
        .count("n_models", outcomes.iter().map(|(_, tests)| count(tests.n)))?
        .count("n_families", outcomes.iter().map(|_| count(n_families)))?
        .number("slope_per_ln_parameter", column(&|t| Some(t.slope)))?
        .number("p_models_as_units", column(&|t| Some(t.p)))?
        .number("robust_std_err", column(&|t| t.robust.map(|c| c.std_err)))?
        .number("robust_df", column(&|t| t.robust.map(|c| c.df)))?
        .number("robust_p", column(&|t| t.robust.map(|c| c.p)))?
        .number("robust_ci_low", column(&|t| t.robust.map(|c| c.interval.low)))?
        .number("robust_ci_high", column(&|t| t.robust.map(|c| c.interval.high)))?
        .number("mixed_slope", column(&|t| t.mixed.map(|c| c.estimate)))?
        .number("mixed_df", column(&|t| t.mixed.map(|c| c.df)))?
        .number("mixed_p", column(&|t| t.mixed.map(|c| c.p)))?
        .number(
            "slope_without_the_strongest_family",
            column(&|t| t.least_without().map(|(_, slope)| slope)),
        )?
        .text(
            "strongest_family",
            outcomes
                .iter()
                .map(|(_, tests)| lowest(tests).unwrap_or_default()),
        )?
        .number(
            "slope_given_width",
            column(&|t| t.given_width.map(|c| c.estimate)),
        )?
        .number("p_given_width", column(&|t| t.given_width.map(|c| c.p)))
}
