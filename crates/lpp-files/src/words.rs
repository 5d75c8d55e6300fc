//! The table of words with their times; its rows are those of the activations.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{AtomicFile, BoundedRows, FileError, sha256_of_bytes};

/// A word of the story with its times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimedWord {
    /// The run, from 0.
    pub run: usize,
    /// Index of the word in its run, from 0: the row of its activations.
    pub word_index: usize,
    /// The word.
    pub word: String,
    /// Its onset, in seconds from the start of the run.
    pub onset_s: f64,
    /// Its offset, in seconds from the start of the run.
    pub offset_s: f64,
}

/// Memory that a word takes: 56 bytes in a list that has twice as many places, and its text. A million words pass.
const BYTES_OF_WORD: usize = 170;

/// All words of a study in one language, runs in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WordTable {
    words: Vec<TimedWord>,
}

impl WordTable {
    /// The key of [`sha256`](Self::sha256) in the metadata of activations.
    pub const HASH_KEY: &str = "words_sha256";

    /// A table of `words`.
    ///
    /// # Errors
    /// [`FileError::Malformed`] (naming `origin`) if there are no words, if runs or word indices do not count up from 0
    /// in steps of one, or if a time is not finite.
    pub fn new(words: Vec<TimedWord>, origin: &Path) -> Result<Self, FileError> {
        if words.is_empty() {
            return Err(FileError::malformed(origin, "no words", "at least one word"));
        }
        let mut expected = (0, 0);
        for (row, word) in words.iter().enumerate() {
            let place = (word.run, word.word_index);
            if place != expected && place != (expected.0 + 1, 0) || row == 0 && place != (0, 0) {
                let found = format!("run {}, word {} in row {row}", place.0, place.1);
                let expected = format!("run {}, word {} or the next run", expected.0, expected.1);
                return Err(FileError::malformed(origin, found, expected));
            }
            if !(word.onset_s.is_finite() && word.offset_s.is_finite()) {
                let found = format!("a time that is not a number for {:?} in row {row}", word.word);
                return Err(FileError::malformed(origin, found, "seconds"));
            }
            expected = (place.0, place.1 + 1);
        }
        Ok(Self { words })
    }

    /// Reads the columns `run,word_index,word,onset_s,offset_s` of a CSV file.
    ///
    /// # Errors
    /// [`FileError::Read`] or, naming the row, [`FileError::Malformed`].
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let file = crate::open_input(path).map_err(FileError::read(path))?;
        let mut reader = csv::Reader::from_reader(BoundedRows::new(file).with_rows_of(BYTES_OF_WORD));
        let words: Result<Vec<TimedWord>, csv::Error> = reader.deserialize().collect();
        let words = words.map_err(|e| {
            FileError::malformed(
                path,
                e.to_string(),
                "columns run,word_index,word,onset_s,offset_s",
            )
        })?;
        Self::new(words, path)
    }

    /// Writes the table as CSV, atomically. Times are written without loss.
    ///
    /// # Errors
    /// [`FileError::Write`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let file = AtomicFile::create(path)?;
        self.write(file).map_err(FileError::write(path))?.commit()
    }

    /// Writes the table as CSV, and returns the writer.
    fn write<W: Write>(&self, to: W) -> std::io::Result<W> {
        let mut writer = csv::Writer::from_writer(to);
        for word in &self.words {
            writer.serialize(word).map_err(std::io::Error::other)?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    /// SHA-256 of the table as [`save`](Self::save) writes it, in hexadecimal: the same for files that differ only in line
    /// ends, the order of columns or the digits of a number.
    #[must_use]
    pub fn sha256(&self) -> String {
        let text = self.write(Vec::new());
        sha256_of_bytes(&text.unwrap_or_else(|_| unreachable!("words can be written to memory")))
    }

    /// All words in order.
    #[must_use]
    pub fn words(&self) -> &[TimedWord] {
        &self.words
    }

    /// Number of runs.
    #[must_use]
    pub fn n_runs(&self) -> usize {
        self.words.last().map_or(0, |word| word.run + 1)
    }

    /// The words of one run; empty if there is no such run.
    #[must_use]
    pub fn run(&self, run: usize) -> &[TimedWord] {
        let start = self.words.partition_point(|word| word.run < run);
        let end = self.words.partition_point(|word| word.run <= run);
        &self.words[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn word(run: usize, word_index: usize, onset_s: f64) -> TimedWord {
        TimedWord {
            run,
            word_index,
            word: format!("w,{word_index}"),
            onset_s,
            offset_s: onset_s + 0.1,
        }
    }

    #[test]
    fn a_saved_table_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.csv");
        let table = WordTable::new(
            vec![word(0, 0, 0.1), word(0, 1, 1.0 / 3.0), word(1, 0, 0.2)],
            &path,
        )
        .unwrap();
        table.save(&path).unwrap();
        let back = WordTable::load(&path).unwrap();
        assert_eq!(back, table);
        assert_eq!(
            (
                back.n_runs(),
                back.run(0).len(),
                back.run(1).len(),
                back.run(2).len()
            ),
            (2, 2, 1, 0)
        );
    }

    #[test]
    fn the_hash_is_that_of_the_words_and_of_a_file_written_here() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.csv");
        let table = WordTable::new(vec![word(0, 0, 0.5), word(1, 0, 1.0 / 3.0)], &path).unwrap();
        table.save(&path).unwrap();
        assert_eq!(table.sha256(), crate::sha256_of_file(&path).unwrap());
        let text = "offset_s,run,word_index,word,onset_s\r\n0.6,0,0,\"w,0\",0.500\r\n0.43333333333333335,1,0,\"w,0\",0.3333333333333333\r\n";
        fs::write(&path, text).unwrap();
        let edited = WordTable::load(&path).unwrap();
        assert_eq!((&edited, edited.sha256()), (&table, table.sha256()));
        let later = WordTable::new(vec![word(0, 0, 0.6), word(1, 0, 1.0 / 3.0)], &path).unwrap();
        assert_ne!(later.sha256(), table.sha256());
    }

    #[test]
    fn gaps_and_bad_numbers_are_refused() {
        let origin = Path::new("words.csv");
        assert!(WordTable::new(vec![], origin).is_err());
        assert!(WordTable::new(vec![word(1, 0, 0.0)], origin).is_err());
        assert!(WordTable::new(vec![word(0, 0, 0.0), word(0, 2, 0.0)], origin).is_err());
        assert!(WordTable::new(vec![word(0, 0, f64::NAN)], origin).is_err());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.csv");
        for text in [
            "",
            "run,word_index\n0,0\n",
            "run,word_index,word,onset_s,offset_s\n0,0,a,zero,1\n",
        ] {
            fs::write(&path, text).unwrap();
            let error = WordTable::load(&path).unwrap_err().to_string();
            assert!(error.contains("words.csv: found"), "{error}");
        }
    }

    #[test]
    fn a_million_words_pass_and_many_tiny_rows_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.csv");
        let header = "run,word_index,word,onset_s,offset_s\n";
        let rows: Vec<_> = (0..1_000_000)
            .map(|i| format!("0,{i},word,{i}.123,{i}.456789\n"))
            .collect();
        let rows = rows.concat();
        fs::write(&path, format!("{header}{rows}")).unwrap();
        assert_eq!(WordTable::load(&path).unwrap().words().len(), 1_000_000);
        fs::write(&path, format!("{header}{}", "0,0,a,0,0\n".repeat(1_000_000))).unwrap();
        let error = WordTable::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("words.csv: found") && error.contains("rows of"),
            "{error}"
        );
    }
}
