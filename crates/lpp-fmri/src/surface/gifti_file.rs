//! The arrays of GIFTI files (`.gii`, `.gii.gz`).
//!
//! # References
//! GIFTI surface data format, version 1.0, <https://www.nitrc.org/projects/gifti>

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Decompress, FlushDecompress, Status};
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
/// Bytes that are unpacked at first; then as many as there are already.
const FIRST_STEP: usize = 1 << 15;

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
        #[expect(
            clippy::cast_lossless,
            clippy::cast_precision_loss,
            clippy::unnecessary_cast,
            reason = "one expression serves ten types; values of surfaces are small"
        )]
        let values = with_element_type!(element, T => {
            let mut numbers: Vec<T> = Vec::with_capacity(n);
            T::decode(&bytes, big_endian, &mut numbers);
            numbers.into_iter().map(|number| number as f64).collect()
        });
        Ok(values)
    }

    /// The bytes of an array: exactly as many as its dimensions and data type require.
    fn bytes(&self, encoding: &str, data: &str, announced: usize) -> Result<Vec<u8>, FmriError> {
        let compact: String = data.split_ascii_whitespace().collect();
        let raw = STANDARD
            .decode(compact)
            .map_err(|error| self.wrong(format!("broken Base64 ({error})"), "GIFTI"))?;
        let bytes = match encoding {
            "Base64Binary" => raw,
            "GZipBase64Binary" => {
                let possible = (raw.len() as u64).saturating_mul(MAX_EXPANSION);
                if announced as u64 > possible {
                    return Err(self.wrong(
                        format!("{} bytes compressed", raw.len()),
                        "more for an array of this size",
                    ));
                }
                inflated(&raw, announced).map_err(|found| self.wrong(found, "zlib data"))?
            }
            other => {
                return Err(self.wrong(
                    format!("the encoding {other:?}"),
                    "ASCII, Base64Binary or GZipBase64Binary (one file; wb_command -gifti-convert writes one)",
                ));
            }
        };
        if bytes.len() != announced {
            let more = if bytes.len() > announced { " or more" } else { "" };
            return Err(self.wrong(
                format!("an array of {} bytes{more}", bytes.len()),
                &format!("{announced}, as Dim0, Dim1 and DataType say"),
            ));
        }
        Ok(bytes)
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

/// What a zlib stream holds, at most one byte more than announced. The stream ends with its checksum, and the bytes with it.
fn inflated(raw: &[u8], announced: usize) -> Result<Vec<u8>, String> {
    let broken = |problem: &dyn std::fmt::Display| format!("a broken stream ({problem})");
    let mut stream = Decompress::new(true);
    let mut bytes = Vec::new();
    let mut used = 0;
    loop {
        if bytes.len() > announced {
            return Ok(bytes);
        }
        // Memory is allocated in steps, because the announced size may be wrong.
        bytes.reserve_exact(bytes.len().max(FIRST_STEP).min(announced - bytes.len() + 1));
        let before = (used, bytes.len());
        let status = stream.decompress_vec(&raw[used..], &mut bytes, FlushDecompress::None);
        let status = status.map_err(|error| broken(&error))?;
        used = usize::try_from(stream.total_in())
            .unwrap_or(raw.len())
            .min(raw.len());
        match status {
            Status::StreamEnd if used < raw.len() => {
                return Err(format!(
                    "{} bytes after the end of the compressed data",
                    raw.len() - used
                ));
            }
            Status::StreamEnd => return Ok(bytes),
            _ if before == (used, bytes.len()) => return Err(broken(&"it ends early")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    const PLAIN: &str = "Base64Binary";
    const PACKED: &str = "GZipBase64Binary";

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Reads an array of three integers, or of another length.
    fn numbers(encoding: &str, data: &[u8], n: usize) -> Result<Vec<f64>, String> {
        let text = format!(
            "<DataArray DataType=\"NIFTI_TYPE_INT32\" Dim0=\"{n}\" Encoding=\"{encoding}\" Endian=\"LittleEndian\"><Data>{}</Data></DataArray>",
            STANDARD.encode(data)
        );
        let document = Document::parse(&text).unwrap();
        let array = DataArray::of(Path::new("a.gii"), document.root_element()).unwrap();
        array.numbers().map_err(|error| error.to_string())
    }

    #[test]
    fn binary_arrays_have_the_announced_bytes_and_no_more() {
        let three = [0_i32, 2, 7].map(i32::to_le_bytes).concat();
        let packed = zlib(&three);
        for (encoding, data) in [(PLAIN, &three), (PACKED, &packed)] {
            assert_eq!(numbers(encoding, data, 3), Ok(vec![0.0, 2.0, 7.0]));
            for n in [2, 4] {
                let error = numbers(encoding, data, n).unwrap_err();
                assert!(error.contains(&format!("expected {}, as Dim0", 4 * n)), "{error}");
            }
        }
        let longer = [&three[..], &[9]].concat();
        for (encoding, data) in [(PLAIN, longer.clone()), (PACKED, zlib(&longer))] {
            let error = numbers(encoding, &data, 3).unwrap_err();
            assert!(error.contains("expected 12, as Dim0"), "{error}");
        }
    }

    #[test]
    fn compressed_arrays_end_with_their_checksum() {
        let packed = zlib(&[0_i32, 2, 7].map(i32::to_le_bytes).concat());
        let end = packed.len();
        let mut other_sum = packed.clone();
        other_sum[end - 1] ^= 1;
        for (data, said) in [
            (other_sum, "a broken stream"),
            (packed[..end - 4].to_vec(), "it ends early"),
            (packed[..end - 1].to_vec(), "it ends early"),
            ([&packed[..], b"zzzz"].concat(), "4 bytes after the end"),
        ] {
            let error = numbers(PACKED, &data, 3).unwrap_err();
            assert!(error.contains("a.gii: found") && error.contains(said), "{error}");
        }
    }

    #[test]
    fn long_arrays_are_unpacked_in_steps() {
        let many: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(inflated(&zlib(&many), many.len()), Ok(many.clone()));
        assert_eq!(inflated(&zlib(&many), 99).map(|bytes| bytes.len()), Ok(100));
        assert_eq!(inflated(&zlib(&[]), 0), Ok(vec![]));
    }
}
