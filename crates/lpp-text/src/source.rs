//! The text of the story: an encrypted archive as published, or a folder of plain files.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use lpp_files::{RunOrder, missing_run, natural_path_order, open_zip, refuse_pointer};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::TextError;
use crate::decode::decode;

/// Password of the published archives. It keeps a copyrighted text out of search engines and is not secret: it is in
/// `extract_llm_activations.py` of the paper's repository.
const PASSWORD: &[u8] = b"lessentielestinvisiblepourlesyeux";

/// Largest text of one run; the real ones have about ten kilobytes. The size given in the archive is not trusted.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Reads the texts of the runs of a language, which is named by its code, such as `en`.
///
/// `path` is a zip archive, encrypted with the published password or not encrypted; a folder, or one that contains a
/// folder `lpp_en_text`; files named by a pattern with one `*`, such as `text/*.txt`; or a single file. In archives and
/// folders, the texts are the files `text_en_run1.txt` and so on, or all other `.txt` files if there are none; they are in
/// the natural order of their names. There is one for each of `n_runs` runs, or one for all.
///
/// Lines end with `\n` and byte order marks are removed, whatever system wrote the files. Otherwise texts are returned
/// unchanged, including line ends, because the paper's models read them this way.
///
/// # Errors
/// [`FileError::Read`](lpp_files::FileError::Read) if a file cannot be opened, [`FileError::Malformed`](lpp_files::FileError::Malformed) if the archive is truncated or has another
/// password, if there are other than `n_runs` texts or one, or if a text is empty, too large or not UTF-8.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("lpp-doc-text-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # for run in 1..=12 { std::fs::write(folder.join(format!("text_en_run{run}.txt")), format!("Once {run}\n"))?; }
/// let texts = lpp_text::load_texts(&folder, "en", 12)?;
/// assert_eq!(texts[9], "Once 10\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub fn load_texts(path: &Path, lang: &str, n_runs: usize) -> Result<Vec<String>, TextError> {
    texts_at(path, lang, |files| checked(path, files, n_runs))
}

/// Reads all texts of a language, as [`load_texts`] does, whatever their number.
///
/// # Errors
/// As [`load_texts`], but for their number.
///
/// # Example
/// ```no_run
/// let texts = lpp_text::load_all_texts("texts".as_ref(), "en")?;
/// # Ok::<(), lpp_text::TextError>(())
/// ```
pub fn load_all_texts(path: &Path, lang: &str) -> Result<Vec<String>, TextError> {
    texts_at(path, lang, Ok)
}

fn texts_at(
    path: &Path,
    lang: &str,
    checked: impl Fn(Vec<PathBuf>) -> Result<Vec<PathBuf>, TextError>,
) -> Result<Vec<String>, TextError> {
    if is_archive(path) {
        let mut archive = open_archive(path)?;
        let members = archive.file_names().map(PathBuf::from).collect();
        let members = checked(texts_among(path, members, lang)?)?;
        let text = |member: &PathBuf| {
            let bytes = read_member(&mut archive, &member.to_string_lossy(), path)?;
            into_text(bytes, &path.join(member))
        };
        return members.iter().map(text).collect();
    }
    let files = checked(text_files(path, lang)?)?;
    let text = |path: &PathBuf| {
        let file = lpp_files::open_input(path).map_err(TextError::read(path))?;
        into_text(read_capped(file).map_err(TextError::read(path))?, path)
    };
    files.iter().map(text).collect()
}

fn is_archive(path: &Path) -> bool {
    !path.is_dir()
        && path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

/// The files that [`load_texts`] reads, for provenance.
///
/// # Errors
/// As [`load_texts`], but for their number.
///
/// # Example
/// ```no_run
/// let files = lpp_text::text_files("lpp_en_text.zip".as_ref(), "en")?;
/// assert_eq!(files, ["lpp_en_text.zip".as_ref() as &std::path::Path]);
/// # Ok::<(), lpp_text::TextError>(())
/// ```
pub fn text_files(path: &Path, lang: &str) -> Result<Vec<PathBuf>, TextError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (folder, pattern) = match name.split_once('*') {
        Some(pattern) => (path.parent().unwrap_or(Path::new(".")).to_owned(), Some(pattern)),
        None if path.is_dir() => (folder_of_texts(path, lang), None),
        None => return Ok(vec![path.to_owned()]),
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(TextError::read(&folder))? {
        let entry = entry.map_err(TextError::read(&folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_meant = pattern.is_none_or(|(head, tail)| {
            name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        });
        if is_meant {
            files.push(entry.path());
        }
    }
    texts_among(path, files, lang)
}

fn folder_of_texts(path: &Path, lang: &str) -> PathBuf {
    let inner = path.join(format!("lpp_{lang}_text"));
    if inner.is_dir() { inner } else { path.to_owned() }
}

/// The texts of a language among the files of a folder or archive, in the order of their runs.
fn texts_among(path: &Path, mut files: Vec<PathBuf>, lang: &str) -> Result<Vec<PathBuf>, TextError> {
    files.retain(|file| {
        let is_hidden = |part: std::path::Component| part.as_os_str().as_encoded_bytes().starts_with(b".");
        let is_text = file.extension().is_some_and(|ending| ending == "txt");
        is_text && !file.starts_with("__MACOSX") && !file.components().next_back().is_some_and(is_hidden)
    });
    let language = |file: &Path| -> Option<String> {
        let stem = file.file_stem()?.to_string_lossy().into_owned();
        let (lang, run) = stem.strip_prefix("text_")?.rsplit_once("_run")?;
        run.parse::<u64>().is_ok().then(|| lang.to_owned())
    };
    let is_named = files.iter().any(|file| language(file).as_deref() == Some(lang));
    files.retain(|file| language(file).as_deref() == is_named.then_some(lang));
    if files.is_empty() {
        let expected = format!("text_{lang}_run1.txt and so on, or other .txt files");
        return Err(TextError::malformed(path, format!("no text of {lang}"), expected));
    }
    files.sort_by(|a, b| natural_path_order(a, b));
    let order = RunOrder::of(&files)?;
    Ok(order.apply(&files))
}

/// One text for each run, or one for all.
fn checked(path: &Path, files: Vec<PathBuf>, n_runs: usize) -> Result<Vec<PathBuf>, TextError> {
    if files.len() == n_runs || files.len() == 1 {
        return Ok(files);
    }
    let name = |file: Option<&PathBuf>| {
        file.and_then(|file| file.file_name())
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let number = |file: &PathBuf| name(Some(file)).chars().filter(char::is_ascii_digit).collect();
    let missing = missing_run(&files.iter().map(number).collect::<Vec<String>>());
    let lacks = missing.map_or_else(String::new, |run| format!(", none of run {run}"));
    let found = format!(
        "{} texts ({} to {}{lacks})",
        files.len(),
        name(files.first()),
        name(files.last())
    );
    let expected = format!("{n_runs}, one for each run of the words; or one for all");
    Err(TextError::malformed(path, found, expected))
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, TextError> {
    refuse_pointer(path)?;
    let file = lpp_files::open_input(path).map_err(TextError::read(path))?;
    Ok(open_zip(path, BufReader::new(file))?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn an_archive_with_two_texts_of_one_name_is_refused() {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for run in [1, 2, 3] {
            archive
                .start_file(format!("run{run}.txt"), zip::write::SimpleFileOptions::default())
                .unwrap();
            write!(archive, "text {run}").unwrap();
        }
        let mut bytes = archive.finish().unwrap().into_inner();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.zip");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(
            load_texts(&path, "en", 3).unwrap(),
            ["text 1", "text 2", "text 3"]
        );
        // The library would find two texts, the second of them that of run 3.
        for at in 0..bytes.len() - 4 {
            if bytes[at..].starts_with(b"run3") {
                bytes[at + 3] = b'2';
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        let error = load_all_texts(&path, "en").unwrap_err().to_string();
        assert!(
            error.contains("texts.zip: found 3 entries with 2 names"),
            "{error}"
        );
    }
}
