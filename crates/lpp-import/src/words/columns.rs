//! Words in columns: CSV, TSV and the events of BIDS.

use std::path::Path;

use csv::StringRecord;
use lpp_files::{BoundedRows, FileError, ONE_OF_EACH_NAME, TwoColumns, only_column, only_column_of_any_case};
use lpp_steps::Choice;

use super::spoken::{BYTES_OF_SEGMENT, Spoken};
use super::unit::Unit;

const WORDS: [&str; 6] = ["word", "words", "text", "token", "orth", "transcript"];
const STARTS: [&str; 6] = ["onset", "start", "start_time", "begin", "onset_time", "tmin"];
const ENDS: [&str; 6] = ["offset", "end", "end_time", "stop", "offset_time", "tmax"];
const LENGTHS: [&str; 2] = ["duration", "dur"];
/// What is not known, in the tables of BIDS.
const MISSING: &str = "n/a";
/// Onset, duration and offset must agree up to the rounding of two decimals each.
const ROUNDING_S: f64 = 0.02;

/// Columns that the user names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) run: Option<&'a str>,
}

/// Reads a table; `events` has times in seconds and tabs, by its definition.
pub(super) fn read(path: &Path, text: &str, named: Named<'_>, events: bool) -> Result<Spoken, FileError> {
    let table = Table::of(path, text, events)?;
    let text_column = table.text_column(named.text)?;
    let run_column = named.run.map(|name| table.named(name)).transpose()?;
    let start = table
        .time(&STARTS)?
        .ok_or_else(|| table.lacking("a column onset or start"))?;
    let (end, length) = (table.time(&ENDS)?, table.time(&LENGTHS)?);
    if end.is_none() && length.is_none() {
        return Err(table.lacking("a column offset, end or duration"));
    }
    let mut spoken = Spoken::new(path, "row");
    spoken.unit = table.unit([Some(start), end, length], events)?;
    for (row, record) in (1..).zip(table.rows()) {
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let time =
            |column: Option<Column>| column.map_or(Ok(None), |column| table.number(row, cell(column.place)));
        let text = cell(text_column);
        let no_word = text == MISSING || text.is_empty();
        let times = if no_word {
            [None; 2]
        } else {
            let [start, end, length] = [time(Some(start))?, time(end)?, time(length)?];
            let by_length = start.zip(length).map(|(start, length)| start + length);
            table.check_ends(row, end, by_length, &spoken)?;
            [start, end.or(by_length)]
        };
        let run = run_column.map(|column| cell(column).to_owned());
        spoken.push(text, times, run, no_word);
    }
    Ok(spoken)
}

#[derive(Debug, Clone, Copy)]
struct Column {
    place: usize,
    unit: Option<Unit>,
}

struct Table<'a> {
    path: &'a Path,
    text: &'a str,
    delimiter: u8,
    header: StringRecord,
    /// Whether a comma in a number is its decimal point.
    decimal_comma: bool,
}

impl<'a> Table<'a> {
    fn of(path: &'a Path, text: &'a str, events: bool) -> Result<Self, FileError> {
        let delimiter = if events { b'\t' } else { delimiter_of(text) };
        let mut reader = reader_of(text, delimiter);
        let failed = |error: csv::Error| {
            let expected = "a header and rows with as many cells, separated by commas, tabs or semicolons";
            FileError::malformed(path, error.to_string(), expected)
        };
        let header = reader.headers().map_err(failed)?.clone();
        for record in reader.records() {
            record.map_err(failed)?;
        }
        Ok(Self {
            path,
            text,
            delimiter,
            header,
            decimal_comma: delimiter != b',',
        })
    }

    /// The rows, parsed again each time: kept, they would take more memory than their words. All can be read.
    fn rows(&self) -> impl Iterator<Item = StringRecord> {
        reader_of(self.text, self.delimiter).into_records().flatten()
    }

    fn two(&self, two: &TwoColumns) -> FileError {
        FileError::malformed(self.path, two.to_string(), ONE_OF_EACH_NAME)
    }

    fn named(&self, name: &str) -> Result<usize, FileError> {
        let place = only_column(&self.header, name).map_err(|two| self.two(&two))?;
        place.ok_or_else(|| self.lacking(&format!("a column {name:?}")))
    }

    /// The column of the words: the named one, one of a usual name, or the only one that is no number.
    fn text_column(&self, named: Option<&str>) -> Result<usize, FileError> {
        if let Some(name) = named {
            return self.named(name);
        }
        for name in WORDS {
            let usual = only_column_of_any_case(&self.header, name).map_err(|two| self.two(&two))?;
            if let Some(place) = usual {
                return Ok(place);
            }
        }
        let is_text = |place: &usize| {
            let is_word = |cell: &str| !cell.is_empty() && cell != MISSING && self.parse(cell).is_none();
            self.rows().any(|row| row.get(*place).is_some_and(is_word))
        };
        let texts: Vec<usize> = (0..self.header.len()).filter(is_text).collect();
        match texts[..] {
            [only] => Ok(only),
            _ => Err(self.lacking("a column word with the words (--tier NAME names another one)")),
        }
    }

    /// The column of a time, by its usual names, with or without its unit behind them.
    fn time(&self, names: &[&str]) -> Result<Option<Column>, FileError> {
        let units = [
            ("_s", Some(Unit::Seconds)),
            ("_ms", Some(Unit::Milliseconds)),
            ("", None),
        ];
        let mut found = Vec::new();
        for name in names {
            for (suffix, unit) in units {
                let full = format!("{name}{suffix}");
                let places =
                    (0..self.header.len()).filter(|place| self.header[*place].eq_ignore_ascii_case(&full));
                found.extend(places.map(|place| Column { place, unit }));
            }
        }
        match found[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            [first, second, ..] => {
                let expected = format!(
                    "one of {} and {}",
                    &self.header[first.place], &self.header[second.place]
                );
                Err(self.lacking(&expected))
            }
        }
    }

    /// The unit that the names of the columns give, which must agree.
    fn unit(&self, columns: [Option<Column>; 3], events: bool) -> Result<Option<(Unit, String)>, FileError> {
        let mut said: Option<(Unit, String)> = None;
        for column in columns.into_iter().flatten() {
            let name = &self.header[column.place];
            let Some(unit) = column.unit else { continue };
            if said.as_ref().is_some_and(|(first, _)| *first != unit) {
                return Err(self.lacking("times of one unit"));
            }
            said.get_or_insert_with(|| (unit, format!("the column {name} is in {}", unit.name())));
        }
        let by_format = events.then(|| (Unit::Seconds, "events are in seconds".to_owned()));
        Ok(said.or(by_format))
    }

    fn number(&self, row: usize, cell: &str) -> Result<Option<f64>, FileError> {
        if cell == MISSING || cell.is_empty() {
            return Ok(None);
        }
        let number = self.parse(cell);
        let wrong = || {
            FileError::malformed(
                self.path,
                format!("{cell:?} in row {row}"),
                "a time in numbers, or n/a",
            )
        };
        number.map(Some).ok_or_else(wrong)
    }

    fn parse(&self, cell: &str) -> Option<f64> {
        let point = self.decimal_comma && !cell.contains('.');
        let cell = if point {
            cell.replacen(',', ".", 1)
        } else {
            cell.to_owned()
        };
        cell.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// An end and a duration must say the same.
    fn check_ends(
        &self,
        row: usize,
        end: Option<f64>,
        by_length: Option<f64>,
        spoken: &Spoken,
    ) -> Result<(), FileError> {
        let Some((end, by_length)) = end.zip(by_length) else {
            return Ok(());
        };
        // Without a known unit, the times may be milliseconds.
        let seconds = spoken
            .unit
            .as_ref()
            .is_none_or(|(unit, _)| *unit == Unit::Seconds);
        let tolerance = if seconds && end < 1e5 {
            ROUNDING_S
        } else {
            1e3 * ROUNDING_S
        };
        if (end - by_length).abs() <= tolerance {
            return Ok(());
        }
        let found = format!("the end {end} in row {row}");
        let expected = format!("{by_length}, its onset and duration (remove one of the columns)");
        Err(FileError::malformed(self.path, found, expected))
    }

    fn lacking(&self, expected: &str) -> FileError {
        let columns = self.header.iter().collect::<Vec<_>>().join(", ");
        FileError::malformed(self.path, format!("the columns {columns}"), expected)
    }
}

fn reader_of(text: &str, delimiter: u8) -> csv::Reader<BoundedRows<&[u8]>> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(BoundedRows::new(text.as_bytes()).with_rows_of(BYTES_OF_SEGMENT))
}

/// The separator that the header has most of.
fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // Of equal counts, the last: a comma.
    b";\t,".iter().copied().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (String, Option<f64>, Option<f64>, Option<String>);

    fn of(text: &str, named: Named<'_>, events: bool) -> Result<(Vec<Row>, Option<Unit>), String> {
        let spoken = read(Path::new("w.csv"), text, named, events).map_err(|error| error.to_string())?;
        let unit = spoken.unit.as_ref().map(|(unit, _)| *unit);
        let segments = spoken.segments.into_iter();
        Ok((segments.map(|s| (s.text, s.start, s.end, s.run)).collect(), unit))
    }

    fn plain(text: &str) -> Result<(Vec<Row>, Option<Unit>), String> {
        of(text, Named::default(), false)
    }

    #[test]
    fn many_tiny_rows_are_refused_and_a_day_of_words_passes() {
        let table = |row: &str, n: usize| format!("word,onset,offset\n{}", row.repeat(n));
        let error = plain(&table("a,0,1\n", 500_000)).unwrap_err();
        assert!(
            error.contains("w.csv: found") && error.contains("rows of"),
            "{error}"
        );
        let rows = plain(&table("hello,12345.678,12345.987\n", 180_000)).unwrap().0;
        assert_eq!(rows.len(), 180_000);
    }

    #[test]
    fn separators_names_and_decimal_commas_are_found() {
        let expected = vec![("so,", 0.75), ("ging", 1.5)];
        for text in [
            ",word,onset,offset\n0,\"so,\",0.5,0.75\n1,ging,.75,1.5\n2,,1.5,1.6\n",
            "Word\tStart\tDuration\nso,\t0.5\t0.25\nging\t0.75\t0.75\n",
            "onset;dur;phrase\n0,5;0,25;so,\n0,75;0,75;ging\n",
            "onset,duration,offset,orth\n0.5,0.25,0.76,\"so,\"\n.75,.75,1.5,ging\nn/a,n/a,n/a,n/a\n",
        ] {
            let (rows, unit) = plain(text).unwrap();
            let close = rows
                .iter()
                .zip(&expected)
                .all(|(a, b)| a.0 == b.0 && (a.2.unwrap() - b.1).abs() < 0.02);
            assert!(close && rows.len() == 2 && unit.is_none(), "{rows:?}");
        }
    }

    #[test]
    fn events_are_in_seconds_and_may_lack_what_is_not_known() {
        let text =
            "onset\tduration\ttrial_type\tword\n1\t0.5\tsound\tn/a\n1.5\tn/a\tword\tda\n2\t0.5\tword\twar\n";
        let (rows, unit) = of(text, Named::default(), true).unwrap();
        assert_eq!(
            rows,
            [
                ("da".to_owned(), Some(1.5), None, None),
                ("war".to_owned(), Some(2.0), Some(2.5), None)
            ]
        );
        assert_eq!(unit, Some(Unit::Seconds));
        let named = Named {
            text: Some("trial_type"),
            run: Some("word"),
        };
        assert_eq!(of(text, named, true).unwrap().0[2].3.as_deref(), Some("war"));
    }

    #[test]
    fn columns_with_units_give_it() {
        let (rows, unit) = plain("word,onset_ms,offset_ms\na,100,200\n").unwrap();
        assert_eq!((rows[0].1, unit), (Some(100.0), Some(Unit::Milliseconds)));
    }

    #[test]
    fn what_is_missing_or_doubled_is_named_with_the_columns() {
        for (text, said) in [
            ("word,offset\na,1\n", "a column onset or start"),
            ("word,onset\na,1\n", "a column offset, end or duration"),
            ("lemma,pos,onset,end\na,b,1,2\n", "--tier NAME"),
            ("1,2,3\n4,5,6\n", "--tier NAME"),
            ("word,onset,start,end\na,1,1,2\n", "one of onset and start"),
            ("word,onset_s,duration_ms\na,1,20\n", "times of one unit"),
            ("word,onset,end\na,early,2\n", "\"early\" in row 1"),
            ("word,onset,end\na,\"1,5\",2\n", "\"1,5\" in row 1"),
            ("word,onset,end\na,inf,2\n", "\"inf\" in row 1"),
            (
                "word,onset,end,duration\na,1,2,3\n",
                "the end 2 in row 1, expected 4",
            ),
            ("word,onset,end\na,1\n", "row"),
        ] {
            let error = plain(text).unwrap_err();
            assert!(error.contains("w.csv: found") && error.contains(said), "{error}");
        }
    }
}
