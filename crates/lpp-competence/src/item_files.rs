//! Files of items: which there are, and their lines.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, check_rows, natural_path_order, refuse_pointer};

/// Endings of files of minimal pairs.
const ENDINGS: [&str; 4] = ["jsonl", "txt", "tsv", "csv"];

/// Memory that an item takes in lists that grow, with its texts and the name of its set. 100,000 items of any length pass.
pub(crate) const BYTES_OF_ITEM: usize = 600;

/// The ending of a file's name in lower case.
pub(crate) fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_ascii_lowercase()
}

/// The files of minimal pairs that `paths` name: themselves, and those of folders by their endings (`.jsonl`, `.txt`, `.tsv`,
/// `.csv`), in the natural order of their names.
///
/// # Errors
/// [`FileError`] if a path does not exist, or a folder has no such file.
pub fn item_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(FileError::read(path))? {
            let file = entry.map_err(FileError::read(path))?.path();
            if file.is_file() && ENDINGS.contains(&ending(&file).as_str()) {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            let expected = format!("files that end in .{}", ENDINGS.join(", ."));
            return Err(FileError::malformed(path, "no files of items", expected));
        }
        inside.sort_by(|a, b| natural_path_order(a, b));
        files.extend(inside);
    }
    Ok(files)
}

/// The text of a file of items, without a byte order mark.
pub(crate) fn text_of(path: &Path) -> Result<String, FileError> {
    refuse_pointer(path)?;
    let text = lpp_files::read_input_text(path).map_err(FileError::read(path))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// The lines that are not empty, with their numbers from 1, each as a JSON object of type `T`.
pub(crate) fn json_lines<T: serde::de::DeserializeOwned>(
    path: &Path,
    expected: &str,
) -> Result<Vec<(usize, T)>, FileError> {
    let text = text_of(path)?;
    check_rows(path, &text, BYTES_OF_ITEM)?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let items = lines.map(|(index, line)| match lpp_files::json::from_str(line) {
        Ok(item) => Ok((index + 1, item)),
        Err(error) => Err(at_line(path, index + 1, &error.to_string(), expected)),
    });
    let items: Vec<_> = items.collect::<Result<_, _>>()?;
    if items.is_empty() {
        return Err(FileError::malformed(path, "no items", expected));
    }
    Ok(items)
}

/// What was found in a line.
pub(crate) fn at_line(path: &Path, line: usize, found: &str, expected: &str) -> FileError {
    FileError::malformed(path, format!("{found} in line {line}"), expected)
}
