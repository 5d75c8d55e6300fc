//! Small CSV files read by column name.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};
use lpp_files::{BoundedRows, ONE_OF_EACH_NAME, only_column_of_any_case};

use crate::FmriError;

/// Memory that a record of a few cells takes, in a list that grows. 170,000 rows of any length pass.
const BYTES_OF_ROW: usize = 350;

/// A CSV file in memory: a header and at least one row.
pub(crate) struct CsvTable {
    path: PathBuf,
    header: StringRecord,
    /// Each row with its number in the file, counted from 1 without the header.
    rows: Vec<(usize, StringRecord)>,
}

impl CsvTable {
    /// Reads `path`. Cells are separated by commas, or by the tabs or semicolons of a header without commas.
    pub(crate) fn load(path: &Path) -> Result<Self, FmriError> {
        let failed = |error: csv::Error| {
            let found = error.to_string();
            match error.into_kind() {
                csv::ErrorKind::Io(source) => FmriError::read(path)(source),
                _ => FmriError::malformed(path, found, "rows of values separated by commas or tabs"),
            }
        };
        let mut file = BufReader::new(lpp_files::open_input(path).map_err(FmriError::read(path))?);
        let separator = separator(file.fill_buf().map_err(FmriError::read(path))?);
        let mut reader = ReaderBuilder::new()
            .trim(csv::Trim::All)
            .delimiter(separator)
            .from_reader(BoundedRows::new(file).with_rows_of(BYTES_OF_ROW));
        let header = reader.headers().map_err(failed)?.clone();
        let records = reader.records().collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let rows: Vec<_> = (1..).zip(records).collect();
        if rows.is_empty() {
            return Err(FmriError::malformed(
                path,
                "no row",
                "a header and at least one row",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            header,
            rows,
        })
    }

    /// Names of all columns.
    pub(crate) fn names(&self) -> Vec<String> {
        self.header.iter().map(str::to_owned).collect()
    }

    /// Number of rows.
    pub(crate) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The one of `names` that is a column, if any; an error if two are.
    pub(crate) fn one_of<'a>(&self, names: &[&'a str]) -> Result<Option<&'a str>, FmriError> {
        let mut found = None;
        for &name in names {
            if self.position(name)?.is_some()
                && let Some(other) = found.replace(name)
            {
                let expected = format!("one of {other} and {name}");
                return Err(FmriError::malformed(&self.path, self.columns(), expected));
            }
        }
        Ok(found)
    }

    /// Keeps the rows for which `keep` is true of the row number, counted from 0.
    pub(crate) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let mut row = 0;
        self.rows.retain(|_| {
            row += 1;
            keep(row - 1)
        });
    }

    /// Number of each row in the file, counted from 1 without the header.
    pub(crate) fn row_numbers(&self) -> Vec<usize> {
        self.rows.iter().map(|(number, _)| *number).collect()
    }

    /// The column as text.
    pub(crate) fn text(&self, column: &str) -> Result<Vec<String>, FmriError> {
        let index = self.index(column)?;
        Ok(self
            .rows
            .iter()
            .map(|(_, row)| row.get(index).unwrap_or_default().to_owned())
            .collect())
    }

    /// The column as finite numbers.
    pub(crate) fn numbers(&self, column: &str) -> Result<Vec<f64>, FmriError> {
        self.numbers_after(column, 0)
    }

    /// The same without the first rows.
    fn numbers_after(&self, column: &str, n_skipped: usize) -> Result<Vec<f64>, FmriError> {
        let parse = |((row, _), text): (&(usize, StringRecord), String)| {
            text.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| {
                let found = format!("{text:?} in column {column}, row {row}");
                FmriError::malformed(&self.path, found, "a finite number")
            })
        };
        let rows = self.rows.iter().zip(self.text(column)?);
        rows.skip(n_skipped).map(parse).collect()
    }

    /// The same, with the second number for a missing first one.
    pub(crate) fn numbers_from_second_row(&self, column: &str) -> Result<Vec<f64>, FmriError> {
        let is_missing = self.first_is_missing(column)?;
        let mut numbers = self.numbers_after(column, usize::from(is_missing))?;
        if is_missing {
            let second = numbers.first().copied();
            numbers.insert(0, second.ok_or_else(|| self.missing(column))?);
        }
        Ok(numbers)
    }

    /// Whether the first value of a column is missing (`n/a`).
    pub(crate) fn first_is_missing(&self, column: &str) -> Result<bool, FmriError> {
        let index = self.index(column)?;
        let first = self.rows.first().and_then(|(_, row)| row.get(index));
        Ok(first.is_some_and(|text| ["n/a", "nan", "na"].contains(&text.to_ascii_lowercase().as_str())))
    }

    fn index(&self, column: &str) -> Result<usize, FmriError> {
        self.position(column)?.ok_or_else(|| self.missing(column))
    }

    /// The place of a column of this name, or of one that differs only in case.
    fn position(&self, column: &str) -> Result<Option<usize>, FmriError> {
        only_column_of_any_case(&self.header, column)
            .map_err(|two| FmriError::malformed(&self.path, two.to_string(), ONE_OF_EACH_NAME))
    }

    fn columns(&self) -> String {
        format!(
            "the columns {}",
            self.header.iter().collect::<Vec<_>>().join(", ")
        )
    }

    /// The error for a missing `column`.
    pub(crate) fn missing(&self, column: &str) -> FmriError {
        FmriError::malformed(&self.path, self.columns(), format!("a column {column}"))
    }
}

/// The separator of the first row.
fn separator(beginning: &[u8]) -> u8 {
    let header = beginning
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let separators = *b",\t;";
    separators
        .into_iter()
        .find(|byte| header.contains(byte))
        .unwrap_or(b',')
}
