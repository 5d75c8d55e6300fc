//! Texts and tables, and the ways in which editors and spreadsheets save them.

/// How characters become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// With a byte order mark.
    Utf8Marked,
    /// Little-endian with a byte order mark, as Windows' "Unicode".
    Utf16,
    /// One byte a character.
    Latin1,
}

/// Line ends and characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextStyle {
    pub(crate) line_end: &'static str,
    pub(crate) encoding: Encoding,
}

impl TextStyle {
    pub(crate) const PLAIN: Self = Self {
        line_end: "\n",
        encoding: Encoding::Utf8,
    };

    fn encode(self, text: &str) -> Vec<u8> {
        let text = text.replace('\n', self.line_end);
        match self.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf8Marked => [b"\xef\xbb\xbf".to_vec(), text.into_bytes()].concat(),
            Encoding::Utf16 => std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect(),
            Encoding::Latin1 => text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect(),
        }
    }
}

/// A text file.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// With `\n` as line ends.
    pub(crate) text: String,
    pub(crate) style: TextStyle,
}

impl Text {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style: TextStyle::PLAIN,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        self.style.encode(&self.text)
    }
}

/// A table of cells.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) style: TextStyle,
    pub(crate) delimiter: &'static str,
    /// Whether every cell is put between quotation marks.
    pub(crate) quoted: bool,
    /// Whether there is a line end behind the last row.
    pub(crate) ended: bool,
}

impl Table {
    pub(crate) fn new(header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            rows,
            style: TextStyle::PLAIN,
            delimiter: ",",
            quoted: false,
            ended: true,
        }
    }

    /// Position of a column.
    pub(crate) fn column(&self, name: &str) -> usize {
        let found = self.header.iter().position(|column| column == name);
        found.unwrap_or_else(|| panic!("no column {name} in {:?}", self.header))
    }

    /// Applies `change` to the number in a column of every row.
    pub(crate) fn each_number(&mut self, name: &str, mut change: impl FnMut(f64) -> f64) {
        let column = self.column(name);
        for row in &mut self.rows {
            let value: f64 = row[column]
                .parse()
                .unwrap_or_else(|e| panic!("{:?}: {e}", row[column]));
            row[column] = number(change(value));
        }
    }

    /// Puts the columns in another order.
    pub(crate) fn take_columns(&mut self, order: &[usize]) {
        let take = |cells: &[String]| order.iter().map(|c| cells[*c].clone()).collect();
        self.header = take(&self.header);
        for row in &mut self.rows {
            *row = take(row);
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let cell = |cell: &String| {
            if self.quoted {
                format!("\"{cell}\"")
            } else {
                cell.clone()
            }
        };
        let line = |cells: &Vec<String>| cells.iter().map(cell).collect::<Vec<_>>().join(self.delimiter);
        let lines: Vec<String> = std::iter::once(&self.header)
            .chain(&self.rows)
            .map(line)
            .collect();
        let mut text = lines.join("\n");
        if self.ended {
            text.push('\n');
        }
        self.style.encode(&text)
    }
}

/// A number with up to six decimals.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
