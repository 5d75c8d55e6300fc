//! Names of files by entities.

use std::path::{Path, PathBuf};

use lpp_files::BidsName;
use lpp_study::{RunKind, RunsTable, TableRun};

/// What a label of BIDS may consist of: letters and digits.
pub(super) fn label(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// How files on one kind of places end.
pub(super) struct Endings {
    pub(super) scans: &'static str,
    pub(super) mask: &'static str,
    pub(super) scores: &'static str,
    /// Patterns of those for which BIDS has no name yet.
    pub(super) unnamed: &'static [&'static str],
}

impl Endings {
    pub(super) fn of(kind: RunKind) -> Self {
        // Masks of surfaces are CIFTI files, which hold both hemispheres.
        let (scans, mask, scores, unnamed): (_, _, _, &'static [&'static str]) = match kind {
            RunKind::Volume => ("bold.nii.gz", "mask.nii.gz", "statmap.nii.gz", &[]),
            RunKind::Surface => (
                "bold.func.gii",
                "mask.dscalar.nii",
                "statmap.func.gii",
                &["*_hemi-*_bold.*", "*_mask.dscalar.nii"],
            ),
            RunKind::Cifti => (
                "bold.dtseries.nii",
                "mask.dscalar.nii",
                "statmap.dscalar.nii",
                &["*_bold.dtseries.nii", "*_mask.dscalar.nii"],
            ),
        };
        Self {
            scans,
            mask,
            scores,
            unnamed,
        }
    }
}

/// The entities of a run, or of all runs of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Name {
    pub(super) subject: String,
    pub(super) session: String,
    pub(super) task: String,
    pub(super) run: String,
    /// `L` of the left one of two files, else empty.
    pub(super) hemisphere: String,
    pub(super) space: String,
}

/// The task of runs whose names and table say none.
const TASK: &str = "story";

impl Name {
    /// The entities of a run by `runs.csv`, else by the name of its file, else by its place among the runs of the subject.
    pub(super) fn of_run(subject: &str, path: &Path, place: usize, table: Option<&RunsTable>) -> Self {
        let name = BidsName::of(path);
        let listed = table.and_then(|table| table.runs().iter().find(|run| run.path == path));
        let said = |key: &str, of_table: fn(&TableRun) -> &str| {
            let of_table = label(listed.map_or("", of_table));
            if of_table.is_empty() {
                label(name.entity(key).unwrap_or_default())
            } else {
                of_table
            }
        };
        let task = said("task", |run| &run.task);
        // A run is a number in BIDS.
        let run = said("run", |run| &run.run);
        let is_number = !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit());
        Self {
            subject: label(subject.strip_prefix("sub-").unwrap_or(subject)),
            session: said("ses", |run| &run.session),
            task: if task.is_empty() { TASK.to_owned() } else { task },
            run: if is_number { run } else { (place + 1).to_string() },
            hemisphere: String::new(),
            space: said("space", |run| &run.space),
        }
    }

    /// What all runs of `names` have in common, for what is made of all of them.
    pub(super) fn of_all(subject: &str, names: &[Self]) -> Self {
        let common = |of: fn(&Self) -> &String, several: &str| {
            let mut labels: Vec<&String> = names.iter().map(of).collect();
            labels.dedup();
            match labels[..] {
                [only] => only.clone(),
                _ => several.to_owned(),
            }
        };
        Self {
            subject: label(subject.strip_prefix("sub-").unwrap_or(subject)),
            session: common(|name| &name.session, ""),
            task: if names.is_empty() {
                TASK.to_owned()
            } else {
                common(|name| &name.task, "all")
            },
            run: String::new(),
            hemisphere: String::new(),
            space: common(|name| &name.space, ""),
        }
    }

    /// The same without what tells the runs of a session and task apart.
    pub(super) fn without_run(&self) -> Self {
        Self {
            run: String::new(),
            ..self.clone()
        }
    }

    /// The same without the space, for what has none.
    pub(super) fn without_space(&self) -> Self {
        Self {
            space: String::new(),
            ..self.clone()
        }
    }

    /// The same of a file on one kind of places: the left hemisphere of two surfaces.
    pub(super) fn on(&self, kind: RunKind) -> Self {
        let hemisphere = if kind == RunKind::Surface { "L" } else { "" };
        Self {
            hemisphere: hemisphere.to_owned(),
            ..self.clone()
        }
    }

    /// The file with this description (`clean`, or none) and ending (`bold.nii.gz`) in a data set.
    pub(super) fn path(&self, root: &Path, desc: &str, ending: &str) -> PathBuf {
        let folders = [("sub", &self.subject), ("ses", &self.session)];
        let desc = desc.to_owned();
        // The order of entities in BIDS.
        let entities = [
            ("sub", &self.subject),
            ("ses", &self.session),
            ("task", &self.task),
            ("run", &self.run),
            ("hemi", &self.hemisphere),
            ("space", &self.space),
            ("desc", &desc),
        ];
        let known = |(_, label): &(&str, &String)| !label.is_empty();
        let named = |(key, label): (&str, &String)| format!("{key}-{label}");
        let mut path: PathBuf = root.to_owned();
        path.extend(folders.into_iter().filter(known).map(named));
        let mut name: Vec<String> = entities.into_iter().filter(known).map(named).collect();
        name.push(ending.to_owned());
        path.join("func").join(name.join("_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_come_from_the_name_and_else_from_the_place() {
        let path =
            Path::new("sub-EN057/func/sub-EN057_task-lppEN_run-15_space-MNIColin27_desc-preproc_bold.nii.gz");
        let name = Name::of_run("sub-EN057", path, 0, None);
        assert_eq!(
            name.path(Path::new("out"), "clean", "bold.nii.gz"),
            Path::new(
                "out/sub-EN057/func/sub-EN057_task-lppEN_run-15_space-MNIColin27_desc-clean_bold.nii.gz"
            )
        );
        let bare = Name::of_run("sub-a_1", Path::new("x.nii"), 4, None);
        assert_eq!(
            bare.path(Path::new("out"), "", "events.tsv"),
            Path::new("out/sub-a1/func/sub-a1_task-story_run-5_events.tsv")
        );
        let word = Name::of_run("sub-1", Path::new("sub-1_ses-2_run-owl_bold.nii"), 0, None);
        assert_eq!((word.session.as_str(), word.run.as_str()), ("2", "1"));
        let all = Name::of_all("average", &[name.clone(), word.clone()]);
        assert_eq!(
            (all.task.as_str(), all.space.as_str(), all.session.as_str()),
            ("all", "", "")
        );
        assert_eq!(Name::of_all("sub-EN057", &[name.clone(), name]).task, "lppEN");
        assert_eq!(Name::of_all("average", &[]).task, "story");
    }
}
