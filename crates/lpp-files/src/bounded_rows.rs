//! Tables with a limit on the length of rows.

use std::io::{self, Read};

use crate::rows::most_rows;

/// Longest row of a table, in bytes. A row of words, events or confounds has some hundred bytes, a row of a thousand
/// numbers twenty thousand.
const LONGEST: usize = 1 << 20;

/// A stream of rows of comma- or tab-separated values that gives an error if a row is longer than 1 MiB.
///
/// A CSV reader keeps a row in memory, whatever its length, and a quoted cell may extend to the end of the file.
///
/// ```
/// use lpp_files::BoundedRows;
///
/// let text = format!("word,onset\n\"{}\",1.5\n", "a".repeat(2 << 20));
/// let mut reader = csv::Reader::from_reader(BoundedRows::new(text.as_bytes()));
/// let error = reader.records().next().map(|row| row.unwrap_err().to_string());
/// assert!(error.is_some_and(|text| text.contains("row 2 is longer than 1048576 bytes")));
/// ```
#[derive(Debug)]
pub struct BoundedRows<R> {
    reader: R,
    place: Place,
    /// The current row, counted from 1 with the header.
    row: u64,
    /// Number of its bytes read.
    length: usize,
    /// Whether quotes delimit cells.
    quotes: bool,
    /// Number of all bytes read.
    n_bytes: usize,
    /// Number of line ends among them, and the last byte.
    n_ends: usize,
    last: u8,
    /// Memory that a row takes; 0 if rows are not kept.
    each: usize,
}

/// The state of the parser before the next byte, by the rules of CSV: quotes count only at the beginning of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: the end of the cell, or half of a pair.
    Quote,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Start | Self::Quote, b'"') | (Self::Quoted, _) => Self::Quoted,
            (_, b',' | b'\t' | b';' | b'\n' | b'\r') => Self::Start,
            _ => Self::Plain,
        }
    }
}

impl<R: Read> BoundedRows<R> {
    /// Rows from the current position of the reader.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            place: Place::Start,
            row: 1,
            length: 0,
            quotes: true,
            n_bytes: 0,
            n_ends: 0,
            last: 0,
            each: 0,
        }
    }

    /// The same for rows that are kept and take `each` bytes: an error if they would take more than 60 MiB and three
    /// times the length of the table.
    #[must_use]
    pub fn with_rows_of(self, each: usize) -> Self {
        Self { each, ..self }
    }

    /// Two bytes may end one line.
    fn count(&mut self, byte: u8) -> io::Result<()> {
        self.n_bytes += 1;
        let is_end = byte == b'\r' || byte == b'\n' && self.last != b'\r';
        self.last = byte;
        self.n_ends += usize::from(is_end);
        if !is_end || self.each == 0 || self.n_ends <= most_rows(self.n_bytes, self.each) {
            return Ok(());
        }
        let problem = format!(
            "more than {} rows of {} bytes on average, which would take too much memory for a table of its length",
            self.n_ends - 1,
            self.n_bytes / self.n_ends
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, problem))
    }

    /// The same for a table in which quotes are ordinary characters.
    pub fn without_quotes(reader: R) -> Self {
        Self {
            quotes: false,
            ..Self::new(reader)
        }
    }
}

impl<R: Read> Read for BoundedRows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        for &byte in &buffer[..n] {
            self.count(byte)?;
            self.length += 1;
            self.place = self.place.after(byte);
            if byte == b'\n' && (self.place == Place::Start || !self.quotes) {
                self.row += 1;
                self.length = 0;
            }
            if self.length > LONGEST {
                let problem = format!(
                    "row {} is longer than {LONGEST} bytes; is a quote missing, or is this no table?",
                    self.row
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
        Ok(n)
    }
}

#[cfg(test)]
#[allow(clippy::unbuffered_bytes, reason = "byte by byte is what is tested")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<usize, String> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(BoundedRows::new(text.as_bytes()));
        let rows: Result<Vec<_>, _> = reader.records().collect();
        rows.map(|rows| rows.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn long_rows_of_every_kind_are_refused_by_number() {
        let long = "a".repeat(LONGEST);
        for (text, row) in [
            (format!("a,b\n1,2\n{long},3\n"), 3),
            (format!("a,b\n\"{long}\n{long}\",3\n"), 2),
            (",".repeat(LONGEST + 1), 1),
            ("a,\"b\n".to_owned() + &"1,2\n".repeat(LONGEST), 1),
            (format!("a,b\n1,\"x\"\"{long}\"\n"), 2),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(&format!("row {row} is longer")), "{error}");
        }
    }

    #[test]
    fn long_tables_of_short_rows_are_read() {
        assert_eq!(read(&"1,2\n".repeat(LONGEST)), Ok(LONGEST - 1));
        // Quotes inside of a plain cell are letters.
        assert_eq!(read(&"5\" nail,x\"y\n".repeat(LONGEST / 4)), Ok(LONGEST / 4 - 1));
        assert_eq!(
            read(&"\"a\"\"b\nc\",2\r\n".repeat(LONGEST / 4)),
            Ok(LONGEST / 4 - 1)
        );
        let table = "\"\t5\n".repeat(LONGEST);
        let mut rows = BoundedRows::without_quotes(table.as_bytes()).bytes();
        assert!(rows.all(|byte| byte.is_ok()));
    }

    #[test]
    fn rows_that_are_kept_are_as_many_as_memory_allows() {
        let table = |row: &str, n: usize| {
            let text = row.repeat(n);
            let mut rows = BoundedRows::new(text.as_bytes()).with_rows_of(300);
            io::copy(&mut rows, &mut io::sink())
        };
        assert!(table("a,b\r\n", 200_000).is_ok());
        assert!(table(&format!("{},b\n", "a".repeat(100)), 1_000_000).is_ok());
        for row in ["a\n", "a,b\r\n", "\"a\"\n"] {
            let error = table(row, 500_000).unwrap_err().to_string();
            assert!(error.contains("rows of"), "{error}");
        }
    }
}
