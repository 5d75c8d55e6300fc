//! Recognition of the published word annotations.

use std::fs;
use std::path::Path;

use lpp_files::FileError;

use md5::{Digest, Md5};

use crate::{AnnotationCorrections, Language};

/// The published annotations, `lppEN_word_information.csv` and so on, with the MD5 from the data set's git-annex keys.
///
/// # References
/// ds003643 2.0.5 to 2.0.7, <https://openneuro.org/datasets/ds003643>.
pub const PUBLISHED_ANNOTATIONS: [(Language, &str); 3] = [
    (Language::English, "e157ef21efb92a887656eeba8004e569"),
    (Language::French, "7e202a048bc9eee76c7c787d6e958218"),
    (Language::Chinese, "582aae73f8d10b9982362b99d7f55919"),
];

/// Published annotations are less than half as long, so a longer file need not be hashed.
const LONGEST: u64 = 4 << 20;

/// Whether a file is the published annotation of a language, ignoring Windows line ends.
///
/// # Errors
/// [`FileError::Read`] if it cannot be read.
pub fn is_published_annotation(path: &Path, lang: Language) -> Result<bool, FileError> {
    let read = FileError::read;
    if fs::metadata(path).map_err(read(path))?.len() > LONGEST {
        return Ok(false);
    }
    let bytes = lpp_files::read_input(path).map_err(read(path))?;
    Ok(is_published(&bytes, lang) || is_published(&without_returns(&bytes), lang))
}

fn is_published(bytes: &[u8], lang: Language) -> bool {
    let found = format!("{:x}", Md5::digest(bytes));
    PUBLISHED_ANNOTATIONS
        .iter()
        .any(|(of, md5)| *of == lang && *md5 == found)
}

/// Replaces `\r\n`, written by git or an editor, by `\n`.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let is_end = |i: usize| bytes[i] == b'\r' && bytes.get(i + 1) == Some(&b'\n');
    (0..bytes.len())
        .filter(|&i| !is_end(i))
        .map(|i| bytes[i])
        .collect()
}

impl AnnotationCorrections {
    /// The corrections for the annotation `path`: resolves [`Auto`](Self::Auto) to one of the other two.
    ///
    /// A file that does not exist yet counts as the published one, which a study downloads.
    ///
    /// # Errors
    /// [`FileError::Read`] if the file exists and cannot be read.
    pub fn resolve(self, path: &Path, lang: Language) -> Result<Self, FileError> {
        match self {
            Self::Auto if !path.exists() || is_published_annotation(path, lang)? => Ok(Self::Published),
            Self::Auto => Ok(Self::None),
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_bytes_are_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lppEN_word_information.csv");
        assert_eq!(
            AnnotationCorrections::Auto
                .resolve(&path, Language::English)
                .unwrap(),
            AnnotationCorrections::Published
        );
        fs::write(&path, "word,onset,offset,section\n").unwrap();
        for (asked, taken) in [
            (AnnotationCorrections::Auto, AnnotationCorrections::None),
            (AnnotationCorrections::Published, AnnotationCorrections::Published),
            (AnnotationCorrections::None, AnnotationCorrections::None),
        ] {
            assert_eq!(asked.resolve(&path, Language::English).unwrap(), taken);
        }
    }

    #[test]
    fn line_ends_of_windows_make_no_other_file() {
        assert_eq!(without_returns(b"a\r\nb\rc\n\r\n"), b"a\nb\rc\n\n");
    }
}
