//! Scores along the layers (results S3, A5).

use lpp_tables::{BestLayerLines, BestLayerRegression, Layers, Scaling};

use super::figure::{Look, Sketch};
use super::gallery::{some_values, trend, without_values};
use crate::plot::{Curve, Curves, HorizontalAxis, Panel, Scatter, ScatterPoint, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::{DOUBLE_MM, ONE_AND_A_HALF_MM};
use crate::undrawn::Undrawn;

/// A quantity along the layers: its value, what is drawn, name of the value.
pub(super) type Quantity = (fn(&Layers) -> f64, &'static str, &'static str);

/// Scores over all and over reliable voxels.
pub(super) const SCORES: [Quantity; 2] = [
    (|row| row.score_all, "Brain score, all voxels", "mean correlation"),
    (
        |row| row.score_reliable,
        "Brain score, reliable voxels",
        "mean correlation",
    ),
];
/// The same of left minus right.
pub(super) const DIFFERENCES: [Quantity; 2] = [
    (
        |row| row.l_minus_r_all,
        "Left minus right, all voxels",
        "difference",
    ),
    (
        |row| row.l_minus_r_reliable,
        "Left minus right, reliable voxels",
        "difference",
    ),
];

/// A value of a model.
type Value = fn(&Scaling) -> f64;

/// Sheets of more panels would not fit a page.
const MOST_PANELS: usize = 16;

/// All models in one plot; a panel for all and one for reliable voxels.
pub(super) fn layers(
    id: &str,
    title: &str,
    quantities: [Quantity; 2],
    tables: &ReportTables,
    look: &Look,
) -> Result<Sketch, Undrawn> {
    let rows = trained(tables)?;
    let panels = quantities.into_iter().filter_map(|(of, name, value)| {
        let curves = curves_of(&rows, of);
        let depth = "relative depth (layer / number of layers)";
        (!curves.is_empty()).then(|| plot(name, depth, value, curves, look))
    });
    let caption = format!("{title}. One line a model, coloured by family; depth 0 is the embedding.");
    let sheet = sheet(title, panels.collect(), 2, 68.0)?;
    Ok(Sketch::new(id, caption, sheet))
}

/// One panel a family.
pub(super) fn layers_by_family(
    id: &str,
    title: &str,
    (of, _, value): Quantity,
    tables: &ReportTables,
    look: &Look,
) -> Result<Sketch, Undrawn> {
    let rows = trained(tables)?;
    let panels: Vec<Panel> = look
        .families
        .names()
        .take(MOST_PANELS)
        .filter_map(|family| {
            let own: Vec<Layers> = rows
                .iter()
                .filter(|row| row.id.family == family)
                .cloned()
                .collect();
            let curves = curves_of(&own, of);
            (!curves.is_empty()).then(|| plot(family, "relative depth", value, curves, look))
        })
        .collect();
    if panels.len() < 2 {
        return Err(without_values("layers in two families"));
    }
    let sheet = sheet(title, panels, 4, 46.0)?;
    Ok(Sketch::new(id, format!("{title}. One line a model."), sheet))
}

/// Where the best layer lies, against size and against what the model can do.
pub(super) fn best_layer(tables: &ReportTables, look: &Look) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Scaling>()?;
    let fits = tables.rows::<BestLayerRegression>()?;
    let lines = tables.rows::<BestLayerLines>()?;
    let size = |row: &Scaling| row.id.n_parameters.map_or(f64::NAN, |n| n as f64);
    let axes: [(&str, &str, HorizontalAxis, Value); 2] = [
        (
            "ln_parameters",
            "against size",
            HorizontalAxis::parameters(),
            size,
        ),
        (
            "hellaswag",
            "against HellaSwag",
            HorizontalAxis::linear("HellaSwag accuracy (%)"),
            |row| row.hellaswag,
        ),
    ];
    let mut panels = Vec::new();
    for (predictor, title, x, of) in axes {
        let point = |row: &Scaling| ScatterPoint {
            name: row.id.model.clone(),
            family: row.id.family.clone(),
            x: of(row),
            y: row.best_layer_relative_depth,
        };
        let points: Vec<_> = rows.iter().map(point).collect();
        if some_values(&points, predictor).is_err() {
            continue;
        }
        let key = ["best_layer_relative_depth", predictor, "all"];
        let fit = fits
            .iter()
            .find(|row| [&row.outcome, &row.predictor, &row.models] == key);
        let line = lines
            .iter()
            .filter(|row| [&row.outcome, &row.predictor, &row.models] == key);
        panels.push(Panel::Scatter(Scatter {
            title: format!("Best layer's depth {title}"),
            x,
            y_name: "relative depth of the best layer".to_owned(),
            points,
            trend: trend(fit.map(|row| &row.fit), line.map(|row| &row.at), &key.join(", "))?,
            families: look.families.clone(),
            named: true,
        }));
    }
    let reliable = rows.iter().any(|row| row.voxels_of_best_layer == "reliable");
    let voxels = if reliable { "reliable voxels" } else { "all voxels" };
    let caption = format!("Relative depth of the layer with the highest mean score over {voxels}.");
    Ok(Sketch::new("best_layer", caption, sheet("", panels, 2, 72.0)?))
}

/// The layers of trained models.
fn trained(tables: &ReportTables) -> Result<Vec<Layers>, Undrawn> {
    let mut rows = tables.filled::<Layers>()?;
    rows.retain(|row| row.id.kind == "model");
    Ok(rows)
}

fn plot(title: &str, x_name: &str, y_name: &str, curves: Vec<Curve>, look: &Look) -> Panel {
    Panel::Curves(Curves {
        title: title.to_owned(),
        x: HorizontalAxis::linear(x_name),
        y_name: y_name.to_owned(),
        curves,
        families: look.families.clone(),
        marked: false,
    })
}

/// A sheet of the panels, as wide as they need.
fn sheet(title: &str, panels: Vec<Panel>, columns: usize, panel_mm: f64) -> Result<Sheet, Undrawn> {
    let (columns, width_mm) = match panels.len() {
        0 => return Err(without_values("layers")),
        1 => (1, ONE_AND_A_HALF_MM),
        _ => (columns, DOUBLE_MM),
    };
    Ok(Sheet {
        title: title.to_owned(),
        columns,
        width_mm,
        panels,
        panel_mm,
    })
}

/// One curve a model, without models that have no value.
fn curves_of(rows: &[Layers], of: fn(&Layers) -> f64) -> Vec<Curve> {
    let curve = |own: &[Layers]| Curve {
        name: own[0].id.model.clone(),
        family: own[0].id.family.clone(),
        x: own.iter().map(|row| row.relative_depth).collect(),
        y: own.iter().map(of).collect(),
        ..Curve::default()
    };
    let models = rows.chunk_by(|a, b| a.id.model == b.id.model);
    let known = |curve: &Curve| curve.y.iter().any(|value| value.is_finite());
    models.map(curve).filter(known).collect()
}
