//! A table of which only the declaration is known: what files, pages and programs need.

use serde_json::{Map, Value};

use crate::{Cell, Column, Declaration, Row, TableError};

/// The rows of one table, as its files hold them.
///
/// ```
/// use lpp_tables::{Summary, Table};
/// let table = Table::of(&[Summary { quantity: "n_voxels".into(), value: 870.0 }]);
/// assert_eq!(table.json_rows().to_string(), r#"[{"quantity":"n_voxels","value":870.0}]"#);
/// assert_eq!(table.rows::<Summary>()?[0].value, 870.0);
/// # Ok::<(), lpp_tables::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    declaration: Declaration,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table of these rows.
    #[must_use]
    pub fn of<R: Row>(rows: &[R]) -> Self {
        let cells = |row: &R| {
            let mut cells = Vec::new();
            row.store(&mut cells);
            cells
        };
        Self::new(R::declaration(), rows.iter().map(cells).collect())
    }

    /// Rows that fit their declaration.
    pub(crate) fn new(declaration: Declaration, rows: Vec<Vec<Cell>>) -> Self {
        Self { declaration, rows }
    }

    /// The rows in their type.
    ///
    /// # Errors
    /// [`TableError`] naming the row in which a cell is missing that must not be, or the table if it is another.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, TableError> {
        if self.declaration != R::declaration() {
            return Err(TableError::new(
                format!("the table {}", self.name()),
                format!("the table {}", R::NAME),
            ));
        }
        let typed = |(number, cells): (usize, &Vec<Cell>)| {
            R::load(&mut cells.iter()).ok_or_else(|| {
                TableError::new(
                    format!("an empty or negative count in row {}", number + 1),
                    format!("rows of the table {}", R::NAME),
                )
            })
        };
        self.rows.iter().enumerate().map(typed).collect()
    }

    /// Name of the table, the stem of its files without the language.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// What the table is, in a sentence.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        self.declaration.meaning
    }

    /// Its columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.declaration.columns
    }

    /// The cells, row by row, in the order of the columns.
    #[must_use]
    pub fn cells(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The cells of a column; `None` if there is no such column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Vec<&Cell>> {
        let at = self.columns().iter().position(|column| column.name == name)?;
        Some(self.rows.iter().map(|row| &row[at]).collect())
    }

    /// A column as numbers, counts included; without values if there is no such column.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        let column = self.column(name).unwrap_or_default();
        column.into_iter().map(Cell::number).collect()
    }

    /// A column as people read it; without values if there is no such column.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let column = self.column(name).unwrap_or_default();
        column.into_iter().map(Cell::display).collect()
    }

    /// Some columns as lines of text for a terminal, names first.
    ///
    /// ```
    /// use lpp_tables::{Summary, Table};
    /// let table = Table::of(&[Summary { quantity: "n_voxels".into(), value: 870.0 }]);
    /// assert_eq!(table.aligned(&["quantity", "value"]), ["quantity  value", "n_voxels  870.0"]);
    /// ```
    #[must_use]
    pub fn aligned(&self, columns: &[&str]) -> Vec<String> {
        let cells: Vec<Vec<String>> = columns
            .iter()
            .map(|&name| [vec![name.to_owned()], self.texts(name)].concat())
            .collect();
        let widths: Vec<usize> = cells
            .iter()
            .map(|column| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        let line = |row: usize| {
            let padded: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(column, &width)| format!("{:width$}", column.get(row).map_or("", String::as_str)))
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        (0..=self.n_rows()).map(line).collect()
    }

    /// One JSON object a row; a missing value is `null`.
    #[must_use]
    pub fn json_rows(&self) -> Value {
        let object = |row: &Vec<Cell>| {
            let cells = self.columns().iter().zip(row);
            let cells = cells.map(|(column, cell)| (column.name.to_owned(), cell.json()));
            Value::Object(cells.collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }
}
