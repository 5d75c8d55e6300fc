//! From columns of tables to points of plots.

use lpp_analysis::Table;

use crate::plot::ScatterPoint;

/// One point per row: column `y` against column `x`.
pub(super) fn points_over(table: &Table, x: &str, y: &str) -> Vec<ScatterPoint> {
    let (names, families) = (table.texts("model"), table.texts("family"));
    let (x, y) = (table.numbers(x), table.numbers(y));
    (0..table.n_rows())
        .map(|row| ScatterPoint {
            name: names[row].clone(),
            family: families[row].clone(),
            x: x[row].unwrap_or(f64::NAN),
            y: y[row].unwrap_or(f64::NAN),
        })
        .collect()
}

/// One point per row: a column against the number of parameters.
pub(super) fn points(table: &Table, y: &str) -> Vec<ScatterPoint> {
    points_over(table, "n_parameters", y)
}

pub(super) fn has_values(points: &[ScatterPoint]) -> bool {
    points
        .iter()
        .any(|point| point.y.is_finite() && point.x.is_finite())
}

/// The rows of trained models; all rows of a table that has nothing else.
pub(super) fn trained_rows(table: &Table) -> Table {
    table.filter_rows(|row| {
        table
            .column("kind")
            .is_none_or(|kind| kind.display(row) == "model")
    })
}

/// The rows whose column reads `wanted`.
pub(super) fn rows_with(table: &Table, column: &str, wanted: &str) -> Table {
    let texts = table.texts(column);
    table.filter_rows(|row| texts[row] == wanted)
}

/// The different texts of a column, in the order in which they first appear.
pub(super) fn distinct(table: &Table, column: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in table.texts(column) {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}
