//! The scans in the folders of subjects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{BidsName, FileError};
use lpp_study::{RunKind, SubjectsError, run_folders, sorted_entries};

/// Scans with what their name says. Of two hemispheres, the left one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) name: BidsName,
    pub(super) kind: RunKind,
    /// The right hemisphere of a left one.
    pub(super) right: Option<PathBuf>,
}

impl Found {
    /// The label of an entity; empty if the name lacks it.
    pub(super) fn label(&self, key: &str) -> String {
        self.name.entity(key).unwrap_or_default().to_owned()
    }
}

/// All scans of all subjects of a folder, or of those listed.
pub(super) fn scans(folder: &Path, subjects: &[String]) -> Result<Vec<Found>, SubjectsError> {
    let folders = sorted_entries(folder, |name| name.stem().starts_with("sub-"))?;
    let folders: Vec<PathBuf> = folders.into_iter().filter(|path| path.is_dir()).collect();
    if folders.is_empty() {
        return Err(SubjectsError::NoSubjects {
            path: folder.to_owned(),
            prefix: "sub-".to_owned(),
        });
    }
    let label_of = |folder: &Path| {
        folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .replacen("sub-", "", 1)
    };
    let known: Vec<String> = folders.iter().map(|folder| label_of(folder)).collect();
    if let Some(missing) = subjects.iter().find(|subject| !known.contains(subject)) {
        let expected = format!("a folder sub-{missing} too (--subject)");
        return Err(
            FileError::malformed(folder, format!("the subjects {}", known.join(", ")), expected).into(),
        );
    }
    let mut found = Vec::new();
    for (folder, label) in folders.iter().zip(&known) {
        if subjects.is_empty() || subjects.contains(label) {
            found.extend(of_subject(folder, label)?);
        }
    }
    Ok(found)
}

fn of_subject(folder: &Path, label: &str) -> Result<Vec<Found>, SubjectsError> {
    let mut found = Vec::new();
    for (place, session) in run_folders(folder)? {
        for path in sorted_entries(&place, |name| name.suffix() == "bold")? {
            let Some(kind) = RunKind::of(&path) else { continue };
            let name = BidsName::of(&path);
            for (key, of_folder) in [("sub", Some(label)), ("ses", session.as_deref())] {
                if let (Some(said), Some(expected)) = (name.entity(key), of_folder)
                    && said != expected
                {
                    let expected = format!("{key}-{expected} as its folder");
                    return Err(
                        FileError::malformed(&path, format!("{key}-{said} in its name"), expected).into(),
                    );
                }
            }
            let name = name.or_entity("sub", label);
            let name = session
                .iter()
                .fold(name, |name, session| name.or_entity("ses", session));
            found.push(Found {
                path,
                name,
                kind,
                right: None,
            });
        }
    }
    Ok(found)
}

/// One row for two hemispheres.
pub(super) fn paired(scans: Vec<Found>) -> Result<Vec<Found>, FileError> {
    let key = |found: &Found| {
        let entities = found.name.entities().filter(|(key, _)| *key != "hemi");
        let labels: BTreeMap<String, String> = entities
            .map(|(key, label)| (key.to_owned(), label.to_owned()))
            .collect();
        labels
    };
    let (surfaces, mut others): (Vec<Found>, Vec<Found>) = scans
        .into_iter()
        .partition(|found| found.kind == RunKind::Surface);
    let by_labels: BTreeMap<_, &Found> = surfaces
        .iter()
        .map(|found| ((key(found), found.label("hemi")), found))
        .collect();
    for found in &surfaces {
        let hemi = found.label("hemi");
        let other = match hemi.as_str() {
            "L" => "R",
            "R" => "L",
            _ => {
                let expected = "one of the two hemispheres of a run, hemi-L or hemi-R";
                return Err(FileError::malformed(
                    &found.path,
                    "a surface without hemi-L or hemi-R",
                    expected,
                ));
            }
        };
        let pair = by_labels.get(&(key(found), other.to_owned()));
        let Some(pair) = pair else {
            let expected = format!("both hemispheres of the run, hemi-{other} too");
            return Err(FileError::malformed(
                &found.path,
                format!("hemi-{hemi} alone"),
                expected,
            ));
        };
        if hemi == "L" {
            others.push(Found {
                right: Some(pair.path.clone()),
                ..found.clone()
            });
        }
    }
    Ok(others)
}
