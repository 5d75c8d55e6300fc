//! Regions of interest (results R1, R2).

use lpp_tables::number::p_value;
use lpp_tables::{
    Regression, Rois, RoisIsc, RoisLines, RoisOverRandomLines, RoisOverRandomRegression, RoisRegression,
    RoisVoxelSlopes, SizeFit, SizePoint,
};

use super::Sketch;
use super::gallery::{distinct, sized, some_values, trend, without_values};
use crate::plot::{HorizontalAxis, Level, Panel, Row, RowPlot, RowStyle, Series, Sheet, SidesPlot};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Growth with size in each region, left and right (R1).
pub(super) fn region_slopes(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let slopes = tables.filled::<RoisVoxelSlopes>()?;
    let row = |of: &RoisVoxelSlopes| Row {
        note: if of.p.is_nan() {
            String::new()
        } else {
            format!("{} {}", of.stars, p_value(of.p))
        },
        ..Row::new(
            of.roi.clone(),
            vec![of.slope_left_per_ln_parameter, of.slope_right_per_ln_parameter],
        )
    };
    let rows: Vec<Row> = slopes.iter().map(row).collect();
    if !rows.iter().any(|row| row.values.iter().any(|v| v.is_finite())) {
        return Err(without_values("slopes in regions"));
    }
    let plot = RowPlot {
        title: "Growth of the brain score with model size, by region".to_owned(),
        value_name: "slope per ln(parameters), mean over voxels".to_owned(),
        rows,
        style: RowStyle::Bars,
        show_names: true,
    };
    let caption = "Slope of the brain score on the logarithm of model size, mean over the voxels of each region and of its \
                   mirror image; p of a t-test between both sides' voxels.";
    Ok(Sketch::new("rois", caption, Sheet::single(Panel::Rows(plot))))
}

/// Score against size in each region, left and right, with the level of reliability (R2).
pub(super) fn region_scores(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let isc = tables.rows::<RoisIsc>()?;
    let fits = tables.rows::<RoisRegression>()?;
    let lines = tables.rows::<RoisLines>()?;
    let panels = panels(
        tables,
        |row| row.score,
        fits.iter().map(|row| (row.outcome.as_str(), &row.fit)).collect(),
        lines.iter().map(|row| (row.outcome.as_str(), &row.at)).collect(),
        |region| level_of(&isc, region),
    )?;
    let ceiling = if isc.is_empty() {
        ""
    } else {
        " Dashed: inter-subject correlation of either side with its bootstrap interval."
    };
    Ok(figure("rois_sides", "Brain score by region", ceiling, panels))
}

/// The same over random embeddings.
pub(super) fn region_scores_over_random(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let fits = tables.rows::<RoisOverRandomRegression>()?;
    let lines = tables.rows::<RoisOverRandomLines>()?;
    let panels = panels(
        tables,
        |row| row.score_over_random_embedding,
        fits.iter().map(|row| (row.outcome.as_str(), &row.fit)).collect(),
        lines.iter().map(|row| (row.outcome.as_str(), &row.at)).collect(),
        |_| None,
    )?;
    let title = "Brain score over random embeddings by region";
    Ok(figure("rois_over_random", title, "", panels))
}

fn figure(id: &str, title: &str, ceiling: &str, panels: Vec<Panel>) -> Sketch {
    let sheet = Sheet {
        title: title.to_owned(),
        panels,
        columns: 4,
        width_mm: DOUBLE_MM,
        panel_mm: 48.0,
    };
    let caption = format!("{title} and of its mirror image, against model size.{ceiling}");
    Sketch::new(id, caption, sheet)
}

/// A panel a region.
fn panels(
    tables: &ReportTables,
    of: fn(&Rois) -> f64,
    fits: Vec<(&str, &SizeFit)>,
    lines: Vec<(&str, &SizePoint)>,
    level: impl Fn(&str) -> Option<Level>,
) -> Result<Vec<Panel>, Undrawn> {
    let mut rows = tables.filled::<Rois>()?;
    rows.retain(|row| row.kind == "model");
    let mut panels = Vec::new();
    for region in distinct(&rows, |row| &row.roi) {
        let fit_of = |outcome: &str| fits.iter().find(|(of, _)| *of == outcome).map(|(_, fit)| *fit);
        let series = |side: &str| -> Result<Series, Undrawn> {
            let own = rows
                .iter()
                .filter(|row| row.roi == region && row.hemisphere == side);
            let outcome = format!("{region} {side}");
            let line = lines.iter().filter(|(of, _)| *of == outcome).map(|(_, at)| *at);
            Ok(Series {
                points: own
                    .map(|row| sized(&row.model, &row.family, row.n_parameters, of(row)))
                    .collect(),
                trend: trend(fit_of(&outcome), line, &outcome)?,
            })
        };
        let (left, right) = (series("left")?, series("right")?);
        let known = |series: &Series| some_values(&series.points, region).is_ok();
        if known(&left) || known(&right) {
            panels.push(Panel::Sides(SidesPlot {
                level: level(region),
                title: region.to_owned(),
                x: HorizontalAxis::parameters(),
                y_name: "mean correlation".to_owned(),
                left,
                right,
                difference: fit_of(&format!("{region} left minus right")).map(Regression::summary),
            }));
        }
    }
    if panels.is_empty() {
        return Err(without_values("scores in regions"));
    }
    Ok(panels)
}

/// Reliability of both sides of a region with its confidence interval.
fn level_of(isc: &[RoisIsc], region: &str) -> Option<Level> {
    let side = |side: &str| isc.iter().find(|row| row.roi == region && row.hemisphere == side);
    let (left, right) = (side("left")?, side("right")?);
    Some(Level {
        name: "ISC".to_owned(),
        sides: [left.isc, right.isc],
        intervals: [
            (left.isc_ci_low, left.isc_ci_high),
            (right.isc_ci_low, right.isc_ci_high),
        ],
    })
}
