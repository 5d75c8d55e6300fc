//! Word frequencies: counted in the story, or from a table.

use std::collections::HashMap;
use std::path::Path;

use csv::StringRecord;
use lpp_files::{BoundedRows, ONE_OF_EACH_NAME, only_column};

use crate::decode::decode;
use crate::{RunWords, TextError};

const EXPECTED: &str = "a table with the columns word and count";

/// Counts of words, ignoring case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WordCounts(HashMap<String, f64>);

impl WordCounts {
    /// Counts the words of the story.
    ///
    /// ```
    /// use lpp_text::{RunWords, WordCounts};
    /// let run = RunWords { words: vec!["Red".into(), "fox".into(), "red".into()], ..RunWords::default() };
    /// assert_eq!(WordCounts::of_story(&[run]).of("RED"), Some(2.0));
    /// ```
    #[must_use]
    pub fn of_story(runs: &[RunWords]) -> Self {
        let mut counts = HashMap::new();
        for word in runs.iter().flat_map(|run| &run.words) {
            *counts.entry(word.to_lowercase()).or_insert(0.0) += 1.0;
        }
        Self(counts)
    }

    /// Reads a table with the columns `word` and `count`; others are ignored. Columns are separated by commas, or by
    /// tabs if the name ends in `.tsv`. Counts of words that differ only in case are added up.
    ///
    /// # Errors
    /// [`FileError::Read`](lpp_files::FileError::Read) if it cannot be read, [`FileError::Malformed`](lpp_files::FileError::Malformed) if it has not these columns or no row,
    /// [`TextError::BadCell`] for a count that is negative or no finite number.
    pub fn load(path: &Path) -> Result<Self, TextError> {
        let tabs = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let text = decode(lpp_files::read_input(path).map_err(TextError::read(path))?, path)?;
        let mut n_rows = 0;
        // The whole table is checked before anything is kept: words of a few letters take much more memory than their rows.
        each_count(&text, tabs, path, |_, _| n_rows += 1)?;
        if n_rows == 0 {
            return Err(TextError::malformed(path, "no rows", EXPECTED));
        }
        let mut counts = HashMap::new();
        each_count(&text, tabs, path, |word, count| {
            *counts.entry(word.to_lowercase()).or_insert(0.0) += count;
        })?;
        Ok(Self(counts))
    }

    /// The count of a word, if known.
    #[must_use]
    pub fn of(&self, word: &str) -> Option<f64> {
        self.0.get(&word.to_lowercase()).copied()
    }

    /// Number of words of the story without a count.
    #[must_use]
    pub fn n_missing(&self, runs: &[RunWords]) -> usize {
        let words = runs.iter().flat_map(|run| &run.words);
        words.filter(|word| self.of(word).is_none()).count()
    }
}

/// Passes each word and its count to `found`.
fn each_count(
    text: &str,
    tabs: bool,
    path: &Path,
    mut found: impl FnMut(&str, f64),
) -> Result<(), TextError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if tabs { b'\t' } else { b',' })
        .quoting(!tabs)
        .from_reader(if tabs {
            BoundedRows::without_quotes(text.as_bytes())
        } else {
            BoundedRows::new(text.as_bytes())
        });
    let broken = |e: csv::Error| TextError::malformed(path, e.to_string(), EXPECTED);
    let header = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| {
        only_column(&header, name)
            .map_err(|two| TextError::malformed(path, two.to_string(), ONE_OF_EACH_NAME))?
            .ok_or_else(|| TextError::malformed(path, format!("no column {name}"), EXPECTED))
    };
    let (word, count) = (column("word")?, column("count")?);
    let mut record = StringRecord::new();
    let mut row = 0;
    while reader.read_record(&mut record).map_err(broken)? {
        let cell = record.get(count).unwrap_or_default();
        let value = cell.trim().parse().ok();
        let Some(value) = value.filter(|v: &f64| v.is_finite() && *v >= 0.0) else {
            return Err(TextError::BadCell {
                path: path.to_owned(),
                row,
                column: "count",
                found: cell.to_owned(),
                expected: "a number that is not negative".to_owned(),
            });
        };
        found(record.get(word).unwrap_or_default(), value);
        row += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_by_column_and_bad_ones_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let table = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            WordCounts::load(&path)
        };
        let counts = table("a.csv", "rank,word,count\n1,The,10\n2,the,5.5\n").unwrap();
        assert_eq!((counts.of("THE"), counts.of("fox")), (Some(15.5), None));
        assert_eq!(
            table("a.tsv", "word\tcount\n\"\t3\n").unwrap().of("\""),
            Some(3.0)
        );
        for (text, part) in [
            ("", "no column word"),
            ("word,n\na,1\n", "no column count"),
            ("word,count\n", "no rows"),
            ("word,count\na,many\n", "\"many\""),
            ("word,count\na,-1\n", "\"-1\""),
        ] {
            let error = table("b.csv", text).unwrap_err().to_string();
            assert!(error.contains("b.csv") && error.contains(part), "{error}");
        }
    }
}
