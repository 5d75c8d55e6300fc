//! Tables through their files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use lpp_tables::{Kind, Row, Table, TableError, declarations};
use parquet::basic::Type;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

lpp_tables::table! {
    /// Made up.
    Toy: "toy" {
        /// A name.
        model: String,
        /// A count.
        n: Option<usize>,
        /// A number.
        x: f64 ["mm"] as "x_mm",
        /// A flag.
        shown: bool,
    }
}

fn toy(model: &str, n: Option<usize>, x: f64) -> Toy {
    Toy {
        model: model.into(),
        n,
        x,
        shown: true,
    }
}

fn rows() -> Vec<Toy> {
    vec![
        toy("a,b", Some(7), 0.1 + 0.2),
        toy("quoted \"c\"", None, f64::NAN),
        toy("", Some(0), -2.5e-17),
        toy("line\nend", Some(1_000_000), 1.0),
        toy("é", None, 1e21),
    ]
}

#[test]
fn csv_has_these_bytes() {
    let text = Table::of(&rows()).to_csv();
    let expected = "model,n,x_mm,shown\n\"a,b\",7,0.30000000000000004,1\n\"quoted \"\"c\"\"\",,,1\n,0,-2.5e-17,1\n\
                    \"line\nend\",1000000,1.0,1\né,,1e+21,1\n";
    assert_eq!(text, expected);
    assert_eq!(Table::of::<Toy>(&[]).to_csv(), "model,n,x_mm,shown\n");
}

#[test]
fn csv_gives_the_rows_back() {
    let table = Table::of(&rows());
    let back = Table::read_csv(Toy::declaration(), table.to_csv().as_bytes()).unwrap();
    assert_eq!(back, table);
    let (back, rows) = (back.rows::<Toy>().unwrap(), rows());
    assert!(back[1].x.is_nan());
    for i in [0, 2, 3, 4] {
        assert_eq!(back[i], rows[i]);
    }
}

#[test]
fn parquet_holds_the_same_cells() {
    let table = Table::of(&rows());
    let bytes = table.to_parquet().unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let types: Vec<(String, Type)> = schema
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.physical_type()))
        .collect();
    let expected = [
        ("model", Type::BYTE_ARRAY),
        ("n", Type::INT64),
        ("x_mm", Type::DOUBLE),
        ("shown", Type::INT64),
    ];
    assert_eq!(types, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let read: Vec<Vec<Field>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            row.unwrap()
                .get_column_iter()
                .map(|(_, field)| field.clone())
                .collect()
        })
        .collect();
    let cells = table.cells().iter().map(|row| row.iter().map(as_field).collect());
    assert_eq!(read, cells.collect::<Vec<Vec<Field>>>());
}

fn as_field(cell: &lpp_tables::Cell) -> Field {
    use lpp_tables::Cell;
    match cell.clone() {
        Cell::Text(Some(text)) => Field::Str(text),
        Cell::Count(Some(count)) => Field::Long(count),
        Cell::Number(Some(number)) => Field::Double(number),
        Cell::Text(None) | Cell::Count(None) | Cell::Number(None) => Field::Null,
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let read = |text: &str| Table::read_csv(Toy::declaration(), text.as_bytes());
    let found = |table: Result<Table, TableError>| table.unwrap_err().to_string();
    for (text, part) in [
        ("", "an empty file"),
        ("model,n,x_mm\n", "no column shown"),
        ("model,n,x_mm,shown,y\n", "a column \"y\""),
        ("n,model,x_mm,shown\n", "another order"),
        ("model,n,x_mm,shown\na,1\n", "found record with 2 fields"),
        ("model,n,x_mm,shown\na,1.5,2,1\n", "\"1.5\" in column n"),
    ] {
        let message = found(read(text));
        assert!(
            message.contains(part) && message.contains("expected the table toy"),
            "{message}"
        );
    }
    // A flag must be there, and a count is not negative.
    for text in ["model,n,x_mm,shown\na,1,2,\n", "model,n,x_mm,shown\na,-1,2,1\n"] {
        let error = read(text).unwrap().rows::<Toy>().unwrap_err();
        assert!(error.found.contains("in row 1"), "{error}");
    }
    let other = Table::of::<Toy>(&[]).rows::<lpp_tables::Summary>().unwrap_err();
    assert_eq!(
        other.to_string(),
        "found the table toy, expected the table summary"
    );
}

#[test]
fn every_column_is_named_once_and_explained() {
    let mut tables = HashSet::new();
    for declaration in declarations() {
        assert!(tables.insert(declaration.name), "{} twice", declaration.name);
        assert!(declaration.meaning.ends_with('.'), "{}", declaration.name);
        let mut names = HashSet::new();
        for column in &declaration.columns {
            assert!(
                names.insert(column.name),
                "{}: {} twice",
                declaration.name,
                column.name
            );
            assert!(
                column.meaning.ends_with('.'),
                "{}: {}",
                declaration.name,
                column.name
            );
            assert!(column.unit.is_empty() || column.kind == Kind::Number);
        }
    }
}
