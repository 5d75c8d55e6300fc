//! The data that the viewer of score maps reads: mask, maps, and the numbers that belong to them.

use std::collections::HashMap;

use lpp_analysis::Brain;
use lpp_fmri::Mask;
use lpp_tables::{Baselines, Fields, Lateralization, Layers, Row, Scaling};
use serde_json::{Value, json};

use crate::ReportError;
use crate::maps::{MapAtlas, ModelMaps, STEP, pack_bytes};
use crate::report_tables::ReportTables;
use crate::theme::{self, Theme};

/// A number of a model: its label, the table and the column that it stands in, and how it is read.
type Place<F> = (&'static str, &'static str, &'static str, F);

/// Reads a number of a model.
type OfModel = fn(&ModelRows<'_>) -> Option<String>;
/// Reads a number of a layer.
type OfLayer = fn(&Layers) -> Option<String>;

/// The rows of one model. Trained models stand in `scaling`, all others in `baselines`.
struct ModelRows<'a> {
    sides: &'a Lateralization,
    trained: Option<&'a Scaling>,
    baseline: Option<&'a Baselines>,
}

/// Numbers beside the map of the best layers.
const BEST: [Place<OfModel>; 12] = [
    ("Family", Lateralization::NAME, "family", |of| {
        shown(&of.sides.id.family)
    }),
    ("Parameters", Lateralization::NAME, "n_parameters", |of| {
        shown(&of.sides.id.n_parameters)
    }),
    ("Layers", Scaling::NAME, "n_layers", |of| {
        shown(&of.trained?.n_layers)
    }),
    ("Best layer", Scaling::NAME, "best_layer", |of| {
        shown(&of.trained?.best_layer)
    }),
    ("Score, all voxels", Scaling::NAME, "score_all", |of| {
        match (of.trained, of.baseline) {
            (Some(row), _) => shown(&row.score_all),
            (None, row) => shown(&row?.measures.score_all),
        }
    }),
    (
        "Score, reliable voxels",
        Scaling::NAME,
        "score_reliable",
        |of| match (of.trained, of.baseline) {
            (Some(row), _) => shown(&row.score_reliable),
            (None, row) => shown(&row?.measures.score_reliable),
        },
    ),
    ("Left, all voxels", Lateralization::NAME, "left_all", |of| {
        shown(&of.sides.left_all)
    }),
    ("Right, all voxels", Lateralization::NAME, "right_all", |of| {
        shown(&of.sides.right_all)
    }),
    (
        "L − R, all voxels",
        Lateralization::NAME,
        "l_minus_r_all",
        |of| shown(&of.sides.l_minus_r_all),
    ),
    (
        "L − R, reliable voxels",
        Lateralization::NAME,
        "l_minus_r_reliable",
        |of| shown(&of.sides.l_minus_r_reliable),
    ),
    (
        "L − R, 90th percentile",
        Lateralization::NAME,
        "l_minus_r_percentile_90",
        |of| shown(&of.sides.l_minus_r_percentile_90),
    ),
    ("Voxels without a score", Scaling::NAME, "n_nan_voxels", |of| {
        shown(&of.trained?.n_nan_voxels)
    }),
];

/// Numbers beside the map of one layer.
const LAYER: [Place<OfLayer>; 5] = [
    ("Relative depth", Layers::NAME, "relative_depth", |of| {
        shown(&of.relative_depth)
    }),
    ("Score, all voxels", Layers::NAME, "score_all", |of| {
        shown(&of.score_all)
    }),
    ("Score, reliable voxels", Layers::NAME, "score_reliable", |of| {
        shown(&of.score_reliable)
    }),
    ("L − R, all voxels", Layers::NAME, "l_minus_r_all", |of| {
        shown(&of.l_minus_r_all)
    }),
    (
        "L − R, reliable voxels",
        Layers::NAME,
        "l_minus_r_reliable",
        |of| shown(&of.l_minus_r_reliable),
    ),
];

/// A value as the tables of the page show it; `None` if it is missing.
fn shown(value: &impl Fields) -> Option<String> {
    let mut cells = Vec::new();
    value.store(&mut cells);
    cells
        .first()
        .map(lpp_tables::Cell::display)
        .filter(|text| !text.is_empty())
}

/// Everything that the viewer shows: mask, maps, numbers as text, colours.
///
/// # Errors
/// [`ReportError`] naming a table that is broken.
pub(crate) fn data(
    atlas: &MapAtlas,
    brain: &Brain,
    mask: &Mask,
    tables: &ReportTables,
) -> Result<Value, ReportError> {
    let inside: Vec<u8> = mask.inside().iter().map(|inside| u8::from(*inside)).collect();
    let grid = mask.grid();
    let rows = Rows::of(tables)?;
    Ok(json!({
        "shape": grid.shape(),
        "affine": grid.affine(),
        "mask": pack_bytes(&inside),
        "step": STEP,
        "largest": atlas.largest,
        "largestDifference": atlas.largest_difference,
        "isc": atlas.isc,
        "reliableAbove": brain.reliable().map(|reliable| reliable.threshold),
        "colours": colours(),
        "labels": { "best": labels(&BEST), "layer": labels(&LAYER) },
        "models": atlas.models.iter().map(|maps| rows.model(maps)).collect::<Vec<_>>(),
    }))
}

fn labels<F>(places: &[Place<F>]) -> Vec<[&str; 3]> {
    places
        .iter()
        .map(|(label, table, column, _)| [*label, *table, *column])
        .collect()
}

fn colours() -> Value {
    json!({
        "score": (0..=8).map(|level| Theme::Light.sequential(f64::from(level) / 8.0).to_string()).collect::<Vec<_>>(),
        "left": theme::LEFT,
        "right": theme::RIGHT,
    })
}

/// The rows of the tables, by model and layer.
struct Rows {
    sides: HashMap<String, Lateralization>,
    trained: HashMap<String, Scaling>,
    baselines: HashMap<String, Baselines>,
    layers: HashMap<(String, usize), Layers>,
}

impl Rows {
    fn of(tables: &ReportTables) -> Result<Self, ReportError> {
        let (sides, trained) = (tables.all::<Lateralization>()?, tables.all::<Scaling>()?);
        let (baselines, layers) = (tables.all::<Baselines>()?, tables.all::<Layers>()?);
        Ok(Self {
            sides: sides.into_iter().map(|row| (row.id.model.clone(), row)).collect(),
            trained: trained
                .into_iter()
                .map(|row| (row.id.model.clone(), row))
                .collect(),
            baselines: baselines
                .into_iter()
                .map(|row| (row.id.model.clone(), row))
                .collect(),
            layers: layers
                .into_iter()
                .map(|row| ((row.id.model.clone(), row.layer), row))
                .collect(),
        })
    }

    fn model(&self, maps: &ModelMaps) -> Value {
        let sides = self.sides.get(&maps.model);
        let rows = sides.map(|sides| ModelRows {
            sides,
            trained: self.trained.get(&maps.model),
            baseline: self.baselines.get(&maps.model),
        });
        let best = BEST.map(|(.., read)| rows.as_ref().and_then(read));
        let layers: Vec<Value> = (0..maps.n_layers)
            .map(|layer| {
                let row = self.layers.get(&(maps.model.clone(), layer));
                let packed = maps.layers.iter().find(|(number, _)| *number == layer);
                json!({
                    "map": packed.map(|(_, packed)| packed),
                    "numbers": LAYER.map(|(.., read)| row.and_then(read)),
                })
            })
            .collect();
        json!({
            "name": maps.model,
            "kind": sides.map(|sides| &sides.id.kind),
            "map": maps.best,
            "numbers": best,
            "layers": layers,
        })
    }
}
