//! Left against right (results A1 to A4).

use lpp_analysis::Table;

use super::columns::{has_values, points, trained_rows};
use super::{Figure, Look};
use crate::plot::{HorizontalAxis, Panel, Scatter, Sheet, SidesPlot};
use crate::theme::DOUBLE_MM;

/// The measures of the table, in the paper's order, with what they are over and the name of the value.
const MEASURES: [(&str, &str, &str); 4] = [
    ("all", "all voxels", "mean correlation"),
    ("percentile_90", "90th percentile of each side", "correlation"),
    ("reliable", "reliable voxels", "mean correlation"),
    ("isc_normalized", "normalised by reliability", "mean score / ISC"),
];

/// Left and right against size, and their difference: two panels a measure.
pub(crate) fn lateralization(table: &Table, look: &Look) -> Vec<Figure> {
    let table = trained_rows(table);
    MEASURES
        .iter()
        .filter_map(|(measure, voxels, value)| {
            let left = points(&table, &format!("left_{measure}"));
            let difference = points(&table, &format!("l_minus_r_{measure}"));
            (has_values(&left) && has_values(&difference)).then(|| {
                let sides = SidesPlot {
                    title: "Left and right hemisphere".to_owned(),
                    x: HorizontalAxis::parameters(),
                    y_name: (*value).to_owned(),
                    left,
                    right: points(&table, &format!("right_{measure}")),
                    level: None,
                };
                let difference = Scatter {
                    title: "Left minus right".to_owned(),
                    x: HorizontalAxis::parameters(),
                    y_name: format!("difference ({value})"),
                    points: difference,
                    families: look.families.clone(),
                    named: true,
                };
                let sheet = Sheet {
                    title: format!("Left and right brain score, {voxels}"),
                    panels: vec![Panel::Sides(sides), Panel::Scatter(difference)],
                    columns: 2,
                    width_mm: DOUBLE_MM,
                    panel_mm: 74.0,
                };
                let caption = format!(
                    "Brain score of the left and of the right hemisphere ({voxels}) against model size, and their difference. \
                     Lines: regressions on the logarithm of the number of parameters; bands: 95 % of 1000 bootstrap lines."
                );
                look.figure(format!("l_minus_r_{measure}"), caption, &sheet)
            })
        })
        .collect()
}
