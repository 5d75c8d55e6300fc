//! Where files of a study are, and the version whose files count as current.

use std::path::{Path, PathBuf};

use lpp_study::Study;

/// Version that must have made the files.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `path` relative to the study folder, if it is inside it.
pub(crate) fn relative(study: &Study, path: &Path) -> PathBuf {
    path.strip_prefix(study.root()).unwrap_or(path).to_owned()
}

/// Parts at the end of a recorded name under which a file is looked for in a study.
const MOST_PARTS: usize = 64;

/// Where a file that a provenance names is now: at that place in the study, or in the study under the last parts of its
/// name, as when it was made from another folder or the study was moved, or outside.
pub(crate) fn place_of(study: &Study, recorded: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = recorded
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect();
    if recorded.is_absolute() && recorded.exists() {
        return Some(recorded.to_owned());
    }
    // The whole name, and its shorter ends.
    let first_end = parts.len().saturating_sub(MOST_PARTS).max(1);
    let whole = (!parts.is_empty()).then_some(0);
    whole
        .into_iter()
        .chain(first_end..parts.len())
        .map(|first| study.root().join(parts[first..].iter().collect::<PathBuf>()))
        .find(|path| path.exists())
        .or_else(|| recorded.exists().then(|| recorded.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_the_end_of_its_name_and_long_names_take_no_time() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("results")).unwrap();
        std::fs::write(folder.path().join("results/t.csv"), "").unwrap();
        let study = Study::open(folder.path()).unwrap();
        let found = |name: &str| place_of(&study, Path::new(name)).map(|place| relative(&study, &place));
        let there = Some(PathBuf::from("results/t.csv"));
        for name in ["results/t.csv", "./results/t.csv", "/old/place/results/t.csv"] {
            assert_eq!(found(name), there, "{name}");
        }
        assert_eq!(found(&format!("{}results/t.csv", "a/".repeat(1900))), there);
        assert_eq!(found(""), None);
        let start = std::time::Instant::now();
        for n in 0..300 {
            assert_eq!(found(&format!("{}{n}", "a/".repeat(1900))), None);
        }
        assert!(start.elapsed().as_secs() < 5);
    }
}
