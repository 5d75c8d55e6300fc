//! Features of one run in a Parquet file, a column per feature.

use std::path::Path;

use bytes::Bytes;
use half::f16;
use lpp_files::{FileError, caught};
use ndarray::Array2;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::arrays::name_of;
use super::parquet_pages::{check_footer, check_pages};
use super::run_features::RunFeatures;

/// Numbers that a file of any size may hold; more must be as many as it has bytes. A few bytes can stand for any number of
/// equal values.
const FREE_VALUES: u64 = 4_000_000;

/// Reads a table of numbers: a row per word or scan, a column per feature. The index of pandas is no feature.
pub(super) fn load_parquet(path: &Path) -> Result<Vec<RunFeatures>, FileError> {
    let bytes = Bytes::from(lpp_files::read_input(path).map_err(FileError::read(path))?);
    check_footer(&bytes)
        .map_err(|found| FileError::malformed(path, found, "a Parquet file whose columns fit into memory"))?;
    // The library panics on some broken files.
    let layer = caught(|| read(path, bytes)).map_err(|panic| {
        let expected = "a Parquet file as pandas writes it";
        FileError::malformed(path, format!("a broken Parquet file ({panic})"), expected)
    })??;
    Ok(vec![RunFeatures {
        place: name_of(path),
        layers: vec![layer],
    }])
}

fn read(path: &Path, bytes: Bytes) -> Result<Array2<f32>, FileError> {
    let failed = |error: ParquetError| {
        let expected = "a Parquet file without compression, or with snappy or gzip";
        FileError::malformed(path, error.to_string(), expected)
    };
    let n_bytes = bytes.len() as u64;
    let reader = SerializedFileReader::new(bytes.clone()).map_err(failed)?;
    let metadata = reader.metadata().file_metadata();
    let index = index_of_pandas(metadata.key_value_metadata());
    let columns = metadata.schema_descr().columns();
    let features: Vec<usize> = (0..columns.len())
        .filter(|&column| !index.iter().any(|name| name == columns[column].name()))
        .collect();
    let n_rows: u64 = (reader.metadata().row_groups().iter())
        .map(|group| u64::try_from(group.num_rows()).unwrap_or(u64::MAX))
        .fold(0, u64::saturating_add);
    let most = FREE_VALUES.saturating_add(n_bytes);
    if n_rows.saturating_mul(features.len() as u64) > most {
        let found = format!("{n_rows} rows of {} columns in {n_bytes} bytes", features.len());
        return Err(FileError::malformed(
            path,
            found,
            format!("at most {most} numbers in such a file"),
        ));
    }
    let mut values: Vec<Vec<f32>> = vec![Vec::new(); features.len()];
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(failed)?;
        let n_rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        for (&column, values) in features.iter().zip(&mut values) {
            let start = values.len();
            check_column(&bytes, group.metadata().column(column)).map_err(|found| {
                let found = format!("{found}, in the column {:?}", columns[column].name());
                FileError::malformed(
                    path,
                    found,
                    "pages that hold what they declare; write the file again",
                )
            })?;
            let described = &columns[column];
            let from = group.get_column_reader(column).map_err(failed)?;
            read_column(from, described, n_rows, values).map_err(|fault| match fault {
                Fault::Kind(kind) => {
                    let found = format!("{kind} in the column {:?}", described.name());
                    FileError::malformed(path, found, "numbers only (leave out columns of words and times)")
                }
                Fault::Parquet(error) => failed(error),
            })?;
            if values.len() != start + n_rows {
                let found = format!("missing values in the column {:?}", described.name());
                return Err(FileError::malformed(path, found, "a number in each row"));
            }
        }
    }
    let n_rows = values.first().map_or(0, Vec::len);
    Ok(Array2::from_shape_fn(
        (n_rows, features.len()),
        |(row, column)| values[column][row],
    ))
}

/// Checks what the pages of a column declare.
fn check_column(file: &Bytes, column: &ColumnChunkMetaData) -> Result<(), String> {
    let (start, length) = column.byte_range();
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let Some(pages) = file.get(place(start)..place(start.saturating_add(length))) else {
        return Err(format!("{length} bytes from byte {start} of {}", file.len()));
    };
    let width = match column.column_type() {
        Physical::INT64 | Physical::DOUBLE => 8,
        Physical::INT32 | Physical::FLOAT => 4,
        _ => usize::try_from(column.column_descr().type_length()).unwrap_or(0),
    };
    check_pages(pages, column.compression(), column.column_type(), width)
}

enum Fault {
    Kind(String),
    Parquet(ParquetError),
}

/// Adds the numbers of a column; fewer than `n_rows` if some are missing.
fn read_column(
    reader: ColumnReader,
    column: &ColumnDescriptor,
    n_rows: usize,
    values: &mut Vec<f32>,
) -> Result<(), Fault> {
    if column.path().parts().len() > 1 || column.max_rep_level() > 0 {
        return Err(Fault::Kind("lists or groups".to_owned()));
    }
    let logical = column.logical_type_ref();
    let is_integer = matches!(logical, None | Some(LogicalType::Integer { .. }));
    let unsigned = matches!(
        column.converted_type(),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
    ) || matches!(logical, Some(LogicalType::Integer(kind)) if !kind.is_signed);
    match (reader, column.physical_type()) {
        (ColumnReader::FloatColumnReader(from), _) => extend(from, n_rows, values, |&v| v),
        (ColumnReader::DoubleColumnReader(from), _) => extend(from, n_rows, values, |&v| single(v)),
        (ColumnReader::Int32ColumnReader(from), _) if is_integer && unsigned => {
            extend(from, n_rows, values, |&v| v.cast_unsigned() as f32)
        }
        (ColumnReader::Int32ColumnReader(from), _) if is_integer => {
            extend(from, n_rows, values, |&v| v as f32)
        }
        (ColumnReader::Int64ColumnReader(from), _) if is_integer && unsigned => {
            extend(from, n_rows, values, |&v| v.cast_unsigned() as f32)
        }
        (ColumnReader::Int64ColumnReader(from), _) if is_integer => {
            extend(from, n_rows, values, |&v| v as f32)
        }
        (ColumnReader::FixedLenByteArrayColumnReader(from), _) if logical == Some(&LogicalType::Float16) => {
            extend(from, n_rows, values, |v| match v.data() {
                [low, high] => f16::from_le_bytes([*low, *high]).to_f32(),
                _ => f32::NAN,
            })
        }
        (_, Physical::BYTE_ARRAY) => Err(Fault::Kind("texts".to_owned())),
        (_, physical) => {
            let kind = logical.map_or_else(|| physical.to_string(), |logical| format!("{logical:?}"));
            Err(Fault::Kind(format!("values of the type {kind}")))
        }
    }
}

fn extend<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    n_rows: usize,
    values: &mut Vec<f32>,
    number: impl Fn(&T::T) -> f32,
) -> Result<(), Fault> {
    let (mut read, mut levels) = (Vec::new(), Vec::new());
    let mut left = n_rows;
    while left > 0 {
        read.clear();
        let (n, ..) = reader
            .read_records(left, Some(&mut levels), None, &mut read)
            .map_err(Fault::Parquet)?;
        values.extend(read.iter().map(&number));
        if n == 0 {
            break;
        }
        left -= n.min(left);
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "activations are f32; what overflows is refused later"
)]
fn single(value: f64) -> f32 {
    value as f32
}

/// The columns that pandas wrote as the index, by its own note in the file.
fn index_of_pandas(notes: Option<&Vec<parquet::file::metadata::KeyValue>>) -> Vec<String> {
    let note = notes.into_iter().flatten().find(|note| note.key == "pandas");
    let text = note.and_then(|note| note.value.as_deref()).unwrap_or_default();
    let json: serde_json::Value = lpp_files::json::from_str(text).unwrap_or_default();
    let columns = json["index_columns"].as_array().cloned().unwrap_or_default();
    columns
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_files::npy;
    use lpp_testkit::fixture;

    #[test]
    fn numbers_of_every_type_are_read_as_pandas_does() {
        let expected = npy::load(&fixture("features/expected_parquet.npy")).unwrap();
        let expected = expected.into_f32();
        for run in 0..3 {
            let read = load_parquet(&fixture(&format!("features/run-{run}.parquet"))).unwrap();
            assert_eq!(read[0].layers[0].view().into_dyn(), expected.view(), "run {run}");
        }
    }

    #[test]
    fn what_is_no_number_is_named() {
        for (file, said) in [
            ("missing.parquet", "missing values in the column \"a\""),
            ("words.parquet", "texts in the column \"word\""),
        ] {
            let error = load_parquet(&fixture(&format!("features/{file}")))
                .unwrap_err()
                .to_string();
            assert!(error.contains(file) && error.contains(said), "{error}");
        }
    }
}
