//! The growth of left minus right in each test run: one run must not make the result.

use lpp_tables::number::{compact, p_value};
use lpp_tables::{CorrectedFamilies, CorrectedRuns};

use super::figure::Sketch;
use super::gallery::without_values;
use crate::plot::{Panel, Row, RowPlot, RowStyle, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Sides that hold on any study, with their outcome.
const SIDES: [(&str, &str); 2] = [
    ("Sides by x", "l_minus_r_all_by_x"),
    ("Homotopic pairs", "l_minus_r_all_pairs"),
];
/// The layer of each voxel, as the paper chooses it.
const RULE: &str = "best_of_test";

/// Slopes of left minus right on size, run by run, with their mean below.
pub(super) fn run_slopes(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let runs = tables.filled::<CorrectedRuns>()?;
    let families = tables.rows::<CorrectedFamilies>()?;
    let panels: Vec<Panel> = SIDES
        .iter()
        .enumerate()
        .filter_map(|(place, (title, outcome))| panel(title, outcome, &runs, &families, place == 0))
        .map(Panel::Rows)
        .collect();
    if panels.is_empty() {
        return Err(without_values("slopes of single runs"));
    }
    let means: Vec<String> = SIDES
        .iter()
        .filter_map(|(title, outcome)| {
            let row = mean_of(outcome, &families)?;
            let [slope, low, high] =
                [row.slope_per_ln_parameter, row.runs_ci_low, row.runs_ci_high].map(compact);
            Some(format!("{title}: {slope} ({low} to {high})."))
        })
        .collect();
    let caption = format!(
        "Slope of left minus right on the logarithm of model size in each test run, all voxels. Below, the slope of the mean over \
         runs, with its p over runs. {} (95 % confidence intervals over runs.) Runs count from 0; in the published study, \
         subjects saw pictures in run 0.",
        means.join(" ")
    );
    let sheet = Sheet {
        title: "Growth of left minus right with model size, run by run".to_owned(),
        columns: panels.len(),
        panels,
        width_mm: DOUBLE_MM,
        panel_mm: 0.0,
    };
    Ok(Sketch::new("l_minus_r_runs", caption, sheet))
}

fn panel(
    title: &str,
    outcome: &str,
    runs: &[CorrectedRuns],
    families: &[CorrectedFamilies],
    show_names: bool,
) -> Option<RowPlot> {
    let of_runs = runs
        .iter()
        .filter(|row| row.outcome == outcome && row.layer_rule == RULE);
    let mut rows: Vec<Row> = of_runs
        .map(|row| Row::new(format!("run {}", row.run), vec![row.slope_per_ln_parameter]))
        .collect();
    if !rows.iter().any(|row| row.values[0].is_finite()) {
        return None;
    }
    let n_runs = rows.len();
    let mean = mean_of(outcome, families);
    rows.extend(mean.map(|row| Row {
        note: p_value(row.runs_p),
        ..Row::new("mean", vec![row.slope_per_ln_parameter])
    }));
    Some(RowPlot {
        title: match mean {
            Some(row) => format!("{title}: {} models, {n_runs} runs", row.n_models),
            None => format!("{title}: {n_runs} runs"),
        },
        value_name: "slope of L - R per ln(parameters)".to_owned(),
        rows,
        style: RowStyle::Bars,
        show_names,
    })
}

/// The slope of the mean over runs.
fn mean_of<'a>(outcome: &str, families: &'a [CorrectedFamilies]) -> Option<&'a CorrectedFamilies> {
    families
        .iter()
        .find(|row| row.outcome == outcome && row.layer_rule == RULE)
}
