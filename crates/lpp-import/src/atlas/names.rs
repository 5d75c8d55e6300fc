//! Names of labels, in the tables that atlases come with.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::{FileError, check_rows};
use lpp_fmri::LabelTable;

use crate::ImportError;
use crate::words::read_text;

const LABELS: [&str; 8] = [
    "label",
    "index",
    "id",
    "value",
    "key",
    "number",
    "roi_label",
    "parcel",
];
const NAMES: [&str; 7] = [
    "name",
    "region",
    "roi",
    "structure",
    "roi_name",
    "label_name",
    "abbreviation",
];

/// Memory that a label takes with its name. 300,000 of any length pass.
const BYTES_OF_LABEL: usize = 200;

/// Cells of a row that are looked at.
const MOST_CELLS: usize = 1000;

/// The names of labels: FSL's XML, a table with a header, or a colour table of `FreeSurfer` (`1 Left-Thalamus 0 118 14 0`).
pub(super) fn load(
    path: &Path,
    labels: impl Iterator<Item = u32>,
) -> Result<BTreeMap<u32, String>, ImportError> {
    if path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("xml"))
    {
        let table = LabelTable::load(path)?;
        let named = labels.map(|label| (label, table.name(label)));
        return Ok(named.filter(|(label, name)| *name != label.to_string()).collect());
    }
    let text = read_text(path)?;
    check_rows(path, &text, BYTES_OF_LABEL)?;
    let mut rows = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(cells);
    let first = rows.next().unwrap_or_default();
    let (label, name, has_header) = columns(path, &first)?;
    let rows = (!has_header).then_some(first).into_iter().chain(rows);
    let mut names = BTreeMap::new();
    for row in rows {
        let (Some(number), Some(text)) = (row.get(label), row.get(name)) else {
            let found = format!("a row {:?}", row.join(" "));
            return Err(FileError::malformed(path, found, "a label and its name in each row").into());
        };
        let number: u32 = number.parse().map_err(|_| {
            FileError::malformed(
                path,
                format!("the label {number:?}"),
                "a whole number of 0 or more",
            )
        })?;
        if let Some(first) = names.insert(number, (*text).to_owned()) {
            let found = format!("the names {first:?} and {text:?} of label {number}");
            return Err(FileError::malformed(path, found, "one name for each label").into());
        }
    }
    Ok(names)
}

/// Cells between commas, tabs or semicolons, or else between blanks.
fn cells(line: &str) -> Vec<&str> {
    let separator = [',', '\t', ';']
        .into_iter()
        .find(|separator| line.contains(*separator));
    match separator {
        Some(separator) => line
            .split(separator)
            .map(|cell| cell.trim().trim_matches('"'))
            .take(MOST_CELLS)
            .collect(),
        None => line.split_whitespace().take(MOST_CELLS).collect(),
    }
}

/// The columns of labels and names, and whether the first row is a header.
fn columns(path: &Path, first: &[&str]) -> Result<(usize, usize, bool), FileError> {
    let expected = "a table with the columns label and name, rows such as `1 Left-Thalamus`, or FSL's XML";
    let wrong = |found: String| FileError::malformed(path, found, expected);
    if first.is_empty() {
        return Err(wrong("no row".to_owned()));
    }
    if first[0].parse::<u32>().is_ok() && first.len() > 1 {
        return Ok((0, 1, false));
    }
    let place = |names: &[&str]| {
        let is_one = |cell: &&str| names.iter().any(|name| cell.eq_ignore_ascii_case(name));
        let found: Vec<usize> = (0..first.len()).filter(|place| is_one(&first[*place])).collect();
        (found.len() == 1).then(|| found[0])
    };
    match (place(&LABELS), place(&NAMES)) {
        (Some(label), Some(name)) => Ok((label, name, true)),
        _ => Err(wrong(format!("the columns {}", first.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<Vec<(u32, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let names = load(&path, 0..10).map_err(|error| error.to_string())?;
        Ok(names.into_iter().collect())
    }

    #[test]
    fn many_tiny_rows_are_refused() {
        let rows = |n: usize| (0..n).map(|i| format!("{i},a\n")).collect::<Vec<_>>().concat();
        let error = of("l.csv", &format!("label,name\n{}", rows(500_000))).unwrap_err();
        assert!(error.contains("rows, expected at most"), "{error}");
        assert_eq!(
            of("l.csv", &format!("label,name\n{}", rows(100_000)))
                .unwrap()
                .len(),
            100_000
        );
    }

    #[test]
    fn the_usual_tables_give_the_same_names() {
        let expected = vec![(1, "Left-Thalamus".to_owned()), (4, "Brain-Stem".to_owned())];
        for (name, text) in [
            ("a.csv", "label,name\n4,Brain-Stem\n1,Left-Thalamus\n"),
            (
                "a.tsv",
                "index\tname\tcolor\n1\tLeft-Thalamus\t#fff\n4\tBrain-Stem\t#000\n",
            ),
            (
                "a.txt",
                "# No. Name R G B A\n1   Left-Thalamus  0 118 14 0\n\n4 Brain-Stem 1 2 3 0\n",
            ),
            ("a.csv", "Region;Key\n\"Left-Thalamus\";1\nBrain-Stem;4\n"),
            (
                "a.xml",
                "<atlas><label index=\"0\">Left-Thalamus</label><label index=\"3\">Brain-Stem</label></atlas>",
            ),
        ] {
            assert_eq!(of(name, text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn doubtful_tables_are_refused() {
        for (text, said) in [
            ("", "no row"),
            ("a,b\n1,x\n", "the columns a, b"),
            ("label,index,name\n1,2,x\n", "the columns label, index, name"),
            ("label,name\n1,x\n1,y\n", "of label 1"),
            ("label,name\n-1,x\n", "\"-1\""),
            ("label,name\n1\n", "a row"),
        ] {
            let error = of("a.csv", text).unwrap_err();
            assert!(error.contains("a.csv: found") && error.contains(said), "{error}");
        }
    }
}
