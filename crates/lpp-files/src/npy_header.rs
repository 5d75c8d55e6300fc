//! Checks of a `.npy` header before it is parsed.
//!
//! The parser allocates as much memory as the length field of the header says, and recurses for each bracket. So both
//! are checked against the file and the limits of NumPy.

use std::path::Path;

use crate::{FileError, MappedFile, caught};

/// First bytes of every file.
const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header; NumPy reads at most 10,000 bytes.
const LONGEST: usize = 1 << 16;
/// Deepest brackets: the dictionary, the shape, and two for a list of fields.
const DEEPEST: usize = 8;

/// Refuses a file that is not a `.npy` file, or whose header is longer or deeper than that of any array.
pub(crate) fn check(file: &MappedFile) -> Result<(), FileError> {
    header(file).map(|_| ()).map_err(|found| {
        let expected = "a complete NumPy .npy array";
        FileError::malformed(file.path(), found, expected)
    })
}

/// The text of the header, or what was found instead.
fn header(bytes: &[u8]) -> Result<&[u8], String> {
    if bytes.is_empty() {
        return Err("an empty file".to_owned());
    }
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err("a file that does not begin with NumPy's magic string".to_owned());
    };
    let (length, rest) = match *rest {
        [1, _, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        [major, minor, ..] => return Err(format!("version {major}.{minor} of the format")),
        _ => return Err("a file truncated within its header".to_owned()),
    };
    if length > LONGEST {
        return Err(format!("a header of {length} bytes"));
    }
    let header = rest.get(..length).ok_or("a file truncated within its header")?;
    if deepest(header) > DEEPEST {
        return Err(format!("a header with brackets nested deeper than {DEEPEST}"));
    }
    Ok(header)
}

/// What `parse` makes of a file whose header was [`check`]ed. The library panics at an empty array whose other axes are longer
/// together than memory.
pub(crate) fn parsed<T>(file: &Path, parse: impl FnOnce() -> T) -> Result<T, FileError> {
    caught(parse).map_err(|panic| {
        let found = format!("a header that cannot be used ({panic})");
        FileError::malformed(file, found, "a complete NumPy .npy array")
    })
}

/// Levels of brackets, without those in quotes.
fn deepest(header: &[u8]) -> usize {
    let (mut depth, mut most, mut quote) = (0_usize, 0, None);
    for &byte in header {
        match (quote, byte) {
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, length: &[u8], text: &str) -> Vec<u8> {
        [MAGIC, &[version, 0], length, text.as_bytes()].concat()
    }

    #[test]
    fn headers_of_all_versions_are_found() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n";
        let n = u8::try_from(text.len()).unwrap();
        for bytes in [
            file(1, &[n, 0], text),
            file(2, &[n, 0, 0, 0], text),
            file(3, &[n, 0, 0, 0], text),
        ] {
            assert_eq!(header(&bytes), Ok(text.as_bytes()));
            for cut in 0..bytes.len() {
                assert!(header(&bytes[..cut]).is_err());
            }
        }
    }

    #[test]
    fn headers_that_no_array_has_are_refused() {
        let brackets = "(".repeat(60_000);
        let n = u16::try_from(brackets.len()).unwrap().to_le_bytes();
        for (bytes, part) in [
            (file(2, &[0xff; 4], "{}"), "a header of 4294967295 bytes"),
            (file(1, &[9, 0], "{}"), "truncated"),
            (file(1, &n, &brackets), "brackets nested deeper"),
            (file(1, &n, &"[{(".repeat(20_000)), "brackets nested deeper"),
            (file(9, &[0, 0], ""), "version 9.0"),
            (b"PK\x03\x04".to_vec(), "magic"),
            (vec![], "an empty file"),
        ] {
            let found = header(&bytes).unwrap_err();
            assert!(found.contains(part), "{found}");
        }
    }
}
