//! One cell of one table, named.

use crate::table::Column;
use crate::{AnalysisReport, Table};

/// Where a number stands: a table, the row in which certain columns read certain texts, a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) table: String,
    row: Vec<(String, String)>,
    pub(crate) column: String,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Number(f64),
    Text(String),
}

impl Place {
    /// `row` is `column=text` for one or several columns, with semicolons between; empty for the first row.
    pub(crate) fn new(table: &str, row: &str, column: &str) -> Self {
        let row = row.split(';').filter_map(|part| part.split_once('='));
        Self {
            table: table.to_owned(),
            row: row
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
            column: column.to_owned(),
        }
    }

    /// What stands there, or why nothing does.
    pub(crate) fn read(&self, report: &AnalysisReport) -> Result<Cell, String> {
        let Some(table) = report.table(&self.table) else {
            return Err(format!("the study has no table {}", self.table));
        };
        let Some(row) = self.row_of(table) else {
            return Err(format!("{} has no row {}", self.table, self.row_text()));
        };
        let cell = match table.column(&self.column) {
            Some(Column::Text(values)) => values[row].clone().map(Cell::Text),
            _ => table.numbers(&self.column)[row].map(Cell::Number),
        };
        cell.ok_or_else(|| format!("{} is empty in {}", self.column, self.table))
    }

    fn row_of(&self, table: &Table) -> Option<usize> {
        let keys: Vec<_> = self
            .row
            .iter()
            .map(|(name, text)| (table.plain_texts(name), text))
            .collect();
        (0..table.n_rows()).find(|&row| keys.iter().all(|(texts, wanted)| texts[row] == **wanted))
    }

    fn row_text(&self) -> String {
        let parts: Vec<String> = self
            .row
            .iter()
            .map(|(name, text)| format!("{name} = {text}"))
            .collect();
        parts.join(", ")
    }
}
