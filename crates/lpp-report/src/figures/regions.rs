//! Regions of interest (results R1, R2).

use lpp_analysis::Table;
use lpp_analysis::number::p_value;

use super::columns::{distinct, has_values, points, rows_with, trained_rows};
use super::{Figure, Look};
use crate::plot::{HorizontalAxis, Panel, Row, RowPlot, RowStyle, Sheet, SidesPlot};
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

/// Score against size in each region, left and right (R2).
pub(crate) fn region_sides(scores: &Table, look: &Look) -> Vec<Figure> {
    let scores = trained_rows(scores);
    let panels: Vec<Panel> = distinct(&scores, "roi")
        .into_iter()
        .filter_map(|region| {
            let rows = rows_with(&scores, "roi", &region);
            let side = |name: &str| points(&rows_with(&rows, "hemisphere", name), "score");
            let (left, right) = (side("left"), side("right"));
            (has_values(&left) || has_values(&right)).then(|| {
                Panel::Sides(SidesPlot {
                    title: region,
                    x: HorizontalAxis::parameters(),
                    y_name: "mean correlation".to_owned(),
                    left,
                    right,
                    level: None,
                })
            })
        })
        .collect();
    if panels.is_empty() {
        return Vec::new();
    }
    let sheet = Sheet {
        title: "Brain score by region".to_owned(),
        panels,
        columns: 4,
        width_mm: DOUBLE_MM,
        panel_mm: 48.0,
    };
    let caption = "Brain score of each region and of its mirror image against model size.";
    vec![look.figure("rois_sides", caption, &sheet)]
}
