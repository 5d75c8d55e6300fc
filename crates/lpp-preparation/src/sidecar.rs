//! Values in the JSON files beside images, or above them as in BIDS.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, FileError, inherited_files};
use serde_json::Value;

/// The value of a key for an image, with the file that says it: the nearest of its sidecars that has the key.
///
/// # Errors
/// [`FileError`] naming a sidecar that cannot be read or is no JSON.
pub fn in_sidecar(image: &Path, key: &str) -> Result<Option<(PathBuf, Value)>, FileError> {
    let name = BidsName::of(image);
    let folder = image.parent().filter(|folder| !folder.as_os_str().is_empty());
    let beside = image.with_file_name(format!("{}.json", name.stem()));
    let mut files: Vec<PathBuf> = beside.is_file().then_some(beside).into_iter().collect();
    if !name.suffix().is_empty() {
        files.extend(inherited_files(
            &name,
            folder.unwrap_or(Path::new(".")),
            name.suffix(),
            ".json",
        ));
    }
    for file in files {
        let text = lpp_files::read_input(&file).map_err(FileError::read(&file))?;
        let json: Value = lpp_files::json::from_slice(&text).map_err(|e| {
            FileError::malformed(&file, format!("no JSON ({e})"), "the properties of its image")
        })?;
        if let Some(value) = json.get(key) {
            return Ok(Some((file, value.clone())));
        }
    }
    Ok(None)
}
