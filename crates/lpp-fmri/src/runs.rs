//! Which runs a subject has: the folders of a study as BIDS lays them out.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_study::{Language, Study};

use crate::FmriError;

/// A subject and its runs in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRuns {
    /// Name of the subject's folder, `sub-EN057` say.
    pub name: String,
    /// The files, sorted by name as strings: the order of the reference study, whose run numbers have equal lengths.
    pub runs: Vec<PathBuf>,
}

impl SubjectRuns {
    /// The runs in `folder`, or in `folder/func` if that exists: files named `.nii`, `.nii.gz` or `.npy`.
    ///
    /// # Errors
    /// [`FmriError`] naming the folder if it cannot be read, holds no run, or mixes images with arrays.
    pub fn find(folder: &Path) -> Result<Self, FmriError> {
        let inner = folder.join("func");
        let place = if inner.is_dir() { inner.as_path() } else { folder };
        let runs = sorted_entries(place, |name| is_image(name) || is_array(name))?;
        let n_images = runs.iter().filter(|run| is_image(&file_name(run))).count();
        if runs.is_empty() || (n_images != 0 && n_images != runs.len()) {
            let found = format!("{n_images} images and {} arrays", runs.len() - n_images);
            return Err(FmriError::malformed(
                place,
                found,
                "runs, all .nii(.gz) or all .npy",
            ));
        }
        Ok(Self {
            name: file_name(folder),
            runs,
        })
    }

    /// Whether the runs are images, rather than arrays of cleaned signals.
    #[must_use]
    pub fn are_images(&self) -> bool {
        self.runs.iter().all(|run| is_image(&file_name(run)))
    }
}

/// The subjects of a study on the working grid: `resampled/en/sub-*`.
///
/// # Errors
/// As [`SubjectRuns::find`]; also if there is no subject.
pub fn resampled_runs(study: &Study, lang: Language) -> Result<Vec<SubjectRuns>, FmriError> {
    subjects(&resampled_dir(study, lang), "sub-")
}

/// One subject of a study on the working grid, named as its folder is or without the `sub-`: `EN057`.
///
/// # Errors
/// As [`SubjectRuns::find`].
pub fn resampled_runs_of(study: &Study, lang: Language, subject: &str) -> Result<SubjectRuns, FmriError> {
    let name = format!("sub-{}", subject.strip_prefix("sub-").unwrap_or(subject));
    SubjectRuns::find(&resampled_dir(study, lang).join(name))
}

/// The preprocessed runs of a study as published: `derivatives/sub-EN*/func`.
///
/// # Errors
/// As [`resampled_runs`].
pub fn derivative_runs(study: &Study, lang: Language) -> Result<Vec<SubjectRuns>, FmriError> {
    subjects(
        &study.root().join("derivatives"),
        &format!("sub-{}", lang.folder()),
    )
}

/// Where the resampled runs of a language go.
#[must_use]
pub fn resampled_dir(study: &Study, lang: Language) -> PathBuf {
    study.root().join("resampled").join(lang.code())
}

/// The name of a resampled run: `_res-4mm` before `_desc-`, or before the ending if there is no description.
#[must_use]
pub fn resampled_name(run: &Path) -> String {
    let name = file_name(run);
    let place = name.rfind("_desc-").unwrap_or_else(|| {
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        stem.strip_suffix(".nii").unwrap_or(stem).len()
    });
    let (head, tail) = name.split_at(place);
    format!("{head}_res-4mm{tail}")
}

fn subjects(folder: &Path, prefix: &str) -> Result<Vec<SubjectRuns>, FmriError> {
    let folders = sorted_entries(folder, |name| name.starts_with(prefix))?;
    if folders.is_empty() {
        let expected = format!("folders {prefix}*, one a subject");
        return Err(FmriError::malformed(folder, "no subject", expected));
    }
    folders.iter().map(|subject| SubjectRuns::find(subject)).collect()
}

fn sorted_entries(folder: &Path, keep: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, FmriError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(FmriError::read(folder))? {
        let path = entry.map_err(FmriError::read(folder))?.path();
        let name = file_name(&path);
        // Hidden files are somebody's temporary ones.
        if !name.starts_with('.') && keep(&name) {
            entries.push(path);
        }
    }
    entries.sort();
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn is_image(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".nii", ".nii.gz"].iter().any(|ending| name.ends_with(ending))
}

fn is_array(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("npy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampled_runs_say_so_in_their_names() {
        for (from, to) in [
            (
                "a/sub-1_run-2_desc-preproc_bold.nii.gz",
                "sub-1_run-2_res-4mm_desc-preproc_bold.nii.gz",
            ),
            ("bold.nii.gz", "bold_res-4mm.nii.gz"),
            ("bold.nii", "bold_res-4mm.nii"),
        ] {
            assert_eq!(resampled_name(Path::new(from)), to);
        }
    }

    #[test]
    fn runs_are_found_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let subject = folder.path().join("sub-EN1");
        fs::create_dir_all(subject.join("func")).unwrap();
        assert!(
            SubjectRuns::find(&subject)
                .unwrap_err()
                .to_string()
                .contains("0 images and 0 arrays")
        );
        for name in ["run-2.nii.gz", "run-1.nii", "run-1.nii.json", ".run-0.nii"] {
            fs::write(subject.join("func").join(name), "").unwrap();
        }
        let found = SubjectRuns::find(&subject).unwrap();
        let names: Vec<String> = found.runs.iter().map(|run| file_name(run)).collect();
        assert_eq!(
            (found.name.as_str(), names),
            ("sub-EN1", vec!["run-1.nii".into(), "run-2.nii.gz".into()])
        );
        assert!(found.are_images());
        fs::write(subject.join("func/run-3.npy"), "").unwrap();
        assert!(
            SubjectRuns::find(&subject)
                .unwrap_err()
                .to_string()
                .contains("2 images and 1 arrays")
        );
    }
}
