//! The numbers at the head of the page.

use crate::report_tables::ReportTables;
use lpp_analysis::Table;
use lpp_analysis::number::{compact, correlation, grouped, p_value};

/// A headline number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Highlight {
    /// The number, as people read it.
    pub(crate) value: String,
    /// What it is.
    pub(crate) name: String,
    /// The table that it stands in.
    pub(crate) table: &'static str,
}

impl Highlight {
    fn new(value: String, name: impl Into<String>, table: &'static str) -> Self {
        let name = name.into();
        Self { value, name, table }
    }
}

/// Headline numbers; only those that are known.
pub(crate) fn highlights(tables: &ReportTables) -> Vec<Highlight> {
    let summary = tables.get("summary");
    let mut cards = Vec::new();
    for (quantity, name) in [
        ("n_models", "language models"),
        ("n_baselines", "baselines and untrained models"),
        ("n_voxels", "voxels in the mask"),
        ("n_reliable", "reliable voxels"),
    ] {
        if let Some(value) = cell(summary, "quantity", quantity, "value") {
            #[expect(clippy::cast_possible_truncation, reason = "counts of models and voxels")]
            cards.push(Highlight::new(grouped(value as i64), name, "summary"));
        }
    }
    cards.extend(best_model(tables.get("scaling")));
    for (table, outcome, name) in [
        ("scaling_regression", "score_all", "score with log size"),
        (
            "scaling_regression",
            "score_reliable",
            "score with log size, reliable voxels",
        ),
        (
            "lateralization_regression",
            "l_minus_r_all",
            "left minus right with log size",
        ),
        (
            "lateralization_regression",
            "l_minus_r_reliable",
            "left minus right with log size, reliable voxels",
        ),
    ] {
        let regression = tables.get(table);
        if let (Some(r), Some(p)) = (
            cell(regression, "outcome", outcome, "r"),
            cell(regression, "outcome", outcome, "p"),
        ) {
            // Values must not break in the middle.
            let text = format!("{}, {}", correlation(r), p_value(p)).replace(" = ", "\u{a0}=\u{a0}");
            cards.push(Highlight::new(text, name, table));
        }
    }
    cards
}

/// The value in column `value` of the row whose `key` reads `wanted`.
fn cell(table: &Table, key: &str, wanted: &str, value: &str) -> Option<f64> {
    let row = table.texts(key).iter().position(|found| found == wanted)?;
    table.numbers(value).get(row).copied().flatten()
}

/// The model with the largest mean over reliable voxels; over all voxels where none is known to be reliable.
fn best_model(scaling: &Table) -> Option<Highlight> {
    let reliable = ("score_reliable", "best score, reliable voxels");
    let (column, what) = [reliable, ("score_all", "best score")]
        .into_iter()
        .find(|(column, _)| scaling.numbers(column).iter().any(Option::is_some))?;
    let (row, score) = scaling
        .numbers(column)
        .into_iter()
        .enumerate()
        .filter_map(|(row, score)| Some((row, score?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let name = scaling.texts("model").get(row)?.clone();
    Some(Highlight::new(
        compact(score),
        format!("{what}: {name}"),
        "scaling",
    ))
}
