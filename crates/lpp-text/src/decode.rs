//! Decoding of text files of any origin to text with `\n` at line ends.

use std::path::Path;

use lpp_files::stand_in;

use crate::TextError;

/// The encoding mark in the first bytes of a file.
enum Mark {
    Utf8,
    Utf16 { is_big_endian: bool },
    Utf32,
    None,
}

impl Mark {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8,
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Self::Utf32,
            [0xff, 0xfe, ..] => Self::Utf16 { is_big_endian: false },
            [0xfe, 0xff, ..] => Self::Utf16 { is_big_endian: true },
            _ => Self::None,
        }
    }
}

/// Decodes the bytes of a file: UTF-8, or UTF-16 with a byte order mark.
///
/// Byte order marks are removed, and the line ends of Windows and old Macs become `\n`, each with a note. Both would
/// change the tokens, and the published files have neither.
///
/// # Errors
/// [`FileError::Malformed`](lpp_files::FileError::Malformed) for bytes in another encoding and for a placeholder such as a Git LFS pointer.
pub(crate) fn decode(bytes: Vec<u8>, path: &Path) -> Result<String, TextError> {
    if let Some(what) = stand_in(&bytes) {
        return Err(TextError::malformed(path, what, "a text"));
    }
    let shown = path.display();
    let text = match Mark::of(&bytes) {
        Mark::None => utf8(bytes, path)?,
        Mark::Utf8 => {
            tracing::info!("note: {shown}: the byte order mark is removed");
            utf8(bytes[3..].to_vec(), path)?
        }
        Mark::Utf16 { is_big_endian } => {
            tracing::info!("note: {shown}: read as UTF-16, according to its byte order mark");
            utf16(&bytes[2..], is_big_endian, path)?
        }
        Mark::Utf32 => return Err(TextError::malformed(path, "UTF-32", "a text in UTF-8")),
    };
    if let Some(at) = text.find('\0') {
        let found = format!("a zero character at byte {at} (UTF-16 without a byte order mark?)");
        return Err(TextError::malformed(path, found, "a text in UTF-8"));
    }
    if let Some(sign) = decomposed(&text) {
        tracing::warn!(
            "{shown}: accents are separate characters ({sign:?} is two; Unicode form NFD), so words and tokens \
             differ from those of composed text (NFC), on which language models are trained; convert the file to NFC"
        );
    }
    let n_returns = text.matches('\r').count();
    if n_returns == 0 {
        return Ok(text);
    }
    tracing::info!("note: {shown}: {n_returns} line ends of Windows or of old Macs are read as \\n");
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A letter followed by a combining accent, if there is such a pair; usually the two are one character.
fn decomposed(text: &str) -> Option<String> {
    // Grave, acute, circumflex, tilde, diaeresis, ring, caron, cedilla: with a plain letter they have composed forms.
    const ACCENTS: [char; 8] = [
        '\u{300}', '\u{301}', '\u{302}', '\u{303}', '\u{308}', '\u{30a}', '\u{30c}', '\u{327}',
    ];
    if text.is_ascii() {
        return None;
    }
    text.match_indices(ACCENTS).find_map(|(at, accent)| {
        let letter = text[..at].chars().next_back().filter(char::is_ascii_alphabetic)?;
        Some(format!("{letter}{accent}"))
    })
}

fn utf8(bytes: Vec<u8>, path: &Path) -> Result<String, TextError> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        TextError::malformed(
            path,
            format!("a byte at {at} which is not UTF-8"),
            "a text in UTF-8; save it in that encoding",
        )
    })
}

fn utf16(bytes: &[u8], is_big_endian: bool, path: &Path) -> Result<String, TextError> {
    let refuse = |found: &str| TextError::malformed(path, found, "a text in UTF-8 or UTF-16");
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(refuse("UTF-16 with half a character at its end"));
    }
    let unit = |pair: &[u8; 2]| {
        if is_big_endian {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    };
    let units: Vec<u16> = units.iter().map(unit).collect();
    String::from_utf16(&units).map_err(|_| refuse("damaged UTF-16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, String> {
        decode(bytes.to_vec(), Path::new("text.txt")).map_err(|e| e.to_string())
    }

    #[test]
    fn line_ends_of_all_systems_become_one() {
        for bytes in ["a\nb\n\nc", "a\r\nb\r\n\r\nc", "a\rb\r\rc", "a\r\nb\n\rc"] {
            assert_eq!(decoded(bytes.as_bytes()).unwrap(), "a\nb\n\nc", "{bytes:?}");
        }
    }

    #[test]
    fn accents_apart_from_their_letters_are_noticed() {
        for text in [
            "cafe\u{301}",
            "the nai\u{308}ve",
            "c\u{327}a",
            "☆\u{301} a\u{300} gauche",
        ] {
            assert!(decomposed(text).is_some(), "{text}");
        }
        for text in ["café", "plain", "\u{1eb9}\u{300}", "☆\u{301}", "\u{301}"] {
            assert_eq!(decomposed(text), None, "{text}");
        }
    }

    #[test]
    fn byte_order_marks_choose_the_encoding_and_go() {
        let units: Vec<u16> = "é\r\n☆".encode_utf16().collect();
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.into_iter()
                .chain(units.iter().flat_map(|&unit| bytes(unit)))
                .collect()
        };
        for bytes in [
            "\u{feff}é\n☆".as_bytes().to_vec(),
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(decoded(&bytes).unwrap(), "é\n☆");
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        for (bytes, part) in [
            (&b"caf\xe9"[..], "byte at 3"),
            (&b"\xff\xfe\0\0a\0\0\0"[..], "UTF-32"),
            (&b"\xff\xfea"[..], "half a character"),
            (&b"\xff\xfe\x00\xd8"[..], "damaged UTF-16"),
            (&b"a\0b\0"[..], "without a byte order mark"),
            (
                &b"version https://git-lfs.github.com/spec/v1\noid"[..],
                "git lfs pull",
            ),
        ] {
            let message = decoded(bytes).unwrap_err();
            assert!(
                message.contains(part) && message.contains("text.txt"),
                "{message}"
            );
        }
    }
}
