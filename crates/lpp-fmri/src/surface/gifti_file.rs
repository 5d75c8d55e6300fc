//! The arrays of GIFTI files (`.gii`, `.gii.gz`).
//!
//! # References
//! GIFTI surface data format, version 1.0, <https://www.nitrc.org/projects/gifti>

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use roxmltree::{Document, Node, ParsingOptions};

use super::whole_file::read_all;
use super::xml_guard::guarded;
use crate::FmriError;
use crate::numeric::{Element, ElementType, with_element_type};

/// Nodes of any file, and bytes of text per further node: memory for nodes stays below twice that of the text.
const LEAST_NODES: usize = 100_000;
const NODE_BYTES: usize = 64;
/// Deflate stores at best 258 bytes in 2 bits; what claims more is not read.
const MAX_EXPANSION: u64 = 1032;

/// The text of a file, without its document type.
pub(super) fn text_of(path: &Path) -> Result<String, FmriError> {
    let text = String::from_utf8(read_all(path)?)
        .map_err(|_| FmriError::malformed(path, "bytes that are not text", "GIFTI"))?;
    guarded(&text).map_err(|found| FmriError::malformed(path, found, "GIFTI"))
}

/// Parses XML that the guard has passed.
pub(super) fn parse<'a>(path: &Path, text: &'a str) -> Result<Document<'a>, FmriError> {
    let options = ParsingOptions {
        // The guard has taken out the document type that the standard's own files name.
        allow_dtd: false,
        nodes_limit: u32::try_from(LEAST_NODES + text.len() / NODE_BYTES).unwrap_or(u32::MAX),
    };
    Document::parse_with_options(text, options).map_err(|error| {
        FmriError::malformed(path, format!("broken XML ({error})"), "the XML of a surface file")
    })
}

/// An array of a file: its place in the document and its shape.
pub(super) struct DataArray<'a> {
    path: &'a Path,
    node: Node<'a, 'a>,
    pub(super) n_rows: usize,
    pub(super) n_columns: usize,
}

impl<'a> DataArray<'a> {
    /// An array of one or two axes.
    pub(super) fn of(path: &'a Path, node: Node<'a, 'a>) -> Result<Self, FmriError> {
        let dimension = |name: &str| {
            node.attribute(name)
                .and_then(|text| text.trim().parse::<usize>().ok())
        };
        let n_rows =
            dimension("Dim0").ok_or_else(|| FmriError::malformed(path, "an array without Dim0", "GIFTI"))?;
        if let Some(length) = dimension("Dim2").filter(|length| *length > 1) {
            let found = format!("an array with a third axis of {length}");
            return Err(FmriError::malformed(path, found, "arrays of one or two axes"));
        }
        Ok(Self {
            path,
            node,
            n_rows,
            n_columns: dimension("Dim1").unwrap_or(1),
        })
    }

    /// The intent, such as `NIFTI_INTENT_TIME_SERIES`.
    pub(super) fn intent(&self) -> &'a str {
        self.attribute("Intent")
    }

    /// The numbers of an array whose rows have `columns` numbers.
    pub(super) fn rows_of(&self, columns: usize) -> Result<Vec<f64>, FmriError> {
        if self.n_columns != columns {
            let found = format!("an array of {} × {} numbers", self.n_rows, self.n_columns);
            return Err(self.wrong(found, &format!("{columns} a row")));
        }
        self.numbers()
    }

    /// The numbers, row by row.
    pub(super) fn numbers(&self) -> Result<Vec<f64>, FmriError> {
        let by_columns = self.attribute("ArrayIndexingOrder") == "ColumnMajorOrder";
        let (rows, columns) = (self.n_rows, self.n_columns);
        let n = rows
            .checked_mul(columns)
            .ok_or_else(|| self.wrong("an array of any size".to_owned(), "a size"))?;
        let data = self
            .node
            .children()
            .find(|child| child.has_tag_name("Data"))
            .and_then(|child| child.text());
        let data = data.unwrap_or_default();
        let values = match self.attribute("Encoding") {
            "ASCII" => self.ascii(data, n)?,
            encoding => self.decoded(encoding, data, n)?,
        };
        if values.len() != n {
            return Err(self.wrong(
                format!("{} numbers", values.len()),
                &format!("{n}, as Dim0 and Dim1 say"),
            ));
        }
        if by_columns && columns > 1 && rows > 1 {
            return Ok((0..n)
                .map(|at| values[at % columns * rows + at / columns])
                .collect());
        }
        Ok(values)
    }

    fn ascii(&self, data: &str, n: usize) -> Result<Vec<f64>, FmriError> {
        let words = data.split_ascii_whitespace().take(n.saturating_add(1));
        let number = |word: &str| {
            word.parse()
                .map_err(|_| self.wrong(format!("{word:?} in an array"), "a number"))
        };
        words.map(number).collect()
    }

    fn decoded(&self, encoding: &str, data: &str, n: usize) -> Result<Vec<f64>, FmriError> {
        let element = self.element()?;
        let big_endian = match self.attribute("Endian") {
            "BigEndian" => true,
            "LittleEndian" => false,
            other => return Err(self.wrong(format!("the byte order {other:?}"), "LittleEndian or BigEndian")),
        };
        let bytes = self.bytes(encoding, data, n.saturating_mul(element.size()))?;
        let whole = bytes.len() - bytes.len() % element.size();
        #[expect(
            clippy::cast_lossless,
            clippy::cast_precision_loss,
            clippy::unnecessary_cast,
            reason = "one expression serves ten types; values of surfaces are small"
        )]
        let values = with_element_type!(element, T => {
            let mut numbers: Vec<T> = Vec::with_capacity(whole / element.size());
            T::decode(&bytes[..whole], big_endian, &mut numbers);
            numbers.into_iter().map(|number| number as f64).collect()
        });
        Ok(values)
    }

    /// The bytes of an array; at most one more than announced.
    fn bytes(&self, encoding: &str, data: &str, announced: usize) -> Result<Vec<u8>, FmriError> {
        let compact: String = data.split_ascii_whitespace().collect();
        let raw = STANDARD
            .decode(compact)
            .map_err(|error| self.wrong(format!("broken Base64 ({error})"), "GIFTI"))?;
        match encoding {
            "Base64Binary" => Ok(raw),
            "GZipBase64Binary" => {
                let possible = (raw.len() as u64).saturating_mul(MAX_EXPANSION);
                if announced as u64 > possible {
                    return Err(self.wrong(
                        format!("{} bytes compressed", raw.len()),
                        "more for an array of this size",
                    ));
                }
                let mut bytes = Vec::new();
                let mut decoder = ZlibDecoder::new(raw.as_slice()).take(announced as u64 + 1);
                let read = decoder.read_to_end(&mut bytes);
                read.map_err(|error| self.wrong(format!("a broken stream ({error})"), "zlib data"))?;
                Ok(bytes)
            }
            other => Err(self.wrong(
                format!("the encoding {other:?}"),
                "ASCII, Base64Binary or GZipBase64Binary (one file; wb_command -gifti-convert writes one)",
            )),
        }
    }

    fn element(&self) -> Result<ElementType, FmriError> {
        match self.attribute("DataType") {
            "NIFTI_TYPE_FLOAT32" => Ok(ElementType::F32),
            "NIFTI_TYPE_FLOAT64" => Ok(ElementType::F64),
            "NIFTI_TYPE_UINT8" => Ok(ElementType::U8),
            "NIFTI_TYPE_INT8" => Ok(ElementType::I8),
            "NIFTI_TYPE_INT16" => Ok(ElementType::I16),
            "NIFTI_TYPE_UINT16" => Ok(ElementType::U16),
            "NIFTI_TYPE_INT32" => Ok(ElementType::I32),
            "NIFTI_TYPE_UINT32" => Ok(ElementType::U32),
            "NIFTI_TYPE_INT64" => Ok(ElementType::I64),
            "NIFTI_TYPE_UINT64" => Ok(ElementType::U64),
            other => Err(self.wrong(
                format!("the data type {other:?}"),
                "numbers such as NIFTI_TYPE_FLOAT32",
            )),
        }
    }

    fn attribute(&self, name: &str) -> &'a str {
        self.node.attribute(name).unwrap_or_default()
    }

    fn wrong(&self, found: String, expected: &str) -> FmriError {
        FmriError::malformed(self.path, found, expected)
    }
}
