//! Text of a file in UTF-8, or in UTF-16 with a byte order mark.

use std::path::Path;

use lpp_files::FileError;

/// Reads a file as text, without the byte order mark.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    let bytes = lpp_files::read_input(path).map_err(FileError::read(path))?;
    let decoded = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        all => utf8(all),
    };
    decoded.map_err(|found| {
        let expected = "text in UTF-8, or in UTF-16 with a byte order mark; save the file as UTF-8";
        FileError::malformed(path, found, expected)
    })
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| format!("no UTF-8 after byte {}", error.valid_up_to()))?;
    // Text in UTF-16 without its mark is half zeros.
    match text.find('\0') {
        Some(at) => Err(format!("a zero byte after byte {at}")),
        None => Ok(text.to_owned()),
    }
}

fn utf16(bytes: &[u8], number: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("UTF-16 of an odd number of bytes".to_owned());
    }
    let units: Vec<u16> = units.iter().map(|pair| number(*pair)).collect();
    String::from_utf16(&units).map_err(|_| "UTF-16 with half a character".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.txt");
        std::fs::write(&path, bytes).unwrap();
        read_text(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn marks_say_the_encoding() {
        let text = "für 沙 𝄞\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let wide = |mark: [u8; 2], order: fn(u16) -> [u8; 2]| {
            [
                mark.to_vec(),
                units.iter().flat_map(|unit| order(*unit)).collect(),
            ]
            .concat()
        };
        assert_eq!(read(text.as_bytes()).unwrap(), text);
        assert_eq!(
            read(&[&[0xef, 0xbb, 0xbf], text.as_bytes()].concat()).unwrap(),
            text
        );
        assert_eq!(read(&wide([0xff, 0xfe], u16::to_le_bytes)).unwrap(), text);
        assert_eq!(read(&wide([0xfe, 0xff], u16::to_be_bytes)).unwrap(), text);
    }

    #[test]
    fn other_bytes_are_refused_with_a_way_out() {
        for bytes in [
            &b"f\xfcr"[..],
            b"\xff\xfea\0b",
            b"\xfe\xff\xd8\x00\x00\x61",
            b"a\0b\0",
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains("save the file as UTF-8"), "{error}");
        }
    }
}
