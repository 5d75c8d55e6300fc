//! Tables as CSV and Parquet files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lpp_files::{AtomicFile, BoundedRows};
use polars_core::frame::DataFrame;
use polars_core::prelude::{Column as Series, NamedFrom, Series as Values};
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_io::parquet::write::{ParquetCompression, ParquetWriter};

use crate::table::Column;
use crate::{AnalysisError, Table};

impl Table {
    /// Writes `<stem>.csv` and `<stem>.parquet`.
    ///
    /// Numbers are written with the digits that give them back exactly; missing values are
    /// empty cells in CSV and nulls in Parquet.
    ///
    /// # Errors
    /// [`AnalysisError::File`] or [`AnalysisError::Table`] if a file cannot be written.
    pub fn save(&self, stem: &Path) -> Result<(), AnalysisError> {
        let mut frame = self.to_frame(stem)?;
        let path = stem.with_extension("csv");
        let mut file = AtomicFile::create(&path)?;
        CsvWriter::new(&mut file)
            .finish(&mut frame)
            .map_err(table_error(&path))?;
        file.commit()?;

        let path = stem.with_extension("parquet");
        let mut file = AtomicFile::create(&path)?;
        ParquetWriter::new(&mut file)
            .with_compression(ParquetCompression::Uncompressed)
            .finish(&mut frame)
            .map_err(table_error(&path))?;
        file.commit()?;
        Ok(())
    }

    /// Reads a table back from its CSV file.
    ///
    /// A column whose cells are all integers holds counts, one whose cells are all numbers holds
    /// numbers, any other text. Empty cells are missing.
    ///
    /// # Errors
    /// [`AnalysisError::Malformed`] naming the file if it is empty or its rows differ in length,
    /// [`AnalysisError::File`] if it cannot be read.
    pub fn load(path: &Path, name: &str) -> Result<Self, AnalysisError> {
        let file = File::open(path).map_err(|source| lpp_files::FileError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(file, path, name)
    }

    /// The same from a stream; `path` names it in errors.
    pub(crate) fn parse(text: impl Read, path: &Path, name: &str) -> Result<Self, AnalysisError> {
        let mut reader = csv::Reader::from_reader(BoundedRows::new(text));
        let malformed = |found: String| AnalysisError::Malformed {
            path: path.to_owned(),
            found,
            expected: "a CSV table with a header, as lpp-analyze writes it".to_owned(),
        };
        let header = reader.headers().map_err(|e| malformed(e.to_string()))?.clone();
        if header.is_empty() {
            return Err(malformed("an empty file".to_owned()));
        }
        let mut cells = vec![Vec::new(); header.len()];
        for record in reader.records() {
            let record = record.map_err(|e| malformed(e.to_string()))?;
            for (column, cell) in cells.iter_mut().zip(&record) {
                column.push(Some(cell.to_owned()).filter(|cell| !cell.is_empty()));
            }
        }
        header
            .iter()
            .zip(cells)
            .try_fold(Self::new(name), |table, (name, cells)| {
                table.with(name, typed(cells))
            })
    }

    fn to_frame(&self, path: &Path) -> Result<DataFrame, AnalysisError> {
        let columns = self.columns().iter().map(|(name, column)| {
            let name = name.as_str().into();
            Series::from(match column {
                Column::Text(values) => Values::new(name, values),
                Column::Count(values) => Values::new(name, values),
                Column::Number(values) => Values::new(name, values),
            })
        });
        DataFrame::new(self.n_rows(), columns.collect()).map_err(table_error(path))
    }
}

fn table_error(path: &Path) -> impl FnOnce(polars_core::error::PolarsError) -> AnalysisError {
    let path = path.to_owned();
    move |source| AnalysisError::Table { path, source }
}

/// The narrowest type that holds every cell.
fn typed(cells: Vec<Option<String>>) -> Column {
    fn parsed<T: std::str::FromStr>(cells: &[Option<String>]) -> Option<Vec<Option<T>>> {
        cells
            .iter()
            .map(|cell| {
                cell.as_ref()
                    .map(|cell| cell.parse().ok())
                    .map_or(Some(None), |v| v.map(Some))
            })
            .collect()
    }
    if let Some(counts) = parsed::<i64>(&cells) {
        return Column::Count(counts);
    }
    match parsed::<f64>(&cells) {
        Some(numbers) => Column::Number(numbers),
        None => Column::Text(cells),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_survives_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("results/t_en");
        let table = Table::new("t")
            .text("model", ["a,b", "quoted \"c\""])
            .unwrap()
            .count("n", [Some(7), None])
            .unwrap()
            .number("x", [0.1 + 0.2, f64::NAN])
            .unwrap();
        table.save(&stem).unwrap();
        assert_eq!(Table::load(&stem.with_extension("csv"), "t").unwrap(), table);
        let parquet = std::fs::read(stem.with_extension("parquet")).unwrap();
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    }

    #[test]
    fn a_table_without_rows_keeps_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("t");
        Table::new("t").number("x", []).unwrap().save(&stem).unwrap();
        assert_eq!(
            std::fs::read_to_string(stem.with_extension("csv")).unwrap(),
            "x\n"
        );
    }

    #[test]
    fn broken_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for text in ["", "a,b\n1,2,3\n"] {
            std::fs::write(&path, text).unwrap();
            let message = Table::load(&path, "t").unwrap_err().to_string();
            assert!(
                message.contains("t.csv") && message.contains("expected"),
                "{message}"
            );
        }
    }
}
