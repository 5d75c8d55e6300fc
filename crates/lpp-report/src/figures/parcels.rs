//! Parcels of an atlas (results F2, P1).

use lpp_tables::{Atlas, AtlasLines, AtlasRegression};

use super::Sketch;
use super::gallery::{some_values, trend, without_values};
use crate::plot::{
    Families, HorizontalAxis, Panel, Row, RowPlot, RowStyle, Scatter, ScatterPoint, Series, Sheet, SidesPlot,
    Trend,
};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Reliability of each parcel, left and right, and their difference with its test (F2).
pub(super) fn parcel_reliability(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let atlas = tables.filled::<Atlas>()?;
    if !atlas.iter().any(|row| row.isc_l_minus_r.is_finite()) {
        return Err(without_values("isc_l_minus_r in both parcels of a pair"));
    }
    let sides = atlas
        .iter()
        .map(|row| Row::new(row.parcel.clone(), vec![row.isc_left, row.isc_right]));
    let differences = atlas.iter().map(|row| Row {
        // What is not significant has no star.
        note: row.isc_stars.replace("ns", ""),
        ..Row::new(row.parcel.clone(), vec![row.isc_l_minus_r])
    });
    let panel = |title: &str, value_name: &str, rows: Vec<Row>, style, show_names| {
        Panel::Rows(RowPlot {
            title: title.to_owned(),
            value_name: value_name.to_owned(),
            rows,
            style,
            show_names,
        })
    };
    let (sides, differences) = (sides.collect(), differences.collect());
    let sheet = Sheet {
        title: "Inter-subject correlation by parcel".to_owned(),
        panels: vec![
            panel("Left and right", "mean correlation", sides, RowStyle::Dots, true),
            panel(
                "Left minus right",
                "difference",
                differences,
                RowStyle::Bars,
                false,
            ),
        ],
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 60.0,
    };
    let caption = "Inter-subject correlation of each parcel and of its counterpart, and their difference; stars: t-test between \
                   both sides' voxels (* p < 0.05, ** p < 0.01, *** p < 0.001).";
    Ok(Sketch::new("atlas_isc", caption, sheet))
}

/// Growth of the asymmetry against the asymmetry of reliability, and score against reliability (P1).
pub(super) fn parcel_relations(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let atlas = tables.filled::<Atlas>()?;
    let points = |side: &str, of: fn(&Atlas) -> [f64; 2]| -> Vec<ScatterPoint> {
        let point = |row: &Atlas| {
            let [x, y] = of(row);
            ScatterPoint {
                name: row.parcel.clone(),
                family: side.to_owned(),
                x,
                y,
            }
        };
        atlas.iter().map(point).collect()
    };
    let growth = points("", |row| {
        [row.isc_l_minus_r, row.slope_l_minus_r_per_ln_parameter]
    });
    let left = points("left", |row| [row.isc_left, row.score_left]);
    let right = points("right", |row| [row.isc_right, row.score_right]);
    let mut panels = Vec::new();
    if some_values(&growth, "growth").is_ok() {
        panels.push(Panel::Scatter(Scatter {
            title: "Growth of the asymmetry".to_owned(),
            x: HorizontalAxis::linear("ISC, left minus right"),
            y_name: "slope of L − R per ln(parameters)".to_owned(),
            points: growth,
            trend: relation("slope_l_minus_r", tables)?,
            families: Families::default(),
            named: true,
        }));
    }
    if some_values(&left, "left")
        .or_else(|_| some_values(&right, "right"))
        .is_ok()
    {
        let series = |points, outcome| -> Result<Series, Undrawn> {
            let trend = relation(outcome, tables)?;
            Ok(Series { points, trend })
        };
        panels.push(Panel::Sides(SidesPlot {
            title: "Score and reliability".to_owned(),
            x: HorizontalAxis::linear("ISC"),
            y_name: "mean score over models".to_owned(),
            left: series(left, "score_left")?,
            right: series(right, "score_right")?,
            difference: None,
            level: None,
        }));
    }
    if panels.is_empty() {
        return Err(without_values("inter-subject correlation in parcels"));
    }
    let sheet = Sheet {
        title: "Parcels of the atlas".to_owned(),
        columns: 2,
        width_mm: DOUBLE_MM,
        panels,
        panel_mm: 74.0,
    };
    let caption = "Each parcel: how its asymmetry grows with model size against the asymmetry of its inter-subject correlation, \
                   and its mean score against its inter-subject correlation.";
    Ok(Sketch::new("atlas_relations", caption, sheet))
}

/// A regression over parcels.
fn relation(outcome: &str, tables: &ReportTables) -> Result<Trend, Undrawn> {
    let fits = tables.rows::<AtlasRegression>()?;
    let lines = tables.rows::<AtlasLines>()?;
    let fit = fits.iter().find(|row| row.outcome == outcome);
    let line = lines.iter().filter(|row| row.outcome == outcome);
    trend(fit.map(|row| &row.fit), line.map(|row| &row.at), outcome)
}
