//! The specification curve.

use lpp_tables::number::p_value;
use lpp_tables::{SpecificationCurve, SpecificationCurveChoices, SpecificationCurveTest};

use super::figure::Sketch;
use crate::plot::{Choice, Panel, Sheet, Specifications};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Slopes of all specifications in rising order, and what each of them chose.
pub(super) fn curve(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<SpecificationCurve>()?;
    let levels = tables.rows::<SpecificationCurveChoices>()?;
    let tests = tables.rows::<SpecificationCurveTest>()?;
    // A choice without an alternative says nothing.
    let is_free = |choice: &str| levels.iter().filter(|level| level.choice == choice).count() > 1;
    let choices = levels
        .iter()
        .filter(|level| is_free(&level.choice))
        .map(|level| Choice {
            name: format!(
                "{}: {}",
                level.choice.replace('_', " "),
                level.level.replace('_', " ")
            ),
            made: rows
                .iter()
                .map(|row| chosen(row, &level.choice) == level.level)
                .collect(),
        });
    let plot = Specifications {
        title: "Growth of left minus right with model size, by specification".to_owned(),
        y_name: "slope per ln(parameters)".to_owned(),
        slopes: rows.iter().map(|row| row.slope).collect(),
        intervals: rows
            .iter()
            .map(|row| (row.runs_ci_low, row.runs_ci_high))
            .collect(),
        choices: choices.collect(),
    };
    let joint = tests
        .first()
        .filter(|test| test.joint_p.is_finite())
        .map_or_else(String::new, |test| {
            format!(
                " Joint {} over {} specifications and {} patterns of exchanged runs.",
                p_value(test.joint_p),
                test.n_tested,
                test.n_patterns
            )
        });
    let caption = format!(
        "Slope of left minus right on the logarithm of model size under every combination of choices, with 95 % confidence \
         intervals over runs; below, what each specification chose.{joint}"
    );
    let sheet = Sheet {
        width_mm: DOUBLE_MM,
        ..Sheet::single(Panel::Specifications(plot))
    };
    Ok(Sketch::new("specification_curve", caption, sheet))
}

fn chosen<'a>(row: &'a SpecificationCurve, choice: &str) -> &'a str {
    match choice {
        "variant" => &row.variant,
        "response" => &row.response,
        "sides" => &row.sides,
        "voxels" => &row.voxels,
        "layer_rule" => &row.layer_rule,
        "ceiling" => &row.ceiling,
        "runs" => &row.runs,
        _ => &row.families,
    }
}
