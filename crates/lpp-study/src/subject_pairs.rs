//! Pairing of the runs of different subjects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::{BidsName, check_one_kind, missing_run};

use crate::runs::{BY_PLACE, SubjectRuns, listed};
use crate::{PairRuns, SubjectsError};

/// Checks that the subjects are distinct and have the same runs; returns the number of runs.
///
/// `rule` pairs runs by label or by position. `None` pairs by position for files of ds003643, and by label for all
/// others.
///
/// # Errors
/// [`SubjectsError`] naming a subject given twice, a file of a different space or similar, or the runs that a subject
/// lacks or has in addition, compared with the first subject.
pub fn check_pairs(subjects: &[SubjectRuns], rule: Option<PairRuns>) -> Result<usize, SubjectsError> {
    let first = subjects.first().ok_or(SubjectsError::NoRuns)?;
    check_distinct_subjects(subjects)?;
    let files: Vec<PathBuf> = subjects.iter().flat_map(|subject| subject.runs.clone()).collect();
    check_one_kind(&files)?;
    let by_place = subjects.iter().all(|subject| subject.counts_by_place(rule));
    let count = |subject: &SubjectRuns| format!("{} runs ({})", subject.runs.len(), listed(&subject.labels));
    for subject in subjects {
        let lacks = besides(&first.labels, &subject.labels);
        let has = besides(&subject.labels, &first.labels);
        let agree = if by_place {
            subject.runs.len() == first.runs.len()
        } else {
            lacks.is_empty() && has.is_empty()
        };
        if !agree {
            let mut expected = vec![format!(
                "{} as of {} ({})",
                first.runs.len(),
                first.name,
                listed(&first.labels)
            )];
            if !by_place {
                let missing = lacks.first().map(|label| format!("run {label} is missing"));
                let extra = has.first().map(|label| format!("run {label} is extra"));
                expected.extend(missing.into_iter().chain(extra));
                expected.push(BY_PLACE.to_owned());
            }
            let expected = expected.join("; ");
            return Err(SubjectsError::malformed(
                &subject.folder(),
                count(subject),
                expected,
            ));
        }
    }
    if let (false, Some(missing)) = (by_place, missing_run(&first.labels)) {
        tracing::warn!("no subject has a run {missing}; run-0.npy and so on number the existing runs");
    }
    Ok(first.runs.len())
}

/// Labels missing from the second list.
fn besides<'a>(labels: &'a [String], others: &[String]) -> Vec<&'a String> {
    labels.iter().filter(|label| !others.contains(label)).collect()
}

/// A subject may have two folders by links, or two names.
fn check_distinct_subjects(subjects: &[SubjectRuns]) -> Result<(), SubjectsError> {
    let mut files: BTreeMap<PathBuf, &SubjectRuns> = BTreeMap::new();
    let mut names: BTreeMap<String, &SubjectRuns> = BTreeMap::new();
    for subject in subjects {
        for run in &subject.runs {
            let place = run.canonicalize().unwrap_or_else(|_| run.clone());
            if let Some(first) = files.insert(place, subject) {
                return Err(twice(subject, first, "the same files"));
            }
        }
        let said = subject
            .runs
            .first()
            .and_then(|run| BidsName::of(run).entity("sub").map(str::to_owned));
        if let Some(first) = said.and_then(|label| names.insert(label, subject)) {
            return Err(twice(
                subject,
                first,
                "the same subject by the names of the files",
            ));
        }
    }
    Ok(())
}

fn twice(subject: &SubjectRuns, first: &SubjectRuns, why: &str) -> SubjectsError {
    let found = format!(
        "{} and {}, which are {why}",
        first.folder().display(),
        subject.folder().display()
    );
    SubjectsError::malformed(Path::new(&subject.name), found, "each subject once")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A subject `sub-1` with empty files of these names.
    #[cfg(unix)]
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub-1")).unwrap();
        for name in names {
            fs::write(dir.path().join("sub-1").join(name), "").unwrap();
        }
        dir
    }

    fn subject(name: &str, labels: &[&str], form: &str) -> SubjectRuns {
        SubjectRuns {
            name: name.to_owned(),
            runs: labels
                .iter()
                .map(|label| format!("/none/{name}/{name}_{}", form.replace('#', label)).into())
                .collect(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            stories: None,
            confounds: Vec::new(),
        }
    }

    #[test]
    fn subjects_are_paired_by_label() {
        let form = "task-a_run-#_bold.npy";
        let whole = ["1", "2", "3", "4"];
        let with = |labels: &[&str], rule| {
            let subjects = [subject("sub-1", &whole, form), subject("sub-2", labels, form)];
            check_pairs(&subjects, rule).map_err(|error| error.to_string())
        };
        assert_eq!(with(&whole, None).unwrap(), 4);
        for (labels, parts) in [
            (
                vec!["1", "3", "4", "5"],
                vec!["sub-2", "run 2 is missing", "run 5 is extra"],
            ),
            (
                vec!["1", "2", "3"],
                vec!["sub-2", "3 runs", "4 as of sub-1", "run 4 is missing"],
            ),
            (vec!["1", "2", "3", "4", "5"], vec!["sub-2", "run 5 is extra"]),
            (
                vec!["0", "1", "2", "3"],
                vec!["run 4 is missing", "run 0 is extra", "place"],
            ),
        ] {
            let error = with(&labels, None).unwrap_err();
            assert!(
                parts.iter().all(|part| error.contains(part)) && error.len() < 500,
                "{error}"
            );
        }
        assert_eq!(with(&["1", "3", "4", "5"], Some(PairRuns::Place)).unwrap(), 4);
        assert!(with(&["1", "3", "4"], Some(PairRuns::Place)).is_err());
    }

    #[test]
    fn the_published_files_are_paired_by_place() {
        let form = "task-lppEN_run-#_space-MNIColin27_desc-preproc_bold.nii.gz";
        let published = [
            subject("sub-EN057", &["15", "16", "17"], form),
            subject("sub-EN059", &["6", "8", "9"], form),
        ];
        assert_eq!(check_pairs(&published, None).unwrap(), 3);
        assert!(published[1].check_whole(None).is_ok());
        let error = check_pairs(&published, Some(PairRuns::Label))
            .unwrap_err()
            .to_string();
        assert!(error.contains("sub-EN059") && error.contains("run 15"), "{error}");
        let other = subject(
            "sub-EN059",
            &["6", "8", "9"],
            "task-lppEN_run-#_space-MNI152_bold.nii.gz",
        );
        let error = other.check_whole(None).unwrap_err().to_string();
        assert!(error.contains("run 7"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_subject_by_two_names_is_named() {
        let dir = folder(&["sub-1_run-1_bold.npy", "sub-1_run-2_bold.npy"]);
        let at = |name: &str| dir.path().join(name);
        let find = |name: &str| SubjectRuns::find(&at(name), &[]);
        std::os::unix::fs::symlink(at("sub-1"), at("other")).unwrap();
        fs::create_dir(at("copy")).unwrap();
        fs::copy(at("sub-1/sub-1_run-1_bold.npy"), at("copy/sub-1_run-1_bold.npy")).unwrap();
        for (name, part) in [
            ("other", "the same files"),
            ("sub-1", "the same files"),
            ("copy", "the same subject"),
        ] {
            let error = check_pairs(&[find("sub-1").unwrap(), find(name).unwrap()], None)
                .unwrap_err()
                .to_string();
            assert!(error.contains(part) && error.contains("sub-1"), "{error}");
        }
        std::os::unix::fs::symlink(at("sub-1/sub-1_run-1_bold.npy"), at("sub-1/sub-1_run-3_bold.npy"))
            .unwrap();
        let error = find("sub-1").unwrap_err().to_string();
        assert!(error.contains("run-3") && error.contains("one file"), "{error}");
    }
}
