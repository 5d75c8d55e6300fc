//! Tables and rows of a made analysis.

use lpp_tables::Table;

/// The table of that name.
pub(crate) fn table<'a>(tables: &'a [Table], name: &str) -> &'a Table {
    tables.iter().find(|table| table.name() == name).unwrap()
}

/// The row of the delta table for a result, a correction and a statistic: paper's value and corrected one.
pub(crate) fn delta(table: &Table, result: &str, correction: &str, statistic: &str) -> (f64, f64) {
    let columns = ["result", "correction", "statistic"].map(|name| table.texts(name));
    let row = (0..table.n_rows())
        .find(|&row| {
            columns[0][row] == result && columns[1][row] == correction && columns[2][row] == statistic
        })
        .unwrap_or_else(|| panic!("no row {result}, {correction}, {statistic}"));
    let value = |name: &str| table.numbers(name)[row].unwrap_or(f64::NAN);
    let (difference, expected) = (value("difference"), value("corrected") - value("paper"));
    assert!(difference.is_nan() && expected.is_nan() || (difference - expected).abs() < 1e-15);
    (value("paper"), value("corrected"))
}
