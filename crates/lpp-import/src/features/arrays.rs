//! Features of one run a file: NumPy arrays, and tables with a column per feature.

use std::path::Path;

use lpp_files::{BoundedRows, FileError, npy};
use ndarray::{Array2, ArrayD};

use super::run_features::{Place, RunFeatures, layers_of};

/// Reads an array of NumPy.
pub(super) fn load_npy(path: &Path, layer_axis: Option<usize>) -> Result<Vec<RunFeatures>, FileError> {
    let array = singles(path)?;
    Ok(vec![RunFeatures {
        place: name_of(path),
        layers: layers_of(path, "an array", array, layer_axis)?,
    }])
}

/// An array of real numbers of any type, rounded to `f32`.
pub(super) fn singles(path: &Path) -> Result<ArrayD<f32>, FileError> {
    npy::load(path).map(npy::NpyArray::into_f32)
}

/// Reads a table of numbers: a row per word or scan, a column per feature.
pub(super) fn load_csv(path: &Path) -> Result<Vec<RunFeatures>, FileError> {
    let delimiter = if path.extension().is_some_and(|ending| ending == "tsv") {
        b'\t'
    } else {
        b','
    };
    let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(BoundedRows::new(file));
    let expected = "a header and rows of numbers, a column per feature";
    let failed = |error: csv::Error| FileError::malformed(path, error.to_string(), expected);
    let header = reader.headers().map_err(failed)?.clone();
    if let Some(number) = header.iter().find(|name| name.parse::<f64>().is_ok()) {
        return Err(FileError::malformed(
            path,
            format!("{number:?} in the header"),
            expected,
        ));
    }
    let mut values = Vec::new();
    let mut n_rows = 0;
    for record in reader.records() {
        let record = record.map_err(failed)?;
        n_rows += 1;
        for (cell, column) in record.iter().zip(&header) {
            let number: f32 = cell.parse().map_err(|_| {
                let found = format!("{cell:?} in row {n_rows}, column {column:?}");
                FileError::malformed(path, found, "numbers only (leave out columns of words and times)")
            })?;
            values.push(number);
        }
    }
    let layer = Array2::from_shape_vec((n_rows, header.len()), values);
    let layer = layer.map_err(|error| FileError::malformed(path, error.to_string(), expected))?;
    Ok(vec![RunFeatures {
        place: name_of(path),
        layers: vec![layer],
    }])
}

pub(super) fn name_of(path: &Path) -> Place {
    Place::Name(
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    )
}
