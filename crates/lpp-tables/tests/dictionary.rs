//! `docs/tables.md` is what the declarations say. `LPP_BLESS=1` writes it again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use lpp_tables::{Compare, Declaration, Kind, Languages, Row, Transfers, declarations};

const HEAD: &str = "# Tables\n\nEvery table of `lpp-analyze` with its columns, as `crates/lpp-tables` declares them. Files are\n\
                    `results/TABLE_LANG.csv` and `.parquet`; `languages`, `compare` and `transfer` are over all languages. A missing value is an\n\
                    empty cell in CSV and a null in Parquet. [results.md](results.md) says which result of the paper stands in which.\n";

fn section(table: &Declaration) -> String {
    let mut text = format!(
        "\n## {}\n\n{}\n\n| column | type | meaning |\n|---|---|---|\n",
        table.name, table.meaning
    );
    for column in &table.columns {
        let kind = match column.kind {
            Kind::Text => "text",
            Kind::Count => "count",
            _ => "number",
        };
        let unit = if column.unit.is_empty() {
            String::new()
        } else {
            format!(", {}", column.unit)
        };
        writeln!(text, "| `{}` | {kind}{unit} | {} |", column.name, column.meaning).unwrap();
    }
    text
}

#[test]
fn the_dictionary_is_what_the_declarations_say() {
    let all = declarations().into_iter().chain([
        Languages::declaration(),
        Compare::declaration(),
        Transfers::declaration(),
    ]);
    let text: String = std::iter::once(HEAD.to_owned())
        .chain(all.map(|table| section(&table)))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tables.md");
    if std::env::var_os("LPP_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}
