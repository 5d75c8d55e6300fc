//! What training does (results T1, T2).

use lpp_analysis::Table;

use super::columns::{distinct, has_values, points, rows_with};
use super::{Figure, Look};
use crate::plot::{Curve, Curves, Families, HorizontalAxis, Panel, Scatter, Sheet};
use crate::theme::DOUBLE_MM;

/// Families of a study whose untrained twins were scored are few; more panels would not fit a page.
const MOST_PANELS: usize = 8;

/// Left minus right of trained models and of their untrained twins: two panels a family (T1).
pub(crate) fn trained_and_untrained(table: &Table, look: &Look) -> Vec<Figure> {
    let column = measured(table);
    let mut panels = Vec::new();
    for family in distinct(table, "family").into_iter().take(MOST_PANELS) {
        let rows = rows_with(table, "family", &family);
        for training in ["trained", "untrained"] {
            let points = points(&rows_with(&rows, "training", training), column);
            if has_values(&points) {
                panels.push(Panel::Scatter(Scatter {
                    title: format!("{family}, {training}"),
                    x: HorizontalAxis::parameters(),
                    y_name: "left minus right".to_owned(),
                    points,
                    families: look.families.clone(),
                    named: false,
                }));
            }
        }
    }
    // Without an untrained model there is nothing to compare.
    if rows_with(table, "training", "untrained").n_rows() == 0 || panels.is_empty() {
        return Vec::new();
    }
    let sheet = Sheet {
        title: format!(
            "Left minus right before and after training, {}",
            voxels_of(column)
        ),
        panels,
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 52.0,
    };
    let caption =
        "Left minus right brain score of trained models and of their untrained twins against model size.";
    vec![look.figure("training", caption, &sheet)]
}

/// Score and asymmetry along the steps of training (T2).
pub(crate) fn checkpoints(table: &Table, look: &Look) -> Vec<Figure> {
    let models = distinct(table, "model");
    let families = Families::of(models.iter().map(String::as_str));
    let panels: Vec<Panel> = [
        ("score_reliable", "score_all", "Brain score", "mean correlation"),
        (
            "l_minus_r_reliable",
            "l_minus_r_all",
            "Left minus right",
            "difference",
        ),
    ]
    .into_iter()
    .filter_map(|(reliable, all, title, value)| {
        let column = if known(table, reliable) { reliable } else { all };
        if !known(table, column) {
            return None;
        }
        let curves = models.iter().map(|model| {
            let rows = rows_with(table, "model", model);
            let values = |name: &str| -> Vec<f64> {
                rows.numbers(name)
                    .into_iter()
                    .map(|value| value.unwrap_or(f64::NAN))
                    .collect()
            };
            Curve {
                name: model.clone(),
                family: model.clone(),
                x: values("step"),
                y: values(column),
            }
        });
        Some(Panel::Curves(Curves {
            title: format!("{title}, {}", voxels_of(column)),
            x: HorizontalAxis::linear("training step"),
            y_name: value.to_owned(),
            curves: curves.collect(),
            families: families.clone(),
            marked: true,
        }))
    })
    .collect();
    if panels.is_empty() {
        return Vec::new();
    }
    let sheet = Sheet {
        title: "Training".to_owned(),
        panels,
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 66.0,
    };
    vec![look.figure(
        "checkpoints",
        "Brain score and left minus right along the steps of training.",
        &sheet,
    )]
}

/// The column of the paper's figure, or over all voxels where reliable ones are not known.
fn measured(table: &Table) -> &'static str {
    if known(table, "l_minus_r_reliable") {
        "l_minus_r_reliable"
    } else {
        "l_minus_r_all"
    }
}

fn known(table: &Table, column: &str) -> bool {
    table.numbers(column).iter().any(Option::is_some)
}

fn voxels_of(column: &str) -> &'static str {
    if column.ends_with("reliable") {
        "reliable voxels"
    } else {
        "all voxels"
    }
}
