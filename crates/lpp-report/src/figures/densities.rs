//! Densities over voxels: of the reliability (result F1) and of the scores (B1).

use lpp_tables::{IscDensity, Scaling, ScoreDensities};

use super::gallery::{distinct, without_values};
use super::{Look, Sketch};
use crate::plot::{DensityCurve, DensityPlot, Panel, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::{DOUBLE_MM, NEUTRAL, ONE_AND_A_HALF_MM, SINGLE_MM, series_colour};
use crate::undrawn::Undrawn;

/// Of more models than this some of all sizes are shown.
const MOST_MODELS: usize = 30;

/// The inter-subject correlation over the voxels, the 75th percentile marked.
pub(super) fn isc_density(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<IscDensity>()?;
    let threshold = tables.quantity("isc_percentile_75")?;
    let plot = DensityPlot {
        title: "Inter-subject correlation".to_owned(),
        x_name: "correlation".to_owned(),
        curves: vec![DensityCurve {
            name: "all voxels".to_owned(),
            x: rows.iter().map(|row| row.isc).collect(),
            density: rows.iter().map(|row| row.density).collect(),
            colour: NEUTRAL.to_owned(),
            dashed: false,
            explained: false,
        }],
        threshold: Some((threshold, format!("75 % at {threshold:.2}"))),
        filled: true,
    };
    let sheet = Sheet {
        width_mm: SINGLE_MM,
        panel_mm: 58.0,
        ..Sheet::single(Panel::Density(plot))
    };
    let caption = "Density of the inter-subject correlation over voxels; reliable voxels lie above its 75th percentile.";
    Ok(Sketch::new("isc_density", caption, sheet))
}

/// Baselines (dashed) and models, whose colour is their size: one panel for all voxels, one for the reliable ones.
pub(super) fn score_densities(tables: &ReportTables, look: &Look) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<ScoreDensities>()?;
    let models = tables.rows::<Scaling>()?;
    let step = models.len().div_ceil(MOST_MODELS).max(1);
    let shown: Vec<&str> = models
        .iter()
        .map(|row| row.id.model.as_str())
        .step_by(step)
        .collect();
    let panels: Vec<Panel> = [("all", "All voxels"), ("reliable", "Reliable voxels")]
        .into_iter()
        .filter_map(|(voxels, title)| {
            let of_kind = |kind: &str| -> Vec<&ScoreDensities> {
                let own = rows.iter().filter(|row| row.voxels == voxels);
                own.filter(|row| row.kind == kind).collect()
            };
            let mut curves = baseline_curves(&of_kind("baseline"));
            curves.extend(model_curves(&of_kind("model"), &shown, look));
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
        return Err(without_values("score densities"));
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
    Ok(Sketch::new("score_densities", caption, sheet))
}

/// Untrained twins have a figure of their own.
fn baseline_curves(rows: &[&ScoreDensities]) -> Vec<DensityCurve> {
    let names = distinct(rows, |row| row.source.as_str()).into_iter();
    let names = names.filter(|name| !name.contains("untrained"));
    names
        .enumerate()
        .filter_map(|(number, name)| {
            Some(DensityCurve {
                dashed: true,
                explained: true,
                ..curve(rows, name, series_colour(number).to_owned())?
            })
        })
        .collect()
}

fn model_curves(rows: &[&ScoreDensities], shown: &[&str], look: &Look) -> Vec<DensityCurve> {
    let curve = |(rank, name): (usize, &&str)| {
        let share = (rank as f64 + 1.0) / (shown.len() as f64 + 1.0);
        // The palest part of the scale would be lost on the paper.
        let colour = look.theme.sequential(0.2 + 0.8 * share).to_string();
        Some(DensityCurve {
            // The smallest and the largest tell the others.
            explained: rank == 0 || rank + 1 == shown.len(),
            ..curve(rows, name, colour)?
        })
    };
    shown.iter().enumerate().filter_map(curve).collect()
}

fn curve(rows: &[&ScoreDensities], name: &str, colour: String) -> Option<DensityCurve> {
    let own: Vec<_> = rows.iter().filter(|row| row.source == name).collect();
    (own.len() > 1).then(|| DensityCurve {
        name: name.replace('_', " "),
        x: own.iter().map(|row| row.score).collect(),
        density: own.iter().map(|row| row.density).collect(),
        colour,
        dashed: false,
        explained: false,
    })
}
