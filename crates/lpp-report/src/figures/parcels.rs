//! Parcels of an atlas (results F2, P1).

use lpp_analysis::Table;

use super::columns::has_values;
use super::{Figure, Look};
use crate::plot::{Families, HorizontalAxis, Panel, Row, RowPlot, RowStyle, Scatter, ScatterPoint, Sheet};
use crate::theme::DOUBLE_MM;

/// Reliability of each parcel, left and right, and their difference with its test (F2).
pub(crate) fn parcel_reliability(atlas: &Table, look: &Look) -> Vec<Figure> {
    let number = |column: &str| -> Vec<f64> {
        atlas
            .numbers(column)
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect()
    };
    let (left, right, difference) = (number("isc_left"), number("isc_right"), number("isc_l_minus_r"));
    if !difference.iter().any(|value| value.is_finite()) {
        return Vec::new();
    }
    let (names, stars) = (atlas.texts("parcel"), atlas.texts("isc_stars"));
    let sides = names
        .iter()
        .enumerate()
        .map(|(i, name)| Row::new(name.clone(), vec![left[i], right[i]]));
    let differences = names.iter().enumerate().map(|(i, name)| Row {
        // What is not significant has no star.
        note: stars[i].replace("ns", ""),
        ..Row::new(name.clone(), vec![difference[i]])
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
    let sheet = Sheet {
        title: "Inter-subject correlation by parcel".to_owned(),
        panels: vec![
            panel(
                "Left and right",
                "mean correlation",
                sides.collect(),
                RowStyle::Dots,
                true,
            ),
            panel(
                "Left minus right",
                "difference",
                differences.collect(),
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
    vec![look.figure("atlas_isc", caption, &sheet)]
}

/// Growth of the asymmetry against the asymmetry of reliability, and score against reliability (P1).
pub(crate) fn parcel_relations(atlas: &Table, look: &Look) -> Vec<Figure> {
    let points = |x: &str, y: &str, side: &str| -> Vec<ScatterPoint> {
        let (names, x, y) = (atlas.texts("parcel"), atlas.numbers(x), atlas.numbers(y));
        (0..atlas.n_rows())
            .map(|row| ScatterPoint {
                name: names[row].clone(),
                family: side.to_owned(),
                x: x[row].unwrap_or(f64::NAN),
                y: y[row].unwrap_or(f64::NAN),
            })
            .collect()
    };
    let growth = points("isc_l_minus_r", "slope_l_minus_r_per_ln_parameter", "");
    let scores = [
        points("isc_left", "score_left", "left"),
        points("isc_right", "score_right", "right"),
    ];
    let mut panels = Vec::new();
    if has_values(&growth) {
        panels.push(Panel::Scatter(Scatter {
            title: "Growth of the asymmetry".to_owned(),
            x: HorizontalAxis::linear("ISC, left minus right"),
            y_name: "slope of L − R per ln(parameters)".to_owned(),
            points: growth,
            families: Families::default(),
            named: true,
        }));
    }
    if scores.iter().any(|points| has_values(points)) {
        let [left, right] = scores;
        panels.push(Panel::Sides(crate::plot::SidesPlot {
            title: "Score and reliability".to_owned(),
            x: HorizontalAxis::linear("ISC"),
            y_name: "mean score over models".to_owned(),
            left,
            right,
            level: None,
        }));
    }
    if panels.is_empty() {
        return Vec::new();
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
    vec![look.figure("atlas_relations", caption, &sheet)]
}
