//! The text of the story: an encrypted archive as published, or a folder of plain files.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use lpp_files::refuse_pointer;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::TextError;
use crate::annotation::N_RUNS;
use crate::decode::decode;

/// Password of the published archives. It keeps a copyrighted text out of search engines and is not secret: it is in
/// `extract_llm_activations.py` of the paper's repository.
const PASSWORD: &[u8] = b"lessentielestinvisiblepourlesyeux";

/// Largest text of one run; the real ones have about ten kilobytes. The size given in the archive is not trusted.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Reads the text of each run of a language, which is named by its code, such as `en`.
///
/// `path` is either `lpp_en_text.zip`, encrypted with the published password or not encrypted, with the members
/// `lpp_en_text/text_en_run1.txt` to `…run9.txt`; or a folder with these files; or a folder that contains a folder
/// `lpp_en_text`. Lines end with `\n` and byte order marks are removed, whatever system wrote the files. Otherwise
/// texts are returned unchanged, including line ends, because the paper's models read them this way.
///
/// # Errors
/// [`FileError::Read`](lpp_files::FileError::Read) if a file cannot be opened, [`FileError::Malformed`](lpp_files::FileError::Malformed) if the archive is truncated, has another
/// password or lacks a member, or if a text is empty, too large or not UTF-8.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("lpp-doc-text-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # for run in 1..=9 { std::fs::write(folder.join(format!("text_en_run{run}.txt")), "Once\n")?; }
/// let texts = lpp_text::load_texts(&folder, "en")?;
/// assert_eq!(texts[0], "Once\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub fn load_texts(path: &Path, lang: &str) -> Result<Vec<String>, TextError> {
    if path.is_dir() {
        load_folder(path, lang)
    } else {
        load_archive(path, lang)
    }
}

fn file_name(lang: &str, run: usize) -> String {
    format!("text_{lang}_run{}.txt", run + 1)
}

fn folder_of_texts(path: &Path, lang: &str) -> PathBuf {
    let inner = path.join(format!("lpp_{lang}_text"));
    if inner.is_dir() { inner } else { path.to_owned() }
}

fn load_folder(path: &Path, lang: &str) -> Result<Vec<String>, TextError> {
    let folder = folder_of_texts(path, lang);
    (0..N_RUNS)
        .map(|run| {
            let path = folder.join(file_name(lang, run));
            let file = File::open(&path).map_err(TextError::read(&path))?;
            let bytes = read_capped(file).map_err(TextError::read(&path))?;
            into_text(bytes, &path)
        })
        .collect()
}

fn load_archive(path: &Path, lang: &str) -> Result<Vec<String>, TextError> {
    refuse_pointer(path)?;
    let file = File::open(path).map_err(TextError::read(path))?;
    let bytes_in_file = file.metadata().map_err(TextError::read(path))?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| {
        TextError::malformed(
            path,
            format!("no readable zip archive ({e}) in {bytes_in_file} bytes"),
            "a complete zip file",
        )
    })?;
    (0..N_RUNS)
        .map(|run| {
            let member = format!("lpp_{lang}_text/{}", file_name(lang, run));
            let bytes = read_member(&mut archive, &member, path)?;
            into_text(bytes, &path.join(member))
        })
        .collect()
}

fn read_member(
    archive: &mut ZipArchive<BufReader<File>>,
    member: &str,
    path: &Path,
) -> Result<Vec<u8>, TextError> {
    let entry = archive.by_name_decrypt(member, PASSWORD).map_err(|error| {
        let (found, expected) = match error {
            ZipError::FileNotFound => (format!("no member {member}"), "a member for each run".to_owned()),
            ZipError::InvalidPassword => (
                format!("{member} encrypted with a different password"),
                "the published password".to_owned(),
            ),
            other => (
                format!("{member} unreadable ({other})"),
                "a complete zip file".to_owned(),
            ),
        };
        TextError::malformed(path, found, expected)
    })?;
    read_capped(entry).map_err(|error| {
        // One wrong password in 256 passes the check of the format and shows only here, as garbage.
        let found = format!("{member} damaged or encrypted with a different password ({error})");
        TextError::malformed(path, found, "a complete zip file with the published password")
    })
}

/// Reads up to one byte more than allowed, so that [`into_text`] detects a text that is too large.
fn read_capped(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn into_text(bytes: Vec<u8>, path: &Path) -> Result<String, TextError> {
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        return Err(TextError::malformed(
            path,
            "a longer text",
            format!("at most {MAX_TEXT_BYTES} bytes"),
        ));
    }
    let text = decode(bytes, path)?;
    if text.trim().is_empty() {
        return Err(TextError::malformed(path, "an empty text", "the text of a run"));
    }
    Ok(text)
}

/// The files that [`load_texts`] reads, for provenance.
///
/// # Errors
/// [`FileError::Read`](lpp_files::FileError::Read) if a folder cannot be listed.
///
/// # Example
/// ```no_run
/// let files = lpp_text::text_files("lpp_en_text.zip".as_ref(), "en")?;
/// assert_eq!(files, ["lpp_en_text.zip".as_ref() as &std::path::Path]);
/// # Ok::<(), lpp_text::TextError>(())
/// ```
pub fn text_files(path: &Path, lang: &str) -> Result<Vec<PathBuf>, TextError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let folder = folder_of_texts(path, lang);
    let files: Vec<PathBuf> = (0..N_RUNS).map(|run| folder.join(file_name(lang, run))).collect();
    for file in &files {
        fs::metadata(file).map_err(TextError::read(file))?;
    }
    Ok(files)
}
