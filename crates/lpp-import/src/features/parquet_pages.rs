//! What the footer and the pages of a Parquet file declare, checked before the library believes it.
//!
//! The library reserves memory by the counts of a page's header, and keeps some hundred bytes for each column of the footer. Both
//! are structures of Thrift's compact protocol (`PageHeader` and `FileMetaData` in the format's `parquet.thrift`); only lengths and
//! counts are looked at here.

use lpp_files::most_rows;
use parquet::basic::{Compression, Encoding, Type as Physical};

/// The most bytes of a header; those of columns of numbers have less than 200.
const LONGEST_HEADER: usize = 1 << 16;
/// How deep structures of a header stand in each other; the format has three.
const DEEPEST: usize = 8;

/// Numbers of a `PageHeader` by their path of field numbers.
#[derive(Debug, Default)]
struct Header {
    unpacked: i64,
    packed: i64,
    encoding: i64,
    dictionary_values: i64,
}

impl Header {
    fn take(&mut self, path: &[i16], value: i64) {
        match path {
            [2] => self.unpacked = value,
            [3] => self.packed = value,
            [5, 2] | [8, 4] => self.encoding = value,
            [7, 1] => self.dictionary_values = value,
            _ => {}
        }
    }
}

/// Memory that the library takes for a structure of the footer: a column, a group of rows and what they consist of.
const BYTES_OF_STRUCTURE: usize = 400;
/// What a file ends with: the length of the footer, and these letters.
const END: &[u8] = b"PAR1";

/// Checks that the footer, which lists all columns of all groups of rows, does not take much more memory than the file.
///
/// # Errors
/// What was found. A file without a footer passes; the library refuses it.
pub(super) fn check_footer(file: &[u8]) -> Result<(), String> {
    let footer = file.strip_suffix(END).and_then(|rest| {
        let (rest, length) = rest.split_last_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        rest.get(rest.len().checked_sub(length)?..)
    });
    let Some(footer) = footer else {
        return Ok(());
    };
    let mut reader = Compact::new(footer);
    reader
        .structure(&mut Vec::new(), &mut |_, _| {})
        .ok_or("an unreadable footer")?;
    let most = most_rows(file.len(), BYTES_OF_STRUCTURE);
    if reader.n_structures > most {
        return Err(format!(
            "a footer of {} parts in a file of {} bytes",
            reader.n_structures,
            file.len()
        ));
    }
    Ok(())
}

/// Checks the headers of all pages in the bytes of one column.
///
/// # Errors
/// What was found, if a page declares more than its bytes can hold.
pub(super) fn check_pages(
    mut column: &[u8],
    compression: Compression,
    physical: Physical,
    width: usize,
) -> Result<(), String> {
    // The most that one byte can stand for: DEFLATE's 1032, and 21 bytes of a copy in three bytes of snappy.
    let expansion: u64 = match compression {
        Compression::UNCOMPRESSED => 1,
        Compression::SNAPPY => 32,
        _ => 1032,
    };
    while !column.is_empty() {
        let mut header = Header::default();
        let mut reader = Compact::new(&column[..column.len().min(LONGEST_HEADER)]);
        reader
            .structure(&mut Vec::new(), &mut |path, value| header.take(path, value))
            .ok_or("a page without a readable header")?;
        let rest = &column[reader.at..];
        let declared = |count: i64| u64::try_from(count).map_err(|_| format!("a page of {count} bytes"));
        let (packed, unpacked) = (declared(header.packed)?, declared(header.unpacked)?);
        if packed > rest.len() as u64 || unpacked > (packed + 1).saturating_mul(expansion) {
            return Err(format!(
                "a page of {unpacked} bytes, {packed} as stored, with {} left in its column",
                rest.len()
            ));
        }
        let values = declared(header.dictionary_values)?;
        if values.saturating_mul(width.max(1) as u64) > unpacked {
            return Err(format!("a dictionary of {values} values in {unpacked} bytes"));
        }
        // Lengths of text before the values, which have a count of their own.
        let of_text = [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY];
        let is_of_text = of_text
            .iter()
            .any(|&kind| i64::from(kind as i32) == header.encoding);
        if physical == Physical::FIXED_LEN_BYTE_ARRAY && is_of_text {
            return Err("numbers stored as texts of differing length".to_owned());
        }
        column = rest
            .get(usize::try_from(packed).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
    }
    Ok(())
}

/// A reader of Thrift's compact protocol that keeps nothing.
struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
    n_structures: usize,
}

impl<'a> Compact<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            n_structures: 0,
        }
    }

    /// Reads a structure and hands each whole number of it to `found`, with the numbers of the fields that lead to it. `None`
    /// if it is broken.
    fn structure(&mut self, path: &mut Vec<i16>, found: &mut dyn FnMut(&[i16], i64)) -> Option<()> {
        if path.len() >= DEEPEST {
            return None;
        }
        self.n_structures += 1;
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(self.number()?).ok()?,
                step => id.checked_add(i16::from(step))?,
            };
            path.push(id);
            match head & 15 {
                1 | 2 => {} // A truth value stands in the head.
                4..=6 => {
                    let value = self.number()?;
                    found(path, value);
                }
                12 => self.structure(path, found)?,
                kind => self.skip(kind, path)?,
            }
            path.pop();
        }
    }

    fn skip(&mut self, kind: u8, path: &mut Vec<i16>) -> Option<()> {
        match kind {
            1..=3 => self.step(1),
            4..=6 => self.varint().map(drop),
            7 => self.step(8),
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.step(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    count => u64::from(count),
                };
                // Each has a byte at least, so that the end of the bytes ends the loop.
                (0..count).try_for_each(|_| match head & 15 {
                    9 | 10 => None, // The format has no lists of lists.
                    kind => self.skip(kind, path),
                })
            }
            12 => {
                path.push(0);
                let read = self.structure(path, &mut |_, _| {});
                path.pop();
                read
            }
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn step(&mut self, n: usize) -> Option<()> {
        self.at = self.at.checked_add(n).filter(|&at| at <= self.bytes.len())?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for place in 0..10 {
            let byte = self.byte()?;
            value |= u64::from(byte & 127).checked_shl(7 * place)?;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    /// A number in zigzag form.
    fn number(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dictionary page: type 2, sizes, then field 7 with the count of values; its bytes follow.
    fn dictionary(unpacked: u8, packed: u8, values: u8, content: usize) -> Vec<u8> {
        let zigzag = |n: u8| 2 * n;
        let header = [
            0x15,
            4,
            0x15,
            zigzag(unpacked),
            0x15,
            zigzag(packed),
            0x4c,
            0x15,
            zigzag(values),
            0x15,
            0,
            0,
            0,
        ];
        [header.to_vec(), vec![0; content]].concat()
    }

    fn checked(bytes: &[u8]) -> Result<(), String> {
        check_pages(bytes, Compression::UNCOMPRESSED, Physical::FLOAT, 4)
    }

    #[test]
    fn a_page_that_holds_what_it_declares_passes() {
        checked(&dictionary(8, 8, 2, 8)).unwrap();
        checked(&[dictionary(8, 8, 2, 8), dictionary(4, 4, 1, 4)].concat()).unwrap();
    }

    /// A file of a footer alone, with as many elements of a schema.
    fn footer(n: u32) -> Vec<u8> {
        let mut length = Vec::new();
        let mut left = n;
        while left >= 128 {
            length.push((left % 128) as u8 | 128);
            left /= 128;
        }
        length.push(u8::try_from(left).unwrap());
        let footer = [&[0x29, 0xfc][..], &length, &vec![0; n as usize], &[0]].concat();
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        [footer.as_slice(), &length, END].concat()
    }

    #[test]
    fn a_footer_of_many_parts_is_refused() {
        check_footer(&footer(100_000)).unwrap();
        let error = check_footer(&footer(200_000)).unwrap_err();
        assert!(error.contains("a footer of 200001 parts"), "{error}");
        let mut broken = footer(100);
        broken[3] = 0x80;
        assert!(check_footer(&broken).is_err());
        check_footer(b"PAR1").unwrap();
    }

    #[test]
    fn what_cannot_be_held_is_named() {
        for (bytes, said) in [
            (dictionary(8, 8, 3, 8), "a dictionary of 3 values in 8 bytes"),
            (
                dictionary(8, 8, 2, 7),
                "a page of 8 bytes, 8 as stored, with 7 left",
            ),
            (dictionary(60, 8, 2, 8), "a page of 60 bytes, 8 as stored"),
            (vec![0x19, 0xf9, 0xff, 0xff, 0xff, 0xff, 0x0f], "readable header"),
            (vec![0x1c; 100], "readable header"),
            (
                vec![0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                "readable header",
            ),
        ] {
            let error = checked(&bytes).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
