//! Scores along the layers (results S3, A5).

use lpp_analysis::Table;

use super::columns::{distinct, has_values, points_over, rows_with};
use super::{Figure, Look};
use crate::plot::{Curve, Curves, HorizontalAxis, Panel, Scatter, Sheet};
use crate::theme::DOUBLE_MM;

/// Quantities along the layers: column, what is drawn, name of the value.
const QUANTITIES: [(&str, &str, &str); 4] = [
    ("score_all", "Brain score, all voxels", "mean correlation"),
    (
        "score_reliable",
        "Brain score, reliable voxels",
        "mean correlation",
    ),
    ("l_minus_r_all", "Left minus right, all voxels", "difference"),
    (
        "l_minus_r_reliable",
        "Left minus right, reliable voxels",
        "difference",
    ),
];
const DEPTH: &str = "relative depth (layer / number of layers)";
/// Sheets of more panels would not fit a page.
const MOST_PANELS: usize = 16;

/// All models in one plot: scores in one figure, asymmetries in another; two panels each.
pub(crate) fn layers(table: &Table, look: &Look) -> Vec<Figure> {
    let table = rows_with(table, "kind", "model");
    [
        ("score", "Brain score along the layers"),
        ("l_minus_r", "Left minus right along the layers"),
    ]
    .into_iter()
    .filter_map(|(start, title)| {
        let panels: Vec<Panel> = QUANTITIES
            .iter()
            .filter(|(column, ..)| column.starts_with(start))
            .filter_map(|(column, name, value)| {
                let curves = curves_of(&table, column);
                (!curves.is_empty()).then(|| Panel::Curves(plot(name, DEPTH, value, curves, look)))
            })
            .collect();
        let caption = format!("{title}. One line a model, coloured by family; depth 0 is the embedding.");
        sheet(title, panels, 2, 68.0).map(|sheet| look.figure(format!("layers_{start}"), caption, &sheet))
    })
    .collect()
}

/// One panel a family.
pub(crate) fn layers_by_family(table: &Table, look: &Look) -> Vec<Figure> {
    let table = rows_with(table, "kind", "model");
    [
        (
            "score_all",
            "Brain score along the layers by family, all voxels",
            "mean correlation",
        ),
        (
            "l_minus_r_reliable",
            "Left minus right along the layers by family, reliable voxels",
            "difference",
        ),
    ]
    .into_iter()
    .filter_map(|(column, title, value)| {
        let panels: Vec<Panel> = look
            .families
            .names()
            .take(MOST_PANELS)
            .filter_map(|family| {
                let curves = curves_of(&rows_with(&table, "family", family), column);
                (!curves.is_empty())
                    .then(|| Panel::Curves(plot(family, "relative depth", value, curves, look)))
            })
            .collect();
        if panels.len() < 2 {
            return None;
        }
        let caption = format!("{title}. One line a model.");
        sheet(title, panels, 4, 46.0)
            .map(|sheet| look.figure(format!("layers_by_family_{column}"), caption, &sheet))
    })
    .collect()
}

/// Where the best layer lies, against size and against what the model can do.
pub(crate) fn best_layer(scaling: &Table, look: &Look) -> Vec<Figure> {
    let panels: Vec<Panel> = [
        ("n_parameters", "against size", HorizontalAxis::parameters()),
        (
            "hellaswag",
            "against HellaSwag",
            HorizontalAxis::linear("HellaSwag accuracy (%)"),
        ),
    ]
    .into_iter()
    .filter_map(|(column, title, x)| {
        let points = points_over(scaling, column, "best_layer_relative_depth");
        has_values(&points).then(|| {
            Panel::Scatter(Scatter {
                title: format!("Best layer's depth {title}"),
                x,
                y_name: "relative depth of the best layer".to_owned(),
                points,
                families: look.families.clone(),
                named: true,
            })
        })
    })
    .collect();
    let reliable = scaling
        .texts("voxels_of_best_layer")
        .iter()
        .any(|voxels| voxels == "reliable");
    let voxels = if reliable { "reliable voxels" } else { "all voxels" };
    let caption = format!("Relative depth of the layer with the highest mean score over {voxels}.");
    sheet("", panels, 2, 72.0)
        .map(|sheet| look.figure("best_layer", caption, &sheet))
        .into_iter()
        .collect()
}

fn plot(title: &str, x_name: &str, y_name: &str, curves: Vec<Curve>, look: &Look) -> Curves {
    Curves {
        title: title.to_owned(),
        x: HorizontalAxis::linear(x_name),
        y_name: y_name.to_owned(),
        curves,
        families: look.families.clone(),
        marked: false,
    }
}

/// A sheet of the panels, as wide as they need; `None` without any.
fn sheet(title: &str, panels: Vec<Panel>, columns: usize, panel_mm: f64) -> Option<Sheet> {
    let one = panels.len() == 1;
    (!panels.is_empty()).then(|| Sheet {
        title: title.to_owned(),
        columns: if one { 1 } else { columns },
        width_mm: if one {
            crate::theme::ONE_AND_A_HALF_MM
        } else {
            DOUBLE_MM
        },
        panels,
        panel_mm,
    })
}

/// One curve a model, without models that have no value.
fn curves_of(table: &Table, column: &str) -> Vec<Curve> {
    distinct(table, "model")
        .into_iter()
        .map(|model| {
            let rows = rows_with(table, "model", &model);
            let known = |name: &str| -> Vec<f64> {
                rows.numbers(name)
                    .into_iter()
                    .map(|value| value.unwrap_or(f64::NAN))
                    .collect()
            };
            Curve {
                name: model,
                family: rows.texts("family").first().cloned().unwrap_or_default(),
                x: known("relative_depth"),
                y: known(column),
            }
        })
        .filter(|curve| curve.y.iter().any(|value| value.is_finite()))
        .collect()
}
