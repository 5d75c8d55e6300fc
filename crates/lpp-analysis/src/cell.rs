//! One cell of one table, named.

use lpp_tables::{Cell, Table};

use crate::AnalysisReport;

/// Where a number stands: a table, the row in which certain columns read certain texts, a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) table: String,
    row: Vec<(String, String)>,
    pub(crate) column: String,
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
        let cell = table.column(&self.column).map(|column| column[row].clone());
        cell.filter(|cell| !cell.plain().is_empty())
            .ok_or_else(|| format!("{} is empty in {}", self.column, self.table))
    }

    fn row_of(&self, table: &Table) -> Option<usize> {
        let keys = self
            .row
            .iter()
            .map(|(name, text)| Some((table.column(name)?, text)));
        let keys: Vec<(Vec<&Cell>, &String)> = keys.collect::<Option<_>>()?;
        (0..table.n_rows()).find(|&row| keys.iter().all(|(cells, wanted)| cells[row].plain() == **wanted))
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
