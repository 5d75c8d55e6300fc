//! A small typed table: what every analysis gives and every figure takes.

use serde_json::{Map, Value};

use crate::AnalysisError;

/// The values of one column; a missing value is `None`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Names and labels.
    Text(Vec<Option<String>>),
    /// Counts.
    Count(Vec<Option<i64>>),
    /// Measured or computed numbers; NaN is stored as missing.
    Number(Vec<Option<f64>>),
}

impl Column {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Count(values) => values.len(),
            Self::Number(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row as people read it: counts in full, numbers with four digits, nothing if missing.
    #[must_use]
    pub fn display(&self, row: usize) -> String {
        match self {
            Self::Text(values) => values.get(row).cloned().flatten(),
            Self::Count(values) => values.get(row).copied().flatten().map(crate::number::grouped),
            Self::Number(values) => values.get(row).copied().flatten().map(crate::number::compact),
        }
        .unwrap_or_default()
    }

    fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Text(values) => Self::Text(rows.iter().map(|&row| values[row].clone()).collect()),
            Self::Count(values) => Self::Count(rows.iter().map(|&row| values[row]).collect()),
            Self::Number(values) => Self::Number(rows.iter().map(|&row| values[row]).collect()),
        }
    }

    fn json(&self, row: usize) -> Value {
        match self {
            Self::Text(values) => values[row].clone().into(),
            Self::Count(values) => values[row].into(),
            Self::Number(values) => values[row].into(),
        }
    }
}

/// Named columns of equal length. Names carry units, as `scan_s`; scores are correlations and have none.
///
/// ```
/// use lpp_analysis::Table;
/// let table = Table::new("scaling")
///     .text("model", ["gpt2", "gpt2-xl"])?
///     .count("n_parameters", [Some(124_439_808), None])?
///     .number("score_all", [0.07, f64::NAN])?;
/// assert_eq!(table.n_rows(), 2);
/// assert_eq!(table.numbers("score_all"), [Some(0.07), None]);
/// # Ok::<(), lpp_analysis::AnalysisError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<(String, Column)>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            columns: Vec::new(),
        }
    }

    /// Adds a column of text.
    ///
    /// # Errors
    /// [`AnalysisError::ColumnLength`] if it does not fit the columns before it.
    pub fn text(
        self,
        name: &str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, AnalysisError> {
        self.with(
            name,
            Column::Text(values.into_iter().map(|value| Some(value.into())).collect()),
        )
    }

    /// Adds a column of counts.
    ///
    /// # Errors
    /// As [`Table::text`].
    pub fn count(
        self,
        name: &str,
        values: impl IntoIterator<Item = impl Into<Option<i64>>>,
    ) -> Result<Self, AnalysisError> {
        self.with(name, Column::Count(values.into_iter().map(Into::into).collect()))
    }

    /// Adds a column of numbers; what is not finite counts as missing.
    ///
    /// # Errors
    /// As [`Table::text`].
    pub fn number(self, name: &str, values: impl IntoIterator<Item = f64>) -> Result<Self, AnalysisError> {
        let values = values
            .into_iter()
            .map(|value| Some(value).filter(|value| value.is_finite()));
        self.with(name, Column::Number(values.collect()))
    }

    /// Adds a column.
    ///
    /// # Errors
    /// As [`Table::text`].
    pub fn with(mut self, name: &str, column: Column) -> Result<Self, AnalysisError> {
        if !self.columns.is_empty() && column.len() != self.n_rows() {
            return Err(AnalysisError::ColumnLength {
                name: name.to_owned(),
                found: column.len(),
                expected: self.n_rows(),
            });
        }
        self.columns.push((name.to_owned(), column));
        Ok(self)
    }

    /// Name of the table, the stem of its files without the language.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Columns in order, with their names.
    #[must_use]
    pub fn columns(&self) -> &[(String, Column)] {
        &self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, column)| column)
    }

    /// A column as numbers, counts included; all missing if there is no such column.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        match self.column(name) {
            Some(Column::Number(values)) => values.clone(),
            Some(Column::Count(values)) => values
                .iter()
                .map(|value| value.map(|count| count as f64))
                .collect(),
            _ => vec![None; self.n_rows()],
        }
    }

    /// A column as text; empty where there is none.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let column = self.column(name);
        (0..self.n_rows())
            .map(|row| column.map_or_else(String::new, |column| column.display(row)))
            .collect()
    }

    /// A column as text to the last digit; empty where there is none.
    pub(crate) fn plain_texts(&self, name: &str) -> Vec<String> {
        let cell = |row: usize| match self.column(name)? {
            Column::Text(values) => values[row].clone(),
            Column::Count(values) => values[row].map(|value| value.to_string()),
            Column::Number(values) => values[row].map(|value| value.to_string()),
        };
        (0..self.n_rows())
            .map(|row| cell(row).unwrap_or_default())
            .collect()
    }

    /// Some columns as lines of text for a terminal, names first; a column that is not there is empty.
    ///
    /// ```
    /// use lpp_analysis::Table;
    /// let table = Table::new("t").text("id", ["N1"])?.count("value", [25_870])?;
    /// assert_eq!(table.aligned(&["id", "value"]), "id  value\nN1  25,870");
    /// # Ok::<(), lpp_analysis::AnalysisError>(())
    /// ```
    #[must_use]
    pub fn aligned(&self, columns: &[&str]) -> String {
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
                .map(|(column, &width)| format!("{:width$}", column[row]))
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        (0..=self.n_rows()).map(line).collect::<Vec<_>>().join("\n")
    }

    /// The rows for which `keep` holds, by row number.
    #[must_use]
    pub fn filter_rows(&self, keep: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.n_rows()).filter(|&row| keep(row)).collect();
        let columns = self
            .columns
            .iter()
            .map(|(name, column)| (name.clone(), column.pick(&rows)))
            .collect();
        Self {
            name: self.name.clone(),
            columns,
        }
    }

    /// One JSON object a row; a missing value is `null`.
    #[must_use]
    pub fn json_rows(&self) -> Value {
        (0..self.n_rows())
            .map(|row| {
                let cells = self
                    .columns
                    .iter()
                    .map(|(name, column)| (name.clone(), column.json(row)));
                Value::Object(cells.collect::<Map<_, _>>())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_must_agree_in_length() {
        let table = Table::new("t").text("a", ["x", "y"]).unwrap().number("b", [1.0]);
        assert!(matches!(
            table,
            Err(AnalysisError::ColumnLength {
                found: 1,
                expected: 2,
                ..
            })
        ));
    }

    #[test]
    fn rows_become_json_objects() {
        let table = Table::new("t")
            .text("a", ["x"])
            .unwrap()
            .number("b", [f64::NAN])
            .unwrap();
        assert_eq!(table.json_rows().to_string(), r#"[{"a":"x","b":null}]"#);
    }

    #[test]
    fn unknown_columns_are_missing_values() {
        let table = Table::new("t").text("a", ["x"]).unwrap();
        assert_eq!(table.numbers("b"), [None]);
        assert_eq!(table.texts("b"), [""]);
    }
}
