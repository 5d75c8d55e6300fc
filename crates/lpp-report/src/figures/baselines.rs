//! Word vectors, random vectors and untrained models beside the trained ones (results B1, B2).

use lpp_analysis::Table;

use super::{Figure, Look};
use crate::plot::{Panel, Row, RowPlot, RowStyle, Sheet};
use crate::theme::DOUBLE_MM;

/// More models than this are too many rows: some of all sizes are shown.
const MOST_MODELS: usize = 40;

/// Mean scores of baselines and models in rows.
pub(crate) fn baselines(groups: &Table, scaling: &Table, look: &Look) -> Vec<Figure> {
    if groups.n_rows() == 0 {
        return Vec::new();
    }
    let n_models = scaling.n_rows();
    let step = n_models.div_ceil(MOST_MODELS).max(1);
    let panel = |column: &str, title: &str| {
        let mut rows = rows_of(groups, "group", column);
        let seeds = groups.texts("n_seeds");
        for (row, seeds) in rows.iter_mut().zip(seeds) {
            if seeds != "1" && !seeds.is_empty() {
                row.note = format!("{seeds} seeds");
            }
        }
        rows.extend(rows_of(scaling, "model", column).into_iter().step_by(step));
        let known = rows.iter().any(|row| row.values[0].is_finite());
        known.then(|| {
            Panel::Rows(RowPlot {
                title: title.to_owned(),
                value_name: "mean correlation".to_owned(),
                rows,
                style: RowStyle::Dots,
                show_names: true,
            })
        })
    };
    let panels: Vec<Panel> = [
        panel("score_all", "All voxels"),
        panel("score_reliable", "Reliable voxels"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if panels.is_empty() {
        return Vec::new();
    }
    let caption = format!(
        "Brain score of word vectors, random vectors and untrained models (means over seeds), then of the trained models by \
         size{}.",
        if step > 1 {
            format!(" ({} of {n_models})", n_models.div_ceil(step))
        } else {
            String::new()
        }
    );
    let sheet = Sheet {
        title: "Baselines and models".to_owned(),
        columns: panels.len(),
        width_mm: if panels.len() > 1 {
            DOUBLE_MM
        } else {
            crate::theme::ONE_AND_A_HALF_MM
        },
        panels,
        panel_mm: 70.0,
    };
    vec![look.figure("baselines", caption, &sheet)]
}

/// Left minus right of the baselines (B2).
pub(crate) fn baseline_asymmetry(groups: &Table, look: &Look) -> Vec<Figure> {
    let panels: Vec<Panel> = [
        ("l_minus_r_all", "All voxels"),
        ("l_minus_r_reliable", "Reliable voxels"),
    ]
    .into_iter()
    .filter_map(|(column, title)| {
        let rows = rows_of(groups, "group", column);
        rows.iter().any(|row| row.values[0].is_finite()).then(|| {
            Panel::Rows(RowPlot {
                title: title.to_owned(),
                value_name: "left minus right (mean correlation)".to_owned(),
                rows,
                style: RowStyle::Bars,
                show_names: true,
            })
        })
    })
    .collect();
    if panels.is_empty() {
        return Vec::new();
    }
    let sheet = Sheet {
        title: "Left minus right of the baselines".to_owned(),
        columns: panels.len(),
        width_mm: if panels.len() > 1 {
            DOUBLE_MM
        } else {
            crate::theme::ONE_AND_A_HALF_MM
        },
        panels,
        panel_mm: 40.0,
    };
    let caption = "Left minus right brain score of word vectors, random vectors and untrained models, means over seeds.";
    vec![look.figure("baselines_l_minus_r", caption, &sheet)]
}

fn rows_of(table: &Table, name: &str, column: &str) -> Vec<Row> {
    let values = table.numbers(column);
    table
        .texts(name)
        .into_iter()
        .zip(values)
        .map(|(name, value)| Row::new(name.replace('_', " "), vec![value.unwrap_or(f64::NAN)]))
        .collect()
}
