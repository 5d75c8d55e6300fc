//! The viewer of score maps: its place on the page, and the data that its script reads.

use std::collections::HashMap;

use lpp_analysis::{Brain, Column, Table};
use serde_json::{Value, json};

use super::niivue;
use crate::maps::{MapAtlas, ModelMaps, STEP, pack_bytes};
use crate::report_tables::ReportTables;
use crate::theme::{self, Theme};

const SECTION: &str = include_str!("viewer.html");

/// Where a number of a model stands: its label, table and column.
type Place = (&'static str, &'static str, &'static str);

/// Numbers beside the map of the best layers. Trained models stand in `scaling`, all others in `baselines`.
const BEST: [Place; 12] = [
    ("Family", "lateralization", "family"),
    ("Parameters", "lateralization", "n_parameters"),
    ("Layers", "scaling", "n_layers"),
    ("Best layer", "scaling", "best_layer"),
    ("Score, all voxels", "scaling", "score_all"),
    ("Score, reliable voxels", "scaling", "score_reliable"),
    ("Left, all voxels", "lateralization", "left_all"),
    ("Right, all voxels", "lateralization", "right_all"),
    ("L − R, all voxels", "lateralization", "l_minus_r_all"),
    ("L − R, reliable voxels", "lateralization", "l_minus_r_reliable"),
    (
        "L − R, 90th percentile",
        "lateralization",
        "l_minus_r_percentile_90",
    ),
    ("Voxels without a score", "scaling", "n_nan_voxels"),
];

/// Numbers beside the map of one layer.
const LAYER: [Place; 5] = [
    ("Relative depth", "layers", "relative_depth"),
    ("Score, all voxels", "layers", "score_all"),
    ("Score, reliable voxels", "layers", "score_reliable"),
    ("L − R, all voxels", "layers", "l_minus_r_all"),
    ("L − R, reliable voxels", "layers", "l_minus_r_reliable"),
];

/// The section with its controls and the data blocks behind it.
pub(crate) fn section(data: &Value) -> String {
    let step = format!("{}", STEP / 2.0);
    let section = SECTION
        .replace("{error}", &step)
        .replace("{niivue}", niivue::NAME);
    format!(
        "{section}<script type=\"application/json\" id=\"study-maps\">{}</script>\n\
         <script type=\"text/plain\" id=\"niivue-packed\">{}</script>\n",
        // Inside a script element only `<` could end it or open a comment.
        data.to_string().replace('<', "\\u003c"),
        niivue::packed()
    )
}

/// Everything that the viewer shows: mask, maps, numbers as text, colours.
pub(crate) fn data(atlas: &MapAtlas, brain: &Brain, tables: &ReportTables) -> Value {
    let inside: Vec<u8> = brain
        .mask()
        .inside()
        .iter()
        .map(|inside| u8::from(*inside))
        .collect();
    let grid = brain.mask().grid();
    let rows = Rows::of(tables);
    json!({
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
        "models": atlas.models.iter().map(|maps| model(maps, &rows)).collect::<Vec<_>>(),
    })
}

fn labels(places: &[Place]) -> Vec<[&str; 3]> {
    places
        .iter()
        .map(|(label, table, column)| [*label, *table, *column])
        .collect()
}

fn colours() -> Value {
    json!({
        "score": (0..=8).map(|level| Theme::Light.sequential(f64::from(level) / 8.0).to_string()).collect::<Vec<_>>(),
        "left": theme::LEFT,
        "right": theme::RIGHT,
    })
}

fn model(maps: &ModelMaps, rows: &Rows<'_>) -> Value {
    let layers: Vec<Value> = (0..maps.n_layers)
        .map(|layer| {
            let packed = maps
                .layers
                .iter()
                .find(|(number, _)| *number == layer)
                .map(|(_, packed)| packed);
            json!({ "map": packed, "numbers": rows.layer(&maps.model, layer) })
        })
        .collect();
    json!({
        "name": maps.model,
        "kind": rows.text(&maps.model, "kind"),
        "map": maps.best,
        "numbers": rows.best(&maps.model),
        "layers": layers,
    })
}

/// The rows of the tables, by model and layer.
struct Rows<'a> {
    tables: &'a ReportTables,
    models: HashMap<&'static str, HashMap<String, usize>>,
    layers: HashMap<(String, usize), usize>,
}

impl<'a> Rows<'a> {
    fn of(tables: &'a ReportTables) -> Self {
        let by_model = |name| {
            (
                name,
                tables.get(name).texts("model").into_iter().zip(0..).collect(),
            )
        };
        let layers = tables.get("layers");
        let numbers = layers.numbers("layer");
        let layers = layers.texts("model").into_iter().zip(numbers).enumerate();
        Self {
            tables,
            models: ["scaling", "baselines", "lateralization"].map(by_model).into(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "numbers of layers"
            )]
            layers: layers
                .filter_map(|(row, (model, layer))| Some(((model, layer? as usize), row)))
                .collect(),
        }
    }

    /// A cell as the tables of the page show it.
    fn cell(&self, model: &str, table: &str, column: &str) -> Option<String> {
        let row = *self.models.get(table)?.get(model)?;
        shown(self.tables.get(table), column, row)
    }

    fn text(&self, model: &str, column: &str) -> Option<String> {
        self.cell(model, "lateralization", column)
    }

    fn best(&self, model: &str) -> Vec<Option<String>> {
        let cell = |(_, table, column): &Place| {
            let found = self.cell(model, table, column);
            // Baselines have their scores in a table of their own.
            found.or_else(|| (*table == "scaling").then(|| self.cell(model, "baselines", column))?)
        };
        BEST.iter().map(cell).collect()
    }

    fn layer(&self, model: &str, layer: usize) -> Vec<Option<String>> {
        let row = self.layers.get(&(model.to_owned(), layer));
        let cell = |(_, table, column): &Place| shown(self.tables.get(table), column, *row?);
        LAYER.iter().map(cell).collect()
    }
}

fn shown(table: &Table, column: &str, row: usize) -> Option<String> {
    table
        .column(column)
        .map(|column: &Column| column.display(row))
        .filter(|text| !text.is_empty())
}
