//! Densities of the score over voxels (result B1).

use lpp_analysis::Table;

use super::columns::{distinct, rows_with};
use super::{Figure, Look};
use crate::plot::{DensityCurve, DensityPlot, Panel, Sheet};
use crate::theme::{DOUBLE_MM, ONE_AND_A_HALF_MM, series_colour};

/// Densities of baselines (dashed) and of the models, whose colour is their size: one panel for all voxels, one for the
/// reliable ones.
///
/// Of very many models some of all sizes are shown.
pub(crate) fn densities(table: &Table, scaling: &Table, look: &Look) -> Vec<Figure> {
    const MOST_MODELS: usize = 30;
    let models = scaling.texts("model");
    let step = models.len().div_ceil(MOST_MODELS).max(1);
    let shown: Vec<&String> = models.iter().step_by(step).collect();
    let panels: Vec<Panel> = [("all", "All voxels"), ("reliable", "Reliable voxels")]
        .into_iter()
        .filter_map(|(voxels, title)| {
            let rows = rows_with(table, "voxels", voxels);
            let mut curves = Vec::new();
            let baselines = rows_with(&rows, "kind", "baseline");
            // Untrained twins have a figure of their own.
            let sources = distinct(&baselines, "source").into_iter();
            for (number, name) in sources.filter(|name| !name.contains("untrained")).enumerate() {
                curves.extend(curve(
                    &baselines,
                    &name,
                    series_colour(number).to_owned(),
                    true,
                    true,
                ));
            }
            let models = rows_with(&rows, "kind", "model");
            for (rank, name) in shown.iter().enumerate() {
                let share = (rank as f64 + 1.0) / (shown.len() as f64 + 1.0);
                // The palest part of the scale would be lost on the paper.
                let colour = look.theme.sequential(0.2 + 0.8 * share).to_string();
                // The smallest and the largest tell the others.
                let explained = rank == 0 || rank + 1 == shown.len();
                curves.extend(curve(&models, name, colour, false, explained));
            }
            (!curves.is_empty()).then(|| {
                Panel::Density(DensityPlot {
                    title: title.to_owned(),
                    x_name: "correlation".to_owned(),
                    curves,
                    threshold: None,
                    filled: false,
                })
            })
        })
        .collect();
    if panels.is_empty() {
        return Vec::new();
    }
    let sheet = Sheet {
        title: "Density of the brain score over voxels".to_owned(),
        columns: panels.len(),
        width_mm: if panels.len() > 1 {
            DOUBLE_MM
        } else {
            ONE_AND_A_HALF_MM
        },
        panels,
        panel_mm: 66.0,
    };
    let caption = "Kernel densities of the brain score over voxels: baselines dashed (means over seeds), models by size, \
                   the smallest and the largest named.";
    vec![look.figure("score_densities", caption, &sheet)]
}

fn curve(rows: &Table, name: &str, colour: String, dashed: bool, explained: bool) -> Option<DensityCurve> {
    let own = rows_with(rows, "source", name);
    let known = |column: &str| -> Vec<f64> {
        own.numbers(column)
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect()
    };
    (own.n_rows() > 1).then(|| DensityCurve {
        name: name.replace('_', " "),
        x: known("score"),
        density: known("density"),
        colour,
        dashed,
        explained,
    })
}
