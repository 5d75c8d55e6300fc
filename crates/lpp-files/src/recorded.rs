//! Lossless text form of paths and arguments in records.
//!
//! UTF-8 text is unchanged. Anything else is quoted as for a shell, `$'run\xff.nii.gz'`; so is text that begins in that
//! way, so that reading it back is unambiguous.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

const OPENING: &str = "$'";

/// The text of `name` in a record.
///
/// ```
/// use std::os::unix::ffi::OsStrExt;
/// assert_eq!(lpp_files::recorded_text("plain".as_ref()), "plain");
/// assert_eq!(lpp_files::recorded_text(std::ffi::OsStr::from_bytes(b"n\xff")), r"$'n\xff'");
/// ```
#[must_use]
pub fn recorded_text(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) if !text.starts_with(OPENING) => text.to_owned(),
        _ => quoted(name.as_bytes()),
    }
}

fn quoted(bytes: &[u8]) -> String {
    let mut text = OPENING.to_owned();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '\'' => text.extend(['\\', c]),
                _ => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text + "'"
}

/// The name for the `text` of a record; see [`recorded_text`].
#[must_use]
pub fn recorded_name(text: &str) -> OsString {
    let inner = text
        .strip_prefix(OPENING)
        .and_then(|rest| rest.strip_suffix('\''));
    match inner.and_then(unquoted) {
        Some(bytes) => OsString::from_vec(bytes),
        None => text.into(),
    }
}

fn unquoted(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        match (first, others) {
            (b'\\', [b'x', high, low, others @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
                bytes.push(digit(*high)? * 16 + digit(*low)?);
                rest = others;
            }
            (b'\\', [escaped, others @ ..]) => {
                bytes.push(*escaped);
                rest = others;
            }
            _ => bytes.push(*first),
        }
    }
    Some(bytes)
}

/// Serde functions for such a path.
pub mod path {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes `path`.
    ///
    /// # Errors
    /// As `serializer`.
    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::recorded_text(path.as_os_str()))
    }

    /// Reads a path.
    ///
    /// # Errors
    /// As `deserializer`, if there is no text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(super::recorded_name(&text).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back() {
        for name in [
            &b"plain.nii.gz"[..],
            b"bad\xff.nii.gz",
            b"$'x'",
            b"$'",
            b"it's \\xff",
            b"\xc3\x28 it's \\ \xe2\x82",
            "ümlaut/日本".as_bytes(),
            b"",
        ] {
            let name = OsStr::from_bytes(name);
            let text = recorded_text(name);
            assert_eq!(recorded_name(&text), name, "{text}");
        }
    }
}
