//! Individual subjects (result I1).

use lpp_analysis::Table;

use super::columns::{distinct, has_values, points, rows_with};
use super::{Figure, Look};
use crate::plot::{HorizontalAxis, Panel, Scatter, Sheet, SidesPlot};
use crate::theme::DOUBLE_MM;

/// Subjects of a page; the paper has five.
const MOST_SUBJECTS: usize = 12;

/// Score, its 90th percentile, both sides and their difference against size: a row of panels a subject.
pub(crate) fn individuals(table: &Table, look: &Look) -> Vec<Figure> {
    let mut panels = Vec::new();
    for subject in distinct(table, "subject").into_iter().take(MOST_SUBJECTS) {
        let rows = rows_with(table, "subject", &subject);
        let subject = subject.trim_start_matches("sub-");
        let scatter = |column: &str, title: &str, value: &str| {
            Panel::Scatter(Scatter {
                title: format!("{subject}: {title}"),
                x: HorizontalAxis::parameters(),
                y_name: value.to_owned(),
                points: points(&rows, column),
                families: look.families.clone(),
                named: false,
            })
        };
        if !has_values(&points(&rows, "score_all")) {
            continue;
        }
        panels.push(scatter("score_all", "score", "mean correlation"));
        panels.push(scatter("score_percentile_90", "90th percentile", "correlation"));
        panels.push(Panel::Sides(SidesPlot {
            title: format!("{subject}: left, right"),
            x: HorizontalAxis::parameters(),
            y_name: "mean correlation".to_owned(),
            left: points(&rows, "left_all"),
            right: points(&rows, "right_all"),
            level: None,
        }));
        panels.push(scatter("l_minus_r_all", "L − R", "difference"));
    }
    if panels.is_empty() {
        return Vec::new();
    }
    let sheet = Sheet {
        title: "Individual subjects".to_owned(),
        panels,
        columns: 4,
        width_mm: DOUBLE_MM,
        panel_mm: 46.0,
    };
    let caption = "Each subject's brain score, its 90th percentile, both hemispheres and their difference against model size.";
    vec![look.figure("individuals", caption, &sheet)]
}
