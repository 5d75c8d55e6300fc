//! Scores of models against their size and what they can do (results S1, S3, S4).

use lpp_analysis::Table;

use super::columns::{has_values, points, rows_with};
use super::{Figure, Look};
use crate::plot::{HorizontalAxis, Panel, Scatter, Sheet};
use crate::theme::DOUBLE_MM;

/// Panels by family need some models each to say anything.
const MOST_FAMILIES: usize = 16;

/// Scores against model size, over all and over reliable voxels (S1).
pub(crate) fn scaling(table: &Table, look: &Look) -> Vec<Figure> {
    [("score_all", "all voxels"), ("score_reliable", "reliable voxels")]
        .into_iter()
        .filter_map(|(column, voxels)| {
            let plot = Scatter {
                title: format!("Brain score, {voxels}"),
                x: HorizontalAxis::parameters(),
                y_name: "mean correlation".to_owned(),
                points: points(table, column),
                families: look.families.clone(),
                named: true,
            };
            has_values(&plot.points).then(|| {
                let caption = format!(
                    "Brain score (mean over {voxels} of the best layer's held-out correlation) against model size. Line: \
                     regression on the logarithm of the number of parameters; band: 95 % of 1000 bootstrap lines."
                );
                look.figure(format!("scaling_{column}"), caption, &Sheet::single(Panel::Scatter(plot)))
            })
        })
        .collect()
}

/// Scores against size in each family (S3).
pub(crate) fn by_family(table: &Table, look: &Look) -> Vec<Figure> {
    let panels: Vec<Panel> = look
        .families
        .names()
        .take(MOST_FAMILIES)
        .filter_map(|family| {
            let points = points(&rows_with(table, "family", family), "score_all");
            has_values(&points).then(|| {
                Panel::Scatter(Scatter {
                    title: family.to_owned(),
                    x: HorizontalAxis::parameters(),
                    y_name: "mean correlation".to_owned(),
                    points,
                    families: look.families.clone(),
                    named: false,
                })
            })
        })
        .collect();
    if panels.len() < 2 {
        return Vec::new();
    }
    let sheet = Sheet {
        title: "Brain score by model family, all voxels".to_owned(),
        panels,
        columns: 4,
        width_mm: DOUBLE_MM,
        panel_mm: 48.0,
    };
    let caption = "Brain score against model size within each family, with the family's own regression.";
    vec![look.figure("scaling_by_family", caption, &sheet)]
}
