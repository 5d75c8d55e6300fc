//! Lists of runs given by users: sorted by label, and checked for duplicates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bids_name::BidsName;
use crate::natural_order::{form, natural_path_order, without_leading_zeros};
use crate::{FileError, FileHash, natural_order};

/// Files of runs in the order of their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOrder {
    /// Index of each run in the given list.
    pub places: Vec<usize>,
    /// Whether the names have run labels.
    pub labelled: bool,
    /// Two neighbours in the given list whose labels have the opposite order, if any.
    pub contradiction: Option<(PathBuf, PathBuf)>,
}

impl RunOrder {
    /// Sorts a list of files, one per run.
    ///
    /// The label is the number of the entity `run`. Without it, if the names differ only in numbers, it is those
    /// numbers. Other names have no labels, and the list is not sorted.
    ///
    /// # Errors
    /// [`FileError::SameInput`] if a file is given twice (also by two names), or if two names have the same run label;
    /// [`FileError::MixedRuns`] if the runs are of several subjects, spaces, resolutions, descriptions or echoes.
    ///
    /// ```
    /// use lpp_files::RunOrder;
    ///
    /// let list = ["y_run-10.npy", "y_run-9.npy"].map(Into::into);
    /// assert_eq!(RunOrder::of(&list)?.places, [1, 0]);
    /// # Ok::<(), lpp_files::FileError>(())
    /// ```
    pub fn of(files: &[PathBuf]) -> Result<Self, FileError> {
        check_distinct_files(files)?;
        let names: Vec<BidsName> = files.iter().map(|file| BidsName::of(file)).collect();
        check_kinds(files, &["sub"])?;
        check_one_kind(files)?;
        let mut places: Vec<usize> = (0..files.len()).collect();
        let labels: Option<Vec<String>> = names
            .iter()
            .map(|name| name.run_number().map(|_| name.run_label()))
            .collect();
        let distinct = |labels: &[String]| {
            let mut sorted = labels.to_vec();
            sorted.sort();
            sorted.windows(2).all(|pair| pair[0] != pair[1])
        };
        let mut labelled = true;
        if are_alike(files) {
            check_labels(files)?;
            places.sort_by(|&a, &b| natural_path_order(&files[a], &files[b]));
        } else if let Some(labels) = labels.filter(|labels| distinct(labels)) {
            places.sort_by(|&a, &b| natural_order(&labels[a], &labels[b]));
        } else {
            labelled = false;
        }
        let rank: BTreeMap<usize, usize> = places
            .iter()
            .enumerate()
            .map(|(rank, &place)| (place, rank))
            .collect();
        let wrong = (1..files.len()).find(|place| rank[place] < rank[&(place - 1)]);
        let contradiction = wrong.map(|place| (files[place - 1].clone(), files[place].clone()));
        Ok(Self {
            places,
            labelled,
            contradiction,
        })
    }

    /// Sorts a list parallel to the files by label.
    #[must_use]
    pub fn apply<T: Clone>(&self, list: &[T]) -> Vec<T> {
        self.places
            .iter()
            .filter_map(|&place| list.get(place).cloned())
            .collect()
    }
}

/// Whether all paths differ only in numbers.
fn are_alike(files: &[PathBuf]) -> bool {
    let mut forms = files.iter().map(|file| form(&file.to_string_lossy()));
    let first = forms.next();
    forms.all(|form| Some(form) == first)
}

/// A number missing between two labels of runs that are otherwise consecutive.
#[must_use]
pub fn missing_run(labels: &[String]) -> Option<u64> {
    let numbers: Option<Vec<u64>> = labels.iter().map(|label| label.parse().ok()).collect();
    let mut numbers = numbers?;
    numbers.sort_unstable();
    let gap = numbers.windows(2).find(|pair| pair[1] > pair[0] + 1);
    gap.map(|pair| pair[0] + 1)
}

/// Checks that no file is given twice, also by links.
///
/// # Errors
/// [`FileError::SameInput`] naming both.
pub fn check_distinct_files(files: &[PathBuf]) -> Result<(), FileError> {
    let mut seen: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for file in files {
        // A file that is not there is told by whoever reads it.
        let place = file.canonicalize().unwrap_or_else(|_| file.clone());
        if let Some(first) = seen.insert(place, file) {
            return Err(FileError::SameInput {
                first: first.to_owned(),
                second: file.clone(),
                what: "one file",
            });
        }
    }
    Ok(())
}

/// Checks that no two inputs have the same contents: a copy is the same run or subject given twice.
///
/// # Errors
/// [`FileError::SameInput`] naming both.
pub fn check_distinct_contents<'a>(inputs: impl IntoIterator<Item = &'a FileHash>) -> Result<(), FileError> {
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    for input in inputs {
        let first = *seen.entry(&input.sha256).or_insert(&input.path);
        if first != input.path {
            return Err(FileError::SameInput {
                first: first.to_owned(),
                second: input.path.clone(),
                what: "the same bytes",
            });
        }
    }
    Ok(())
}

/// `run-1` and `run-01` are one run.
fn check_labels(files: &[PathBuf]) -> Result<(), FileError> {
    let mut seen: BTreeMap<String, &Path> = BTreeMap::new();
    for file in files {
        let label = without_leading_zeros(&file.to_string_lossy());
        if let Some(first) = seen.insert(label, file) {
            return Err(FileError::SameInput {
                first: first.to_owned(),
                second: file.clone(),
                what: "one run",
            });
        }
    }
    Ok(())
}

/// Entities that must be equal for the scans of all subjects.
const SHARED: [&str; 8] = ["space", "res", "desc", "echo", "part", "den", "hemi", "rec"];

/// Checks by name that scans to be compared or averaged have the same space, resolution, description and echo.
///
/// # Errors
/// [`FileError::MixedRuns`] naming the first file that differs.
pub fn check_one_kind(files: &[PathBuf]) -> Result<(), FileError> {
    check_kinds(files, &SHARED)
}

fn check_kinds(files: &[PathBuf], keys: &[&str]) -> Result<(), FileError> {
    let mut names = files.iter().map(|file| BidsName::of(file));
    let Some(first) = names.next() else { return Ok(()) };
    for (file, name) in files[1..].iter().zip(names) {
        if let Some(key) = keys.iter().find(|key| name.entity(key) != first.entity(key)) {
            let said = |name: &BidsName| match name.entity(key) {
                Some(label) => format!("{key}-{label}"),
                None => format!("no {key}"),
            };
            return Err(FileError::MixedRuns {
                path: file.clone(),
                found: said(&name),
                expected: format!("{} as in {}", said(&first), files[0].display()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str]) -> Result<Vec<usize>, String> {
        let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        RunOrder::of(&files)
            .map(|order| order.places)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn labels_decide_where_they_say_an_order() {
        assert_eq!(
            order(&["run-1.npy", "run-10.npy", "run-2.npy"]).unwrap(),
            [0, 2, 1]
        );
        assert_eq!(order(&["y1.npy", "y11.npy", "y3.npy"]).unwrap(), [0, 2, 1]);
        assert_eq!(
            order(&["a_task-x_run-2.npy", "b_task-y_run-1.npy"]).unwrap(),
            [1, 0]
        );
        assert_eq!(order(&["ses-2_run-1.npy", "ses-1_run-2.npy"]).unwrap(), [1, 0]);
        assert_eq!(
            order(&["tunnel.npy", "pieman.npy"]).unwrap(),
            [0, 1],
            "no label, no order"
        );
        let files = ["run-1.npy", "run-10.npy", "run-2.npy"].map(PathBuf::from);
        let contradiction = RunOrder::of(&files).unwrap().contradiction.unwrap();
        assert_eq!(contradiction, ("run-10.npy".into(), "run-2.npy".into()));
    }

    #[test]
    fn what_stands_twice_or_does_not_belong_is_named() {
        for (names, parts) in [
            (vec!["run-1.npy", "run-1.npy"], ["run-1.npy", "one file"]),
            (
                vec!["run-1.npy", "run-2.npy", "run-01.npy"],
                ["run-01.npy", "one run"],
            ),
            (
                vec!["sub-1_run-1_space-A_bold.npy", "sub-1_run-2_space-B_bold.npy"],
                ["space-B", "space-A"],
            ),
            (vec!["sub-1_run-1.npy", "sub-2_run-2.npy"], ["sub-2", "sub-1"]),
            (vec!["run-1_desc-a.npy", "run-2.npy"], ["no desc", "desc-a"]),
        ] {
            let error = order(&names).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }

    #[test]
    fn gaps_between_numbers_are_found() {
        let labels = |list: &[&str]| list.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        assert_eq!(missing_run(&labels(&["1", "2", "4"])), Some(3));
        assert_eq!(missing_run(&labels(&["2", "1", "3"])), None);
        assert_eq!(missing_run(&labels(&["15", "16"])), None);
        assert_eq!(missing_run(&labels(&["a", "9"])), None);
    }
}
