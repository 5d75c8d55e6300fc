//! Advice about a missing file: which program makes it, which names are similar, which folder is missing.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

/// Returns a sentence that says which program makes a file; empty for a file that no program makes.
type Maker = fn(&Path) -> String;

static MAKER: OnceLock<Maker> = OnceLock::new();

/// Sets the function that names the program that makes a missing file, for messages. Only the first call has an effect.
pub fn name_makers(maker: Maker) {
    // A second study of a process has the same programs.
    let _ = MAKER.set(maker);
}

/// Largest number of names of a folder to show.
const MOST_SHOWN: usize = 5;

/// The message "cannot read `path`", with advice if the file does not exist; the error of the system is the source.
///
/// ```
/// use std::{io, path::Path};
///
/// let error = io::Error::from(io::ErrorKind::NotFound);
/// let text = lpp_files::cannot_read(Path::new("no/such/file.npy"), &error);
/// assert_eq!(text, "cannot read no/such/file.npy; there is no folder no");
/// ```
#[must_use]
pub fn cannot_read(path: &Path, source: &io::Error) -> String {
    let hint = match source.kind() {
        io::ErrorKind::NotFound => way_out(path),
        _ => String::new(),
    };
    let separator = if hint.is_empty() { "" } else { "; " };
    format!("cannot read {}{separator}{hint}", path.display())
}

/// Advice about a missing file of a study; empty if there is none.
#[must_use]
pub fn way_out(path: &Path) -> String {
    let maker = MAKER.get().map_or_else(String::new, |maker| maker(path));
    let neighbours = neighbours(path);
    match (maker, neighbours) {
        (maker, None) => maker,
        (maker, Some(names)) if maker.is_empty() => names,
        (maker, Some(names)) => format!("{maker}; {names}"),
    }
}

/// Similar names in the folder of a missing file, or some existing names, or the missing folder.
fn neighbours(path: &Path) -> Option<String> {
    let folder = match path.parent()? {
        parent if parent.as_os_str().is_empty() => Path::new("."),
        parent => parent,
    };
    if !folder.is_dir() {
        let missing = folder
            .ancestors()
            .take_while(|place| !place.as_os_str().is_empty() && !place.is_dir());
        let first = missing.last()?;
        return Some(format!("there is no folder {}", first.display()));
    }
    let wanted = lossy(path.file_name());
    let (stem, ending) = parts(&wanted);
    let entries = fs::read_dir(folder).ok()?.flatten();
    let names: Vec<String> = entries.map(|entry| lossy(Some(&entry.file_name()))).collect();
    let alike = names.iter().filter(|name| !name.starts_with('.'));
    let alike = alike.filter_map(|name| {
        let (other, its_ending) = parts(name);
        (its_ending == ending).then(|| other.to_owned())
    });
    among(stem, alike)
}

/// Splits a file name of a study into the name and the rest: `_en.safetensors`, or its ending.
fn parts(name: &str) -> (&str, &str) {
    let is_tag = |tag: &str| (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase());
    let of_lang = name.rfind('_').filter(|place| {
        let rest = &name[place + 1..];
        rest.split_once('.').is_some_and(|(tag, _)| is_tag(tag))
    });
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    name.split_at(of_lang.or_else(|| stem.rfind('.')).unwrap_or(name.len()))
}

/// "did you mean …" for the names of `known` similar to `wanted`, otherwise "there is …" for some of them; `None` if
/// there are none.
fn among(wanted: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let mut known: Vec<String> = known.collect();
    known.sort();
    known.dedup();
    if let Some(near) = did_you_mean(wanted, known.iter().map(String::as_str)) {
        return Some(near);
    }
    let n_more = known.len().saturating_sub(MOST_SHOWN);
    known.truncate(MOST_SHOWN);
    let more = if n_more > 0 {
        format!(" and {n_more} more")
    } else {
        String::new()
    };
    (!known.is_empty()).then(|| format!("there is {}{more}", known.join(", ")))
}

/// "did you mean a, b or c?" for the names of `known` that differ from `wanted` in a few letters.
///
/// ```
/// let known = ["sim-gpt2-12", "sim-gpt2-4", "glove"];
/// let hint = lpp_files::did_you_mean("sim-gpt2-16", known);
/// assert_eq!(hint.as_deref(), Some("did you mean sim-gpt2-12?"));
/// assert_eq!(lpp_files::did_you_mean("unheard-of", known), None);
/// ```
#[must_use]
pub fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // A long text is no mistyped name, and comparing it would take long.
    if wanted.len() > 100 {
        return None;
    }
    let most = (wanted.chars().count() / 4).clamp(1, 3);
    let distance = |name: &str| strsim::osa_distance(&wanted.to_lowercase(), &name.to_lowercase());
    let candidates = known.into_iter().filter(|name| name.len() <= 200);
    let mut near: Vec<(usize, &str)> = candidates.map(|name| (distance(name), name)).collect();
    near.retain(|(distance, _)| *distance <= most);
    near.sort_unstable();
    let least = near.first()?.0;
    // The nearest ones only: a second letter that differs is no hint beside one.
    let mut names: Vec<&str> = near
        .into_iter()
        .filter(|(distance, _)| *distance == least)
        .map(|(_, name)| name)
        .collect();
    names.dedup();
    names.truncate(3);
    let final_name = names.pop()?;
    Some(if names.is_empty() {
        format!("did you mean {final_name}?")
    } else {
        format!("did you mean {} or {final_name}?", names.join(", "))
    })
}

fn lossy(name: Option<&std::ffi::OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(root: &Path, name: &str) -> String {
        way_out(&root.join(name))
    }

    #[test]
    fn near_names_come_first_then_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let activations = root.join("activations");
        fs::create_dir(&activations).unwrap();
        for name in ["sim-gpt2-4", "sim-gpt2-12", "sim-gpt2-28", "sim-llama-8"] {
            fs::write(activations.join(format!("{name}_en.safetensors")), "").unwrap();
            fs::write(activations.join(format!("{name}_en.safetensors.json")), "").unwrap();
        }
        let found = hint(root, "activations/sim-gpt2-16_en.safetensors");
        assert!(found.ends_with("did you mean sim-gpt2-12?"), "{found}");
        let found = hint(root, "activations/sim-gpt2_en.safetensors");
        assert!(found.ends_with("did you mean sim-gpt2-4?"), "{found}");
        let found = hint(root, "activations/other_en.safetensors");
        assert!(
            found.ends_with("there is sim-gpt2-12, sim-gpt2-28, sim-gpt2-4, sim-llama-8"),
            "{found}"
        );
        fs::write(root.join("mask.nii.gz"), "").unwrap();
        assert_eq!(hint(root, "masc.nii.gz"), "did you mean mask?");
        let found = hint(root, "no/such/file.npy");
        assert_eq!(found, format!("there is no folder {}", root.join("no").display()));
    }
}
