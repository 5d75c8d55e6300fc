//! Regions of interest (results R1, R2).

use lpp_analysis::Table;
use lpp_analysis::number::p_value;

use super::columns::{distinct, has_values, points, rows_with, trained_rows};
use super::{Figure, Look};
use crate::plot::{HorizontalAxis, Level, Panel, Row, RowPlot, RowStyle, Sheet, SidesPlot};
use crate::theme::DOUBLE_MM;

/// Growth with size in each region, left and right (R1).
pub(crate) fn region_slopes(slopes: &Table, look: &Look) -> Vec<Figure> {
    let (left, right) = (
        slopes.numbers("slope_left_per_ln_parameter"),
        slopes.numbers("slope_right_per_ln_parameter"),
    );
    let (names, stars, p) = (slopes.texts("roi"), slopes.texts("stars"), slopes.numbers("p"));
    let rows: Vec<Row> = (0..slopes.n_rows())
        .map(|row| Row {
            note: p[row].map_or_else(String::new, |p| format!("{} {}", stars[row], p_value(p))),
            ..Row::new(
                names[row].clone(),
                vec![left[row].unwrap_or(f64::NAN), right[row].unwrap_or(f64::NAN)],
            )
        })
        .collect();
    if !rows.iter().any(|row| row.values.iter().any(|v| v.is_finite())) {
        return Vec::new();
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
    vec![look.figure("rois", caption, &Sheet::single(Panel::Rows(plot)))]
}

/// Score against size in each region, left and right: as it is with the level of reliability, and over random embeddings (R2).
pub(crate) fn region_sides(scores: &Table, isc: &Table, look: &Look) -> Vec<Figure> {
    let scores = trained_rows(scores);
    [
        ("score", "rois_sides", "Brain score by region"),
        (
            "score_over_random_embedding",
            "rois_over_random",
            "Brain score over random embeddings by region",
        ),
    ]
    .into_iter()
    .filter_map(|(column, id, title)| {
        let level = |region: &str| (column == "score").then(|| level_of(isc, region)).flatten();
        let panels: Vec<Panel> = distinct(&scores, "roi")
            .into_iter()
            .filter_map(|region| {
                let rows = rows_with(&scores, "roi", &region);
                let side = |name: &str| points(&rows_with(&rows, "hemisphere", name), column);
                let (left, right) = (side("left"), side("right"));
                (has_values(&left) || has_values(&right)).then(|| {
                    Panel::Sides(SidesPlot {
                        level: level(&region),
                        title: region,
                        x: HorizontalAxis::parameters(),
                        y_name: "mean correlation".to_owned(),
                        left,
                        right,
                    })
                })
            })
            .collect();
        if panels.is_empty() {
            return None;
        }
        let levels = panels
            .iter()
            .any(|panel| matches!(panel, Panel::Sides(plot) if plot.level.is_some()));
        let sheet = Sheet {
            title: title.to_owned(),
            panels,
            columns: 4,
            width_mm: DOUBLE_MM,
            panel_mm: 48.0,
        };
        let ceiling = if levels {
            " Dashed: inter-subject correlation of either side with its bootstrap interval."
        } else {
            ""
        };
        let caption = format!("{title} and of its mirror image, against model size.{ceiling}");
        Some(look.figure(id, caption, &sheet))
    })
    .collect()
}

/// Reliability of both sides of a region with its confidence interval.
fn level_of(isc: &Table, region: &str) -> Option<Level> {
    let rows = rows_with(isc, "roi", region);
    let cell = |side: &str, column: &str| {
        let row = rows_with(&rows, "hemisphere", side);
        row.numbers(column).first().copied().flatten()
    };
    let interval = |side: &str| {
        let bound = |column: &str| cell(side, column).unwrap_or(f64::NAN);
        (bound("isc_ci_low"), bound("isc_ci_high"))
    };
    Some(Level {
        name: "ISC".to_owned(),
        sides: [cell("left", "isc")?, cell("right", "isc")?],
        intervals: [interval("left"), interval("right")],
    })
}
