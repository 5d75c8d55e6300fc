//! Tables as files of a study.

use std::path::{Path, PathBuf};

use lpp_files::{BoundedRows, FileError, write_atomically};
use lpp_tables::{Declaration, Table, TableError};

use crate::AnalysisError;

/// Writes `<stem>.csv` and `<stem>.parquet`.
///
/// # Errors
/// [`AnalysisError::File`] or [`AnalysisError::Malformed`] if a file cannot be written.
pub(crate) fn save(table: &Table, stem: &Path) -> Result<(), AnalysisError> {
    write_atomically(&stem.with_extension("csv"), table.to_csv().as_bytes())?;
    let path = stem.with_extension("parquet");
    let bytes = table.to_parquet().map_err(|error| malformed(&path, error))?;
    Ok(write_atomically(&path, &bytes)?)
}

/// Reads a table back from its CSV file.
///
/// # Errors
/// [`AnalysisError::Malformed`] naming the file if it is not the declared table, [`AnalysisError::File`] if it cannot be read.
///
/// # Example
/// ```no_run
/// use lpp_tables::{Row, Scaling};
/// let table = lpp_analysis::load_table("results/scaling_en.csv".as_ref(), Scaling::declaration())?;
/// # Ok::<(), lpp_analysis::AnalysisError>(())
/// ```
pub fn load_table(path: &Path, declaration: Declaration) -> Result<Table, AnalysisError> {
    let rows = || {
        let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
        Ok::<_, FileError>(BoundedRows::new(file))
    };
    Table::check_csv(&declaration, rows()?).map_err(|error| malformed(path, error))?;
    Table::read_csv(declaration, rows()?).map_err(|error| malformed(path, error))
}

fn malformed(path: &Path, TableError { found, expected, .. }: TableError) -> AnalysisError {
    AnalysisError::Malformed {
        path: PathBuf::from(path),
        found,
        expected,
    }
}
