//! The runs of a subject, from the folders of a study in BIDS layout.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{
    BidsName, EntityChoice, FileError, check_distinct_files, missing_run, natural_order, natural_path_order,
};

use crate::{PairRuns, SubjectsError};

/// A subject and its runs in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRuns {
    /// Name of the subject's folder, for example `sub-EN057`.
    pub name: String,
    /// The files, in the natural order of their labels.
    pub runs: Vec<PathBuf>,
    /// The label of each run, without leading zeros: `15` of `run-15`; its story if `runs.csv` lists the runs.
    pub labels: Vec<String>,
    /// The run of the words that each run heard, from 0, if it is not the run at the same place: a story may be heard
    /// several times.
    pub stories: Option<Vec<usize>>,
    /// The table of confounds of each run, as far as `runs.csv` names one; empty without that file.
    pub confounds: Vec<Option<PathBuf>>,
}

impl SubjectRuns {
    /// The runs in `folder`, in `folder/func` or in folders of sessions: files named `.nii`, `.nii.gz` or `.npy`.
    ///
    /// If there are files with the suffix `bold`, they are the runs. Otherwise all files are, except references, masks,
    /// segmentations and other images that accompany runs. `only` selects spaces, tasks, sessions and so on.
    ///
    /// # Errors
    /// [`SubjectsError`] naming the folder if it cannot be read, has no runs, mixes images with arrays, or if its runs
    /// differ in more than their label; naming two files if they are the same run.
    pub fn find(folder: &Path, only: &[EntityChoice]) -> Result<Self, SubjectsError> {
        let mut files = Vec::new();
        for (place, session) in run_folders(folder)? {
            for path in sorted_entries(&place, |name| name.is_volume() || name.is_array())? {
                let mut name = BidsName::of(&path);
                if let Some(label) = &session {
                    name = name.or_entity("ses", label);
                }
                files.push((path, name));
            }
        }
        let place = inner_folder(folder);
        let files = chosen(&place, without_other_images(files), only)?;
        check_one_kind(&place, &files)?;
        check_one_subject(folder, &files)?;
        let mut files = check_labelled(files)?;
        files.sort_by(|(a, x), (b, y)| {
            let by_label = natural_order(&x.run_label(), &y.run_label());
            by_label.then_with(|| natural_path_order(a, b))
        });
        check_each_once(&files)?;
        Ok(Self {
            name: subject_name(folder),
            labels: files.iter().map(|(_, name)| name.run_label()).collect(),
            stories: None,
            confounds: Vec::new(),
            runs: files.into_iter().map(|(path, _)| path).collect(),
        })
    }

    /// Whether the runs are images, not arrays of cleaned signals.
    #[must_use]
    pub fn are_images(&self) -> bool {
        self.runs.iter().all(|run| BidsName::of(run).is_volume())
    }

    /// Checks that there is no gap in the labels, if runs are paired by label.
    ///
    /// # Errors
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) naming the subject and the number.
    pub fn check_whole(&self, rule: Option<PairRuns>) -> Result<(), SubjectsError> {
        match missing_run(&self.labels) {
            Some(missing) if !self.counts_by_place(rule) => {
                let found = format!("the runs {}", listed(&self.labels));
                let expected = format!("run {missing} too ({BY_PLACE})");
                Err(SubjectsError::malformed(&self.folder(), found, expected))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn counts_by_place(&self, rule: Option<PairRuns>) -> bool {
        match rule {
            Some(rule) => rule == PairRuns::Place,
            None => self.runs.iter().all(|run| BidsName::of(run).is_of_ds003643()),
        }
    }

    /// The folder of the runs.
    pub(crate) fn folder(&self) -> PathBuf {
        let first = self.runs.first().and_then(|run| run.parent());
        first.map_or_else(|| PathBuf::from(&self.name), Path::to_owned)
    }
}

/// Advice for labels that do not number the runs of the story.
pub(crate) const BY_PLACE: &str =
    "if the labels are the scanner's numbering, set pair_runs = \"place\" under [corpus] in lpp.toml";

/// The first labels of a list.
pub(crate) fn listed(labels: &[String]) -> String {
    const MOST: usize = 12;
    let more = if labels.len() > MOST { ", ..." } else { "" };
    labels.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ") + more
}

/// The folders that may contain a subject's runs, with the label of the session: `func`, or the folder itself, and those
/// of sessions.
///
/// # Errors
/// [`SubjectsError`] naming a folder that cannot be read.
pub fn run_folders(folder: &Path) -> Result<Vec<(PathBuf, Option<String>)>, SubjectsError> {
    let mut places = vec![(inner_folder(folder), None)];
    for session in sorted_entries(folder, |name| name.stem().starts_with("ses-"))? {
        if session.is_dir() {
            let label = file_name(&session).trim_start_matches("ses-").to_owned();
            places.push((inner_folder(&session), Some(label)));
        }
    }
    Ok(places)
}

/// `folder/func` if it exists, else the folder.
fn inner_folder(folder: &Path) -> PathBuf {
    let inner = folder.join("func");
    if inner.is_dir() { inner } else { folder.to_owned() }
}

/// The name of the folder, or of its parent if it is `func`.
fn subject_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    match (file_name(folder).as_str(), whole.parent()) {
        ("func" | "" | ".." | ".", Some(parent)) if file_name(&whole) == "func" => file_name(parent),
        ("" | ".." | ".", _) => file_name(&whole),
        (name, _) => name.to_owned(),
    }
}

type Named = (PathBuf, BidsName);

/// Only `bold` files, if there are any; otherwise all files except images that accompany runs.
fn without_other_images(mut files: Vec<Named>) -> Vec<Named> {
    if files.iter().any(|(_, name)| name.suffix() == "bold") {
        files.retain(|(_, name)| name.suffix() == "bold");
    } else {
        files.retain(|(_, name)| !name.is_no_run());
    }
    files
}

/// The files that match the choices.
fn chosen(place: &Path, mut files: Vec<Named>, only: &[EntityChoice]) -> Result<Vec<Named>, SubjectsError> {
    for choice in only {
        let found = labels_of(&files, choice.key());
        if !files.is_empty() {
            files.retain(|(_, name)| choice.takes(name));
            if files.is_empty() {
                let expected = format!("runs of {choice} (--only, or only under [corpus] in lpp.toml)");
                return Err(SubjectsError::malformed(
                    place,
                    format!("runs of {}", said(&found, choice.key())),
                    expected,
                ));
            }
        }
    }
    Ok(files)
}

/// All runs must be images or all arrays, and differ only in the label of the run.
fn check_one_kind(place: &Path, files: &[Named]) -> Result<(), SubjectsError> {
    let n_images = files.iter().filter(|(_, name)| name.is_volume()).count();
    if files.is_empty() {
        return Err(SubjectsError::NoScans {
            path: place.to_owned(),
        });
    }
    if n_images != 0 && n_images != files.len() {
        let found = format!("{n_images} images and {} arrays", files.len() - n_images);
        return Err(SubjectsError::malformed(
            place,
            found,
            "runs, all .nii(.gz) or all .npy",
        ));
    }
    let keys: BTreeSet<&str> = files
        .iter()
        .flat_map(|(_, name)| name.entities().map(|(key, _)| key))
        .collect();
    for key in keys {
        let labels = labels_of(files, key);
        if labels.len() > 1 && key != "run" {
            let example = labels.iter().flatten().next().map_or("", String::as_str);
            let found = format!(
                "runs of {} different {}: {}",
                labels.len(),
                kind(key),
                said(&labels, key)
            );
            let expected = format!(
                "one; choose with --only {key}-{example}, or only = [\"{key}-{example}\"] under [corpus] in lpp.toml"
            );
            return Err(SubjectsError::malformed(place, found, expected));
        }
    }
    Ok(())
}

/// Files must belong to the subject of their folder.
fn check_one_subject(folder: &Path, files: &[Named]) -> Result<(), SubjectsError> {
    let name = subject_name(folder);
    let other = files.iter().find(|(_, file)| {
        let said = file.entity("sub").map(|label| format!("sub-{label}"));
        name.starts_with("sub-") && said.is_some_and(|said| said != name)
    });
    match other {
        Some((path, file)) => {
            let found = format!("a run of sub-{}", file.entity("sub").unwrap_or_default());
            Err(SubjectsError::malformed(
                path,
                found,
                format!("one of {name}, the subject of its folder"),
            ))
        }
        None => Ok(()),
    }
}

/// If some names have a run label, all must have one.
fn check_labelled(files: Vec<Named>) -> Result<Vec<Named>, SubjectsError> {
    let without = files.iter().find(|(_, name)| name.entity("run").is_none());
    match without {
        Some((path, _)) if files.iter().any(|(_, name)| name.entity("run").is_some()) => {
            Err(SubjectsError::malformed(
                path,
                "no label of the run",
                "a label such as run-1, as in the other names of the folder",
            ))
        }
        _ => Ok(files),
    }
}

/// No run may appear twice, by its label or by a link. `files` are sorted by label.
fn check_each_once(files: &[Named]) -> Result<(), SubjectsError> {
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    check_distinct_files(&paths)?;
    let same = files
        .windows(2)
        .find(|pair| pair[0].1.run_label() == pair[1].1.run_label());
    match same {
        Some(pair) => Err(SubjectsError::malformed(
            &pair[1].0,
            format!(
                "a second run {}, after {}",
                pair[1].1.run_label(),
                file_name(&pair[0].0)
            ),
            "each run once",
        )),
        None => Ok(()),
    }
}

fn labels_of(files: &[Named], key: &str) -> BTreeSet<Option<String>> {
    let label = |(_, name): &Named| name.entity(key).map(str::to_owned);
    files.iter().map(label).collect()
}

/// The first labels in words.
fn said(labels: &BTreeSet<Option<String>>, key: &str) -> String {
    let said = labels.iter().take(4).map(|label| match label {
        Some(label) => format!("{key}-{label}"),
        None => format!("no {key}-"),
    });
    said.collect::<Vec<_>>().join(", ")
}

/// The plural name of an entity.
fn kind(key: &str) -> String {
    match key {
        "sub" => "subjects".to_owned(),
        "ses" => "sessions (ses)".to_owned(),
        "res" => "resolutions (res)".to_owned(),
        "desc" => "descriptions (desc)".to_owned(),
        "echo" => "echoes".to_owned(),
        "space" | "task" => format!("{key}s"),
        _ => format!("labels of {key}"),
    }
}

/// The entries of a folder in natural order, without hidden ones and those that `keep` is false of.
///
/// # Errors
/// [`SubjectsError`] naming the folder if it cannot be read.
pub fn sorted_entries(
    folder: &Path,
    keep: impl Fn(&BidsName) -> bool,
) -> Result<Vec<PathBuf>, SubjectsError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(FileError::read(folder))? {
        let path = entry.map_err(FileError::read(folder))?.path();
        let name = BidsName::of(&path);
        // Hidden files are somebody's temporary ones.
        if !name.stem().starts_with('.') && keep(&name) {
            entries.push(path);
        }
    }
    entries.sort_by(|a, b| natural_path_order(a, b));
    Ok(entries)
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files of these names.
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let path = dir.path().join("sub-1").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
        }
        dir
    }

    fn found(names: &[&str], only: &[&str]) -> Result<Vec<String>, String> {
        let dir = folder(names);
        let only: Vec<EntityChoice> = only.iter().map(|choice| choice.parse().unwrap()).collect();
        SubjectRuns::find(&dir.path().join("sub-1"), &only)
            .map(|subject| subject.runs.iter().map(|run| file_name(run)).collect())
            .map_err(|error| error.to_string())
    }

    fn refused(names: &[&str], parts: &[&str]) {
        let error = found(names, &[]).unwrap_err();
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{names:?}: {error}"
        );
        assert!(error.len() < 500, "{error}");
    }

    #[test]
    fn runs_are_in_the_order_of_their_labels() {
        for (names, expected) in [
            (
                [
                    "func/run-2.nii.gz",
                    "func/run-10.nii",
                    "func/run-1.nii",
                    "func/.run-0.nii",
                ],
                vec!["run-1.nii", "run-2.nii.gz", "run-10.nii"],
            ),
            (
                ["s10.npy", "s9.npy", "s9.npy.json", "s1.npy"],
                vec!["s1.npy", "s9.npy", "s10.npy"],
            ),
            (
                [
                    "sub-1_run-009_bold.npy",
                    "sub-1_run-011_bold.npy",
                    "sub-1_run-10_bold.npy",
                    "x.txt",
                ],
                vec![
                    "sub-1_run-009_bold.npy",
                    "sub-1_run-10_bold.npy",
                    "sub-1_run-011_bold.npy",
                ],
            ),
        ] {
            assert_eq!(found(&names, &[]).unwrap(), expected);
        }
        refused(&["func/notes.txt"], &["0 images and 0 arrays"]);
        refused(&["a.nii", "b.nii", "c.npy"], &["2 images and 1 arrays"]);
    }

    #[test]
    fn images_beside_runs_are_no_runs() {
        for other in [
            "boldref.nii.gz",
            "desc-brain_mask.nii.gz",
            "desc-aparcaseg_dseg.nii.gz",
            "label-GM_probseg.nii.gz",
            "sbref.nii.gz",
            "den-91k_bold.dtseries.nii",
            "hemi-L_space-fsnative_bold.func.gii",
            "desc-confounds_timeseries.npy",
        ] {
            let names = [
                format!("func/sub-1_run-1_{other}"),
                "func/sub-1_run-1_bold.nii.gz".into(),
            ];
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(
                found(&names, &[]).unwrap(),
                ["sub-1_run-1_bold.nii.gz"],
                "{other}"
            );
        }
        assert_eq!(
            found(&["run-1.nii", "brain_mask.nii", "T1w.nii"], &[]).unwrap(),
            ["run-1.nii"]
        );
        refused(&["sub-1_desc-brain_mask.nii.gz"], &["0 images"]);
    }

    #[test]
    fn runs_of_several_kinds_are_told_apart_or_refused() {
        for (other, kind) in [
            (
                "task-x_run-1_space-T1w_desc-preproc",
                "spaces: space-MNI, space-T1w",
            ),
            ("task-x_run-1_desc-preproc", "spaces: no space-, space-MNI"),
            ("task-y_run-1_space-MNI_desc-preproc", "tasks: task-x, task-y"),
            (
                "task-x_run-1_space-MNI_res-2_desc-preproc",
                "resolutions (res): no res-, res-2",
            ),
            (
                "task-x_run-1_space-MNI_desc-smooth",
                "descriptions (desc): desc-preproc, desc-smooth",
            ),
            (
                "task-x_run-1_echo-2_space-MNI_desc-preproc",
                "echoes: no echo-, echo-2",
            ),
            (
                "ses-2_task-x_run-1_space-MNI_desc-preproc",
                "sessions (ses): no ses-, ses-2",
            ),
            ("task-x_acq-fast_run-1_space-MNI_desc-preproc", "labels of acq"),
            ("task-x_space-MNI_desc-preproc", "no label of the run"),
            ("task-x_run-01_space-MNI_desc-preproc", "a second run 1"),
        ] {
            let names = [
                "func/sub-1_task-x_run-1_space-MNI_desc-preproc_bold.nii.gz".to_owned(),
                format!("func/sub-1_{other}_bold.nii.gz"),
            ];
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            refused(&names, &[kind]);
        }
        let names = [
            "sub-1_run-1_space-A_bold.npy",
            "sub-1_run-2_space-A_bold.npy",
            "sub-1_run-1_space-B_bold.npy",
        ];
        assert_eq!(found(&names, &["space-B"]).unwrap(), [names[2]]);
        assert_eq!(found(&names, &["space-A", "run-02"]).unwrap(), [names[1]]);
        let error = found(&names, &["space-C"]).unwrap_err();
        assert!(
            error.contains("runs of space-A, space-B") && error.contains("--only"),
            "{error}"
        );
        refused(&["run-1.nii", "run-1.nii.gz"], &["a second run 1", "run-1.nii"]);
        refused(
            &["sub-1_run-1_bold.npy", "sub-2_run-2_bold.npy"],
            &["subjects", "sub-2"],
        );
        refused(&["sub-2_run-1_bold.npy"], &["sub-2", "one of sub-1"]);
    }

    #[test]
    fn one_session_is_found_and_several_are_refused() {
        let one = [
            "ses-a/func/sub-1_ses-a_run-1_bold.npy",
            "ses-a/func/sub-1_ses-a_run-2_bold.npy",
        ];
        assert_eq!(found(&one, &[]).unwrap().len(), 2);
        let two = [
            "ses-a/func/run-1.npy",
            "ses-b/func/run-1.npy",
            "ses-b/func/run-2.npy",
        ];
        refused(&two, &["sessions (ses): ses-a, ses-b", "--only ses-a"]);
        assert_eq!(found(&two, &["ses-b"]).unwrap().len(), 2);
    }
}
