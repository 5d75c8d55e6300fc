//! Tables as Parquet.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::{Cell, Column, Kind, Table, TableError};

impl Table {
    /// The table as the bytes of a Parquet file: strings, 64-bit integers and doubles, missing values as nulls, not compressed.
    ///
    /// # Errors
    /// [`TableError`] if the writer refuses it, which no table of at most 2³¹ rows can cause.
    pub fn to_parquet(&self) -> std::result::Result<Vec<u8>, TableError> {
        self.write_parquet()
            .map_err(|error| TableError::new(error.to_string(), "a table that Parquet can hold"))
    }

    fn write_parquet(&self) -> Result<Vec<u8>> {
        let fields = self.columns().iter().map(field).collect::<Result<_>>()?;
        let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::UNCOMPRESSED)
            .set_created_by(concat!("lpp-tables ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let mut bytes = Vec::new();
        let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))?;
        let mut group = file.next_row_group()?;
        for at in 0..self.columns().len() {
            let column = group.next_column()?.ok_or_else(no_writer)?;
            write_column(column, self.cells().iter().map(|row| &row[at]))?;
        }
        group.close()?;
        file.close()?;
        Ok(bytes)
    }
}

fn no_writer() -> ParquetError {
    ParquetError::General("no writer of a column".to_owned())
}

fn field(column: &Column) -> Result<TypePtr> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Count => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
    };
    let field = Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL);
    Ok(Arc::new(field.build()?))
}

fn write_column<'a>(
    mut column: SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<()> {
    match column.untyped() {
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let values = cells.map(|cell| match cell {
                Cell::Text(text) => text.as_deref().map(ByteArray::from),
                Cell::Count(_) | Cell::Number(_) => None,
            });
            let (levels, values) = known(values);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::Int64ColumnWriter(writer) => {
            let values = cells.map(|cell| match cell {
                Cell::Count(count) => *count,
                Cell::Text(_) | Cell::Number(_) => None,
            });
            let (levels, values) = known::<<Int64Type as DataType>::T>(values);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            let (levels, values) = known::<<DoubleType as DataType>::T>(cells.map(Cell::number));
            writer.write_batch(&values, Some(&levels), None)?;
        }
        _ => return Err(no_writer()),
    }
    column.close()
}

/// For each row whether it has a value, and the values that there are.
fn known<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<i16>, Vec<T>) {
    let values: Vec<Option<T>> = values.collect();
    let levels = values.iter().map(|value| i16::from(value.is_some())).collect();
    (levels, values.into_iter().flatten().collect())
}
