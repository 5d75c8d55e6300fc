//! Tables as CSV.

use std::io::Read;

use crate::{Cell, Declaration, Table, TableError};

impl Table {
    /// The table with its header. Numbers have the digits that give them back exactly; missing values are empty cells.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let line = |cells: Vec<String>| cells.join(",") + "\n";
        let header = self.columns().iter().map(|column| column.name.to_owned());
        let rows = self.cells().iter();
        let rows = rows.map(|row| line(row.iter().map(|cell| quoted(cell.plain())).collect()));
        std::iter::once(line(header.collect())).chain(rows).collect()
    }

    /// Reads a table of this declaration back.
    ///
    /// # Errors
    /// [`TableError`] if the stream is empty or cannot be read, its columns are not those of the declaration, its rows differ in
    /// length or a cell is not of the kind of its column.
    pub fn read_csv(declaration: Declaration, text: impl Read) -> Result<Self, TableError> {
        let mut rows = Vec::new();
        each_row(&declaration, text, |row| rows.push(row))?;
        Ok(Self::new(declaration, rows))
    }

    /// Checks that a table of this declaration can be read, without keeping it.
    ///
    /// Cells of a digit take thirty times as much memory as their text, so that a file of unknown origin is checked to its end
    /// before it is read.
    ///
    /// # Errors
    /// As [`read_csv`](Self::read_csv).
    pub fn check_csv(declaration: &Declaration, text: impl Read) -> Result<(), TableError> {
        each_row(declaration, text, drop)
    }
}

/// Passes the cells of each row to `keep`.
fn each_row(
    declaration: &Declaration,
    text: impl Read,
    mut keep: impl FnMut(Vec<Cell>),
) -> Result<(), TableError> {
    let expected = || {
        format!(
            "the table {} of this version: run lpp-analyze again",
            declaration.name
        )
    };
    let malformed = |found: String| TableError::new(found, expected());
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().map_err(|e| malformed(e.to_string()))?.clone();
    if header.is_empty() {
        return Err(malformed("an empty file".to_owned()));
    }
    if let Some(name) = missing_or_foreign(declaration, &header) {
        return Err(malformed(name));
    }
    for record in reader.records() {
        let record = record.map_err(|e| malformed(e.to_string()))?;
        let cells = declaration.columns.iter().zip(&record).map(|(column, text)| {
            Cell::parse(column.kind, text)
                .ok_or_else(|| malformed(format!("{text:?} in column {}", column.name)))
        });
        keep(cells.collect::<Result<_, _>>()?);
    }
    Ok(())
}

/// What is wrong with a header: tables of other versions may have other columns.
fn missing_or_foreign(declaration: &Declaration, header: &csv::StringRecord) -> Option<String> {
    let known = declaration.columns.iter().map(|column| column.name);
    if known.clone().eq(header) {
        return None;
    }
    let missing = known
        .clone()
        .find(|name| !header.iter().any(|found| found == *name));
    let foreign = header
        .iter()
        .find(|found| !known.clone().any(|name| name == *found));
    Some(match (missing, foreign) {
        (Some(name), _) => format!("no column {name}"),
        (None, Some(name)) => format!("a column {name:?}"),
        (None, None) => "columns in another order".to_owned(),
    })
}

/// A cell in quotes if its text would end it.
fn quoted(text: String) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
