//! Scores against what models can do (result S4).

use lpp_analysis::Table;

use super::columns::{has_values, points_over};
use super::{Figure, Look};
use crate::plot::{HorizontalAxis, Panel, Scatter, Sheet};
use crate::theme::DOUBLE_MM;

/// The paper looks at the models above this size alone.
const LARGE: f64 = 3e9;

/// Perplexity and `HellaSwag`, all and reliable voxels; then the large models alone.
pub(crate) fn abilities(scaling: &Table, look: &Look) -> Vec<Figure> {
    let sizes = scaling.numbers("n_parameters");
    let large = scaling.filter_rows(|row| sizes[row].is_some_and(|size| size > LARGE));
    let caption = "Brain score against perplexity on the text and against accuracy on HellaSwag";
    let mut figures = Vec::new();
    if let Some(sheet) = sheet("Brain score against ability", scaling, look) {
        figures.push(look.figure("abilities", format!("{caption}."), &sheet));
    }
    // Fewer than three have no correlation, and if all are large the figure says nothing new.
    if (3..scaling.n_rows()).contains(&large.n_rows())
        && let Some(sheet) = sheet(
            "Brain score against ability, models above 3B parameters",
            &large,
            look,
        )
    {
        figures.push(look.figure(
            "abilities_large",
            format!("{caption}, models above 3·10⁹ parameters alone."),
            &sheet,
        ));
    }
    figures
}

fn sheet(title: &str, table: &Table, look: &Look) -> Option<Sheet> {
    let mut panels = Vec::new();
    for (column, voxels) in [("score_all", "all voxels"), ("score_reliable", "reliable voxels")] {
        for (ability, name, x) in [
            (
                "perplexity",
                "Perplexity",
                HorizontalAxis::log("perplexity (log scale)"),
            ),
            (
                "hellaswag",
                "HellaSwag",
                HorizontalAxis::linear("HellaSwag accuracy (%)"),
            ),
        ] {
            let points = points_over(table, ability, column);
            if has_values(&points) {
                panels.push(Panel::Scatter(Scatter {
                    title: format!("{name}, {voxels}"),
                    x,
                    y_name: "mean correlation".to_owned(),
                    points,
                    families: look.families.clone(),
                    named: true,
                }));
            }
        }
    }
    (!panels.is_empty()).then(|| Sheet {
        title: title.to_owned(),
        panels,
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 66.0,
    })
}
