//! `runs.csv`: the runs of all subjects of a study.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lpp_files::{
    BidsName, BoundedRows, FileError, both_hemispheres, check_distinct_files, natural_order,
    right_hemisphere, without_leading_zeros, write_atomically,
};
use serde::{Deserialize, Serialize};

use crate::RunKind;
use crate::names::fault_of;

/// Memory that a run takes: its row, in a list that grows, with the texts and what tells it from others. 40,000 runs pass.
const BYTES_OF_RUN: usize = 1500;

/// One run of one subject. Labels have no prefix (`EN057`, `01`); an empty text means that there is no such label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRun {
    /// The subject.
    pub subject: String,
    /// The session.
    #[serde(default)]
    pub session: String,
    /// The task.
    #[serde(default)]
    pub task: String,
    /// The run.
    #[serde(default)]
    pub run: String,
    /// The language of the story; empty for that of the study.
    #[serde(default)]
    pub lang: String,
    /// The story that was heard; empty if session and run say it.
    #[serde(default)]
    pub story: String,
    /// What the scans are measured on.
    pub kind: RunKind,
    /// The space of the scans.
    #[serde(default)]
    pub space: String,
    /// The scans.
    pub path: PathBuf,
    /// Number of scans, if known.
    #[serde(default)]
    pub n_scans: Option<usize>,
    /// Repetition time in seconds; `None` for that of the file.
    #[serde(default)]
    pub tr_s: Option<f64>,
    /// Time of the first scan on the clock of the words, in seconds. 0 is not the same as `None`.
    #[serde(default)]
    pub start_s: Option<f64>,
    /// The table of confounds of the run.
    #[serde(default)]
    pub confounds: Option<PathBuf>,
    /// The brain mask of the run.
    #[serde(default)]
    pub mask: Option<PathBuf>,
}

impl TableRun {
    /// The files of the scans: two hemispheres, left before right, or one file.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        both_hemispheres(&self.path)
    }

    /// The labels in words: `sub-01, ses-2, run-3`.
    #[must_use]
    pub fn labels(&self) -> String {
        let parts = [
            ("sub", &self.subject),
            ("ses", &self.session),
            ("task", &self.task),
            ("run", &self.run),
        ];
        let said = parts.iter().filter(|(_, label)| !label.is_empty());
        said.map(|(key, label)| format!("{key}-{label}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// What tells the runs of a table apart; leading zeros make no other run.
    fn identity(&self) -> [String; 5] {
        let [session, task, run] =
            [&self.session, &self.task, &self.run].map(|label| without_leading_zeros(label));
        [self.subject.clone(), self.lang.to_lowercase(), session, task, run]
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let keys =
            |row: &Self| [&row.subject, &row.lang, &row.session, &row.run, &row.task].map(Clone::clone);
        let pairs = keys(self).into_iter().zip(keys(other));
        let parts = pairs.map(|(a, b)| natural_order(&a, &b));
        parts.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    }

    /// What is wrong with the row, if anything: what was found, and what was expected.
    fn fault(&self) -> Option<(String, String)> {
        let labels = [
            ("subject", "sub-", &self.subject),
            ("session", "ses-", &self.session),
            ("task", "task-", &self.task),
            ("run", "run-", &self.run),
            ("space", "space-", &self.space),
            ("story", "", &self.story),
            ("lang", "", &self.lang),
        ];
        for (column, prefix, label) in labels {
            if let Some(plain) = label.strip_prefix(prefix).filter(|_| !prefix.is_empty()) {
                return Some((
                    format!("{column} {label:?}"),
                    format!("the label without its prefix: {plain}"),
                ));
            }
            let optional = label.is_empty() && column != "subject";
            let fault = fault_of(label).filter(|_| !optional);
            let fault = fault.or(label.contains(',').then_some("it contains a comma"));
            if let Some(fault) = fault {
                return Some((format!("{column} {label:?}"), format!("a label ({fault})")));
            }
        }
        let array = BidsName::of(&self.path).is_array();
        let pair = self.kind != RunKind::Surface || right_hemisphere(&self.path).is_some();
        if !array && (RunKind::of(&self.path) != Some(self.kind) || !pair) {
            let found = format!("the path {:?}", self.path.display().to_string());
            return Some((found, format!("{} or an array (.npy)", self.kind.described())));
        }
        if self.n_scans == Some(0) {
            return Some((
                "n_scans 0".to_owned(),
                "at least one scan, or an empty cell".to_owned(),
            ));
        }
        if let Some(tr_s) = self.tr_s.filter(|tr_s| !(tr_s.is_finite() && *tr_s > 0.0)) {
            return Some((
                format!("tr_s {tr_s}"),
                "seconds above 0, or an empty cell".to_owned(),
            ));
        }
        let start_s = self.start_s.filter(|start_s| !start_s.is_finite())?;
        Some((
            format!("start_s {start_s}"),
            "seconds, or an empty cell".to_owned(),
        ))
    }
}

/// The runs of all subjects: sorted by subject, session and run, each as numbers.
///
/// A run is its labels, never its place in a listing.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("lpp-doc-runs-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let file = folder.join("runs.csv");
/// std::fs::write(&file, "subject,run,kind,path\n01,10,volume,a.nii\n01,9,volume,b.nii\n")?;
/// let table = lpp_study::RunsTable::load(&file)?;
/// assert_eq!(table.stories(), ["run-9", "run-10"]);
/// assert_eq!(table.runs()[0].path, folder.join("b.nii"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RunsTable {
    runs: Vec<TableRun>,
    origin: PathBuf,
}

impl RunsTable {
    /// A table of `runs`, with the file that errors name.
    ///
    /// # Errors
    /// [`FileError::Malformed`] naming the row if there is no run, a label has a prefix or cannot be part of a file name,
    /// a path does not fit its kind, a number is out of range, a run stands twice, or runs are of several kinds or on
    /// surfaces of several spaces; [`FileError::SameInput`] naming two paths that are one file.
    pub fn new(mut runs: Vec<TableRun>, origin: &Path) -> Result<Self, FileError> {
        if runs.is_empty() {
            return Err(FileError::malformed(
                origin,
                "no run",
                "at least one run of a subject",
            ));
        }
        let mut seen = BTreeMap::new();
        for (row, run) in (1..).zip(&runs) {
            if let Some((found, expected)) = run.fault() {
                return Err(FileError::malformed(
                    origin,
                    format!("{found} in row {row}"),
                    expected,
                ));
            }
            if let Some(first) = seen.insert(run.identity(), row) {
                let found = format!("{} in rows {first} and {row}", run.labels());
                return Err(FileError::malformed(origin, found, "each run of a subject once"));
            }
        }
        check_one_space(&runs, origin)?;
        check_distinct_files(&runs.iter().flat_map(TableRun::files).collect::<Vec<_>>())?;
        runs.sort_by(TableRun::order);
        Ok(Self {
            runs,
            origin: origin.to_owned(),
        })
    }

    /// Reads a table. Relative paths are relative to its folder; only `subject`, `kind` and `path` must be there.
    ///
    /// # Errors
    /// [`FileError::Read`], or [`FileError::Malformed`] as in [`new`](Self::new) or if a column is unknown.
    pub fn load(file: &Path) -> Result<Self, FileError> {
        let stream = lpp_files::open_input(file).map_err(FileError::read(file))?;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(BoundedRows::new(stream).with_rows_of(BYTES_OF_RUN));
        let runs: Result<Vec<TableRun>, csv::Error> = reader.deserialize().collect();
        let mut runs = runs.map_err(|error| {
            let expected = "columns subject, kind and path, and of session, task, run, lang, story, space, n_scans, \
                            tr_s, start_s, confounds, mask those that are known";
            FileError::malformed(file, error.to_string(), expected)
        })?;
        let folder = file.parent().unwrap_or(Path::new(""));
        map_paths(&mut runs, |path| folder.join(path));
        Self::new(runs, file)
    }

    /// Writes the table atomically; paths below its folder become relative.
    ///
    /// # Errors
    /// [`FileError::Write`] if the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), FileError> {
        let text = self.to_csv(file.parent().unwrap_or(Path::new("")));
        write_atomically(file, text.map_err(FileError::write(file))?.as_slice())
    }

    /// The text of the table, with paths relative to `folder` where they lie in it.
    ///
    /// # Errors
    /// If a path is no UTF-8.
    pub fn to_csv(&self, folder: &Path) -> std::io::Result<Vec<u8>> {
        let mut runs = self.runs.clone();
        map_paths(&mut runs, |path| {
            path.strip_prefix(folder).unwrap_or(path).to_owned()
        });
        let mut writer = csv::Writer::from_writer(Vec::new());
        for run in &runs {
            writer.serialize(run).map_err(std::io::Error::other)?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    /// The runs in order.
    #[must_use]
    pub fn runs(&self) -> &[TableRun] {
        &self.runs
    }

    /// The subjects in order, without the prefix.
    #[must_use]
    pub fn subjects(&self) -> Vec<&str> {
        let mut subjects: Vec<&str> = self.runs.iter().map(|run| run.subject.as_str()).collect();
        subjects.dedup();
        subjects
    }

    /// The runs of one subject in order.
    pub fn of_subject<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a TableRun> {
        self.runs.iter().filter(move |run| run.subject == subject)
    }

    /// The runs in one language; runs without a language are in every one.
    #[must_use]
    pub fn of_language(&self, lang: &str) -> Self {
        self.keeping(|run| run.lang.is_empty() || run.lang.eq_ignore_ascii_case(lang))
    }

    /// The same runs, where the k-th run of each subject is story k if none is given: for labels that are the scanner's
    /// numbering.
    #[must_use]
    pub fn by_place(mut self) -> Self {
        let mut place: BTreeMap<(String, String), usize> = BTreeMap::new();
        for run in &mut self.runs {
            let place = place.entry((run.subject.clone(), run.lang.clone())).or_default();
            *place += 1;
            if run.story.is_empty() {
                run.story = place.to_string();
            }
        }
        self
    }

    /// The name of a run's story: its own, or else its session and run (and its task, if there are several tasks, or
    /// nothing else).
    #[must_use]
    pub fn story_of(&self, run: &TableRun) -> String {
        if !run.story.is_empty() {
            return run.story.clone();
        }
        let several = self.runs.iter().any(|other| other.task != self.runs[0].task);
        let alone = run.session.is_empty() && run.run.is_empty();
        let task = if several || alone { run.task.as_str() } else { "" };
        let parts = [
            ("ses", run.session.as_str()),
            ("task", task),
            ("run", run.run.as_str()),
        ];
        let said = parts.iter().filter(|(_, label)| !label.is_empty());
        let said: Vec<String> = said
            .map(|(key, label)| format!("{key}-{}", without_leading_zeros(label)))
            .collect();
        if said.is_empty() {
            "story".to_owned()
        } else {
            said.join("_")
        }
    }

    /// The stories in the order of their first use by the first subject, then by the others. The place of a story is
    /// its `run` in tables of words.
    #[must_use]
    pub fn stories(&self) -> Vec<String> {
        let mut known = BTreeSet::new();
        let stories = self.runs.iter().map(|run| self.story_of(run));
        stories.filter(|story| known.insert(story.clone())).collect()
    }

    /// Checks that each subject heard every story as often as the first.
    ///
    /// # Errors
    /// [`FileError::Malformed`] naming the subject and the run that is missing or extra.
    pub fn check_paired(&self) -> Result<(), FileError> {
        for story in self.stories() {
            let heard = self.heard(&story);
            let Some((first, expected)) = heard.first() else {
                continue;
            };
            if let Some((subject, found)) = heard.iter().find(|(_, count)| count != expected) {
                let found = format!("{story} {} in sub-{subject}", times(*found));
                let expected = format!(
                    "{} as in sub-{first} (--allow-missing leaves the story out for all subjects)",
                    times(*expected)
                );
                return Err(FileError::malformed(&self.origin, found, expected));
            }
        }
        Ok(())
    }

    /// The runs of the stories that all subjects heard equally often, and the names of the other stories.
    #[must_use]
    pub fn only_paired(&self) -> (Self, Vec<String>) {
        let (paired, others): (Vec<_>, Vec<_>) = self.stories().into_iter().partition(|story| {
            let heard = self.heard(story);
            heard.iter().all(|(_, count)| *count == heard[0].1)
        });
        (self.keeping(|run| paired.contains(&self.story_of(run))), others)
    }

    /// The same without the runs of stories that some subject lacks, or heard less often, in one of `languages`; and the
    /// names of these stories. `by_place` says that the k-th run of each subject is story k.
    #[must_use]
    pub fn only_paired_in(&self, languages: &[&str], by_place: bool) -> (Self, Vec<String>) {
        let (mut names, mut dropped) = (Vec::new(), BTreeSet::new());
        for lang in languages {
            let own = self.of_language(lang);
            let own = if by_place { own.by_place() } else { own };
            let (_, others) = own.only_paired();
            let runs = own.runs.iter().filter(|run| others.contains(&own.story_of(run)));
            dropped.extend(runs.map(TableRun::identity));
            names.extend(
                others
                    .into_iter()
                    .filter(|name| !names.contains(name))
                    .collect::<Vec<_>>(),
            );
        }
        (self.keeping(|run| !dropped.contains(&run.identity())), names)
    }

    /// The places of the stories of which `other`, a table of some of these runs, has a run.
    #[must_use]
    pub fn places_in(&self, other: &Self) -> Vec<usize> {
        let there: BTreeSet<_> = other.runs.iter().map(TableRun::identity).collect();
        let is_there = |story: &String| {
            let mut heard = self.runs.iter().filter(|run| self.story_of(run) == *story);
            heard.any(|run| there.contains(&run.identity()))
        };
        let stories = self.stories().into_iter().enumerate();
        stories
            .filter(|(_, story)| is_there(story))
            .map(|(place, _)| place)
            .collect()
    }

    /// How often each subject heard a story.
    fn heard(&self, story: &str) -> Vec<(&str, usize)> {
        let subjects = self.subjects().into_iter();
        let count = |subject| {
            self.of_subject(subject)
                .filter(|run| self.story_of(run) == story)
                .count()
        };
        subjects.map(|subject| (subject, count(subject))).collect()
    }

    fn keeping(&self, keep: impl Fn(&TableRun) -> bool) -> Self {
        Self {
            runs: self.runs.iter().filter(|run| keep(run)).cloned().collect(),
            origin: self.origin.clone(),
        }
    }
}

/// A study has one kind of scans. Surfaces of several spaces may have as many vertices and yet not correspond.
fn check_one_space(runs: &[TableRun], origin: &Path) -> Result<(), FileError> {
    let Some((first, others)) = runs.split_first() else {
        return Ok(());
    };
    let is_other =
        |run: &&TableRun| run.kind != first.kind || (run.kind != RunKind::Volume && run.space != first.space);
    let Some(other) = others.iter().find(is_other) else {
        return Ok(());
    };
    let described = |run: &TableRun| {
        let space = if run.space.is_empty() {
            "no space"
        } else {
            &run.space
        };
        format!("{} ({space})", run.kind.name())
    };
    let found = format!("runs of two kinds: {} and {}", described(first), described(other));
    let expected = "runs of one kind and space; choose with --kind and --space of lpp-import bids, or keep a study for each";
    Err(FileError::malformed(origin, found, expected))
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}

fn map_paths(runs: &mut [TableRun], change: impl Fn(&Path) -> PathBuf) {
    for run in runs {
        let others = [&mut run.confounds, &mut run.mask].into_iter().flatten();
        for path in others.chain([&mut run.path]) {
            *path = change(path);
        }
    }
}

#[cfg(test)]
mod tests;
